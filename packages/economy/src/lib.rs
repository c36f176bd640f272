//! The arithmetic of Lyceum's economy: bonds, slashes, trust, gains, emission, credits, tiers.
//!
//! This room owns every number of the economy (defaults in [`params`]) and the pure functions over them. It
//! keeps no state, knows no contract and no network, and uses integers only, so that a contract, an oracle node
//! and a plot in the docs get the same answer. Amounts are `Uint128` of `ulyc`; fractions are `u64` parts per
//! million; scores and gains are `i64` × 10⁻⁶; times are seconds. Rounding always favours the treasury.
//!
//! Start with [`params`], then [`bond`] (why cheating loses money) and [`learning_block`] (what is paid out).
pub mod bond;
pub mod credit;
pub mod dataset;
mod error;
pub mod fixed;
pub mod gain;
pub mod learning_block;
pub mod params;
pub mod reputation;
pub mod service;
pub mod stake;
pub mod trust;

pub use error::{EconomyError, Result};
