//! Transactions that are sent: nobody loses sight of one, and none is sent without a yes.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::chain::{POLICY, PROPOSAL, Says};
use crate::fixture::{Operator, text};
use crate::wallet::{BOB, json_of, network, operator, with};

/// Runs a command until stderr has the hash of what it sends, and sends a signal then; gives the hash, the exit code,
/// stdout and what else was on stderr.
fn stopped(operator: &Operator, args: &[&str], signal: &str) -> (String, i32, String, String) {
    let mut command = operator.command(args);
    let mut child = Killed(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    let mut stderr = BufReader::new(child.0.stderr.take().unwrap());
    let hash = loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it had sent anything: {said}");
        if let Some((hash, _)) = line.strip_prefix("sent as ").and_then(|rest| rest.split_once(',')) {
            break hash.to_owned();
        }
        said.push_str(&line);
    };
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    let pid = child.0.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    let (mut out, mut rest) = (vec![], vec![]);
    child.0.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    stderr.read_to_end(&mut rest).unwrap();
    let status = child.0.wait().unwrap();
    let code = status.code().unwrap_or_else(|| panic!("{status}: {}", text(&rest)));
    (hash, code, text(&out), text(&rest))
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn whoever_stops_a_payment_that_waits_for_a_block_knows_its_hash_and_that_it_may_still_happen() {
    let (operator, chain) = operator(Says { held: 9_000_000, ..Says::default() });
    let file = operator.path("passphrase");
    let send = with(&["send", BOB, "1LYC", "--from", "alice", "--passphrase-file", &file, "--yes"], &chain);
    let (hash, code, out, _) = stopped(&operator, &[&send[..], &["--json"]].concat(), "-INT");
    let error = &json_of(&out)["error"];
    assert_eq!(
        (code, &error["code"], &error["detail"]),
        (130, &json!("interrupted"), &json!("tx.stopped_sent"))
    );
    let words = error["message"].as_str().unwrap();
    // The chain is at height 5, and what is signed is valid for 20 more.
    for part in [hash.as_str(), "up to height 25", "may still include it", "would send a second one"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let (hash, code, _, said) = stopped(&operator, &send, "-TERM");
    assert!(code == 130 && said.contains(&format!("transaction {hash} is sent")), "{code} {said}");
}

#[test]
fn every_command_that_sends_says_what_it_sent_and_how_to_go_on_when_it_is_stopped() {
    let (operator, to) = network(Says { held: 900_000_000, ..Says::default() });
    let file = operator.path("passphrase");
    let group = ["authority", "create-group", "--member", BOB, "--chain", "lyceum-1", "--rpc", &to[3]];
    let commands = [
        with(&["tx", "nodes", "claim-unbonded"], &to),
        with(&["authority", "vote", PROPOSAL, "--authority", POLICY], &to),
        with(&["authority", "exec", PROPOSAL, "--authority", POLICY], &to),
        group.to_vec(),
    ];
    for command in commands {
        let args = [&command[..], &["--passphrase-file", &file, "--yes", "--json"]].concat();
        let (hash, code, said, _) = stopped(&operator, &args, "-INT");
        assert_eq!((code, &json_of(&said)["error"]["detail"]), (130, &json!("tx.stopped_sent")), "{args:?}");
        assert!(said.contains(&hash), "{args:?}: {said}");
    }
}

#[test]
fn what_an_authority_signs_is_shown_and_asked_for_first() {
    let (operator, to) = network(Says { held: 900_000_000, ..Says::default() });
    let group = ["authority", "create-group", "--member", BOB, "--chain", "lyceum-1", "--rpc", &to[3]];
    for (command, shown) in [
        (with(&["authority", "vote", PROPOSAL, "--no", "--authority", POLICY], &to), r#""option":"no""#),
        (with(&["authority", "vote", PROPOSAL, "--authority", BOB], &to), "/cosmos.gov.v1.MsgVote"),
        (with(&["authority", "exec", PROPOSAL, "--authority", POLICY], &to), "/cosmos.group.v1.MsgExec"),
        (group.to_vec(), r#""percentage":"0.67""#),
    ] {
        let (code, _, words) = operator.refused(&command);
        assert!(code == 3 && words.contains("nobody is there to say yes"), "{command:?}: {words}");
        // Without a passphrase.
        let dry = operator.ok(&[&command[..], &["--dry-run"]].concat());
        assert!(dry.contains(shown) && dry.contains("fee      0.00325 LYC"), "{command:?}: {dry}");
        let dry = json_of(&operator.ok(&[&command[..], &["--dry-run", "--json"]].concat()));
        assert_eq!((&dry["dry_run"], &dry["fee"]), (&json!(true), &json!("3250")), "{command:?}");
    }
}
