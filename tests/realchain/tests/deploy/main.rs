//! `lyceum deploy`, `upgrade` and `authority` against a real chain, as an operator runs them.

mod fixture;
mod lies;
mod wallet;

use std::process::Stdio;
use std::time::{Duration, Instant};

use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::staking::v1beta1::{
    MsgDelegate, QueryValidatorsRequest, QueryValidatorsResponse,
};
use cosmos_sdk_proto::cosmwasm::wasm::v1::{QueryContractInfoRequest, QueryContractInfoResponse};
use lyceum_tests_realchain::wanted;
use prost::Message as _;
use serde_json::{Value, json};

use fixture::{Operator, fund, treasury, with_client};

#[test]
fn a_deployment_killed_again_and_again_ends_as_one_that_was_not() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    let args = operator.deploy(&authority, "d.json");
    // Killed after so long, each time a little further on; a second more than all of it takes ends the loop. It begins
    // with one block, in which nothing can be deployed.
    let (mut killed, mut wait) = (0, Duration::from_millis(300));
    loop {
        let mut child = operator
            .command(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let began = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if began.elapsed() > wait {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        match ended {
            Some(status) => {
                assert!(status.success(), "{status}");
                break;
            }
            None => killed += 1,
        }
        wait += Duration::from_millis(700);
        assert!(killed < 100, "it never ends");
    }
    assert!(killed > 0, "it was killed at least once");
    let first = std::fs::read(operator.path("d.json")).unwrap();
    // Once more: nothing is left to do, and nothing changes.
    let again = operator.ok(&args);
    assert_eq!((&again["stored"], &again["raised"], &again["gas_used"]), (&json!([]), &json!([]), &json!(0)));
    assert_eq!(std::fs::read(operator.path("d.json")).unwrap(), first);
    // What the kills stored is what is used: one code for each contract and no more.
    let codes: Vec<u64> = again["deployment"]["codes"]
        .as_object()
        .unwrap()
        .values()
        .map(|c| c["id"].as_u64().unwrap())
        .collect();
    assert!(codes.iter().all(|id| *id <= 7 + killed), "{codes:?} after {killed} kills");
    // The file can be lost: the chain remembers.
    std::fs::remove_file(operator.path("d.json")).unwrap();
    operator.ok(&args);
    assert_eq!(std::fs::read(operator.path("d.json")).unwrap(), first);
    assert_eq!(treasury(&operator, &again), 21_000_000, "funded once");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_sent() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    let args = operator.deploy(&authority, "d.json");
    let with = |from: &str, to: &str| -> Vec<String> {
        args.iter().map(|arg| if *arg == from { to.to_owned() } else { (*arg).to_owned() }).collect()
    };
    let refused = |changed: Vec<String>, exit, words: &str| {
        operator.refused(&changed.iter().map(String::as_str).collect::<Vec<_>>(), exit, words);
    };
    refused(with("lyceum-1", "lyceum-2"), 12, "serves the chain lyceum-1");
    refused(with(&operator.net.chain().rpc[0], "http://127.0.0.1:1"), 7, "no endpoint answers");
    refused(with(&authority, "cosmos1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmmk8rs6"), 12, "cosmos");
    refused(with("21000000", "999999999999999999999999"), 10, "holds");
    refused(with("faucet", "nobody"), 9, "there is no key nobody");
    operator.write("other", "another passphrase");
    refused(with("pw", "other"), 9, "passphrase");
    operator.copy_artifacts(&operator.path("artifacts"), "changed", b"x");
    std::fs::write(operator.path("changed/tasks.wasm"), b"\0asm").unwrap();
    refused(with("artifacts", "changed"), 3, "checksum");
    let other = r#"{"version":1,"chain_id":"lyceum-9","authority":"AUTHORITY","contracts":{}}"#;
    operator.write("d.json", other);
    let said = operator.run(&args);
    assert!(!said.status.success(), "a file of another chain is never overwritten");
    assert_eq!(std::fs::read_to_string(operator.path("d.json")).unwrap(), other);
    std::fs::remove_file(operator.path("d.json")).unwrap();
    let foreseen = operator.ok(&[&args[..], &["--dry-run"]].concat());
    assert_eq!(foreseen["stores"].as_array().unwrap().len(), 7, "nothing was stored yet");
    assert!(!operator.path("d.json").exists());
}

#[test]
fn a_group_of_three_upgrades_and_acts_with_two_thirds_and_more_of_its_votes() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let rpc = operator.net.chain().rpc[0].clone();
    let members = ["ann", "bob", "cy"];
    let mut create = vec!["authority".to_owned(), "create-group".to_owned()];
    for member in members {
        operator.ok(&["keys", "add", member, "--no-words", "--passphrase-file", "pw"]);
        create.extend(["--member".to_owned(), operator.address(member)]);
    }
    let mut create: Vec<&str> = create.iter().map(String::as_str).collect();
    create.extend([
        "--chain",
        "lyceum-1",
        "--rpc",
        &rpc,
        "--key",
        "faucet",
        "--passphrase-file",
        "pw",
        "--yes",
    ]);
    let policy = operator.ok(&create)["policy"].as_str().unwrap().to_owned();
    fund(&operator, &members);

    let deployed = operator.ok(&operator.deploy(&policy, "d.json"));
    let before = deployed["deployment"]["codes"]["tasks"]["id"].as_u64().unwrap();
    operator.copy_artifacts(&operator.path("artifacts"), "newer", b"newer");
    let upgrade = |key: &'static str| {
        let words = ["upgrade", "--artifacts", "newer", "--only", "tasks"];
        [&words[..], &operator.at(key, "d.json")].concat()
    };
    // The deployer is nobody: it is not in the group.
    operator.refused(&upgrade("faucet"), 8, "not in group");
    let proposed = operator.ok(&upgrade("ann"));
    assert_eq!(proposed["acted"]["done"], false);
    assert_eq!(proposed["deployment"]["codes"]["tasks"]["id"], before, "nothing runs other code yet");
    let id = proposed["acted"]["proposal"].as_u64().unwrap().to_string();
    let vote = |key: &'static str, id: &str| {
        operator.ok(&[&["authority", "vote", id, "--yes"][..], &operator.at(key, "d.json")].concat())
    };
    vote("bob", &id);
    // Two of three are 66.7 %, which is less than 67 %.
    let exec = [&["authority", "exec", id.as_str(), "--yes"][..], &operator.at("faucet", "d.json")].concat();
    operator.refused(&exec, 8, "not enough members have voted");
    vote("cy", &id);
    operator.ok(&exec);
    let done = operator.ok(&upgrade("ann"));
    assert_eq!(done["changed"], json!([]), "the chain runs it");
    assert_ne!(done["deployment"]["codes"]["tasks"]["id"], before);
    assert_eq!(done["deployment"]["codes"]["charter"], deployed["deployment"]["codes"]["charter"]);
    // The same network with the old artifacts is not deployed once more.
    operator.refused(&operator.deploy(&policy, "d.json"), 12, "lyceum upgrade");

    // What the charter's authority may do goes the same way.
    let grant =
        json!({ "grant": { "to": operator.address("ann"), "amount": "1000", "reason": "for the vote" } });
    operator.write("grant.json", &grant.to_string());
    let act = [&["authority", "act", "grant.json", "--yes"][..], &operator.at("bob", "d.json")].concat();
    let id = operator.ok(&act)["proposal"].as_u64().unwrap().to_string();
    vote("ann", &id);
    operator
        .ok(&[&["authority", "vote", id.as_str(), "--exec", "--yes"][..], &operator.at("cy", "d.json")]
            .concat());
    assert_eq!(treasury(&operator, &deployed), 20_999_000);
}

#[test]
fn a_plain_key_upgrades_at_once() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    let deployed = operator.ok(&operator.deploy(&authority, "d.json"));
    operator.copy_artifacts(&operator.path("artifacts"), "newer", b"newer");
    let at = operator.at("faucet", "d.json");
    let tasks = [&["upgrade", "--artifacts", "newer", "--only", "tasks"][..], &at].concat();
    let foreseen = operator.ok(&[&tasks[..], &["--dry-run"]].concat());
    assert_eq!(foreseen["stores"][0]["contract"], "tasks", "its code would be stored first: {foreseen}");
    assert_eq!((&foreseen["asked"]["to"], &foreseen["asked"]["tried"]), (&json!("key"), &json!(false)));
    let file = std::fs::read(operator.path("d.json")).unwrap();
    let done = operator.ok(&[&["upgrade", "--artifacts", "newer"][..], &at].concat());
    assert_eq!(done["acted"]["done"], true);
    assert_eq!(done["changed"].as_array().unwrap().len(), 7);
    assert_eq!(
        done["deployment"]["contracts"], deployed["deployment"]["contracts"],
        "they stay where they are"
    );
    let again = operator.ok(&[&["upgrade", "--artifacts", "newer"][..], &at].concat());
    assert_eq!((&again["changed"], &again["acted"]), (&json!([]), &Value::Null));
    assert_eq!(again["deployment"], done["deployment"]);
    // Back again: the codes are there, so that a dry run tries it, and it changes nothing.
    let back = [&["upgrade", "--artifacts", "artifacts", "--only", "tasks"][..], &at].concat();
    let now = std::fs::read(operator.path("d.json")).unwrap();
    assert_ne!(now, file, "the upgrade stands in it");
    let foreseen = operator.ok(&[&back[..], &["--dry-run"]].concat());
    assert_eq!((&foreseen["stores"], &foreseen["asked"]["tried"]), (&json!([]), &json!(true)));
    let lines = foreseen["asked"]["consequence"]["lines"].as_array().unwrap();
    assert!(lines.iter().any(|l| l.as_str().unwrap().starts_with("tasks: runs other code")), "{lines:?}");
    assert!(foreseen["asked"]["messages"].to_string().contains("MsgMigrateContract"));
    assert_eq!(std::fs::read(operator.path("d.json")).unwrap(), now);
    assert_eq!(operator.ok(&back)["changed"].as_array().unwrap().len(), 1, "nothing had been done yet");
}

#[test]
fn the_chains_governance_upgrades_when_the_stake_has_voted() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let gov = "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc";
    let deployed = operator.ok(&operator.deploy(gov, "d.json"));
    let before = deployed["deployment"]["codes"]["credits"]["id"].as_u64().unwrap();
    // The faucet has most of the stake from now on.
    with_client(&operator, async |client| {
        let asked = QueryValidatorsRequest::default();
        let path = "/cosmos.staking.v1beta1.Query/Validators";
        let known: QueryValidatorsResponse = client.abci(path, &asked, None).await.unwrap();
        let stake: u128 = known.validators.iter().map(|v| v.tokens.parse::<u128>().unwrap()).sum();
        let msg = MsgDelegate {
            delegator_address: client.account().to_string(),
            validator_address: known.validators[0].operator_address.clone(),
            amount: Some(Coin { denom: "ulyc".to_owned(), amount: (10 * stake).to_string() }),
        };
        let type_url = "/cosmos.staking.v1beta1.MsgDelegate".to_owned();
        client.send(vec![cosmrs::Any { type_url, value: msg.encode_to_vec() }]).await.unwrap();
    });
    operator.copy_artifacts(&operator.path("artifacts"), "newer", b"newer");
    let at = operator.at("faucet", "d.json");
    let upgrade = [&["upgrade", "--artifacts", "newer", "--only", "credits"][..], &at].concat();
    let proposed = operator.ok(&upgrade);
    assert_eq!((&proposed["acted"]["done"], &proposed["acted"]["to"]), (&json!(false), &json!("gov")));
    let id = proposed["acted"]["proposal"].as_u64().unwrap().to_string();
    operator.refused(&[&["authority", "exec", id.as_str(), "--yes"][..], &at].concat(), 3, "by itself");
    operator.ok(&[&["authority", "vote", id.as_str(), "--yes"][..], &at].concat());
    // Local chains vote for 20 seconds.
    let credits = deployed["deployment"]["contracts"]["credits"].as_str().unwrap().to_owned();
    with_client(&operator, async |client| {
        for _ in 0..600 {
            let asked = QueryContractInfoRequest { address: credits.clone() };
            let path = "/cosmwasm.wasm.v1.Query/ContractInfo";
            let found: QueryContractInfoResponse = client.abci(path, &asked, None).await.unwrap();
            if found.contract_info.unwrap().code_id != before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("governance carried nothing out");
    });
    let done = operator.ok(&[&["upgrade", "--artifacts", "newer", "--only", "credits"][..], &at].concat());
    assert_eq!(done["changed"], json!([]));
    assert_ne!(done["deployment"]["codes"]["credits"]["id"].as_u64(), Some(before));
}
