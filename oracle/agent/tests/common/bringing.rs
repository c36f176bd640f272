//! Where the nodes of a world have their blobs from: peers that bring them, and peers that at first lack some.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use lyceum_agent::peers::{Peer, Wanted};
use lyceum_agent::{AgentError, Directory, Hash32, Peers, Result};
use lyceum_store::{Source, Store, StoreError};

/// Brings blobs whole, as a network does, and keeps of each what it was and who was to be asked first.
pub struct Bringing {
    pub inner: Arc<Directory>,
    pub asked: Mutex<Vec<(&'static str, Option<String>)>>,
}

impl Peers for Bringing {
    fn sources(&self, _: &Hash32, _: &Store) -> Vec<Peer> {
        Vec::new()
    }

    fn bring(&self, wanted: Wanted<'_>, into: &Store, _: &dyn Fn() -> bool) -> Option<Result<()>> {
        let Wanted { what, root, most, first } = wanted;
        self.asked.lock().unwrap().push((what, first.map(ToString::to_string)));
        for source in self.inner.sources(root, into) {
            match into.fetch_at_most(root.as_bytes(), most, &source) {
                Ok(()) => return Some(Ok(())),
                Err(StoreError::TooLarge { found, .. }) => {
                    return Some(Err(AgentError::TooLarge { what, root: *root, found, most }));
                }
                Err(_) => {}
            }
        }
        None
    }
}

/// Peers that lack every blob of one length the first eight times that a store asks for it.
pub struct Flaky {
    pub inner: Arc<Directory>,
    pub length: u64,
    pub asked: Mutex<BTreeMap<(Hash32, PathBuf), u32>>,
}

impl Peers for Flaky {
    fn sources(&self, root: &Hash32, asking: &Store) -> Vec<Peer> {
        let sources = self.inner.sources(root, asking);
        if sources.first().is_some_and(|s| s.length(root.as_bytes()).unwrap() == self.length) {
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry((*root, asking.dir().to_path_buf())).or_default();
            *times += 1;
            if *times <= 8 {
                return vec![];
            }
        }
        sources
    }
}
