//! `datasets`: what may be trained on, who says so, and who is owed for its use.
//!
//! This contract owns proposals with their deposits, the audits of drawn committees, votes with the power that
//! stood before the proposal, tiers, and the record of which shard was used for which model in which epoch. It
//! asks `tasks` for the beacon and `nodes` for committees; it tells `nodes` how auditors did, `rewards` what
//! contributors weigh and what deposits were lost, `credits` who proposed a gold dataset. The invariant of the
//! whole crate is that it holds exactly the deposits of the proposals that are still open.
//!
//! Start with [`contract`] (who may send what), then `state.rs` and `execute/audit_close.rs`.
mod bounds;
pub mod contract;
pub mod error;
mod execute;
mod migrate;
mod query;
mod state;
mod tally;

pub use error::ContractError;
