//! A node and its twin with real connections on loopback and an endpoint of the test's own: which of the two ends, and
//! what neither an endpoint nor the operator's own hand can bring about.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountInfoResponse};
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, SignDoc, SignerInfo, TxBody, TxRaw};
use cosmos_sdk_proto::cosmwasm::wasm::v1::QuerySmartContractStateResponse;
use cosmrs::Any;
use cosmwasm_std::{Addr, Binary};
use lyceum_api::nodes::{NodeResponse, TrustLevel};
use lyceum_chain::cosmos::{Client, Key, Settings, Signer as _};
use lyceum_net::{Identity, Life, Limits, Network};
use lyceum_store::Store;
use prost::Message as _;
use serde_json::{Value, json};

use super::twin::{Twin, TwinDetector, TwinEvidence, mark};

const CHAIN: &str = "stub-1";
const HEIGHT: u64 = 1_000;
const NUMBER: u64 = 4;

/// What the endpoint says.
#[derive(Debug, Default)]
struct Says {
    /// The addresses that the chain has for the node.
    registered: Vec<String>,
    /// Transactions in its index, from sequence 0 on.
    txs: Vec<Vec<u8>>,
}

/// An endpoint with one account and one contract; its thread ends with the process.
fn endpoint(says: Arc<Mutex<Says>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let says = says.clone();
            std::thread::spawn(move || answer(stream.unwrap(), &says));
        }
    });
    url
}

fn answer(mut stream: std::net::TcpStream, says: &Mutex<Says>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let Ok(request) = serde_json::from_slice::<Value>(&body) else { return };
    let mut answer = json!({ "jsonrpc": "2.0", "id": request["id"] });
    match result(&request, &says.lock().unwrap()) {
        Some(result) => answer["result"] = result,
        None => answer["error"] = json!({ "code": -32603, "message": "Internal error", "data": "not here" }),
    }
    let body = answer.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}

fn result(request: &Value, says: &Says) -> Option<Value> {
    let (hash, zeros, time) = ("AB".repeat(32), "00".repeat(20), "2026-01-01T00:00:00Z");
    let height = HEIGHT.to_string();
    Some(match request["method"].as_str()? {
        "status" => json!({
            "node_info": {
                "protocol_version": { "p2p": "8", "block": "11", "app": "0" }, "id": zeros, "version": "0.38.17",
                "listen_addr": "tcp://127.0.0.1:1", "network": CHAIN, "channels": "40", "moniker": "stub",
                "other": { "tx_index": "on", "rpc_address": "tcp://127.0.0.1:2" },
            },
            "sync_info": {
                "earliest_block_hash": hash, "earliest_app_hash": "", "earliest_block_height": "1",
                "earliest_block_time": time, "latest_block_hash": hash, "latest_app_hash": "",
                "latest_block_height": height, "latest_block_time": time, "catching_up": false,
            },
            "validator_info": {
                "address": zeros, "voting_power": "1",
                "pub_key": {
                    "type": "tendermint/PubKeyEd25519", "value": "bNNlGls5R25wC3Sd8720F/3+7IZBhXcD22MNFtPk/v0="
                },
            },
        }),
        "abci_info" => json!({ "response": {
            "data": "", "version": "", "app_version": "0", "last_block_height": height, "last_block_app_hash": "",
        }}),
        "blockchain" => {
            let id = json!({ "hash": hash, "parts": { "total": 1, "hash": hash } });
            let header = json!({
                "version": { "block": "11", "app": "0" }, "chain_id": CHAIN, "height": height, "time": time,
                "last_block_id": id, "last_commit_hash": hash, "data_hash": hash, "validators_hash": hash,
                "next_validators_hash": hash, "consensus_hash": hash, "app_hash": "", "last_results_hash": hash,
                "evidence_hash": hash, "proposer_address": zeros,
            });
            let meta = json!({ "block_id": id, "block_size": "500", "num_txs": "0", "header": header });
            json!({ "last_height": height, "block_metas": [meta] })
        }
        "abci_query" => {
            let value = match request["params"]["path"].as_str()? {
                "/cosmos.auth.v1beta1.Query/AccountInfo" => {
                    let sequence = says.txs.len() as u64;
                    let info = BaseAccount { account_number: NUMBER, sequence, ..BaseAccount::default() };
                    QueryAccountInfoResponse { info: Some(info) }.encode_to_vec()
                }
                "/cosmwasm.wasm.v1.Query/SmartContractState" => {
                    let data = serde_json::to_vec(&registered(says)).ok()?;
                    QuerySmartContractStateResponse { data }.encode_to_vec()
                }
                _ => return None,
            };
            json!({ "response": {
                "code": 0, "log": "", "info": "", "index": "0", "key": null, "value": Binary::from(value),
                "proofOps": null, "height": height, "codespace": "",
            }})
        }
        "tx_search" => {
            let query = request["params"]["query"].as_str()?;
            let sequence: usize = query.rsplit_once('/')?.1.trim_end_matches('\'').parse().ok()?;
            let txs: Vec<_> = says.txs.get(sequence).into_iter().collect();
            let txs: Vec<_> = txs
                .into_iter()
                .map(|tx| {
                    json!({
                        "hash": hash, "height": height, "index": 0, "tx": Binary::from(tx.clone()),
                        "tx_result": { "code": 0, "gas_wanted": "1", "gas_used": "1", "events": [] },
                    })
                })
                .collect();
            json!({ "total_count": txs.len().to_string(), "txs": txs })
        }
        _ => return None,
    })
}

fn registered(says: &Says) -> NodeResponse {
    NodeResponse {
        node: Addr::unchecked("wasm1me"),
        operator: "me".to_owned(),
        peer_key: Binary::default(),
        roles: vec![],
        classes: vec![],
        addresses: says.registered.clone(),
        stake: Default::default(),
        own: Default::default(),
        unbonding: Default::default(),
        rewards: Default::default(),
        commission: 0,
        matured: Default::default(),
        active: true,
        jailed_until: None,
        gpus: 0,
        vote_power: 0,
        trust: TrustLevel::Newbie,
        open_claims: 0,
        reputation: 0,
        accepted: 0,
    }
}

/// A transaction that the account signed with a memo.
async fn signed(key: &Key, sequence: u64, memo: &str) -> Vec<u8> {
    let message = Any { type_url: "/cosmwasm.wasm.v1.MsgExecuteContract".to_owned(), value: vec![] };
    let body = TxBody { messages: vec![message], memo: memo.to_owned(), ..TxBody::default() };
    let info = SignerInfo { sequence, ..SignerInfo::default() };
    let auth = AuthInfo { signer_infos: vec![info], ..AuthInfo::default() };
    let doc = SignDoc {
        body_bytes: body.encode_to_vec(),
        auth_info_bytes: auth.encode_to_vec(),
        chain_id: CHAIN.to_owned(),
        account_number: NUMBER,
    };
    let signature = key.sign(&doc.encode_to_vec()).await.unwrap().to_vec();
    let SignDoc { body_bytes, auth_info_bytes, .. } = doc;
    TxRaw { body_bytes, auth_info_bytes, signatures: vec![signature] }.encode_to_vec()
}

/// One process of the node.
struct Process {
    _folder: tempfile::TempDir,
    detector: TwinDetector,
}

/// Two processes with the same keys, the older first, what their endpoint says, and the account's key.
async fn pair() -> (Process, Process, Arc<Mutex<Says>>, Key) {
    let (key, words) = Key::generate().unwrap();
    let (identity, says) = (Identity::generate(), Arc::<Mutex<Says>>::default());
    let url = endpoint(says.clone());
    let begin = async || {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let listen = ["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        let network = Network::start(&identity, &listen, store, Limits::private()).await.unwrap();
        let signer = Arc::new(Key::from_mnemonic(&words, 0).unwrap());
        let client = Client::connect(Settings::new(CHAIN, vec![url.clone()]), signer).await.unwrap();
        let nodes = client.account().clone();
        let detector = TwinDetector { client, nodes, network, announced: vec![], began_at: HEIGHT };
        Process { _folder: folder, detector }
    };
    let (one, other) = (begin().await, begin().await);
    match one.detector.network.life().is_older_than(&other.detector.network.life()) {
        true => (one, other, says, key),
        false => (other, one, says, key),
    }
}

fn address(of: &Process) -> String {
    of.detector.network.listening()[0].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_younger_meets_the_older_at_the_registered_address_before_it_sends_anything() {
    let (older, younger, says, _) = pair().await;
    says.lock().unwrap().registered = vec![address(&older)];
    let twin = younger.detector.first().await.unwrap();
    assert_eq!(twin.life, older.detector.network.life());
    assert!(matches!(&twin.evidence, TwinEvidence::Peer(at) if at.starts_with(&address(&older))), "{twin:?}");
    // The older meets itself there.
    assert_eq!(older.detector.first().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_goes_on_when_it_meets_the_younger_and_the_younger_hears_of_it() {
    let (mut older, younger, _, _) = pair().await;
    older.detector.announced = vec![address(&younger)];
    let ended = tokio::spawn(younger.detector.clone().watch());
    assert_eq!(older.detector.first().await, None, "it is not the younger");
    let twin = ended.await.unwrap();
    assert_eq!(twin.life, older.detector.network.life());
    assert!(matches!(twin.evidence, TwinEvidence::Peer(_)), "{twin:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_of_the_older_ends_the_younger_and_not_the_other_way_round() {
    let (older, younger, says, key) = pair().await;
    let memo = |life: &Life| format!("{} {}", mark(life), HEIGHT + 100);
    let lives = [&older, &younger].map(|process| process.detector.network.life());
    says.lock().unwrap().txs =
        vec![signed(&key, 0, &memo(&lives[0])).await, signed(&key, 1, &memo(&lives[1])).await];
    let twin = younger.detector.clone().watch().await;
    assert_eq!(twin, Twin { life: lives[0], evidence: TwinEvidence::Transaction(0) });
    let seen = older.detector.look_at_transactions(&mut BTreeSet::new(), true).await.unwrap();
    assert_eq!(seen.life, lives[1]);
    assert!(!seen.life.is_older_than(&lives[0]), "the older goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_the_operators_hand_nor_an_earlier_life_nor_an_endpoint_ends_a_node() {
    let (_, node, says, key) = pair().await;
    let earlier = Life { since: 5, id: 6 };
    let of_earlier = |at: u64| format!("{} {at}", mark(&earlier));
    let (stranger, _) = Key::generate().unwrap();
    says.lock().unwrap().txs = vec![
        signed(&key, 0, "").await,
        signed(&key, 1, "by hand").await,
        // Shown as the newest, signed long ago.
        signed(&key, 2, &of_earlier(HEIGHT)).await,
        // Made up: another key, and another sequence.
        signed(&stranger, 3, &of_earlier(HEIGHT + 100)).await,
        signed(&key, 9, &of_earlier(HEIGHT + 100)).await,
    ];
    // The address that it gives for ours is somebody else's.
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(folder.path()).unwrap());
    let listen = ["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    let other = Network::start(&Identity::generate(), &listen, store, Limits::private()).await.unwrap();
    says.lock().unwrap().registered = vec![other.listening()[0].to_string()];
    let mut known = BTreeSet::new();
    assert_eq!(node.detector.look_at_transactions(&mut known, true).await, None);
    assert_eq!(known, BTreeSet::from([0, 1, 2]), "what nobody signed was not looked at");
    assert_eq!(node.detector.first().await, None);
}
