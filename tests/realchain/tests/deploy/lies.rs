//! What an endpoint that lies can have signed: nothing that goes to itself.

use cosmos_sdk_proto::cosmos::base::abci::v1beta1::GasInfo;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::gov::v1::{Params, QueryParamsResponse};
use cosmos_sdk_proto::cosmos::tx::v1beta1::SimulateResponse;
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    CodeInfoResponse, MsgStoreCode, MsgStoreCodeResponse, QueryCodesResponse, QuerySmartContractStateResponse,
};
use cosmwasm_std::{Addr, Binary};
use lyceum_api::charter;
use lyceum_tests_realchain::{Liar, wanted};
use prost::Message;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use crate::fixture::{Operator, with_client};

/// An endpoint that answers queries of these paths with these bytes; a runtime keeps it up.
fn liar(operator: &Operator, lies: Vec<(&'static str, Vec<u8>)>) -> (Runtime, Liar) {
    let runtime = Runtime::new().unwrap();
    let target = operator.net.chain().rpc[0].clone();
    let lie = move |request: &Value, truth: Option<Value>| {
        let path = request["params"]["path"].as_str()?;
        let (_, bytes) = lies.iter().find(|(of, _)| *of == path)?;
        let mut answer = truth?;
        let response = &mut answer["result"]["response"];
        response["code"] = json!(0);
        response["value"] = json!(Binary::from(bytes.clone()).to_base64());
        Some(answer)
    };
    let liar = runtime.block_on(Liar::before(&target, lie));
    (runtime, liar)
}

/// Stores code that is not ours: a contract's with a mark. Gives its number.
fn store_evil(operator: &Operator, contract: &str) -> u64 {
    operator.copy_artifacts(&operator.path("artifacts"), "evil", b"evil!");
    let wasm_byte_code = std::fs::read(operator.path("evil").join(format!("{contract}.wasm"))).unwrap();
    with_client(operator, async |client| {
        let sender = client.account().to_string();
        let msg = MsgStoreCode { sender, wasm_byte_code, instantiate_permission: None };
        let type_url = "/cosmwasm.wasm.v1.MsgStoreCode".to_owned();
        let done = client.send(vec![cosmrs::Any { type_url, value: msg.encode_to_vec() }]).await.unwrap();
        MsgStoreCodeResponse::decode(done.data[0].value.as_slice()).unwrap().code_id
    })
}

/// The lie that an artifact's code has a number, and that whatever is simulated goes well.
fn named(operator: &Operator, artifact: &str, code_id: u64) -> Vec<(&'static str, Vec<u8>)> {
    let data_hash = Sha256::digest(std::fs::read(operator.path(artifact)).unwrap()).to_vec();
    let code = CodeInfoResponse { code_id, data_hash, ..CodeInfoResponse::default() };
    let codes = QueryCodesResponse { code_infos: vec![code], pagination: None };
    let gas_info = Some(GasInfo { gas_wanted: 0, gas_used: 9_000_000 });
    let simulated = SimulateResponse { gas_info, result: None };
    vec![
        ("/cosmwasm.wasm.v1.Query/Codes", codes.encode_to_vec()),
        ("/cosmos.tx.v1beta1.Service/Simulate", simulated.encode_to_vec()),
    ]
}

#[test]
fn an_endpoint_that_names_its_own_code_has_no_contract_migrated_to_it() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    operator.ok(&operator.deploy(&authority, "d.json"));
    let evil = store_evil(&operator, "tasks");
    operator.copy_artifacts(&operator.path("artifacts"), "newer", b"newer");
    let (_runtime, liar) = liar(&operator, named(&operator, "newer/tasks.wasm", evil));
    let upgrade = ["upgrade", "--artifacts", "newer", "--only", "tasks"];
    let lied_to = [&upgrade[..], &operator.through(&liar.url, "faucet", "d.json")].concat();
    operator.refused(&lied_to, 8, "an endpoint named other code");
    assert!(!liar.asked("broadcast_tx_sync").is_empty(), "it was signed and sent, and the chain refused it");
    // The truth: it runs what it ran, and through an honest endpoint the upgrade goes on.
    let honest = [&upgrade[..], &operator.at("faucet", "d.json")].concat();
    let done = operator.ok(&honest);
    assert_eq!(done["changed"][0]["contract"], "tasks");
    assert_ne!(done["changed"][0]["code"], evil);
}

#[test]
fn an_endpoint_that_names_its_own_code_does_not_get_the_treasury() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    let evil = store_evil(&operator, "rewards");
    let (_runtime, liar) = liar(&operator, named(&operator, "artifacts/rewards.wasm", evil));
    let balance = || with_client(&operator, async |client| client.balance(client.account()).await.unwrap());
    let before = balance();
    let honest = operator.deploy(&authority, "d.json");
    let rpc = operator.net.chain().rpc[0].as_str();
    let lied_to: Vec<&str> = honest.iter().map(|a| if *a == rpc { liar.url.as_str() } else { *a }).collect();
    operator.refused(&lied_to, 12, "an endpoint named other code");
    assert!(before - balance() < 5_000_000, "fees were paid, and no treasury of 21000000");
    let done = operator.ok(&honest);
    assert_ne!(done["deployment"]["codes"]["rewards"]["id"], evil);
    assert!(before - balance() >= 21_000_000);
}

#[test]
fn an_endpoint_that_wants_a_great_deposit_gets_none() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let gov = "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc";
    operator.ok(&operator.deploy(gov, "d.json"));
    operator.copy_artifacts(&operator.path("artifacts"), "newer", b"newer");
    let min_deposit = vec![Coin { denom: "ulyc".to_owned(), amount: "5000000000".to_owned() }];
    let params = Some(Params { min_deposit, ..Params::default() });
    let answer = QueryParamsResponse { params, ..QueryParamsResponse::default() };
    let (_runtime, liar) = liar(&operator, vec![("/cosmos.gov.v1.Query/Params", answer.encode_to_vec())]);
    let upgrade = ["upgrade", "--artifacts", "newer", "--only", "credits"];
    let lied_to = [&upgrade[..], &operator.through(&liar.url, "faucet", "d.json")].concat();
    operator.refused(&lied_to, 3, "--deposit-at-most 5000000000");
    operator.refused(&lied_to, 3, "10000000 ulyc");
    // The chain's own deposit is within the default, and not within less.
    let honest = [&upgrade[..], &operator.at("faucet", "d.json")].concat();
    operator.refused(&[&honest[..], &["--deposit-at-most", "9999999"]].concat(), 3, "10000000 ulyc");
    let foreseen = operator.ok(&[&honest[..], &["--dry-run"]].concat());
    let message = &foreseen["asked"]["messages"][0];
    assert_eq!(message["initial_deposit"], json!([{ "denom": "ulyc", "amount": "10000000" }]));
    assert_eq!(operator.ok(&honest)["acted"]["to"], "gov");
}

#[test]
fn an_endpoint_that_names_another_authority_is_not_followed() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let authority = operator.address("faucet");
    let deployed = operator.ok(&operator.deploy(&authority, "d.json"));
    operator.ok(&["keys", "add", "eve", "--no-words", "--passphrase-file", "pw"]);
    let eve = operator.address("eve");
    let address = Addr::unchecked(deployed["deployment"]["contracts"]["charter"].as_str().unwrap());
    let asked = charter::QueryMsg::Charter {};
    let mut charter: charter::CharterResponse =
        with_client(&operator, async |client| client.smart(&address, &asked, None).await.unwrap());
    charter.authority.clone_from(&eve);
    let data = serde_json::to_vec(&charter).unwrap();
    let answer = QuerySmartContractStateResponse { data }.encode_to_vec();
    let (_runtime, liar) = liar(&operator, vec![("/cosmwasm.wasm.v1.Query/SmartContractState", answer)]);
    let grant = json!({ "grant": { "to": eve, "amount": "1000", "reason": "for nothing" } });
    operator.write("grant.json", &grant.to_string());
    let act = ["authority", "act", "grant.json", "--yes"];
    let lied_to = [&act[..], &operator.through(&liar.url, "faucet", "d.json")].concat();
    operator.refused(&lied_to, 12, "authority.handed_over");
    operator.refused(&lied_to, 12, &eve);
    assert!(liar.asked("broadcast_tx_sync").is_empty(), "nothing was sent");
    assert_eq!(operator.ok(&[&act[..], &operator.at("faucet", "d.json")].concat())["done"], true);
}

#[test]
fn an_endpoint_that_names_other_members_has_no_group_confirmed() {
    if !wanted() {
        return;
    }
    let operator = Operator::new();
    let faucet = operator.address("faucet");
    operator.ok(&["keys", "add", "eve", "--no-words", "--passphrase-file", "pw"]);
    // cosmos.group.v1: a member's address and weight, in a group's member, in the answer.
    let field = |tag: u8, bytes: &[u8]| [&[tag << 3 | 2, bytes.len() as u8], bytes].concat();
    let member = [field(1, operator.address("eve").as_bytes()), field(2, b"1")].concat();
    let members = field(1, &field(2, &member));
    let (_runtime, liar) = liar(&operator, vec![("/cosmos.group.v1.Query/GroupMembers", members)]);
    let rpc = operator.net.chain().rpc[0].as_str();
    let mut create = vec!["authority", "create-group", "--member", &faucet, "--key", "faucet"];
    create.extend(["--passphrase-file", "pw", "--yes", "--chain", "lyceum-1", "--rpc", rpc]);
    operator.refused(&[&create[..], &["--rpc", &liar.url]].concat(), 12, "group.disputed");
    assert_eq!(operator.ok(&create)["endpoints"], 1);
    // One that is named twice would say it twice.
    operator.refused(&[&create[..], &["--rpc", rpc]].concat(), 3, "chain.setting");
}
