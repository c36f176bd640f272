//! What the network counts, readable as values.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            /// Peers connected now.
            pub peers: u64,
            /// Blobs being fetched now.
            pub fetching: u64,
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The counters that threads and tasks share.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            pub peers: AtomicU64,
            pub fetching: AtomicU64,
            $(pub $name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn read(&self) -> Stats {
                let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                Stats { peers: get(&self.peers), fetching: get(&self.fetching), $($name: get(&self.$name),)* }
            }
        }
    };
}

counters! {
    /// Bytes of verified streams that came, proofs included.
    bytes_in,
    /// Bytes of verified streams that were sent, proofs included.
    bytes_out,
    /// Requests sent.
    requests_out,
    /// Requests that came.
    requests_in,
    /// Requests that were told to come back, for more were on their way than the limits take.
    busy,
    /// Requests of ours that failed: not reached, not answered in time, cut off.
    failures,
    /// Windows and lengths that were not the root's; each cost its sender the connection.
    bad_tiles,
    /// Connections that were refused: strangers, banned peers, too many.
    refused,
    /// Connections of ours at whose other end was another key than the registered one.
    wrong_keys,
    /// Windows that were verified and written.
    windows,
    /// Windows that were asked of a second peer because the first kept us waiting.
    stolen,
    /// Blobs fetched whole.
    fetched,
    /// Fetches that ended with an error.
    unfetched,
}

pub(crate) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// Counts for as long as it lives.
pub(crate) struct Now<'a>(&'a AtomicU64);

impl<'a> Now<'a> {
    pub(crate) fn new(counter: &'a AtomicU64) -> Self {
        add(counter, 1);
        Self(counter)
    }
}

impl Drop for Now<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
