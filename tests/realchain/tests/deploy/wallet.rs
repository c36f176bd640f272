//! Payments by `lyceum send`, and a deployment that is stopped by hand.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use lyceum_tests_realchain::wanted;
use serde_json::json;

use super::fixture::Operator;

#[test]
fn a_payment_costs_what_was_shown_and_arrives_with_its_memo() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    operator.ok(&["keys", "add", "ann", "--no-words", "--passphrase-file", "pw"]);
    let rpc = operator.net.chain().rpc[0].as_str();
    let on = ["--chain", "lyceum-1", "--rpc", rpc];
    let held = |who: &str| -> u128 {
        let said = operator.ok(&[&["balance", who][..], &on].concat());
        said["balances"][0]["ulyc"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(held("ann"), 0);
    let send = [&["send", "ann", "2.5LYC", "--from", "faucet", "--memo", "for bread"][..], &on].concat();
    let shown = operator.ok(&[&send[..], &["--dry-run"]].concat());
    assert_eq!((&shown["ulyc"], &shown["consequence"]["pays"]), (&json!("2500000"), &json!(2_500_000)));
    let before = held("faucet");
    let done = operator.ok(&[&send[..], &["--yes", "--passphrase-file", "pw"]].concat());
    assert_eq!(done["consequence"]["pays"], 2_500_000);
    let fee: u128 = shown["fee"].as_str().unwrap().parse().unwrap();
    assert_eq!((held("ann"), held("faucet")), (2_500_000, before - 2_500_000 - fee));
    // All of it cannot be sent, but what is left after the fee can.
    let all = [&["send", "faucet", "2.5LYC", "--from", "ann", "--yes", "--passphrase-file", "pw"][..], &on]
        .concat();
    operator.refused(&all, 10, "is the most that can be sent");
}

#[test]
fn a_deployment_that_is_stopped_by_hand_says_that_the_same_command_goes_on_and_it_does() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    let args = operator.deploy(&authority, "d.json");
    let mut child = operator.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // The first code is stored, and six are left: each takes a block.
    let mut words = String::new();
    for line in lines.by_ref() {
        let stored = line.contains("stored");
        words += &line;
        if stored {
            break;
        }
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    words.extend(lines);
    assert_eq!(child.wait().unwrap().code(), Some(130), "{words}");
    assert!(words.contains("the same command goes on"), "{words}");
    assert_eq!(operator.ok(&args)["file"], "d.json");
}
