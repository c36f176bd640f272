//! `tx`, `query`, completions and the command line itself.

use crate::fixture::{Operator, edit, endpoint, nobody, text};

#[test]
fn a_wrong_command_line_is_told_as_json_when_json_was_asked_for() {
    let operator = Operator::new();
    for args in [
        vec!["query", "nodes", "nod"],
        vec!["tx", "datasets", "vote", "--dataset", "x"],
        vec!["generate", "m", "--temperature", "11"],
        vec!["no-such-command"],
    ] {
        let (code, kind, words) = operator.refused(&args);
        assert_eq!((code, kind.as_str()), (2, "usage/"), "{args:?}: {words}");
        assert!(!words.starts_with("error:"), "{words}");
    }
    assert!(operator.refused(&["query", "nodes", "nod"]).2.contains("node"), "the nearest is named");
}

#[test]
fn help_shows_every_field_with_the_contracts_own_words() {
    let operator = Operator::new();
    let help = operator.ok(&["tx", "nodes", "unbond", "--help"]);
    assert!(help.contains("--amount") && help.contains("queue") && help.contains("--dry-run"), "{help}");
    let help = operator.ok(&["query", "tasks", "--help"]);
    assert!(help.contains("wanted-rounds") && help.contains("open-learning-block"), "{help}");
}

#[test]
fn completions_know_every_message() {
    let operator = Operator::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = operator.ok(&["completions", shell]);
        for word in ["unbond", "wanted-rounds", "redelegate"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // clap's script for fish knows no flags so deep.
        assert!(shell == "fish" || script.contains("--vote-yes"), "{shell}");
    }
}

#[test]
fn unknown_networks_and_messages_are_refused_before_anything_is_asked() {
    let operator = Operator::new();
    operator.key();
    let (code, kind, words) = operator.refused(&["query", "nodes", "config", "--rpc", &nobody()]);
    assert_eq!((code, kind.as_str()), (3, "input/deployment.missing"), "{words}");
    assert!(words.contains("--deployment"), "{words}");
    let file = operator.deployment("lyceum-1", "wasm");
    let (code, kind, words) = operator.refused(&["query", "nodes", "config", "--deployment", &file]);
    assert_eq!((code, kind.as_str()), (3, "input/rpc.missing"), "{words}");
    let to = ["--deployment", &file, "--rpc", &nobody()];
    let with = |args: &[&str]| operator.refused(&[args, &to[..]].concat());
    assert_eq!(with(&["query", "raw", "bridge", "{}"]).1, "network/contract.unknown");
    let (code, _, words) = with(&["tx", "raw", "nodes", r#"{"bonk":{}}"#]);
    assert_eq!(code, 3);
    assert!(words.contains("bonk") && words.contains("bond"), "{words}");
    let (code, kind, words) = with(&["tx", "nodes", "bond", "--from", "nobody"]);
    assert_eq!((code, kind.as_str()), (9, "key/key.missing"));
    assert!(words.contains("it holds node"), "{words}");
}

#[test]
fn an_endpoint_that_is_silent_or_of_another_chain_is_told_from_one_another() {
    let operator = Operator::new();
    operator.key();
    let file = operator.deployment("lyceum-1", "wasm");
    let silent = nobody();
    let ask =
        |rpc: &str| operator.refused(&["query", "nodes", "config", "--deployment", &file, "--rpc", rpc]);
    let (code, kind, words) = ask(&silent);
    assert_eq!((code, kind.as_str()), (7, "unreachable/chain.unreachable"));
    assert!(words.contains(&silent) && words.contains("is the chain up"), "{words}");
    assert_eq!(words.matches(&silent).count(), 1, "said once: {words}");
    let (code, kind, words) = ask(&endpoint("other-1"));
    assert_eq!((code, kind.as_str()), (12, "network/chain.wrong_chain"));
    assert!(words.contains("other-1") && words.contains("lyceum-1"), "{words}");
    let (code, kind, _) = ask("127.0.0.1:26657");
    assert_eq!((code, kind.as_str()), (3, "input/chain.setting"));
}

#[test]
fn a_deployment_file_of_another_chain_or_prefix_is_refused() {
    let operator = Operator::new();
    operator.key();
    let config = operator.init("lyceum-1", &nobody());
    let other = operator.deployment("lyceum-2", "wasm");
    let (code, kind, words) = operator.refused(&["query", "nodes", "config", "--deployment", &other]);
    assert_eq!((code, kind.as_str()), (12, "network/chain.other_deployment"));
    assert!(words.contains("lyceum-1") && words.contains("lyceum-2"), "{words}");
    edit(&config, "#prefix = \"wasm\"", "prefix = \"osmo\"");
    let (code, kind, words) = operator.refused(&["query", "nodes", "config"]);
    assert_eq!((code, kind.as_str()), (12, "network/chain.prefix"));
    assert!(words.contains("osmo") && words.contains("wasm"), "{words}");
}

#[test]
fn help_says_how_to_send_without_being_asked() {
    let operator = Operator::new();
    let help = text(&operator.run(&["tx", "nodes", "bond", "--help"]).stdout);
    assert!(help.contains("--yes") && help.contains("Send without asking"), "{help}");
}

#[test]
fn what_only_looks_opens_no_key() {
    let operator = Operator::new();
    operator.key();
    let network = operator.deployment("lyceum-1", "wasm");
    let to = "wasm19rl4cm2hmr8afy4kldpxz3fka4jguq0a7e8z5q";
    let action = format!(r#"{{"grant":{{"to":"{to}","amount":"1","reason":"x"}}}}"#);
    let (file, silent) = (operator.write("grant.json", action), nobody());
    let act = ["authority", "act", &file, "--deployment", &network, "--rpc", &silent];
    // The key is opened when somebody said yes to what was shown, and not before.
    for more in ["--dry-run", "--yes"] {
        let (code, kind, words) = operator.refused(&[&act[..], &[more]].concat());
        assert_eq!((code, kind.as_str()), (7, "unreachable/chain.unreachable"), "{words}");
    }
    let (code, kind, words) =
        operator.refused(&[&act[..], &["--authority", "cosmos1x", "--dry-run"]].concat());
    assert_eq!((code, kind.as_str()), (3, "input/chain.address"));
    assert!(words.starts_with("--authority: "), "{words}");
    let granter = operator.refused(&[&act[..], &["--fee-granter", "nobody", "--dry-run"]].concat());
    assert!(granter.2.starts_with("--fee-granter: "), "{}", granter.2);
}
