//! Bytes between processes over libp2p: blobs by content root, every tile verified on arrival.
//!
//! This room owns the swarm and its one protocol, `/lyceum/blob/1`. It knows no tensors and no chain: the caller hands
//! it the peers that the chain registered ([`PeerEntry`]), a [`lyceum_store::Store`] to serve from and fetch into,
//! and its own key. Start reading at [`Network`]; `fetch/` decides who is asked for what, `driver.rs` owns the
//! swarm, `share.rs` and `handshake_limits.rs` what each peer and each stranger may take, `wire.rs` has the bytes of the
//! protocol, `twin.rs` finds another process with the own key, and `docs/decisions/` says why only registered peers connect.
//!
//! Nothing a peer says is believed. Its identity is the ed25519 key bound on chain; a blob's length is proved by its
//! last tile, every tile by its path to the root; messages are bounded before a byte of them is kept; and every
//! wait has an end ([`Limits`]).

mod driver;
mod error;
mod fetch;
mod guard;
mod handshake_limits;
mod identity;
mod limits;
mod network;
mod peer_book;
mod public;
mod serve;
mod share;
mod stats;
mod swarm;
mod twin;
pub mod wire;

pub use error::{FetchError, NetError};
pub use fetch::{Progress, Want};
pub use identity::Identity;
pub use libp2p::{Multiaddr, PeerId};
pub use limits::Limits;
pub use network::Network;
pub use peer_book::{MAX_ADDRESS_LEN, MAX_ADDRESSES, PeerEntry, PeerKey, Refused, check_address, is_private};
pub use stats::Stats;
pub use twin::{Life, Twin};
