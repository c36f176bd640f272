//! Who may connect, and what a connection may do.

mod common;

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use common::raw::{Raw, raw_swarm};
use common::{Peer, QUIC, TCP, bytes, impatient, introduce, limits, until};
use futures::StreamExt;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use lyceum_net::{FetchError, Identity, Limits, Network, PeerEntry};
use lyceum_tensorblock::root_of;

#[tokio::test]
async fn strangers_are_refused_and_ask_for_nothing() {
    for transport in [TCP, QUIC] {
        let here = Peer::new(1, transport, limits()).await;
        let friend = Peer::new(2, transport, limits()).await;
        let stranger = Peer::new(3, transport, impatient()).await;
        introduce(&[&here, &friend]).await;
        stranger.net.set_peers(vec![here.entry()]).await.unwrap();
        let root = here.store.put(&bytes(1_000, 1)).unwrap();
        let error = stranger.fetch(&root).await.unwrap_err();
        assert!(matches!(error, FetchError::Unavailable { failed: 1, .. }), "{error}");
        assert!(here.net.stats().refused > 0);
        assert_eq!(here.net.stats().requests_in, 0);
        friend.fetch(&root).await.unwrap();
    }
}

#[tokio::test]
async fn another_key_at_a_registered_address_is_not_spoken_to() {
    for transport in [TCP, QUIC] {
        let here = Peer::new(1, transport, impatient()).await;
        let there = Peer::new(2, transport, limits()).await;
        introduce(&[&here, &there]).await;
        let root = there.store.put(&bytes(1_000, 1)).unwrap();
        let registered = PeerEntry { key: Identity::from_secret([9; 32]).public(), ..there.entry() };
        here.net.set_peers(vec![registered]).await.unwrap();
        let error = here.fetch(&root).await.unwrap_err();
        assert!(matches!(error, FetchError::Unavailable { failed: 1, .. }), "{error}");
        assert!(here.net.stats().wrong_keys > 0);
        assert_eq!(there.net.stats().requests_in, 0);
    }
}

#[tokio::test]
async fn who_is_no_longer_registered_is_disconnected() {
    let (here, there) = (Peer::new(1, TCP, limits()).await, Peer::new(2, TCP, impatient()).await);
    introduce(&[&here, &there]).await;
    let root = here.store.put(&bytes(1_000, 1)).unwrap();
    there.fetch(&root).await.unwrap();
    assert_eq!(there.net.stats().peers, 1);
    here.net.set_peers(vec![]).await.unwrap();
    until("it is disconnected", || there.net.stats().peers == 0).await;
    let other = here.store.put(&bytes(1_000, 2)).unwrap();
    assert!(there.fetch(&other).await.is_err());
    introduce(&[&here, &there]).await;
    there.fetch(&other).await.unwrap();
}

#[tokio::test]
async fn an_address_in_use_and_one_of_another_machine_are_refused_by_name() {
    let here = Peer::new(1, TCP, limits()).await;
    let taken = here.net.listening();
    let elsewhere = "/ip4/192.0.2.1/tcp/4001".parse().unwrap();
    for (address, code) in [(taken[0].clone(), "net.in_use"), (elsewhere, "net.unusable")] {
        let listen = [address.clone()];
        let error =
            Network::start(&Identity::generate(), &listen, here.store.clone(), limits()).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}

#[tokio::test]
async fn silence_on_either_side_of_a_connection_has_an_end() {
    let here = Peer::new(1, TCP, impatient()).await;
    // Who accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("/ip4/127.0.0.1/tcp/{}", silent.local_addr().unwrap().port());
    let key = Identity::from_secret([2; 32]).public();
    let entry = PeerEntry { key, account: "silent".to_owned(), addresses: vec![address] };
    here.net.set_peers(vec![entry]).await.unwrap();
    let error = here.fetch(&root_of(b"x")).await.unwrap_err();
    assert!(matches!(error, FetchError::Unavailable { failed: 1, .. }), "{error}");

    // Who connects and says nothing.
    let port = here.net.listening()[0].to_string().rsplit('/').next().unwrap().to_owned();
    let connected = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    until("it is closed", || here.net.stats().refused > 0).await;
    drop(connected);
}

#[tokio::test]
async fn connections_from_one_peer_are_counted() {
    let here = Peer::new(1, TCP, Limits { connections: 1, ..limits() }).await;
    let (a, b) = (Peer::new(2, TCP, impatient()).await, Peer::new(3, TCP, impatient()).await);
    introduce(&[&here, &a, &b]).await;
    a.net.set_peers(vec![here.entry()]).await.unwrap();
    b.net.set_peers(vec![here.entry()]).await.unwrap();
    let root = here.store.put(&bytes(1_000, 1)).unwrap();
    a.fetch(&root).await.unwrap();
    assert!(b.fetch(&root).await.is_err());
    assert!(here.net.stats().refused > 0);
    a.net.shutdown().await;
    until("there is room again", || here.net.stats().peers == 0).await;
    b.fetch(&root).await.unwrap();
}

#[tokio::test]
async fn an_answer_longer_than_any_is_refused_before_it_is_read() {
    let here = Peer::new(1, TCP, impatient()).await;
    let mut evil = raw_swarm(2, Raw::Reads, Duration::from_secs(5));
    evil.listen_on(TCP.parse().unwrap()).unwrap();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = evil.select_next_some().await {
            break address;
        }
    };
    let answers: [Vec<u8>; 5] = [
        [&[3][..], &5u64.to_le_bytes(), &u32::MAX.to_le_bytes()].concat(),
        [&[3][..], &u64::MAX.to_le_bytes(), &5u32.to_le_bytes(), b"bytes"].concat(),
        [&[4][..], &u32::MAX.to_le_bytes()].concat(),
        vec![9],
        vec![0, 0],
    ];
    let key = Identity::from_secret([2; 32]).public();
    let entry = PeerEntry { key, account: "evil".to_owned(), addresses: vec![address.to_string()] };
    here.net.set_peers(vec![entry]).await.unwrap();
    let answering = tokio::spawn(async move {
        let mut sent = 0;
        loop {
            let event = evil.select_next_some().await;
            if let SwarmEvent::Behaviour(Event::Message {
                message: Message::Request { channel, .. }, ..
            }) = event
            {
                let answer = answers[sent % answers.len()].clone();
                let _ = evil.behaviour_mut().send_response(channel, answer);
                sent += 1;
            }
        }
    });
    for _ in 0..4 {
        let error = here.fetch(&root_of(b"x")).await.unwrap_err();
        assert!(matches!(error, FetchError::Unavailable { failed: 1, bad: 0, .. }), "{error}");
    }
    assert!(here.net.stats().failures >= 5);
    assert_eq!(here.net.stats().bytes_in, 0);
    answering.abort();
}

#[tokio::test]
async fn requests_that_are_none_get_no_answer_and_harm_nobody() {
    let here = Peer::new(1, TCP, limits()).await;
    let friend = Peer::new(3, TCP, limits()).await;
    let mut evil = raw_swarm(2, Raw::Reads, Duration::from_secs(5));
    let key = Identity::from_secret([2; 32]).public();
    let entry = PeerEntry { key, account: "evil".to_owned(), addresses: vec![] };
    here.net.set_peers(vec![entry, friend.entry()]).await.unwrap();
    friend.net.set_peers(vec![here.entry()]).await.unwrap();
    let root = here.store.put(&bytes(100, 1)).unwrap();
    let mut too_long = vec![2];
    too_long.extend_from_slice(&root);
    too_long.extend_from_slice(&0u64.to_le_bytes());
    too_long.extend_from_slice(&(1u64 << 30).to_le_bytes());
    let requests = [vec![], vec![1], vec![7; 33], vec![1; 1 << 20], too_long];
    let to = here.identity.peer_id();
    let count = requests.len();
    for request in requests {
        let addresses = here.net.listening();
        evil.behaviour_mut().send_request_with_addresses(&to, request, addresses);
    }
    let (mut refused, mut answered) = (0, 0);
    while refused + answered < count {
        match evil.select_next_some().await {
            SwarmEvent::Behaviour(Event::OutboundFailure { .. }) => refused += 1,
            SwarmEvent::Behaviour(Event::Message { message: Message::Response { response, .. }, .. }) => {
                // The stream just ends.
                assert!(response.is_empty());
                answered += 1;
            }
            _ => {}
        }
    }
    assert_eq!(here.net.stats().requests_in, 0);
    friend.fetch(&root).await.unwrap();
}
