//! A chain that stands still: it knows balances, tries messages and answers contracts' queries as a test says. It takes
//! transactions, and no block ever includes one.

use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountInfoResponse};
use cosmos_sdk_proto::cosmos::bank::v1beta1::{QueryBalanceRequest, QueryBalanceResponse};
use cosmos_sdk_proto::cosmos::base::abci::v1beta1::{GasInfo, Result as Tried};
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{SimulateRequest, SimulateResponse, TxBody, TxRaw};
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    QueryRawContractStateRequest, QueryRawContractStateResponse, QuerySmartContractStateRequest,
    QuerySmartContractStateResponse,
};
use cosmwasm_std::Binary;
use prost::Message;
use serde_json::{Value, json};

use crate::fixture::{serve, status};

/// A policy of x/group, with the one proposal [`PROPOSAL`].
pub const POLICY: &str = "wasm1qurswpc8qurswpc8qurswpc8qurswpc8e0k0f2";
pub const PROPOSAL: &str = "4";

/// What the chain says. Each gives what is asked, or a refusal's words.
pub struct Says {
    /// What every account holds, ulyc.
    pub held: u128,
    /// What a simulation of a body gives.
    pub tries: fn(&TxBody) -> Result<(), String>,
    /// What every contract answers to a query.
    pub answers: fn(&Value) -> Result<Value, String>,
    /// The addresses of its contracts by their names, as in deployment files.
    pub contracts: Value,
    /// What is answered instead to a JSON-RPC request, a result or an error's words.
    pub instead: fn(&Value) -> Option<Result<Value, String>>,
}

impl Default for Says {
    fn default() -> Self {
        Self {
            held: 0,
            tries: |_| Ok(()),
            answers: |query| Err(format!("no answer to {query}")),
            contracts: Value::Null,
            instead: |_| None,
        }
    }
}

/// A chain's endpoint.
pub fn chain(id: &str, says: Says) -> String {
    let id = id.to_owned();
    serve(move |request| (says.instead)(request).unwrap_or_else(|| usual(&id, &says, request)))
}

/// The chain's answer to a query.
pub fn answered(value: &[u8]) -> Value {
    response(0, "", value)
}

fn response(code: u32, log: &str, value: &[u8]) -> Value {
    json!({ "response": {
        "code": code, "log": log, "info": "", "index": "0", "key": null, "proofOps": null, "height": "5",
        "value": Binary::from(value).to_base64(), "codespace": if code == 0 { "" } else { "sdk" },
    }})
}

fn usual(id: &str, says: &Says, request: &Value) -> Result<Value, String> {
    match request["method"].as_str().unwrap_or_default() {
        "status" => Ok(status(id)),
        "abci_info" => Ok(json!({ "response": {
            "data": "", "version": "", "app_version": "0", "last_block_height": "5", "last_block_app_hash": "",
        }})),
        "blockchain" => Ok(json!({ "last_height": "5", "block_metas": [header(id)] })),
        "abci_query" => {
            let params = &request["params"];
            let data = hex::decode(params["data"].as_str().unwrap_or_default()).unwrap();
            Ok(match asked(says, params["path"].as_str().unwrap_or_default(), &data) {
                Ok(value) => answered(&value),
                Err(words) => response(6, &words, &[]),
            })
        }
        "broadcast_tx_sync" => {
            let hash = "AB".repeat(32);
            Ok(json!({ "code": 0, "data": "", "log": "", "codespace": "", "hash": hash }))
        }
        other => Err(format!("{other} is nothing that this chain answers")),
    }
}

fn asked(says: &Says, path: &str, data: &[u8]) -> Result<Vec<u8>, String> {
    match path {
        "/cosmos.bank.v1beta1.Query/Balance" => {
            let denom = QueryBalanceRequest::decode(data).unwrap().denom;
            let balance = Some(Coin { denom, amount: says.held.to_string() });
            Ok(QueryBalanceResponse { balance }.encode_to_vec())
        }
        "/cosmos.auth.v1beta1.Query/AccountInfo" => {
            let info = Some(BaseAccount { account_number: 3, sequence: 7, ..BaseAccount::default() });
            Ok(QueryAccountInfoResponse { info }.encode_to_vec())
        }
        "/cosmos.tx.v1beta1.Service/Simulate" => {
            let tx = SimulateRequest::decode(data).unwrap().tx_bytes;
            let body = TxRaw::decode(tx.as_slice()).unwrap().body_bytes;
            (says.tries)(&TxBody::decode(body.as_slice()).unwrap())?;
            let gas_info = Some(GasInfo { gas_wanted: 0, gas_used: 100_000 });
            Ok(SimulateResponse { gas_info, result: Some(Tried::default()) }.encode_to_vec())
        }
        "/cosmos.group.v1.Query/GroupPolicyInfo" if data == field(1, POLICY.as_bytes()) => {
            Ok(field(1, &field(1, POLICY.as_bytes())))
        }
        "/cosmos.group.v1.Query/Proposal" => Ok(field(1, &field(2, POLICY.as_bytes()))),
        "/cosmwasm.wasm.v1.Query/SmartContractState" => {
            let query = QuerySmartContractStateRequest::decode(data).unwrap().query_data;
            let answer = answer(says, &serde_json::from_slice(&query).unwrap())?;
            Ok(QuerySmartContractStateResponse { data: answer.to_string().into_bytes() }.encode_to_vec())
        }
        "/cosmwasm.wasm.v1.Query/RawContractState" => {
            let address = QueryRawContractStateRequest::decode(data).unwrap().address;
            let all = says.contracts.as_object();
            let name = all.and_then(|all| all.iter().find(|(_, at)| **at == json!(address)));
            let name = name.ok_or_else(|| format!("no such contract: {address}"))?.0;
            let data =
                json!({ "contract": format!("lyceum-{name}"), "version": "0.1.0" }).to_string().into_bytes();
            Ok(QueryRawContractStateResponse { data }.encode_to_vec())
        }
        other => Err(format!("unknown query path {other}")),
    }
}

/// A field of a protobuf message that holds bytes; short ones.
pub fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag << 3 | 2, bytes.len() as u8], bytes].concat()
}

/// An answer; what contracts say of their neighbours is as the deployment file has it.
fn answer(says: &Says, query: &Value) -> Result<Value, String> {
    if query["charter"].is_object() {
        return Ok(json!({ "contracts": says.contracts }));
    }
    if !query["config"].is_object() {
        return (says.answers)(query);
    }
    let mut config = (says.answers)(query).unwrap_or_else(|_| json!({ "charter": null }));
    for (name, address) in says.contracts.as_object().into_iter().flatten() {
        if let Some(neighbour) = config.get_mut(name) {
            *neighbour = address.clone();
        }
    }
    Ok(config)
}

fn header(chain: &str) -> Value {
    let (zeros, hash) = ("00".repeat(20), "11".repeat(32));
    let id = json!({ "hash": hash, "parts": { "total": 1, "hash": hash } });
    json!({
        "block_id": id, "block_size": "500", "num_txs": "0",
        "header": {
            "version": { "block": "11", "app": "0" }, "chain_id": chain, "height": "5",
            "time": "2026-01-01T00:00:00Z", "last_block_id": id, "last_commit_hash": hash, "data_hash": hash,
            "validators_hash": hash, "next_validators_hash": hash, "consensus_hash": hash, "app_hash": "",
            "last_results_hash": hash, "evidence_hash": hash, "proposer_address": zeros,
        },
    })
}
