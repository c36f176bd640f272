//! Endpoints that answer what cannot be used: it is told for what it is, on one line, and never as the chain's no.

use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryBalanceResponse;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use prost::Message;
use serde_json::{Value, json};

use crate::chain::{Says, answered, chain, field};
use crate::fixture::{Operator, text};
use crate::wallet::{BOB, json_of, network, operator, with};

fn is_query(request: &Value, path: &str) -> bool {
    request["params"]["path"].as_str().is_some_and(|asked| asked.ends_with(path))
}

#[test]
fn what_cannot_be_read_is_no_answer_and_no_refusal() {
    type Instead = fn(&Value) -> Option<Result<Value, String>>;
    let cases: [(&str, Instead); 5] = [
        ("gives no headers of 5 to 5", |request| {
            (request["method"] == "blockchain").then(|| Ok(json!({ "last_height": "5", "block_metas": [] })))
        }),
        ("answers with an error: the index is damaged", |request| {
            is_query(request, "bank.v1beta1.Query/Balance").then(|| Err("the index is damaged".to_owned()))
        }),
        ("Query/Balance with what is no answer to it", |request| {
            is_query(request, "bank.v1beta1.Query/Balance").then(|| Ok(answered(&[0xff; 9])))
        }),
        ("\"many\", which is no amount", |request| {
            let balance = Some(Coin { denom: "ulyc".to_owned(), amount: "many".to_owned() });
            let answer = QueryBalanceResponse { balance }.encode_to_vec();
            is_query(request, "bank.v1beta1.Query/Balance").then(|| Ok(answered(&answer)))
        }),
        ("answers with an error: not now", |request| {
            (request["method"] == "status").then(|| Err("not now".to_owned()))
        }),
    ];
    for (said, instead) in cases {
        let rpc = chain("lyceum-1", Says { instead, ..Says::default() });
        let balance = ["balance", BOB, "--chain", "lyceum-1", "--rpc", &rpc];
        let (code, kind, words) = Operator::new().refused(&balance);
        assert_eq!((code, kind.as_str()), (7, "unreachable/chain.unusable"), "{said}: {words}");
        assert!(words.contains(said) && !words.contains("no endpoint answers"), "{said}: {words}");
    }
}

#[test]
fn a_simulation_without_its_gas_signs_nothing() {
    let instead = |request: &Value| is_query(request, "Service/Simulate").then(|| Ok(answered(&[])));
    let (operator, chain) = operator(Says { held: 9_000_000, instead, ..Says::default() });
    let (code, _, words) =
        operator.refused(&with(&["send", BOB, "1LYC", "--from", "alice", "--yes"], &chain));
    assert!(code == 7 && words.contains("without the gas"), "{code} {words}");
}

#[test]
fn a_chains_words_stay_on_one_line_of_the_terminal() {
    let tries = |_: &cosmos_sdk_proto::cosmos::tx::v1beta1::TxBody| {
        Err(format!("no\nlyceum: all is well\r\u{1b}[2Jx\n{}", "y".repeat(100_000)))
    };
    let (operator, chain) = operator(Says { held: 9_000_000, tries, ..Says::default() });
    let send = with(&["send", BOB, "1LYC", "--from", "alice", "--yes"], &chain);
    let said = text(&operator.run(&send).stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("no lyceum: all is well") && !said.contains('\u{1b}'), "{said}");
    assert!(said.len() < 2_000, "{} bytes", said.len());
}

#[test]
fn a_gas_price_that_no_endpoint_takes_is_found_before_anything_is_sent() {
    let begin = |instead| {
        let (operator, to) = network(Says { instead, ..Says::default() });
        let config = operator.init_on(&to[1], &to[3]);
        operator.refused(&["node", "--config", config.to_str().unwrap(), "--check"])
    };
    let (code, kind, words) = begin(|request| {
        let minimum = field(1, b"0.050000000000000000ulyc");
        is_query(request, "base.node.v1beta1.Service/Config").then(|| Ok(answered(&minimum)))
    });
    assert_eq!((code, kind.as_str()), (13, "config/config.gas_price"), "{words}");
    for part in ["chain.gas_price of node.toml is 0.025", "0.05 ulyc per gas", "chain.gas_price = \"0.05\""] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // What comes next is that the account holds nothing: an endpoint that takes the price, or does not say.
    let takes: fn(&Value) -> Option<Result<Value, String>> = |request| {
        let minimum = field(1, b"0.025000000000000000ulyc");
        is_query(request, "base.node.v1beta1.Service/Config").then(|| Ok(answered(&minimum)))
    };
    for instead in [takes, |_| None] {
        let (code, kind, words) = begin(instead);
        assert_eq!((code, kind.as_str()), (10, "funds/account.empty"), "{words}");
    }
}

#[test]
fn a_fee_that_is_too_low_is_refused_with_the_price_what_is_required_and_what_to_change() {
    let instead = |request: &Value| {
        let log = "insufficient fees; got: 3250ulyc required: 6500ulyc: insufficient fee";
        let refused =
            json!({ "code": 13, "data": "", "log": log, "codespace": "sdk", "hash": "AB".repeat(32) });
        (request["method"] == "broadcast_tx_sync").then_some(Ok(refused))
    };
    let (operator, chain) = operator(Says { held: 9_000_000, instead, ..Says::default() });
    let file = operator.path("passphrase");
    let send = with(&["send", BOB, "1LYC", "--from", "alice", "--passphrase-file", &file, "--yes"], &chain);
    let out = operator.run(&[&send[..], &["--json"]].concat());
    let error = &json_of(&text(&out.stdout))["error"];
    assert_eq!((out.status.code(), &error["detail"]), (Some(11), &json!("chain.fee_too_low")));
    let words = error["message"].as_str().unwrap();
    for part in ["a gas price of 0.025", "required: 6500ulyc", "chain.gas_price in node.toml", "--gas-price"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
}
