//! A node's blobs: tensor blocks, states, manifests and shards, each under the BLAKE3 of its bytes.
//!
//! This room owns one folder on one disk. It keeps whole, immutable blobs with the sidecars that prove their
//! tiles, appears to others as a [`Source`] of verified ranges, and knows neither what the bytes mean (that is
//! `lyceum-tensorblock` and `learn`) nor the network. It depends on `lyceum-tensorblock` and `lyceum-files`
//! only. Start reading at [`Store`]; `writer.rs` has the order of steps that makes a store killed at any byte open clean.
//!
//! ```text
//! lock                        held while the store is open
//! tmp/                        what is being written; emptied when the store opens
//! partial/                    what was fetched in part, to be resumed
//! pins/ab…64 hex              an empty file: this blob never gives way, whatever the quota
//! blobs/ab/ab…64 hex.tblock   a blob; there whole or not at all
//! blobs/ab/ab….obao4          its sidecar: length, then the tree's hash pairs
//! ```

mod disk;
mod error;
mod fetch;
mod layout;
mod partial;
mod room;
mod store;
mod window;
mod writer;

pub use disk::{Faults, Step};
pub use error::{Damage, StoreError};
pub use fetch::Source;
pub use partial::{Begun, Partial, Vacant, begin};
pub use store::{Blob, Options, Store, Usage};
pub use window::{WINDOW, Window, check_length, last_tile, window_count, window_range};
pub use writer::BlobWriter;

pub use lyceum_tensorblock::Root;
