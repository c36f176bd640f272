//! The whole network of Lyceum in one cw-multi-test App, brought up in one call.
//!
//! This crate owns the wiring (every contract at its predicted address, charter in authority, treasury funded, a
//! beacon with a key of its own) and helpers that read like sentences: bond a node, pass a dataset, open a task,
//! settle a claim, seal a learning block, travel in time. It serves our tests, the embedded chain, and anyone's
//! contract tests; it is the only library that depends on the contracts. Its helpers send the real messages and mint
//! the coins that those cost; only sketches and scores are made up ([`made_up`]), since nothing here trains.
//!
//! Start reading at [`Network`]; an outside crate needs nothing but this one:
//!
//! ```
//! use lyceum_testing::{LYC, Network, api::nodes::Role};
//!
//! let mut network = Network::new()?;
//! let alice = network.bond_node("alice", 1_000 * LYC, &[Role::Trainer])?;
//! network.travel(86_400);
//! assert!(network.node(&alice)?.active);
//! # Ok::<(), anyhow::Error>(())
//! ```

mod beacon;
mod build;
mod claims;
mod datasets;
mod error;
mod judge;
mod ledger;
pub mod made_up;
mod network;
mod nodes;
mod panels;
mod peer;
mod rewards;
mod tasks;

pub use anyhow;
pub use beacon::Beacon;
pub use build::{Addresses, Builder, CONTRACTS};
pub use claims::Claimed;
pub use cosmwasm_std;
pub use cw_multi_test;
pub use error::{NetworkError, words};
pub use ledger::{Ledger, NetworkApp, Tx};
pub use lyceum_api as api;
pub use network::Network;
pub use nodes::Crew;
pub use peer::PeerKey;

/// One LYC in ulyc.
pub const LYC: u128 = 1_000_000;
