//! Two processes with one peer key: each learns of the other, and nobody else can pretend to be one.

mod common;

use common::{Peer, QUIC, TCP, bytes, impatient, introduce, limits, until};
use lyceum_net::{Identity, Limits, Multiaddr, Network, PeerEntry};
use tokio::net::{TcpListener, TcpStream};

/// Forwards every connection to an address and back.
async fn relay_to(target: &Multiaddr) -> Multiaddr {
    let port = |address: &Multiaddr| address.to_string().rsplit('/').next().unwrap().parse::<u16>().unwrap();
    let target = port(target);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let Ok(mut to) = TcpStream::connect(("127.0.0.1", target)).await else { return };
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
        }
    });
    here.parse().unwrap()
}

#[tokio::test]
async fn a_process_meets_its_twin_and_both_learn_which_is_older() {
    for transport in [TCP, QUIC] {
        let (older, younger) =
            (Peer::new(1, transport, limits()).await, Peer::new(1, transport, limits()).await);
        // Who looks is of no account: here it is the one that nobody can reach.
        let met = younger.net.look_for_twin(older.net.listening()).await.unwrap().unwrap();
        assert_eq!(met.life, older.net.life());
        assert_eq!(met.address, format!("{}/p2p/{}", older.net.listening()[0], older.identity.peer_id()));
        assert_eq!(younger.net.twin().borrow().as_ref().map(|twin| twin.life), Some(older.net.life()));
        until("the one that was reached hears of the other", || older.net.twin().borrow().is_some()).await;
        let heard = older.net.twin().borrow().clone().unwrap();
        assert_eq!(heard.life, younger.net.life());
        assert!(older.net.life().is_older_than(&heard.life) != heard.life.is_older_than(&older.net.life()));
        assert_eq!(older.net.stats().peers, 0, "a twin is no peer");
    }
}

#[tokio::test]
async fn a_node_that_reaches_itself_meets_no_twin() {
    for transport in [TCP, QUIC] {
        let here = Peer::new(1, transport, limits()).await;
        assert_eq!(here.net.look_for_twin(here.net.listening()).await.unwrap(), None);
        assert_eq!(*here.net.twin().borrow(), None);
    }
}

#[tokio::test]
async fn a_twin_behind_addresses_that_lead_nowhere_or_to_others_is_met() {
    let (here, twin) = (Peer::new(1, TCP, impatient()).await, Peer::new(1, TCP, limits()).await);
    let other = Peer::new(2, TCP, limits()).await;
    let mut addresses: Vec<Multiaddr> = vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()];
    addresses.extend(other.net.listening());
    assert_eq!(here.net.look_for_twin(addresses.clone()).await.unwrap(), None, "another key is no twin");
    addresses.extend(here.net.listening());
    addresses.extend(twin.net.listening());
    let met = here.net.look_for_twin(addresses).await.unwrap().unwrap();
    assert_eq!(met.life, twin.net.life());
}

#[tokio::test]
async fn whoever_leads_a_node_back_to_itself_is_no_twin() {
    let (here, friend) = (Peer::new(1, TCP, impatient()).await, Peer::new(2, TCP, limits()).await);
    let relay = relay_to(&here.net.listening()[0]).await;
    assert_eq!(here.net.look_for_twin(vec![relay.clone()]).await.unwrap(), None);
    // A hostile peer registers the relay as its own address, so that our dial arrives at ourselves with our own key.
    let hostile = PeerEntry {
        key: Identity::from_secret([9; 32]).public(),
        account: "wasm1hostile".to_owned(),
        addresses: vec![relay.to_string()],
    };
    here.net.set_peers(vec![hostile]).await.unwrap();
    let root = friend.store.put(&bytes(1_000, 1)).unwrap();
    assert!(here.fetch(&root).await.is_err());
    until("the dial came to ourselves", || here.net.stats().refused > 0).await;
    assert_eq!(*here.net.twin().borrow(), None);
}

#[tokio::test]
async fn a_peer_that_says_it_is_another_life_is_no_twin_without_the_key() {
    // Every node tells its life to every peer; only one that holds the key is heard as a twin.
    let (here, other) = (Peer::new(1, TCP, limits()).await, Peer::new(2, TCP, limits()).await);
    introduce(&[&here, &other]).await;
    let root = other.store.put(&bytes(1_000, 1)).unwrap();
    here.fetch(&root).await.unwrap();
    assert_ne!(here.net.life(), other.net.life());
    assert_eq!((&*here.net.twin().borrow(), &*other.net.twin().borrow()), (&None, &None));
}

#[tokio::test]
async fn a_twin_is_let_in_after_the_peers_of_the_chain_are_known() {
    let (here, twin) = (Peer::new(1, TCP, limits()).await, Peer::new(1, TCP, limits()).await);
    let other = Peer::new(2, TCP, limits()).await;
    introduce(&[&here, &other]).await;
    here.net.set_peers(vec![]).await.unwrap();
    let met = twin.net.look_for_twin(here.net.listening()).await.unwrap().unwrap();
    assert_eq!(met.life, here.net.life());
}

#[tokio::test]
async fn private_addresses_are_looked_at_only_where_they_are_allowed() {
    let twin = Peer::new(1, TCP, limits()).await;
    let public = Limits { allow_private: false, ..limits() };
    let listen: [Multiaddr; 1] = [TCP.parse().unwrap()];
    let dir = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(lyceum_store::Store::open(dir.path()).unwrap());
    let here = Network::start(&twin.identity, &listen, store, public).await.unwrap();
    assert_eq!(here.look_for_twin(twin.net.listening()).await.unwrap(), None);
    assert_eq!(*twin.net.twin().borrow(), None);
}
