//! Endpoints that lie. None gets two signatures of the same messages that both could be executed, as long as another
//! endpoint is honest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountInfoResponse};
use cosmos_sdk_proto::cosmos::base::abci::v1beta1::GasInfo;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, SimulateRequest, SimulateResponse, TxRaw};
use cosmwasm_std::{Addr, Binary};
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Key, Settings, Signer as _, address};
use lyceum_tests_realchain::{Liar, Localnet, Purse, wanted};
use prost::Message as _;
use serde_json::{Value, json};

const COINS: u128 = 1_000_000_000;

fn sink(purse: &Purse) -> Addr {
    address(&Key::generate().unwrap().0.public_key(), &purse.settings.prefix).unwrap()
}

fn sequence(tx: &[u8]) -> u64 {
    let raw = TxRaw::decode(tx).unwrap();
    AuthInfo::decode(raw.auth_info_bytes.as_slice()).unwrap().signer_infos[0].sequence
}

fn offered(request: &Value) -> Vec<u8> {
    Binary::from_base64(request["params"]["tx"].as_str().unwrap()).unwrap().to_vec()
}

fn answer(request: &Value, result: Value) -> Option<Value> {
    Some(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }))
}

/// The answer to a query of the chain: a height and bytes, or why there are none.
fn queried(request: &Value, said: Result<(u64, Vec<u8>), String>) -> Option<Value> {
    let (code, codespace, log, height, value) = match said {
        Ok((height, value)) => (0, "", String::new(), height, json!(Binary::from(value).to_base64())),
        Err(log) => (32, "sdk", log, 0, Value::Null),
    };
    let response = json!({
        "code": code, "log": log, "info": "", "index": "0", "key": null, "value": value, "proofOps": null,
        "height": height.to_string(), "codespace": codespace,
    });
    answer(request, json!({ "response": response }))
}

/// What a node says that expects another sequence.
fn mismatch(expected: u64, got: u64) -> String {
    format!("account sequence mismatch, expected {expected}, got {got}: incorrect account sequence")
}

/// Takes every transaction for itself, and says that its sequence was used up by others: in the simulation, in the
/// mempool and in the account's state.
async fn greedy(target: &str, start: u64, number: u64) -> Liar {
    let expected = Arc::new(AtomicU64::new(start));
    let height = AtomicU64::new(0);
    Liar::before(target, move |request, truth| {
        let path = request["params"]["path"].as_str().unwrap_or_default();
        let params = || hex::decode(request["params"]["data"].as_str().unwrap()).unwrap();
        let now = expected.load(Ordering::SeqCst);
        match (request["method"].as_str().unwrap(), truth) {
            ("abci_info", Some(truth)) => {
                let said = truth["result"]["response"]["last_block_height"].as_str().unwrap();
                height.fetch_max(said.parse().unwrap(), Ordering::SeqCst);
                None
            }
            ("broadcast_tx_sync", None) => {
                let got = sequence(&offered(request));
                expected.fetch_max(got + 1, Ordering::SeqCst);
                let now = expected.load(Ordering::SeqCst);
                let (log, hash) = (mismatch(now, got), "00".repeat(32));
                answer(
                    request,
                    json!({ "code": 32, "data": "", "log": log, "codespace": "sdk", "hash": hash }),
                )
            }
            ("abci_query", None) if path.ends_with("/Simulate") => {
                let asked = SimulateRequest::decode(params().as_slice()).unwrap();
                let got = sequence(&asked.tx_bytes);
                if got < now {
                    return queried(request, Err(mismatch(now, got)));
                }
                let gas_info = Some(GasInfo { gas_wanted: 0, gas_used: 100_000 });
                let answer = SimulateResponse { gas_info, result: None };
                queried(request, Ok((height.load(Ordering::SeqCst), answer.encode_to_vec())))
            }
            ("abci_query", None) if path.ends_with("/AccountInfo") => {
                let info = BaseAccount { account_number: number, sequence: now, ..BaseAccount::default() };
                let answer = QueryAccountInfoResponse { info: Some(info) };
                queried(request, Ok((height.load(Ordering::SeqCst), answer.encode_to_vec())))
            }
            _ => None,
        }
    })
    .await
}

/// The same account through these endpoints.
async fn through(purse: &Purse, rpc: &[&String]) -> Purse {
    let rpc = rpc.iter().map(|url| (*url).clone()).collect();
    purse.apart(Settings { rpc, ..purse.settings.clone() }).await.unwrap()
}

fn signatures(liar: &Liar) -> BTreeSet<Vec<u8>> {
    liar.asked("broadcast_tx_sync").iter().map(offered).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_lies_about_the_sequence_gets_one_signature_while_another_is_honest() {
    if !wanted() {
        return;
    }
    let chain = Localnet::shared().chain();
    let purse = chain.purse(COINS).await.unwrap();
    let account = purse.client.account_info().await.unwrap().unwrap();
    let liar = greedy(&chain.rpc[0], account.sequence, account.number).await;
    let misled = through(&purse, &[&liar.url, &chain.rpc[0]]).await;
    let sink = sink(&purse);
    for amount in 1..=3 {
        misled.client.send(vec![misled.pay(&sink, amount)]).await.unwrap();
    }
    assert_eq!(purse.client.balance(&sink).await.unwrap(), 6);
    let seen = signatures(&liar);
    let sequences: BTreeSet<_> = seen.iter().map(|tx| sequence(tx)).collect();
    assert_eq!(seen.len(), 3, "one for each payment");
    assert_eq!(sequences.len(), 3);
    assert_eq!(purse.sequence().await.unwrap(), account.sequence + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_the_only_one_gets_few_signatures_by_lying() {
    if !wanted() {
        return;
    }
    let chain = Localnet::shared().chain();
    let purse = chain.purse(COINS).await.unwrap();
    let account = purse.client.account_info().await.unwrap().unwrap();
    let liar = greedy(&chain.rpc[0], account.sequence, account.number).await;
    let misled = through(&purse, &[&liar.url]).await;
    let sink = sink(&purse);
    let error = misled.client.send(vec![misled.pay(&sink, 1)]).await.unwrap_err();
    assert!(matches!(error, ChainError::NotIncluded { .. }), "{error}");
    assert_eq!(signatures(&liar).len(), 8);
    assert_eq!(purse.client.balance(&sink).await.unwrap(), 0, "it kept them all for later");
}

/// Pays through this liar and the honest endpoint behind it, which is asked second.
async fn pay_beside(
    lie: impl Fn(&Value, Option<Value>) -> Option<Value> + Send + Sync + 'static,
) -> (Liar, Purse, u128) {
    let chain = Localnet::shared().chain();
    let purse = chain.purse(COINS).await.unwrap();
    let liar = Liar::before(&chain.rpc[0], lie).await;
    let misled = through(&purse, &[&liar.url, &chain.rpc[0]]).await;
    let sink = sink(&purse);
    misled.client.send(vec![misled.pay(&sink, 5)]).await.unwrap();
    let paid = purse.client.balance(&sink).await.unwrap();
    (liar, purse, paid)
}

/// The same with one that hands on no transaction, and says this of each.
async fn pay_beside_one_that_keeps(said: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static) {
    let (liar, _, paid) = pay_beside(move |request, truth| {
        (request["method"] == "broadcast_tx_sync" && truth.is_none()).then_some(())?;
        said(request)
    })
    .await;
    assert_eq!((paid, signatures(&liar).len()), (5, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_endpoint_only_says_it_took_is_offered_to_the_others_too() {
    if !wanted() {
        return;
    }
    pay_beside_one_that_keeps(|request| {
        let hash = "00".repeat(32);
        answer(request, json!({ "code": 0, "data": "", "log": "", "codespace": "", "hash": hash }))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_endpoint_has_no_room_for_is_offered_to_the_others_too() {
    if !wanted() {
        return;
    }
    pay_beside_one_that_keeps(|request| {
        let error = json!({ "code": -32603, "message": "Internal error", "data": "mempool is full" });
        Some(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_says_what_was_done_failed_is_not_believed_alone() {
    if !wanted() {
        return;
    }
    let failed = |request: &Value, truth: Option<Value>| {
        let mut truth = truth.filter(|_| request["method"] == "block_results")?;
        for result in truth["result"]["txs_results"].as_array_mut()? {
            result["code"] = json!(5);
            result["codespace"] = json!("sdk");
        }
        Some(truth)
    };
    let (liar, purse, paid) = pay_beside(failed).await;
    assert_eq!((paid, purse.sequence().await.unwrap(), signatures(&liar).len()), (5, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_hides_what_was_done_gets_it_signed_once() {
    if !wanted() {
        return;
    }
    let hides = |request: &Value, truth: Option<Value>| {
        let mut truth = truth.filter(|_| request["method"] == "block")?;
        truth["result"]["block"]["data"]["txs"] = json!([]);
        Some(truth)
    };
    let (liar, purse, paid) = pay_beside(hides).await;
    assert_eq!((paid, purse.sequence().await.unwrap(), signatures(&liar).len()), (5, 1, 1));
}
