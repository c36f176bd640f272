//! The public randomness beacon, from both ends: a small service with a key of its own for local networks
//! ([`Key`], [`serve`]), and the client that takes rounds from any endpoint that speaks drand's HTTP API
//! ([`Source`]). A contract can't tell a local beacon from drand's quicknet: scheme, encodings and API are the same.
//!
//! Whoever holds a local beacon's key knows every round beforehand, so it is for networks whose participants trust
//! that holder. Start reading at [`Info`], what both ends agree on.

mod info;
mod key;
mod serve;
mod source;

pub use info::{Info, Round};
pub use key::Key;
pub use serve::{machine_time, router};
pub use source::Source;
