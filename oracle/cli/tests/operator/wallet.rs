//! `balance`, `send`, and what operators say in their own words: amounts in LYC, accounts by keys' names.

use cosmos_sdk_proto::cosmos::bank::v1beta1::MsgSend;
use cosmos_sdk_proto::cosmwasm::wasm::v1::MsgExecuteContract;
use lyceum_api::Hash32;
use lyceum_api::nodes::gpu_id;
use prost::Message;
use serde_json::{Value, json};

use crate::chain::{Says, chain};
use crate::fixture::{Operator, PASSPHRASE};

pub const BOB: &str = "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc";
/// 100000 gas with its margin at 0.025 ulyc.
const FEE: u128 = 3_250;

/// An operator with the keys `node` and `alice`, and how a chain is named to commands that need no contracts.
pub fn operator(says: Says) -> (Operator, Vec<String>) {
    let operator = Operator::new();
    operator.key();
    add(&operator, "alice");
    let args = ["--chain", "lyceum-1", "--rpc", &chain("lyceum-1", says)].map(str::to_owned);
    (operator, args.to_vec())
}

fn add(operator: &Operator, name: &str) {
    let file = operator.write("passphrase", PASSPHRASE);
    operator.ok(&["keys", "add", name, "--no-words", "--passphrase-file", &file]);
}

fn address(operator: &Operator, name: &str) -> String {
    operator.ok(&["keys", "show", name, "--address"]).trim().to_owned()
}

pub fn with<'a>(args: &[&'a str], chain: &'a [String]) -> Vec<&'a str> {
    args.iter().copied().chain(chain.iter().map(String::as_str)).collect()
}

pub fn json_of(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn a_key_is_meant_by_its_address_as_well_as_by_its_name() {
    let (operator, chain) = operator(Says { held: 5_000_000, ..Says::default() });
    let alice = address(&operator, "alice");
    assert_eq!(operator.ok(&["keys", "show", &alice, "--address"]).trim(), alice);
    let send = with(&["send", BOB, "1LYC", "--from", &alice, "--dry-run", "--json"], &chain);
    let shown = json_of(&operator.ok(&send));
    assert_eq!(shown["from"], json!(alice), "{shown}");
    let (code, kind, words) = operator.refused(&with(&["send", BOB, "1LYC", "--from", BOB], &chain));
    assert_eq!((code, kind.as_str()), (9, "key/key.missing"), "{words}");
}

#[test]
fn a_balance_is_shown_in_both_units_without_a_node_and_without_a_passphrase() {
    let (operator, chain) = operator(Says { held: 1_500_000, ..Says::default() });
    let all = operator.ok(&with(&["balance"], &chain));
    assert_eq!(all.lines().count(), 2, "every key: {all}");
    assert!(all.contains("alice") && all.contains("1.5 LYC (1500000 ulyc)"), "{all}");
    let one = json_of(&operator.ok(&with(&["balance", "alice", "--json"], &chain)));
    let expected = json!({ "name": "alice", "address": address(&operator, "alice"), "ulyc": "1500000", "lyc": "1.5 LYC" });
    assert_eq!(one, json!({ "balances": [expected] }));
    let other = json_of(&operator.ok(&with(&["balance", BOB, "--json"], &chain)));
    assert_eq!(
        (&other["balances"][0]["name"], &other["balances"][0]["address"]),
        (&json!(null), &json!(BOB))
    );
    let (code, kind, words) = operator.refused(&with(&["balance", "alcie"], &chain));
    assert_eq!((code, kind.as_str()), (3, "input/chain.address"));
    assert!(words.contains("KEY|ADDRESS") && words.contains("did you mean alice?"), "{words}");
}

#[test]
fn a_chain_that_nobody_named_is_asked_for() {
    let operator = Operator::new();
    operator.key();
    let (code, kind, words) = operator.refused(&["balance", "--rpc", "http://127.0.0.1:1"]);
    assert_eq!((code, kind.as_str()), (3, "input/deployment.missing"));
    assert!(words.contains("--chain CHAIN_ID") && words.contains("--deployment"), "{words}");
    let (code, kind, _) = operator.refused(&["balance", "--chain", "lyceum-1"]);
    assert_eq!((code, kind.as_str()), (3, "input/rpc.missing"));
}

#[test]
fn what_would_be_sent_is_shown_with_its_fee_and_nothing_is_sent_without_a_yes() {
    fn fits(body: &cosmos_sdk_proto::cosmos::tx::v1beta1::TxBody) -> Result<(), String> {
        let msg = MsgSend::decode(body.messages[0].value.as_slice()).unwrap();
        let fits = msg.to_address == BOB && msg.amount[0].amount == "250000" && body.memo == "invoice 7";
        if fits { Ok(()) } else { Err(format!("{msg:?} {}", body.memo)) }
    }
    let (operator, chain) = operator(Says { held: 1_000_000, tries: fits, ..Says::default() });
    let send = with(&["send", BOB, "0.25LYC", "--from", "alice", "--memo", "invoice 7"], &chain);
    let shown = operator.ok(&[&send[..], &["--dry-run"]].concat());
    for part in ["0.25 LYC (250000 ulyc)", "alice", BOB, "invoice 7", "0.00325 LYC (3250 ulyc)", "1 LYC"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let dry = json_of(&operator.ok(&[&send[..], &["--dry-run", "--json"]].concat()));
    assert_eq!(
        (&dry["ulyc"], &dry["fee"], &dry["held"]),
        (&json!("250000"), &json!("3250"), &json!("1000000"))
    );
    let (code, _, words) = operator.refused(&send);
    assert_eq!(code, 3, "{words}");
    assert!(words.contains("nobody is there to say yes"), "{words}");
}

#[test]
fn payments_that_nobody_means_are_refused_before_the_chain_is_asked() {
    let (operator, chain) = operator(Says::default());
    let send =
        |to: &str, amount: &str| operator.refused(&with(&["send", to, amount, "--from", "alice"], &chain));
    assert_eq!(send("alice", "1LYC").1, "input/send.self");
    assert_eq!(send(&address(&operator, "alice"), "1LYC").1, "input/send.self");
    assert_eq!(send(BOB, "0LYC").1, "input/send.nothing");
    let (code, _, words) = send(BOB, "500");
    assert_eq!(code, 2);
    assert!(words.contains("500LYC") && words.contains("500ulyc"), "{words}");
    assert!(send(BOB, "5uatom").2.contains("uatom"));
    let (code, kind, words) = send(&BOB.replace("wasm1", "wsam1"), "1LYC");
    assert_eq!((code, kind.as_str()), (3, "input/chain.address"));
    assert!(
        words.contains("TO") && words.contains("its prefix is misspelt") && words.contains(BOB),
        "{words}"
    );
    let other = send("cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4", "1LYC");
    assert_eq!((other.0, other.1.as_str()), (12, "network/chain.prefix"));
    let long = "x".repeat(257);
    let memo = operator.refused(&with(&["send", BOB, "1LYC", "--from", "alice", "--memo", &long], &chain));
    assert!(memo.0 == 3 && memo.2.contains("--memo") && memo.2.contains("256"), "{}", memo.2);
    let which = operator.refused(&with(&["send", BOB, "1LYC"], &chain));
    assert_eq!((which.0, which.1.as_str()), (9, "key/key.which"));
    assert!(which.2.contains("--from") && which.2.contains("alice; node"), "{}", which.2);
}

#[test]
fn more_than_is_held_is_refused_with_the_numbers() {
    let (operator, chain) = operator(Says { held: 1_000_000, ..Says::default() });
    let send = |amount: &str| {
        operator.refused(&with(&["send", BOB, amount, "--from", "alice", "--dry-run"], &chain))
    };
    let (code, kind, words) = send("1.5LYC");
    assert_eq!((code, kind.as_str()), (10, "funds/chain.insufficient_funds"));
    for part in ["it holds 1 LYC", "1.5 LYC", "0.5 LYC (500000 ulyc) are missing"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // All that is held leaves nothing for the fee.
    let words = send("1LYC").2;
    let most = format!("{} ulyc) is the most", 1_000_000 - FEE);
    assert!(words.contains("the fee is 0.00325 LYC") && words.contains(&most), "{words}");
    operator.ok(&with(&["send", BOB, "996750ulyc", "--from", "alice", "--dry-run"], &chain));
}

#[test]
fn nothing_is_sent_to_a_contract_without_a_message() {
    let operator = Operator::new();
    operator.key();
    let file = operator.deployment("lyceum-1", "wasm");
    let text = std::fs::read_to_string(&file).unwrap();
    let rewards = json_of(&text)["contracts"]["rewards"].as_str().unwrap().to_owned();
    let to = ["--deployment", &file, "--rpc", "http://127.0.0.1:1"];
    let (code, kind, words) = operator.refused(&[&["send", &rewards, "5LYC"][..], &to].concat());
    assert_eq!((code, kind.as_str()), (3, "input/send.contract"));
    assert!(words.contains("lyceum tx rewards fund --funds 5LYC"), "{words}");
}

/// An operator whose network's contracts are on a chain.
pub fn network(says: Says) -> (Operator, [String; 4]) {
    let operator = Operator::new();
    operator.key();
    let file = operator.deployment("lyceum-1", "wasm");
    let contracts = json_of(&std::fs::read_to_string(&file).unwrap())["contracts"].clone();
    let rpc = chain("lyceum-1", Says { contracts, ..says });
    (operator, ["--deployment".to_owned(), file, "--rpc".to_owned(), rpc])
}

#[test]
fn amounts_keys_names_and_gpus_stand_where_the_contract_wants_numbers_addresses_and_hashes() {
    let salt = Hash32([7; 32]);
    let answers = |query: &Value| match query["config"].is_object() {
        true => Ok(json!({
            "charter": BOB, "tasks": BOB, "datasets": BOB, "rewards": BOB, "gpu_salt": Hash32([7; 32]),
            "params": lyceum_api::nodes::Params::default(), "paused": false, "epoch": 0,
        })),
        false => Err(format!("no answer to {query}")),
    };
    let (operator, to) = network(Says { held: 900_000_000, answers, ..Says::default() });
    add(&operator, "alice");
    let dry = |args: &[&str]| json_of(&operator.ok(&with(&[args, &["--dry-run", "--json"]].concat(), &to)));
    let unbond = dry(&["tx", "nodes", "unbond", "--amount", "500LYC", "--from", "node"]);
    assert_eq!(unbond["message"], json!({ "unbond": { "amount": "500000000" } }));
    let delegate = ["tx", "nodes", "delegate", "--node", "node", "--funds", "5LYC", "--from", "alice"];
    let delegate = dry(&delegate);
    assert_eq!(delegate["message"], json!({ "delegate": { "node": address(&operator, "node") } }));
    assert_eq!(
        (&delegate["funds"], &delegate["from"]),
        (&json!("5000000"), &json!(address(&operator, "alice")))
    );
    let uuid = "GPU-5f3c2a10-9d0e-4b7c-8a56-0123456789ab";
    let bind = dry(&["tx", "nodes", "bind-gpu", "--gpu", uuid, "--from", "node"]);
    assert_eq!(bind["message"], json!({ "bind_gpu": { "gpu": gpu_id(&salt, uuid) } }));
}

#[test]
fn a_delegation_by_the_node_itself_is_no_bond_that_nobody_asked_for() {
    let (operator, to) = network(Says { held: 9_000_000, ..Says::default() });
    let delegate = ["tx", "nodes", "delegate", "--node", "node", "--funds", "5LYC", "--yes"];
    let (code, kind, words) = operator.refused(&with(&delegate, &to));
    assert_eq!((code, kind.as_str()), (3, "input/tx.own_bond"));
    assert!(words.contains("--from") && words.contains("lyceum tx nodes bond --funds 5LYC"), "{words}");
    let raw = format!(r#"{{"delegate":{{"node":"{}"}}}}"#, address(&operator, "node"));
    assert_eq!(operator.refused(&with(&["tx", "raw", "nodes", &raw, "--yes"], &to)).1, "input/tx.own_bond");
}

#[test]
fn a_missing_deposit_is_told_with_its_amount() {
    let tries = |body: &cosmos_sdk_proto::cosmos::tx::v1beta1::TxBody| {
        let funds = MsgExecuteContract::decode(body.messages[0].value.as_slice()).unwrap().funds;
        let words = match funds.first() {
            None => "No funds sent".to_owned(),
            Some(coin) if coin.amount == "100000000" => return Ok(()),
            Some(coin) => format!("the deposit is 100000000 ulyc, found {}", coin.amount),
        };
        Err(format!("failed to execute message; message index: 0: {words}: execute wasm contract failed"))
    };
    let (operator, to) = network(Says { held: 900_000_000, tries, ..Says::default() });
    let bond = with(&["tx", "nodes", "bond", "--dry-run"], &to);
    let (code, kind, words) = operator.refused(&bond);
    assert_eq!((code, kind.as_str()), (8, "refused/tx.funds"));
    assert!(words.contains("--funds 100LYC") && words.contains("100 LYC (100000000 ulyc)"), "{words}");
    operator.ok(&[&bond[..], &["--funds", "100LYC"]].concat());
    let (_, kind, words) = operator.refused(&[&bond[..], &["--funds", "1LYC"]].concat());
    assert_eq!(kind, "refused/chain.refused");
    assert!(words.contains("100 LYC (100000000 ulyc)"), "{words}");
}

#[test]
fn refusals_show_dates_and_nothing_of_how_rust_writes_values() {
    let tries = |_: &cosmos_sdk_proto::cosmos::tx::v1beta1::TxBody| {
        Err("failed to execute message; message index: 0: nothing has left the queue; its next entry does at \
             Some(1797875968): execute wasm contract failed"
            .to_owned())
    };
    let (operator, to) = network(Says { held: 9, tries, ..Says::default() });
    let words = operator.refused(&with(&["tx", "nodes", "claim-unbonded", "--dry-run"], &to)).2;
    assert!(words.contains("2026-12-21 17:59 UTC") && !words.contains("Some("), "{words}");
}

#[test]
fn answers_show_amounts_to_people_and_stay_as_they_are_for_programs() {
    let answers = |query: &Value| match query["node"]["node"].as_str() {
        Some(BOB) => Ok(json!({ "stake": "1500000000", "reputation": 3 })),
        _ => Err(format!("no answer to {query}")),
    };
    let (operator, to) = network(Says { answers, ..Says::default() });
    let query = with(&["query", "nodes", "node", "--node", BOB], &to);
    let people = json_of(&operator.ok(&query));
    assert_eq!(people, json!({ "stake": "1500 LYC (1500000000 ulyc)", "reputation": 3 }));
    let programs = json_of(&operator.ok(&[&query[..], &["--json"]].concat()));
    assert_eq!(programs, json!({ "stake": "1500000000", "reputation": 3 }));
    let (code, kind, words) = operator.refused(&with(&["query", "nodes", "node", "--node", "nobody"], &to));
    assert_eq!((code, kind.as_str()), (3, "input/chain.address"));
    assert!(words.starts_with("--node: "), "{words}");
}

#[test]
fn messages_that_contracts_alone_send_are_not_offered() {
    let operator = Operator::new();
    let help = operator.ok(&["tx", "rewards", "--help"]);
    assert!(help.contains("claim") && help.contains("fund") && !help.contains("deposit"), "{help}");
    assert_eq!(operator.refused(&["tx", "nodes", "set-params"]).0, 2);
}
