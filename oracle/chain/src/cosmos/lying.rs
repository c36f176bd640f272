//! Endpoints on loopback that say what a test wants, next to honest ones: what becomes of what they say.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountInfoResponse};
use cosmwasm_std::Binary;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::belief::{FASTEST, LAG};
use super::follow::Watch;
use super::member::clock;
use super::pool::Pool;
use super::settings::Settings;
use crate::ChainError;

/// When the made-up chain began; its blocks come every second. Long ago by any clock.
const GENESIS: u64 = 1_700_000_000;
/// The year 5138.
const FAR: u64 = 100_000_000_000;

/// What an endpoint says.
#[derive(Debug, Clone)]
pub(super) struct Says {
    /// The chain's height.
    height: u64,
    /// The lowest block it keeps.
    lowest: u64,
    /// The time of the first block.
    genesis: u64,
    /// For how many seconds it has stood still, by its own words about itself.
    age: u64,
    /// Whether it says that it is yet to come to where the chain is.
    catching_up: bool,
    /// Whether it answers at all.
    up: bool,
    /// The sequence that it says every account has.
    pub sequence: u64,
    /// What its index of transactions gives, by the sequence asked for, the last being that of the newest.
    pub txs: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct Stub {
    pub url: String,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    pub async fn at(height: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let says = Says {
            height,
            lowest: 1,
            genesis: GENESIS,
            age: 0,
            catching_up: false,
            up: true,
            sequence: 0,
            txs: vec![],
        };
        let says = Arc::new(Mutex::new(says));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (said, heard) = (says.clone(), asked.clone());
        let task = tokio::spawn(async move {
            // A client may open a connection that it does not use yet: the others do not wait for it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (said, heard) = (said.clone(), heard.clone());
                connections.spawn(async move { answer(stream, &said, &heard).await });
            }
        });
        Self { url, says, asked, task }
    }

    pub fn now(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }

    fn headers_asked(&self) -> Vec<(u64, u64)> {
        let asked = self.asked.lock().unwrap();
        let pages = asked.iter().filter(|request| request["method"] == "blockchain");
        pages.map(|r| (number(&r["params"]["minHeight"]), number(&r["params"]["maxHeight"]))).collect()
    }
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

async fn answer(mut stream: TcpStream, says: &Mutex<Says>, asked: &Mutex<Vec<Value>>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let request: Value = loop {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await?;
        if n == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&chunk[..n]);
        let body = bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| &bytes[at + 4..]);
        if let Some(Ok(request)) = body.map(serde_json::from_slice) {
            break request;
        }
    };
    let says = says.lock().unwrap().clone();
    if !says.up {
        return Ok(());
    }
    asked.lock().unwrap().push(request.clone());
    let mut answer = json!({ "jsonrpc": "2.0", "id": request["id"] });
    match result(&request, &says) {
        Ok(result) => answer["result"] = result,
        Err(words) => answer["error"] = json!({ "code": -32603, "message": "Internal error", "data": words }),
    }
    let body = answer.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await
}

fn time(seconds: u64) -> String {
    tendermint::Time::from_unix_timestamp(seconds.try_into().unwrap(), 0).unwrap().to_rfc3339()
}

fn result(request: &Value, says: &Says) -> Result<Value, String> {
    let (zeros, hash) = ("00".repeat(20), "11".repeat(32));
    let Says { height, lowest, genesis, age, catching_up, .. } = *says;
    match request["method"].as_str().unwrap() {
        "status" => Ok(json!({
            "node_info": {
                "protocol_version": { "p2p": "8", "block": "11", "app": "0" }, "id": zeros, "version": "0.38.17",
                "listen_addr": "tcp://127.0.0.1:1", "network": "stub-1", "channels": "40", "moniker": "stub",
                "other": { "tx_index": "on", "rpc_address": "tcp://127.0.0.1:2" },
            },
            "sync_info": {
                "earliest_block_hash": hash, "earliest_app_hash": "", "earliest_block_height": lowest.to_string(),
                "earliest_block_time": time(genesis + lowest), "latest_block_hash": hash, "latest_app_hash": "",
                "latest_block_height": height.to_string(), "latest_block_time": time(clock() - age),
                "catching_up": catching_up,
            },
            "validator_info": {
                "address": zeros, "voting_power": "1",
                "pub_key": {
                    "type": "tendermint/PubKeyEd25519", "value": "bNNlGls5R25wC3Sd8720F/3+7IZBhXcD22MNFtPk/v0="
                },
            },
        })),
        "abci_info" => Ok(json!({ "response": {
            "data": "", "version": "", "app_version": "0", "last_block_height": height.to_string(),
            "last_block_app_hash": "",
        }})),
        "blockchain" => {
            let asked = |name: &str| number(&request["params"][name]);
            let (first, last) = (asked("minHeight").max(lowest), asked("maxHeight").min(height));
            if first > last {
                return Err(format!("min height {first} can't be greater than max height {last}"));
            }
            let first = first.max(last.saturating_sub(19));
            let metas: Vec<_> = (first..=last).rev().map(|at| meta(at, genesis + at)).collect();
            Ok(json!({ "last_height": height.to_string(), "block_metas": metas }))
        }
        "block_results" => {
            let asked = number(&request["params"]["height"]);
            if asked < lowest {
                return Err(format!("height {asked} is not available, lowest height is {lowest}"));
            }
            Ok(json!({
                "height": asked.to_string(), "txs_results": null, "finalize_block_events": [],
                "validator_updates": [], "consensus_param_updates": null, "app_hash": "",
            }))
        }
        "abci_query" => Ok(json!({ "response": {
            "code": 0, "log": "", "info": "", "index": "0", "key": null, "value": account(says.sequence),
            "proofOps": null, "height": height.to_string(), "codespace": "",
        }})),
        "tx_search" => Ok(search(request, says)),
        other => Err(format!("{other} is none of a stub's")),
    }
}

/// What the SDK answers about an account.
fn account(sequence: u64) -> Binary {
    let info = BaseAccount { account_number: 4, sequence, ..BaseAccount::default() };
    QueryAccountInfoResponse { info: Some(info) }.encode_to_vec().into()
}

fn search(request: &Value, says: &Says) -> Value {
    let query = request["params"]["query"].as_str().unwrap();
    let asked: u64 = query.rsplit_once('/').unwrap().1.trim_end_matches('\'').parse().unwrap();
    let back = says.sequence.checked_sub(asked).and_then(|back| usize::try_from(back).ok());
    let tx = back.and_then(|back| says.txs.iter().rev().nth(back.checked_sub(1)?));
    let txs: Vec<_> = tx
        .map(|tx| {
            json!({
                "hash": "AB".repeat(32), "height": "1", "index": 0, "tx": Binary::from(tx.clone()),
                "tx_result": { "code": 0, "gas_wanted": "1", "gas_used": "1", "events": [] },
            })
        })
        .into_iter()
        .collect();
    json!({ "total_count": txs.len().to_string(), "txs": txs })
}

fn meta(height: u64, seconds: u64) -> Value {
    let (zeros, hash) = ("00".repeat(20), "11".repeat(32));
    let id = json!({ "hash": hash, "parts": { "total": 1, "hash": hash } });
    json!({
        "block_id": id, "block_size": "500", "num_txs": "0",
        "header": {
            "version": { "block": "11", "app": "0" }, "chain_id": "stub-1", "height": height.to_string(),
            "time": time(seconds), "last_block_id": id, "last_commit_hash": hash, "data_hash": hash,
            "validators_hash": hash, "next_validators_hash": hash, "consensus_hash": hash, "app_hash": "",
            "last_results_hash": hash, "evidence_hash": hash, "proposer_address": zeros,
        },
    })
}

async fn watch(stubs: &[&Stub]) -> Watch {
    let rpc = stubs.iter().map(|stub| stub.url.clone()).collect();
    let settings = Settings::new("stub-1", rpc);
    let pool = Pool::new(&settings).unwrap();
    pool.connect().await.unwrap();
    Watch::new(pool)
}

fn healthy(watch: &Watch) -> Vec<bool> {
    watch.pool.status().iter().map(|endpoint| endpoint.healthy).collect()
}

#[tokio::test]
async fn a_false_height_of_the_first_of_two_is_not_believed_and_does_not_put_the_honest_one_behind() {
    let (liar, honest) = (Stub::at(1_000_000).await, Stub::at(100).await);
    let watch = watch(&[&liar, &honest]).await;
    for height in 100..105 {
        honest.now(|says| says.height = height);
        assert_eq!(watch.advance().await.unwrap().height, height);
    }
    watch.pool.survey().await;
    assert_eq!(healthy(&watch), [false, true]);
    assert!(watch.pool.status()[0].trouble.as_ref().unwrap().contains("1000000"));
    // It is tried again as soon as it no longer says so.
    liar.now(|says| says.height = 105);
    honest.now(|says| says.height = 105);
    assert_eq!(watch.advance().await.unwrap().height, 105);
    assert_eq!(healthy(&watch), [true, true]);
}

#[tokio::test]
async fn while_the_others_are_down_a_lie_gains_little_and_is_over_when_they_are_back() {
    let (liar, honest) = (Stub::at(100).await, Stub::at(100).await);
    let watch = watch(&[&liar, &honest]).await;
    let since = Instant::now();
    assert_eq!(watch.advance().await.unwrap().height, 100);
    liar.now(|says| says.height = 1_000_000);
    honest.now(|says| says.up = false);
    let misled = watch.advance().await.unwrap().height;
    let most = 100 + LAG + FASTEST * (since.elapsed().as_secs() + 1);
    assert!((100..=most).contains(&misled), "{misled}, at most {most}");
    honest.now(|says| (says.up, says.height) = (true, misled));
    watch.pool.survey().await;
    assert_eq!(watch.advance().await.unwrap().height, misled);
    assert_eq!(healthy(&watch), [false, true]);
}

#[tokio::test]
async fn an_endpoint_that_catches_up_or_stands_still_does_not_hold_back_one_that_goes_on() {
    let (lagging, honest) = (Stub::at(50).await, Stub::at(100).await);
    lagging.now(|says| says.catching_up = true);
    let watch = watch(&[&lagging, &honest]).await;
    assert_eq!(watch.advance().await.unwrap().height, 100);
    // For an hour nothing has come to it.
    lagging.now(|says| (says.catching_up, says.age) = (false, 3_600));
    honest.now(|says| says.height = 101);
    watch.pool.survey().await;
    assert_eq!(watch.advance().await.unwrap().height, 101);
    assert_eq!(healthy(&watch), [false, true]);
    // As soon as it goes on it counts: the slower of two sets the pace.
    lagging.now(|says| (says.height, says.age) = (102, 0));
    honest.now(|says| says.height = 103);
    watch.pool.survey().await;
    assert_eq!(watch.advance().await.unwrap().height, 102);
    assert_eq!(healthy(&watch), [true, true]);
    // Where all stand still, as on a chain that has stopped, they are what there is.
    for (stub, height) in [(&lagging, 103), (&honest, 104)] {
        stub.now(|says| (says.height, says.age) = (height, 3_600));
    }
    watch.pool.survey().await;
    assert_eq!(watch.advance().await.unwrap().height, 103);
}

#[tokio::test]
async fn a_false_time_is_not_believed_while_another_says_what_can_be_right() {
    let (liar, honest) = (Stub::at(100).await, Stub::at(100).await);
    let watch = watch(&[&liar, &honest]).await;
    liar.now(|says| says.genesis = FAR);
    assert_eq!(watch.advance().await.unwrap().time, GENESIS + 100);
    assert_eq!(healthy(&watch), [false, true]);
    // Alone it is not believed either.
    honest.now(|says| says.up = false);
    liar.now(|says| says.height = 102);
    let error = watch.advance().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("ahead of this machine's clock"), "{error}");
}

#[tokio::test]
async fn a_time_that_may_be_right_needs_two_of_those_that_answer() {
    let (liar, honest) = (Stub::at(100).await, Stub::at(100).await);
    liar.now(|says| says.genesis = GENESIS + 30);
    let two = watch(&[&liar, &honest]).await;
    let error = two.advance().await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_transient()),
        ("chain.disagree", true),
        "endpoints that answer are there"
    );
    let error = error.to_string();
    assert!(error.contains(&liar.url) && error.contains(&honest.url), "{error}");
    let third = Stub::at(100).await;
    let three = watch(&[&liar, &honest, &third]).await;
    assert_eq!(three.advance().await.unwrap().time, GENESIS + 100);
    assert_eq!(healthy(&three), [false, true, true]);
}

#[tokio::test]
async fn the_only_endpoint_is_believed_whatever_this_machines_clock_says() {
    let only = Stub::at(100).await;
    only.now(|says| says.genesis = FAR);
    let watch = watch(&[&only]).await;
    assert_eq!(watch.advance().await.unwrap().time, FAR + 100);
    only.now(|says| says.height = 1_000_000);
    assert_eq!(watch.advance().await.unwrap().height, 1_000_000);
    // It never goes back for callers; that the chain is not there is said, not hidden.
    only.now(|says| says.height = 101);
    let error = watch.advance().await.unwrap_err().to_string();
    assert!(error.contains("101") && error.contains("1000000"), "{error}");
    assert_eq!(watch.seen.borrow().height, 1_000_000);
    assert_eq!(healthy(&watch), [true]);
}

#[tokio::test]
async fn a_node_that_keeps_only_its_last_blocks_is_followed_from_there() {
    let synced = Stub::at(5_000).await;
    synced.now(|says| says.lowest = 4_999);
    let watch = watch(&[&synced]).await;
    assert_eq!(watch.advance().await.unwrap().height, 5_000);
    assert_eq!(synced.headers_asked(), [(5_000, 5_000)], "no more than is needed");
    // Blocks went by while nobody looked, and the first of them are gone.
    synced.now(|says| (says.height, says.lowest) = (5_010, 5_005));
    let seen = watch.advance().await.unwrap();
    assert_eq!((seen.height, seen.changed), (5_010, 5_004), "those that are gone may have had transactions");
    assert_eq!(synced.headers_asked()[1..], [(5_001, 5_010), (5_005, 5_010)]);
    let error = watch.pool.headers(1, 20).await.unwrap_err();
    assert_eq!(error, ChainError::Pruned { asked: 1, earliest: 5_005 });
    synced.now(|says| says.height = 5_100);
    assert_eq!(watch.advance().await.unwrap().height, 5_100);
    assert_eq!(synced.headers_asked().last(), Some(&(5_081, 5_100)));
}

#[tokio::test]
async fn what_one_endpoint_no_longer_keeps_comes_from_another_and_is_gone_when_none_has_it() {
    let (pruned, whole) = (Stub::at(100).await, Stub::at(100).await);
    pruned.now(|says| says.lowest = 95);
    let watch = watch(&[&pruned, &whole]).await;
    assert_eq!(watch.results(50).await.unwrap().height.value(), 50);
    assert_eq!(watch.pool.headers(50, 60).await.unwrap().len(), 11);
    whole.now(|says| says.lowest = 90);
    let gone = ChainError::Pruned { asked: 50, earliest: 90 };
    assert_eq!(watch.results(50).await.unwrap_err(), gone);
}
