//! Who has what: where a node's store fetches blobs from.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_store::{Root, Source, Store, StoreError};

/// A blob that a job needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// What it is, in a word: for logs.
    pub what: &'static str,
    /// Its root.
    pub root: &'a Hash32,
    /// The most bytes that it may have.
    pub most: u64,
    /// Who is asked first: the trainer of the claim that names the root, who loses its bond if nobody can have it.
    pub first: Option<&'a Addr>,
}

/// Finds sources of a blob. Nothing they send is believed: every tile is verified on arrival.
pub trait Peers: Send + Sync {
    /// Candidates, best first, without the asking store itself.
    fn sources(&self, root: &Hash32, asking: &Store) -> Vec<Peer>;

    /// Brings a blob into a store by other means than sources: a network has several peers send parts of it at once.
    /// Asks `go_on` meanwhile. Called on a worker's thread; nothing if there are no such means.
    fn bring(&self, wanted: Wanted<'_>, into: &Store, go_on: &dyn Fn() -> bool) -> Option<crate::Result<()>> {
        let _ = (wanted, into, go_on);
        None
    }
}

/// One source.
#[derive(Clone)]
pub struct Peer(Arc<dyn Source + Send + Sync>);

impl Peer {
    /// From anything that gives verified slices.
    pub fn new(source: Arc<dyn Source + Send + Sync>) -> Self {
        Self(source)
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Peer")
    }
}

impl Source for Peer {
    fn length(&self, root: &Root) -> Result<u64, StoreError> {
        self.0.length(root)
    }

    fn slice(&self, root: &Root, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.0.slice(root, range, out)
    }
}

/// The stores of one process, in the order in which they joined.
#[derive(Debug, Default)]
pub struct Directory(RwLock<Vec<Arc<Store>>>);

impl Directory {
    /// An empty directory.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A store joins.
    pub fn join(&self, store: Arc<Store>) {
        // A thread that panicked while holding the lock left the list whole.
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(store);
    }
}

impl Peers for Directory {
    fn sources(&self, root: &Hash32, asking: &Store) -> Vec<Peer> {
        let stores = self.0.read().unwrap_or_else(PoisonError::into_inner);
        stores
            .iter()
            .filter(|s| !std::ptr::eq(Arc::as_ptr(s), asking) && s.has(root.as_bytes()))
            .map(|s| Peer(s.clone()))
            .collect()
    }
}
