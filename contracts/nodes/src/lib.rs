//! The contract `nodes`: who takes part, with what stake, and how far it is trusted.
//!
//! It owns bonding and unbonding, roles and classes, peer keys, GPU bindings, trust, reputation, jail and
//! slashing, stake by height, and the draw of committees. It depends on `lyceum-api` (its messages, and the
//! clients of `datasets` and `rewards`, which it calls), `lyceum-economy` (every number) and `lyceum-onchain`
//! (sortition and queue), and on no other contract. Start with `contract.rs` (who may send what), then
//! `standing.rs`: every change of a node ends there.
mod clock;
pub mod contract;
mod error;
mod event;
mod execute;
mod migrate;
mod query;
mod standing;
mod state;
mod validate;

pub use error::ContractError;
