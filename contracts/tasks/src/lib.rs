//! The contract `tasks`: domains, tasks, claims, the beacon, panels, verdicts, disputes and learning blocks.
//!
//! This room decides whether a claim is believed. It holds bonds, fees and deposits until then, compares the
//! sketches that a trainer and its panels opened, and tells the other contracts what follows. It depends on
//! `lyceum-api` (its messages, and the clients of `nodes`, `datasets`, `experts`, `credits` and `rewards`, which
//! it calls), `lyceum-economy` (every number), `lyceum-onchain` (beacon, intervals, sketches, proofs) and the
//! tiles of `lyceum-tensorblock`, and on no other contract.
//!
//! Start with `contract.rs` (who may send what), then follow a claim: `execute/open.rs`, `take.rs`, `commit.rs`,
//! `reveal.rs`, `draw.rs`, `serve.rs`, `attest.rs`, `open_sketches.rs`, and `execute/settle/`, whose `mod.rs` is
//! the order in which a claim's doubts are settled. `verdict/` holds the pure functions that judge.
mod clock;
pub mod contract;
mod ctx;
mod effects;
mod error;
mod execute;
mod migrate;
mod query;
mod rounds;
mod state;
mod verdict;

pub use error::ContractError;
