//! `rewards`: the treasury, what learning blocks emit, and the claims by which everybody pulls his part.
//!
//! This contract owns every ulyc of the treasury and of what is promised and not yet pulled, and the audit trail
//! of both. It knows its siblings only by address: they send payments and weights, and only `nodes` is
//! called, to hand it what delegators share. The invariant of the whole crate is that free + accrued is what it was
//! funded with less what it paid.
//!
//! Start with [`contract`], then `state.rs` (the balances) and `execute/claim.rs` (who gets what).
pub mod contract;
pub mod error;
mod execute;
mod migrate;
mod query;
mod state;

pub use error::ContractError;
