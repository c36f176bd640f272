//! Blobs between real swarms on loopback.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Peer, QUIC, TCP, bytes, honest, impatient, introduce, limits};
use lyceum_net::{FetchError, Limits, Network, Want};
use lyceum_store::{Source, Store, StoreError, WINDOW};
use lyceum_tensorblock::root_of;
use lyceum_tensorblock::tile::TILE_LEN;

#[tokio::test]
async fn blobs_of_every_size_come_over_tcp_and_quic() {
    for transport in [TCP, QUIC] {
        let (here, there) =
            (Peer::new(1, transport, limits()).await, Peer::new(2, transport, limits()).await);
        introduce(&[&here, &there]).await;
        for len in [0, 1, 16_385, WINDOW, WINDOW + 1, 5 * WINDOW + 50_000] {
            let root = there.store.put(&bytes(len, 3)).unwrap();
            here.fetch(&root).await.unwrap_or_else(|e| panic!("{transport}, {len}: {e}"));
            here.store.verify(&root).unwrap();
            here.fetch(&root).await.unwrap();
        }
        let came = here.net.stats();
        assert_eq!((came.fetched, came.bad_tiles, came.peers), (12, 0, 1));
        assert!(came.bytes_in > 7 * WINDOW, "{came:?}");
        let all_sent = || there.net.stats().bytes_out == came.bytes_in;
        common::until("it is counted on the other side", all_sent).await;
        here.net.shutdown().await;
        there.net.shutdown().await;
    }
}

#[tokio::test]
async fn windows_come_from_several_sources_at_once() {
    let patience = Duration::from_secs(60);
    let here = Peer::new(1, TCP, Limits { depth: 2, patience, ..limits() }).await;
    let mut sources = Vec::new();
    for seed in 2..5 {
        // Each sends half of them at most, so that two aren't enough.
        let left = AtomicUsize::new(24);
        let half = move |store: &Store, root: &_, range: std::ops::Range<u64>, out: &mut Vec<u8>| {
            let window = range.end - range.start == WINDOW;
            if window && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err()
            {
                return Err(StoreError::Missing { root: *root });
            }
            store.slice(root, range, out)
        };
        sources.push(Peer::serving(seed, limits(), None, half).await);
    }
    let all: Vec<_> = std::iter::once(&here).chain(sources.iter().map(|(peer, _)| peer)).collect();
    introduce(&all).await;
    let content = bytes(50 * WINDOW + 9, 4);
    let root = root_of(&content);
    sources.iter().for_each(|(peer, _)| assert_eq!(peer.store.put(&content).unwrap(), root));
    let (tell, mut progress) = tokio::sync::watch::channel(lyceum_net::Progress::default());
    here.net.fetch(&Want::new(root, u64::MAX), Some(&tell)).await.unwrap();
    here.store.verify(&root).unwrap();
    assert!(sources.iter().all(|(_, served)| served.windows().len() >= 2), "each has its share");
    let last = *progress.borrow_and_update();
    assert_eq!(last.length, Some(content.len() as u64));
    assert_eq!(here.net.stats().windows, 51);
}

#[tokio::test]
async fn a_peer_that_sends_a_bad_tile_is_cut_off_and_the_others_bring_the_blob() {
    let here = Peer::new(1, TCP, Limits { depth: 2, ..limits() }).await;
    let corrupt = |store: &Store, root: &_, range: std::ops::Range<u64>, out: &mut Vec<u8>| {
        let window = range.end - range.start == WINDOW;
        store.slice(root, range, out)?;
        let last = out.len() - 1;
        out[last] ^= u8::from(window);
        Ok(())
    };
    let (bad, _) = Peer::serving(2, limits(), None, corrupt).await;
    let good = Peer::new(3, TCP, limits()).await;
    introduce(&[&here, &bad, &good]).await;
    let content = bytes(20 * WINDOW + 1, 5);
    let root = good.store.put(&content).unwrap();
    bad.store.put(&content).unwrap();
    let want = Want { first: vec![bad.identity.public()], ..Want::new(root, u64::MAX) };
    here.net.fetch(&want, None).await.unwrap();
    here.store.verify(&root).unwrap();
    assert!(here.net.is_banned(&bad.identity.public()) && !here.net.is_banned(&good.identity.public()));
    assert!(here.net.stats().bad_tiles >= 1);
    common::until("its connection is closed", || bad.net.stats().peers == 0).await;

    // It stays out, whoever calls.
    let other = here.store.put(b"something else").unwrap();
    assert!(bad.fetch(&other).await.is_err());
    good.fetch(&other).await.unwrap();
}

#[tokio::test]
async fn a_ban_ends_after_its_time() {
    let here = Peer::new(1, TCP, Limits { ban: Duration::from_millis(300), ..limits() }).await;
    let lies = Arc::new(AtomicUsize::new(1));
    let left = lies.clone();
    let (liar, _) = Peer::serving(2, limits(), None, move |store, root, range, out| {
        store.slice(root, range, out)?;
        out[0] ^= u8::from(left.load(Ordering::SeqCst) > 0);
        Ok(())
    })
    .await;
    introduce(&[&here, &liar]).await;
    let root = liar.store.put(&bytes(100, 5)).unwrap();
    assert!(matches!(here.fetch(&root).await, Err(FetchError::Unavailable { bad: 1, .. })));
    assert!(here.net.is_banned(&liar.identity.public()));
    lies.store(0, Ordering::SeqCst);
    common::until("the ban is over", || !here.net.is_banned(&liar.identity.public())).await;
    here.fetch(&root).await.unwrap();
}

#[tokio::test]
async fn if_every_peer_is_bad_the_fetch_ends_and_says_so() {
    let here = Peer::new(1, TCP, impatient()).await;
    let corrupt = |store: &Store, root: &_, range, out: &mut Vec<u8>| {
        store.slice(root, range, out)?;
        out[7] ^= 1;
        Ok(())
    };
    let short = |store: &Store, root: &_, range, out: &mut Vec<u8>| {
        store.slice(root, range, out)?;
        out.truncate(out.len() / 2);
        Ok(())
    };
    let (a, _) = Peer::serving(2, limits(), None, corrupt).await;
    let (b, _) = Peer::serving(3, limits(), None, short).await;
    let empty = Peer::new(4, TCP, limits()).await;
    let gone = Peer::new(5, TCP, limits()).await;
    introduce(&[&here, &a, &b, &empty, &gone]).await;
    gone.net.shutdown().await;
    let content = bytes(3 * WINDOW, 6);
    let root = a.store.put(&content).unwrap();
    b.store.put(&content).unwrap();
    let error = here.fetch(&root).await.unwrap_err();
    let counts = matches!(error, FetchError::Unavailable { asked: 4, lacking: 1, failed: 1, bad: 2, .. });
    assert!(counts, "{error}");
    assert_eq!(error.code(), "net.unavailable");
    let error = here.fetch(&root).await.unwrap_err();
    assert!(matches!(error, FetchError::Unavailable { bad: 0, .. }), "they aren't asked again: {error}");
}

#[tokio::test]
async fn a_length_is_refused_only_if_it_is_proved() {
    let real = 3 * WINDOW + 5;
    let here = Peer::new(1, TCP, limits()).await;
    let clipped = move |store: &Store, root: &_, range: std::ops::Range<u64>, out: &mut Vec<u8>| {
        store.slice(root, range.start.min(real - 1)..range.end.min(real), out)
    };
    let (liar, _) = Peer::serving(2, limits(), Some(1 << 40), clipped).await;
    let good = Peer::new(3, TCP, limits()).await;
    introduce(&[&here, &liar]).await;
    let root = liar.store.put(&bytes(real, 7)).unwrap();
    good.store.put(&bytes(real, 7)).unwrap();
    let error = here.net.fetch(&Want::new(root, real), None).await.unwrap_err();
    assert!(matches!(error, FetchError::Unavailable { bad: 1, .. }), "not too large: {error}");

    introduce(&[&here, &good]).await;
    let error = here.net.fetch(&Want::new(root, real - 1), None).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { found, .. } if found == real), "{error}");
    assert_eq!(here.store.usage().reserved, 0);
    here.net.fetch(&Want::new(root, real), None).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_keeps_us_waiting_costs_its_deadline_and_no_more() {
    let here = Peer::new(1, TCP, impatient()).await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    // Proves that it has the blob, then never sends a window.
    let (slow, _) = Peer::serving(2, limits(), None, move |store, root, range, out| {
        if range.end - range.start > TILE_LEN {
            let _ = released.lock().unwrap().recv();
        }
        store.slice(root, range, out)
    })
    .await;
    let good = Peer::new(3, TCP, limits()).await;
    introduce(&[&here, &slow]).await;
    let content = bytes(6 * WINDOW + 1, 8);
    let root = slow.store.put(&content).unwrap();
    good.store.put(&content).unwrap();
    let error = here.fetch(&root).await.unwrap_err();
    assert!(matches!(error, FetchError::Unavailable { failed: 1, bad: 0, .. }), "{error}");

    introduce(&[&here, &slow, &good]).await;
    let want = Want { first: vec![slow.identity.public()], ..Want::new(root, u64::MAX) };
    here.net.fetch(&want, None).await.unwrap();
    here.store.verify(&root).unwrap();
    drop(release);
}

#[tokio::test]
async fn a_caller_s_deadline_ends_a_fetch_and_what_came_stays() {
    let here = Peer::new(1, TCP, limits()).await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let (slow, served) = Peer::serving(2, limits(), None, move |store, root, range, out| {
        if range.start == WINDOW {
            let _ = released.lock().unwrap().recv();
        }
        store.slice(root, range, out)
    })
    .await;
    introduce(&[&here, &slow]).await;
    let root = slow.store.put(&bytes(4 * WINDOW, 9)).unwrap();
    let deadline = Some(Duration::from_secs(2));
    let error = here.net.fetch(&Want { deadline, ..Want::new(root, u64::MAX) }, None).await.unwrap_err();
    assert!(matches!(error, FetchError::Deadline { .. }), "{error}");
    drop(release);
    here.fetch(&root).await.unwrap();
    let windows = served.windows();
    assert_eq!(windows.iter().filter(|from| **from != WINDOW).count(), 3, "{windows:?}");
}

#[tokio::test]
async fn a_fetch_goes_on_after_a_restart_without_what_it_has() {
    let mut here = Peer::new(1, TCP, limits()).await;
    let left = AtomicUsize::new(6);
    let (stops, _) = Peer::serving(2, limits(), None, move |store, root, range, out| {
        let window = range.end - range.start > TILE_LEN;
        if window && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err() {
            return Err(StoreError::Missing { root: *root });
        }
        store.slice(root, range, out)
    })
    .await;
    let (good, served) = Peer::serving(3, limits(), None, honest).await;
    let content = bytes(12 * WINDOW, 10);
    let root = stops.store.put(&content).unwrap();
    good.store.put(&content).unwrap();
    introduce(&[&here, &stops]).await;
    assert!(matches!(here.fetch(&root).await, Err(FetchError::Unavailable { .. })));
    here.net.shutdown().await;

    // The store is closed with its last user and opened again.
    let (dir, identity) = (here.dir, here.identity.clone());
    drop((here.net, here.store));
    let store = Arc::new(Store::open(dir.path()).unwrap());
    let net = Network::start(&identity, &[TCP.parse().unwrap()], store.clone(), limits()).await.unwrap();
    here = Peer { dir, identity, store, net };
    introduce(&[&here, &good]).await;
    here.fetch(&root).await.unwrap();
    here.store.verify(&root).unwrap();
    assert_eq!(served.windows().len(), 6, "{:?}", served.windows());
}

#[tokio::test]
async fn a_peer_that_takes_one_request_at_a_time_is_not_given_up() {
    let here = Peer::new(1, TCP, limits()).await;
    let there = Peer::new(2, TCP, Limits { peer_requests: 1, answers: 1, ..limits() }).await;
    introduce(&[&here, &there]).await;
    let root = there.store.put(&bytes(10 * WINDOW, 11)).unwrap();
    here.fetch(&root).await.unwrap();
    here.store.verify(&root).unwrap();
    assert!(there.net.stats().busy > 0, "it did refuse some");
}

#[tokio::test]
async fn fetches_of_one_root_ask_for_each_window_once() {
    let here = Peer::new(1, TCP, limits()).await;
    let (there, served) = Peer::serving(2, limits(), None, honest).await;
    introduce(&[&here, &there]).await;
    let root = there.store.put(&bytes(5 * WINDOW, 12)).unwrap();
    let all = (0..6).map(|_| here.fetch(&root));
    for fetched in futures::future::join_all(all).await {
        fetched.unwrap();
    }
    assert_eq!(served.windows().len(), 5);
}

#[test]
fn a_thread_fetches_and_stops_when_it_is_told_to() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (here, there) = runtime.block_on(async {
        let (here, there) = (Peer::new(1, TCP, limits()).await, Peer::new(2, TCP, limits()).await);
        introduce(&[&here, &there]).await;
        (here, there)
    });
    let root = there.store.put(&bytes(2 * WINDOW, 13)).unwrap();
    here.net.fetch_blocking(&Want::new(root, u64::MAX), |_| true).unwrap();
    here.store.verify(&root).unwrap();
    let nobodys = root_of(b"nobody has this");
    let error = here.net.fetch_blocking(&Want::new(nobodys, u64::MAX), |_| false).unwrap_err();
    assert!(matches!(error, FetchError::Cancelled { .. }), "{error}");
    runtime.block_on(async {
        here.net.shutdown().await;
        let error = here.fetch(&nobodys).await.unwrap_err();
        assert!(matches!(error, FetchError::Stopped), "{error}");
        assert!(here.net.set_peers(vec![]).await.is_err());
        there.net.shutdown().await;
    });
}

#[tokio::test]
async fn a_full_store_is_our_own_fault_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let options = lyceum_store::Options { quota: Some(10_000), ..Default::default() };
    let store = Arc::new(Store::open_with(dir.path(), options).unwrap());
    let identity = lyceum_net::Identity::from_secret([1; 32]);
    let net = Network::start(&identity, &[TCP.parse().unwrap()], store.clone(), limits()).await.unwrap();
    let here = Peer { dir, identity, store, net };
    let there = Peer::new(2, TCP, limits()).await;
    introduce(&[&here, &there]).await;
    let root = there.store.put(&bytes(WINDOW, 14)).unwrap();
    let error = here.fetch(&root).await.unwrap_err();
    assert!(matches!(error, FetchError::Store(StoreError::QuotaExceeded { .. })), "{error}");
    assert!(!here.net.is_banned(&there.identity.public()));
}
