//! Peers and strangers that take all they can get and give nothing: the others must not notice.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use common::raw::{Raw, raw_swarm};
use common::{Peer, TCP, bytes, honest, introduce, limits, until};
use futures::StreamExt;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use lyceum_net::wire::Request;
use lyceum_net::{FetchError, Identity, Limits, Multiaddr, PeerEntry, Want};
use lyceum_store::{Root, Source, Store, WINDOW};
use tokio::net::{TcpSocket, TcpStream};

/// No wait ends by itself: whatever comes, comes in spite of what is held.
const FOR_EVER: Duration = Duration::from_secs(3_600);

fn port(peer: &Peer) -> String {
    peer.net.listening()[0].to_string().rsplit('/').next().unwrap().to_owned()
}

/// Asks for `requests` windows at once, reads none, and asks again whenever it is told to come back.
async fn hoard(seed: u8, here: (libp2p::PeerId, Vec<Multiaddr>), root: Root, requests: usize) {
    let mut evil = raw_swarm(seed, Raw::NeverReads, FOR_EVER);
    let request = Request::Slice { root, range: 0..WINDOW }.encode();
    let (peer, addresses) = here;
    let ask = |evil: &mut common::raw::RawSwarm| {
        let (request, addresses) = (request.clone(), addresses.clone());
        evil.behaviour_mut().send_request_with_addresses(&peer, request, addresses);
    };
    (0..requests).for_each(|_| ask(&mut evil));
    loop {
        let event = evil.select_next_some().await;
        if let SwarmEvent::Behaviour(Event::Message { message: Message::Response { .. }, .. }) = event {
            tokio::time::sleep(Duration::from_millis(20)).await;
            ask(&mut evil);
        }
    }
}

#[tokio::test]
async fn peers_that_hold_all_the_answers_they_can_get_keep_nobody_else_out() {
    let served = Limits { request: FOR_EVER, answers: 16, peer_requests: 4, ..limits() };
    let here = Peer::new(1, TCP, served).await;
    let (friend, other) = (Peer::new(2, TCP, limits()).await, Peer::new(3, TCP, limits()).await);
    let hostile = 10..14;
    let mut entries = vec![friend.entry(), other.entry()];
    entries.extend(hostile.clone().map(|seed| PeerEntry {
        key: Identity::from_secret([seed; 32]).public(),
        account: format!("hostile-{seed}"),
        addresses: vec![],
    }));
    here.net.set_peers(entries).await.unwrap();
    for peer in [&friend, &other] {
        peer.net.set_peers(vec![here.entry()]).await.unwrap();
    }
    let root = here.store.put(&bytes(4 * WINDOW, 1)).unwrap();
    let at = (here.identity.peer_id(), here.net.listening());
    let hoarders: Vec<_> = hostile.map(|seed| tokio::spawn(hoard(seed, at.clone(), root, 8))).collect();
    // Each of the four could hold four, which are all: the others are told to come back.
    until("they hold what they can", || here.net.stats().busy > 60).await;

    let (first, second) = tokio::join!(friend.fetch(&root), other.fetch(&root));
    first.unwrap();
    second.unwrap();
    friend.store.verify(&root).unwrap();
    other.store.verify(&root).unwrap();
    assert_eq!(here.net.stats().peers, 6, "the hostile ones were there all the time");
    hoarders.iter().for_each(tokio::task::JoinHandle::abort);
}

/// A connection that says nothing, from an address of this machine.
async fn silence(from: u8, to: &Peer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, from], 0))).unwrap();
    socket.connect(format!("127.0.0.1:{}", port(to)).parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn strangers_of_one_address_that_say_nothing_leave_places_for_other_addresses() {
    let tight = Limits { handshake: FOR_EVER, connect: FOR_EVER, pending: 16, pending_per_ip: 3, ..limits() };
    let here = Peer::new(1, TCP, tight).await;
    let friend = Peer::new(2, TCP, limits()).await;
    // Where the friend is isn't known, so that no place is kept for it.
    here.net.set_peers(vec![PeerEntry { addresses: vec![], ..friend.entry() }]).await.unwrap();
    friend.net.set_peers(vec![here.entry()]).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(silence(2, &here).await);
    }
    until("all but three are refused", || here.net.stats().refused == 37).await;
    let root = here.store.put(&bytes(1_000, 1)).unwrap();
    friend.fetch(&root).await.unwrap();
    assert_eq!(here.net.stats().refused, 37);
}

#[tokio::test]
async fn strangers_of_many_addresses_leave_places_for_those_where_peers_are() {
    let tight = Limits { handshake: FOR_EVER, connect: FOR_EVER, pending: 16, pending_per_ip: 3, ..limits() };
    let here = Peer::new(1, TCP, tight).await;
    let friend = Peer::new(2, TCP, limits()).await;
    introduce(&[&here, &friend]).await;
    let mut silent = Vec::new();
    for from in 2..62 {
        silent.push(silence(from, &here).await);
    }
    until("all but three quarters of the places are refused", || here.net.stats().refused == 48).await;
    let root = here.store.put(&bytes(1_000, 1)).unwrap();
    friend.fetch(&root).await.unwrap();
    assert_eq!(here.net.stats().refused, 48);
}

#[tokio::test]
async fn a_handshake_that_goes_nowhere_gives_its_place_back() {
    let tight = Limits {
        handshake: Duration::from_millis(300),
        connect: FOR_EVER,
        pending: 2,
        pending_per_ip: 1,
        ..limits()
    };
    let here = Peer::new(1, TCP, tight).await;
    let friend = Peer::new(2, TCP, limits()).await;
    introduce(&[&here, &friend]).await;
    let silent = silence(1, &here).await;
    until("it is closed", || here.net.stats().refused == 1).await;
    let root = here.store.put(&bytes(1_000, 1)).unwrap();
    friend.fetch(&root).await.unwrap();
    drop(silent);
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let here = Peer::new(1, TCP, Limits { idle: Duration::from_millis(200), ..limits() }).await;
    let there = Peer::new(2, TCP, Limits { idle: FOR_EVER, ..limits() }).await;
    introduce(&[&here, &there]).await;
    let root = here.store.put(&bytes(1_000, 1)).unwrap();
    there.fetch(&root).await.unwrap();
    until("it is closed", || here.net.stats().peers == 0 && there.net.stats().peers == 0).await;
}

#[tokio::test]
async fn connections_from_peers_leave_those_to_peers_alone() {
    let here = Peer::new(1, TCP, Limits { connections: 1, ..limits() }).await;
    let (taker, giver) = (Peer::new(2, TCP, limits()).await, Peer::new(3, TCP, limits()).await);
    introduce(&[&here, &taker, &giver]).await;
    let (ours, theirs) =
        (here.store.put(&bytes(1_000, 1)).unwrap(), giver.store.put(&bytes(1_000, 2)).unwrap());
    taker.net.set_peers(vec![here.entry()]).await.unwrap();
    taker.fetch(&ours).await.unwrap();
    here.net.set_peers(vec![giver.entry(), PeerEntry { addresses: vec![], ..taker.entry() }]).await.unwrap();
    here.fetch(&theirs).await.unwrap();
    assert_eq!(here.net.stats().peers, 2);
}

#[tokio::test]
async fn a_peer_that_is_busy_for_long_is_come_back_to_and_no_failure_is_counted() {
    let here = Peer::new(1, TCP, Limits { retries: 1, pause: Duration::from_millis(1), ..limits() }).await;
    // One answer at a time, and that one never ends until it is let go.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let held = Limits { answers: 1, peer_requests: 1, ..limits() };
    let (there, _) = Peer::serving(2, held, None, move |store, root, range, out| {
        if range.end - range.start == 1 {
            let _ = released.lock().unwrap().recv();
        }
        store.slice(root, range, out)
    })
    .await;
    let holder = Peer::new(3, TCP, limits()).await;
    introduce(&[&here, &there]).await;
    there.net.set_peers(vec![here.entry(), holder.entry()]).await.unwrap();
    holder.net.set_peers(vec![there.entry()]).await.unwrap();
    let one = there.store.put(&[7]).unwrap();
    let root = there.store.put(&bytes(3 * WINDOW, 1)).unwrap();
    let holding = holder.net.clone();
    let holding = tokio::spawn(async move { holding.fetch(&Want::new(one, 1), None).await });
    until("the one answer is held", || there.net.stats().requests_in == 1).await;
    let fetching = here.net.clone();
    let fetching = tokio::spawn(async move { fetching.fetch(&Want::new(root, u64::MAX), None).await });
    // Far more often than it may fail.
    until("it comes back", || there.net.stats().busy >= 8).await;
    assert_eq!(here.net.stats().fetching, 1);
    drop(release);
    fetching.await.unwrap().unwrap();
    holding.await.unwrap().unwrap();
    here.store.verify(&root).unwrap();
    assert_eq!((here.net.stats().failures, here.net.stats().fetching), (0, 0));
}

#[tokio::test]
async fn a_peer_that_is_always_busy_ends_no_fetch_of_what_another_has_and_no_fetch_is_endless() {
    let busies = Limits { pause: Duration::from_millis(1), busies: 5, sources: 1, asking: 1, ..limits() };
    let here = Peer::new(1, TCP, busies).await;
    let mut evil = raw_swarm(2, Raw::Reads, FOR_EVER);
    evil.listen_on(TCP.parse().unwrap()).unwrap();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = evil.select_next_some().await {
            break address;
        }
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = asked.clone();
    let answering = tokio::spawn(async move {
        loop {
            let event = evil.select_next_some().await;
            if let SwarmEvent::Behaviour(Event::Message {
                message: Message::Request { channel, .. }, ..
            }) = event
            {
                seen.fetch_add(1, Ordering::SeqCst);
                let _ = evil.behaviour_mut().send_response(channel, vec![1]);
            }
        }
    });
    let key = Identity::from_secret([2; 32]).public();
    let busy = PeerEntry { key, account: "busy".to_owned(), addresses: vec![address.to_string()] };
    let good = Peer::new(3, TCP, limits()).await;
    let content = bytes(2 * WINDOW, 1);
    let root = good.store.put(&content).unwrap();

    here.net.set_peers(vec![busy.clone()]).await.unwrap();
    let error = here.fetch(&root).await.unwrap_err();
    assert!(matches!(error, FetchError::Unavailable { busy: 1, failed: 0, asked: 1, .. }), "{error}");
    assert_eq!(asked.load(Ordering::SeqCst), 5, "as often as it may say so");
    let deadline = Some(Duration::from_millis(1));
    let error = here.net.fetch(&Want { deadline, ..Want::new(root, u64::MAX) }, None).await.unwrap_err();
    assert!(matches!(error, FetchError::Deadline { .. }), "{error}");

    good.net.set_peers(vec![here.entry()]).await.unwrap();
    here.net.set_peers(vec![busy, good.entry()]).await.unwrap();
    let before = asked.load(Ordering::SeqCst);
    here.net.fetch(&Want { first: vec![key], ..Want::new(root, u64::MAX) }, None).await.unwrap();
    here.store.verify(&root).unwrap();
    let times = asked.load(Ordering::SeqCst) - before;
    assert!((1..=5).contains(&times), "asked first, and the other one meanwhile: {times}");
    answering.abort();
}

#[tokio::test]
async fn a_source_that_becomes_busy_makes_room_for_another() {
    let here = Peer::new(1, TCP, Limits { sources: 1, patience: FOR_EVER, depth: 2, ..limits() }).await;
    let (holder, other) = (Peer::new(2, TCP, Limits { peer_requests: 1, ..limits() }).await, {
        Peer::serving(3, limits(), None, honest).await
    });
    let (other, served) = other;
    introduce(&[&here, &holder, &other]).await;
    let content = bytes(30 * WINDOW, 1);
    let root = holder.store.put(&content).unwrap();
    other.store.put(&content).unwrap();
    let want = Want { first: vec![holder.identity.public()], ..Want::new(root, u64::MAX) };
    here.net.fetch(&want, None).await.unwrap();
    assert!(holder.net.stats().busy > 0);
    assert!(!served.windows().is_empty(), "the other one was asked while the first rested");
}

#[tokio::test]
async fn whoever_is_named_first_is_asked_first() {
    let here = Peer::new(1, TCP, Limits { asking: 1, sources: 1, ..limits() }).await;
    let order = Arc::new(AtomicU64::new(0));
    let mut peers = Vec::new();
    for seed in 2..7u8 {
        let order = order.clone();
        let said = move |store: &Store, root: &Root, range: std::ops::Range<u64>, out: &mut Vec<u8>| {
            let _ = order.compare_exchange(0, seed.into(), Ordering::SeqCst, Ordering::SeqCst);
            store.slice(root, range, out)
        };
        peers.push(Peer::serving(seed, limits(), None, said).await.0);
    }
    let all: Vec<_> = std::iter::once(&here).chain(&peers).collect();
    introduce(&all).await;
    for (n, named) in peers.iter().enumerate() {
        let content = bytes(100, 50 + n as u8);
        let root = lyceum_tensorblock::root_of(&content);
        peers.iter().for_each(|peer| assert_eq!(peer.store.put(&content).unwrap(), root));
        order.store(0, Ordering::SeqCst);
        let key = here.net.key_of(&named.entry().account).unwrap();
        assert_eq!(key, named.identity.public());
        here.net.fetch(&Want { first: vec![key], ..Want::new(root, 100) }, None).await.unwrap();
        assert_eq!(order.load(Ordering::SeqCst), n as u64 + 2);
    }
    assert_eq!(here.net.key_of("nobody"), None);
}

#[tokio::test]
async fn an_address_of_the_operator_s_own_network_is_not_dialled_by_number_or_by_name() {
    let there = Peer::new(2, TCP, limits()).await;
    let root = there.store.put(&bytes(1_000, 1)).unwrap();
    let port = port(&there);
    let addresses = [
        format!("/ip4/127.0.0.1/tcp/{port}"),
        format!("/dns4/localhost/tcp/{port}"),
        format!("/dns/localhost/tcp/{port}"),
        format!("/dns/127.0.0.1/tcp/{port}"),
    ];
    for (seed, address) in (10..).zip(addresses) {
        for allow_private in [false, true] {
            let here = Peer::new(seed, TCP, Limits { allow_private, ..limits() }).await;
            there.net.set_peers(vec![here.entry()]).await.unwrap();
            let entry = PeerEntry { addresses: vec![address.clone()], ..there.entry() };
            let refused = here.net.set_peers(vec![entry]).await.unwrap();
            let before = there.net.stats().requests_in;
            let fetched = here.fetch(&root).await;
            if allow_private {
                fetched.unwrap_or_else(|e| panic!("{address}: {e}"));
                continue;
            }
            let error = fetched.unwrap_err();
            assert!(matches!(error, FetchError::Unavailable { failed: 1, .. }), "{address}: {error}");
            let named = !address.starts_with("/ip4");
            assert_eq!(refused.len(), usize::from(!named), "{refused:?}");
            assert!(!named || error.to_string().contains("no public address"), "{error}");
            assert_eq!(there.net.stats().requests_in, before, "{address}");
        }
    }
}
