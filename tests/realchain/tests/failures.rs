//! Validators that are killed and endpoints that are cut while transactions go on: none is lost, none happens twice.

use std::sync::Arc;
use std::time::Duration;

use cosmwasm_std::Addr;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Key, Settings, Signer as _, address};
use lyceum_tests_realchain::{Endpoint, Localnet, Purse, wanted};

const COINS: u128 = 1_000_000_000;

fn sink(purse: &Purse) -> Addr {
    address(&Key::generate().unwrap().0.public_key(), &purse.settings.prefix).unwrap()
}

/// Pays once, going on after trouble that passes: what the client calls transient may be sent again.
async fn pay(purse: &Purse, sink: &Addr, amount: u128) {
    loop {
        match purse.client.send(vec![purse.pay(sink, amount)]).await {
            Ok(_) => return,
            Err(error) if error.is_transient() => continue,
            Err(error) => panic!("{error}"),
        }
    }
}

/// `scripts/localnet` waits, and so must not stand in the way of the client.
async fn aside(net: &Arc<Localnet>, work: impl FnOnce(&Localnet) + Send + 'static) {
    let net = net.clone();
    tokio::task::spawn_blocking(move || work(&net)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_killed_and_restarted_lose_and_double_no_transaction() {
    if !wanted() {
        return;
    }
    let net = Arc::new(Localnet::up(4, 300));
    let purse = net.chain().purse(COINS).await.unwrap();
    let (first, sink) = (purse.sequence().await.unwrap(), sink(&purse));

    // One of four: the others go on, and the client with them, although its first endpoint is gone.
    pay(&purse, &sink, 1).await;
    let ((), ()) = tokio::join!(aside(&net, |net| net.kill(0)), pay(&purse, &sink, 2));
    for amount in 3..=8 {
        pay(&purse, &sink, amount).await;
    }
    aside(&net, |net| net.start(0)).await;

    // Two of four: nothing is decided until they are back. What was sent then is executed once.
    aside(&net, |net| {
        net.kill(1);
        net.kill(2);
    })
    .await;
    let halted = {
        let (purse, sink) = (purse.clone(), sink.clone());
        tokio::spawn(async move { pay(&purse, &sink, 9).await })
    };
    tokio::task::yield_now().await;
    assert!(!halted.is_finished());
    aside(&net, |net| {
        net.start(1);
        net.start(2);
    })
    .await;
    halted.await.unwrap();
    pay(&purse, &sink, 10).await;

    // Each validator, asked alone, has come to the same: also the one that slept through most of it.
    let height = purse.client.head().await.unwrap().height;
    for rpc in &net.chain().rpc {
        let settings = Settings { rpc: vec![rpc.clone()], ..purse.settings.clone() };
        let own = purse.apart(settings).await.unwrap();
        while own.client.head().await.unwrap().height < height {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(own.client.balance(&sink).await.unwrap(), (1..=10).sum());
        assert_eq!(own.sequence().await.unwrap(), first + 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_dropped_or_silent_is_left_for_another_and_taken_again_later() {
    if !wanted() {
        return;
    }
    let chain = Localnet::shared().chain();
    let purse = chain.purse(COINS).await.unwrap();
    let (near, far) = (Endpoint::before(&chain.rpc[0]).await, Endpoint::before(&chain.rpc[0]).await);
    let settings = Settings {
        rpc: vec![near.url.clone(), far.url.clone()],
        request_timeout: Duration::from_secs(1),
        ..purse.settings.clone()
    };
    let purse = purse.apart(settings).await.unwrap();
    let (first, sink) = (purse.sequence().await.unwrap(), sink(&purse));
    let mut amount = 0;
    for trouble in 0..4 {
        match trouble {
            0 => near.refuse(),
            1 => (near.open(), far.refuse()).1,
            2 => (far.open(), near.fall_silent()).1,
            _ => (near.open(), far.fall_silent()).1,
        }
        for _ in 0..3 {
            amount += 1;
            pay(&purse, &sink, amount).await;
        }
    }
    // In the middle of what it says.
    far.open();
    amount += 1;
    let ((), ()) = tokio::join!(pay(&purse, &sink, amount), async {
        near.refuse();
        tokio::task::yield_now().await;
        far.refuse();
        tokio::task::yield_now().await;
        near.open();
        far.open();
    });
    assert_eq!(purse.client.balance(&sink).await.unwrap(), (1..=amount).sum());
    assert_eq!(purse.sequence().await.unwrap(), first + u64::try_from(amount).unwrap());

    near.refuse();
    far.refuse();
    let error = purse.client.balance(&sink).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }) && error.is_transient(), "{error}");
    near.open();
    assert_eq!(purse.client.balance(&sink).await.unwrap(), (1..=amount).sum());
}
