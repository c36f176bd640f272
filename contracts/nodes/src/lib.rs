//! The contract `nodes`: who takes part, with what stake, and how far it is trusted.
//!
//! It owns bonding and unbonding, delegation, roles and classes, peer keys, GPU bindings, trust, reputation, jail and
//! slashing, stake by height, and the draw of committees. It depends on `lyceum-api` (its messages, and the
//! clients of `datasets` and `rewards`, which it calls), `lyceum-economy` (every number) and `lyceum-onchain`
//! (sortition), and on no other contract. Start with `contract.rs` (who may send what), then `standing.rs`: every
//! change of a node ends there. Of delegation, `pool.rs` is the arithmetic of stake, `earnings.rs` that of rewards,
//! and `position.rs` one delegation at work.
mod clock;
pub mod contract;
mod earnings;
mod error;
mod event;
mod execute;
mod migrate;
mod packed;
mod pool;
mod position;
mod query;
mod standing;
mod state;
mod validate;

pub use error::ContractError;
