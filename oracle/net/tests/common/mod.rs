//! Nodes on this machine's loopback, each with a store of its own.
#![allow(dead_code, reason = "each test binary uses a part")]

pub mod raw;

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lyceum_net::{Identity, Limits, Multiaddr, Network, PeerEntry, Want};
use lyceum_store::{Root, Source, Store, StoreError};
use tempfile::TempDir;

pub const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// Short enough for a test of what takes too long, and far more than what works takes.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(10),
        request: Duration::from_secs(20),
        pause: Duration::from_millis(5),
        patience: Duration::from_millis(100),
        drain: Duration::from_millis(500),
        ..Limits::private()
    }
}

/// Limits that give up on a peer that doesn't answer.
pub fn impatient() -> Limits {
    Limits {
        connect: Duration::from_millis(700),
        request: Duration::from_millis(700),
        retries: 2,
        ..limits()
    }
}

pub fn bytes(len: u64, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; len as usize];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

pub type Slicing = dyn Fn(&Store, &Root, Range<u64>, &mut Vec<u8>) -> Result<(), StoreError> + Send + Sync;

/// Serves a store the way a test wants it, and keeps what it was asked for.
pub struct Served {
    store: Arc<Store>,
    pub length: Option<u64>,
    slicing: Box<Slicing>,
    pub asked: Mutex<Vec<Range<u64>>>,
}

impl Source for Served {
    fn length(&self, root: &Root) -> Result<u64, StoreError> {
        self.length.map_or_else(|| self.store.length(root), Ok)
    }
    fn slice(&self, root: &Root, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.asked.lock().unwrap().push(range.clone());
        (self.slicing)(&self.store, root, range, out)
    }
}

impl Served {
    /// The first bytes of the windows that were asked for, without the proofs of the length.
    pub fn windows(&self) -> Vec<u64> {
        let mut windows: Vec<_> = self
            .asked
            .lock()
            .unwrap()
            .iter()
            .filter(|range| range.end - range.start > lyceum_tensorblock::tile::TILE_LEN)
            .map(|range| range.start)
            .collect();
        windows.sort_unstable();
        windows
    }
}

pub struct Peer {
    pub dir: TempDir,
    pub identity: Identity,
    pub store: Arc<Store>,
    pub net: Network,
}

impl Peer {
    pub async fn new(seed: u8, listen: &str, limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let identity = Identity::from_secret([seed; 32]);
        let listen: Vec<Multiaddr> = vec![listen.parse().unwrap()];
        let net = Network::start(&identity, &listen, store.clone(), limits).await.unwrap();
        Self { dir, identity, store, net }
    }

    /// One that serves in a way of its own.
    pub async fn serving(
        seed: u8,
        limits: Limits,
        length: Option<u64>,
        slicing: impl Fn(&Store, &Root, Range<u64>, &mut Vec<u8>) -> Result<(), StoreError>
        + Send
        + Sync
        + 'static,
    ) -> (Self, Arc<Served>) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let identity = Identity::from_secret([seed; 32]);
        let served = Arc::new(Served {
            store: store.clone(),
            length,
            slicing: Box::new(slicing),
            asked: Mutex::default(),
        });
        let listen = [TCP.parse().unwrap()];
        let net =
            Network::start_serving(&identity, &listen, store.clone(), served.clone(), limits).await.unwrap();
        (Self { dir, identity, store, net }, served)
    }

    pub fn entry(&self) -> PeerEntry {
        PeerEntry {
            key: self.identity.public(),
            account: format!("wasm1{}", self.identity.peer_id()),
            addresses: self.net.listening().iter().map(ToString::to_string).collect(),
        }
    }

    pub async fn fetch(&self, root: &Root) -> Result<(), lyceum_net::FetchError> {
        self.net.fetch(&Want::new(*root, u64::MAX), None).await
    }
}

/// All of them know one another.
pub async fn introduce(peers: &[&Peer]) {
    let entries: Vec<_> = peers.iter().map(|peer| peer.entry()).collect();
    for peer in peers {
        let refused = peer.net.set_peers(entries.clone()).await.unwrap();
        assert!(refused.is_empty(), "{refused:?}");
    }
}

/// Serves what is there.
pub fn honest(store: &Store, root: &Root, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
    store.slice(root, range, out)
}

/// Waits, in small steps and not for ever, until something is so.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not in 10 s: {what}");
}
