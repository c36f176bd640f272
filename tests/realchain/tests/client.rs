//! The client against a real chain: what it refuses and how it says so, fee grants, waking by websocket, catching up.

use std::sync::Arc;
use std::time::Duration;

use cosmos_sdk_proto::cosmos::feegrant::v1beta1::{BasicAllowance, MsgGrantAllowance};
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{Client, Cosmos, Key, Settings, Signer as _, address};
use lyceum_chain::{Chain as _, ChainError, Contracts, MAX_EVENTS};
use lyceum_tests_realchain::{Endpoint, Localnet, Purse, wanted};
use prost::Message as _;

const COINS: u128 = 1_000_000;

fn stranger(purse: &Purse) -> Addr {
    address(&Key::generate().unwrap().0.public_key(), &purse.settings.prefix).unwrap()
}

async fn connect(settings: Settings) -> Result<Client, ChainError> {
    Client::connect(settings, Arc::new(Key::generate().unwrap().0)).await
}

/// Looks again and again, for two minutes at most: long for any machine, and not for ever.
async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited for {what}, in vain");
}

#[tokio::test]
async fn an_endpoint_of_another_chain_and_one_that_is_not_there_are_told_apart() {
    if !wanted() {
        return;
    }
    let chain = Localnet::shared().chain();
    let wrong = Settings { chain_id: "lyceum-9".to_owned(), ..chain.settings() };
    let error = connect(wrong).await.unwrap_err();
    let ChainError::WrongChain { expected, found, .. } = &error else { panic!("{error}") };
    assert_eq!((expected.as_str(), found.as_str()), ("lyceum-9", "lyceum-1"));
    assert!(!error.is_transient());

    let gone = Endpoint::before(&chain.rpc[0]).await;
    gone.refuse();
    let alone = Settings { rpc: vec![gone.url.clone()], ..chain.settings() };
    let error = connect(alone).await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains(&gone.url), "{error}");
    // One that answers is enough.
    let both = Settings { rpc: vec![gone.url.clone(), chain.rpc[0].clone()], ..chain.settings() };
    let client = connect(both).await.unwrap();
    assert!(client.head().await.unwrap().height > 1);
    let healthy: Vec<_> = client.status().endpoints.iter().map(|e| e.healthy).collect();
    assert_eq!(healthy, [false, true]);
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused_before_it_is_sent_and_says_what_to_do() {
    if !wanted() {
        return;
    }
    let purse = Localnet::shared().chain().purse(COINS).await.unwrap();
    let friend = stranger(&purse);
    let low = purse.apart(Settings { gas_ceiling: 1_000, ..purse.settings.clone() }).await.unwrap();
    let error = low.client.send(vec![low.pay(&friend, 1)]).await.unwrap_err();
    assert!(matches!(error, ChainError::GasAboveCeiling { needed: 1_001.., ceiling: 1_000 }), "{error}");

    let error = purse.client.send(vec![purse.pay(&friend, COINS + 1)]).await.unwrap_err();
    assert_eq!(error.code(), "chain.insufficient_funds", "{error}");

    let nobody = Purse::of(Key::generate().unwrap().0, purse.settings.clone()).await.unwrap();
    let error = nobody.client.send(vec![nobody.pay(&friend, 1)]).await.unwrap_err();
    assert_eq!(error.code(), "chain.insufficient_funds", "{error}");
    assert!(error.to_string().contains(nobody.client.account().as_str()), "{error}");

    let cheap = Settings { gas_price: "0.000001".to_owned(), ..purse.settings.clone() };
    let cheap = purse.apart(cheap).await.unwrap();
    let error = cheap.client.send(vec![cheap.pay(&friend, 1)]).await.unwrap_err();
    assert_eq!(error.code(), "chain.fee_too_low", "{error}");
    // Nothing of all that used a sequence.
    assert_eq!(purse.sequence().await.unwrap(), 0);
    purse.client.send(vec![purse.pay(&friend, 1)]).await.unwrap();
    assert_eq!(purse.client.balance(&friend).await.unwrap(), 1);
}

#[tokio::test]
async fn a_granter_pays_the_fees_of_an_account_that_has_none() {
    if !wanted() {
        return;
    }
    let [granter, poor] =
        <[Purse; 2]>::try_from(Localnet::shared().chain().purses(2, COINS).await.unwrap()).unwrap();
    let allowance = BasicAllowance { spend_limit: vec![], expiration: None };
    let allowance = Any {
        type_url: "/cosmos.feegrant.v1beta1.BasicAllowance".to_owned(),
        value: allowance.encode_to_vec(),
    };
    let grant = MsgGrantAllowance {
        granter: granter.client.account().to_string(),
        grantee: poor.client.account().to_string(),
        allowance: Some(allowance),
    };
    let type_url = "/cosmos.feegrant.v1beta1.MsgGrantAllowance".to_owned();
    granter.client.send(vec![Any { type_url, value: grant.encode_to_vec() }]).await.unwrap();
    let settings = Settings { fee_granter: Some(granter.client.account().clone()), ..poor.settings.clone() };
    let poor = poor.apart(settings).await.unwrap();
    let friend = stranger(&poor);
    // All it has: nothing is left for a fee.
    poor.client.send(vec![poor.pay(&friend, COINS)]).await.unwrap();
    assert_eq!(poor.client.balance(poor.client.account()).await.unwrap(), 0);
    assert_eq!(poor.client.balance(&friend).await.unwrap(), COINS);
}

#[tokio::test]
async fn a_websocket_wakes_the_client_and_its_end_does_not_stop_it() {
    if !wanted() {
        return;
    }
    let chain = Localnet::shared().chain();
    let near = Endpoint::before(&chain.rpc[0]).await;
    let settings = Settings { rpc: vec![near.url.clone(), chain.rpc[0].clone()], ..chain.settings() };
    let client = connect(settings).await.unwrap();
    until("the websocket to tell of a block", || client.status().websocket).await;
    let woken = client.head().await.unwrap().height;
    near.refuse();
    until("three blocks after its end", || client.status().head.height >= woken + 3).await;
}

#[tokio::test]
async fn catching_up_gives_every_height_once_in_pages_of_bounded_length() {
    if !wanted() {
        return;
    }
    let net = tokio::task::spawn_blocking(|| Localnet::up(1, 50)).await.unwrap();
    let purse = net.chain().purse(COINS).await.unwrap();
    let at = |_| stranger(&purse);
    let [charter, nodes, datasets, experts, tasks, credits, rewards] = std::array::from_fn(at);
    let contracts = Contracts { charter, nodes, datasets, experts, tasks, credits, rewards };
    let chain = Cosmos::new(purse.client.clone(), contracts);
    let paid = purse.client.send(vec![purse.pay(&stranger(&purse), 7)]).await.unwrap();
    chain.wait(lyceum_chain::Until::height(MAX_EVENTS as u64 + 30)).await.unwrap();
    let first = chain.events(1).await.unwrap();
    assert_eq!(first.len(), MAX_EVENTS);
    let second = chain.events(MAX_EVENTS as u64 + 1).await.unwrap();
    let heights: Vec<u64> = first.iter().chain(&second).map(|b| b.head.height).collect();
    assert!(heights.iter().copied().eq(1..=heights.len() as u64));
    let mine: Vec<_> =
        first.iter().chain(&second).flat_map(|b| b.txs.iter().map(|t| (b.head.height, t))).collect();
    let mine: Vec<_> = mine.into_iter().filter(|(_, t)| t.sender == purse.client.account()).collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].0, paid.height);
    let transfer = &mine[0].1.events[0];
    assert_eq!(transfer.ty, "transfer", "the fee's own transfer is not among them");
    let keys: Vec<_> = transfer.attributes.iter().map(|a| a.key.as_str()).collect();
    assert_eq!(keys, ["recipient", "sender", "amount"]);
}
