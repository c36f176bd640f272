//! Keys: words and passphrases are seen where they should be and nowhere else.

use std::os::unix::fs::PermissionsExt;

use crate::fixture::{Operator, PASSPHRASE, text};

const WORDS: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

#[test]
fn a_key_is_made_shown_listed_and_deleted() {
    let operator = Operator::new();
    let file = operator.write("passphrase", PASSPHRASE);
    let made = operator.ok(&["keys", "add", "node", "--show-words", "--passphrase-file", &file]);
    let words = made.lines().last().unwrap();
    assert_eq!(words.split(' ').count(), 24, "{made}");
    let address = operator.ok(&["keys", "show", "node", "--address"]);
    assert!(made.contains(address.trim()) && address.starts_with("wasm1"));
    assert_eq!(operator.ok(&["keys", "show", "node", "--pubkey"]).trim().len(), 66);
    assert!(operator.ok(&["keys", "list"]).contains("node"));
    let key = operator.home().join("keys/node.age");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    // The same words bring the same account back.
    let back = operator.write("words", words);
    operator.ok(&["keys", "add", "again", "--recover", "--words-file", &back, "--passphrase-file", &file]);
    assert_eq!(operator.ok(&["keys", "show", "again", "--address"]), address);
    assert_eq!(operator.refused(&["keys", "delete", "again"]).1, "input/key.kept");
    operator.ok(&["keys", "delete", "again", "--yes"]);
    assert_eq!(operator.refused(&["keys", "show", "again"]).1, "key/key.missing");
}

#[test]
fn known_words_give_the_known_address_on_any_chain() {
    let operator = Operator::new();
    let (file, words) = (operator.write("passphrase", PASSPHRASE), operator.write("words", WORDS));
    let args = ["keys", "add", "k", "--recover", "--words-file", &words, "--passphrase-file", &file];
    operator.ok(&args);
    let address = operator.ok(&["keys", "show", "k", "--address", "--prefix", "cosmos"]);
    assert_eq!(address.trim(), "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4");
}

#[test]
fn new_words_are_not_written_where_nobody_asked_for_them() {
    let operator = Operator::new();
    let file = operator.write("passphrase", PASSPHRASE);
    let (code, kind, words) = operator.refused(&["keys", "add", "node", "--passphrase-file", &file]);
    assert_eq!((code, kind.as_str()), (3, "input/"));
    assert!(words.contains("--show-words") && words.contains("--no-words"), "{words}");
    assert!(operator.ok(&["keys", "list", "--json"]).contains("\"keys\":[]"), "nothing was made");
    let quiet = operator.ok(&["keys", "add", "node", "--no-words", "--passphrase-file", &file, "--json"]);
    assert!(!quiet.contains("words"), "{quiet}");
}

#[test]
fn passphrases_come_from_files_and_descriptors_and_never_from_arguments_or_output() {
    let operator = Operator::new();
    // A shell hands the descriptor on, as a service would.
    let file = operator.write("passphrase", PASSPHRASE);
    let program = env!("CARGO_BIN_EXE_lyceum");
    let script = format!("exec {program} keys add node --no-words --passphrase-fd 9 9<{file}");
    let out = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("LYCEUM_HOME", operator.home())
        .env("LYCEUM_LOG", "trace")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(!text(&out.stderr).contains(PASSPHRASE) && !text(&out.stdout).contains(PASSPHRASE));
    let (code, kind, _) = operator.refused(&["keys", "add", "x", "--passphrase", PASSPHRASE]);
    assert_eq!((code, kind.as_str()), (2, "usage/"));
}

#[test]
fn what_cannot_be_a_key_is_refused_with_the_reason() {
    let operator = Operator::new();
    operator.key();
    let file = operator.path("passphrase");
    let short = operator.write("short", "1234567");
    let bad = operator.write("words", "abandon abandon");
    let add = |name: &str, passphrase: &str| {
        operator.refused(&["keys", "add", name, "--no-words", "--passphrase-file", passphrase])
    };
    assert_eq!(add("node", &file).1, "key/key.exists");
    assert_eq!(add("../node", &file).1, "input/key.name");
    assert_eq!(add("other", &short).1, "key/key.passphrase_short");
    assert_eq!(add("other", "/no/such/file").0, 3);
    let (code, kind, words) = operator.refused(&[
        "keys",
        "add",
        "w",
        "--recover",
        "--words-file",
        &bad,
        "--passphrase-file",
        &file,
    ]);
    assert_eq!((code, kind.as_str()), (9, "key/chain.key"));
    assert!(words.contains("2 words") && !words.contains("abandon"), "{words}");
}
