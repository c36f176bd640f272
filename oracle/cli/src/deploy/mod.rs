//! Bringing the contracts to a chain and changing them there: [`deploy`], [`upgrade()`], and what the authority does
//! ([`authority`]), be it a key, an x/group policy or the chain's governance.
//!
//! Nothing is remembered but on the chain: a code is found by its checksum and a contract by its predicted address,
//! so whatever interrupts a deployment, the same command goes on from there. Start reading at [`deploy`].

pub mod artifacts;
pub mod authority;
pub mod chain;
mod group;
mod params;
mod plan;
pub mod signing;
mod steps;
mod upgrade;

pub use params::Params;
pub use steps::{Plan, deploy};
pub use upgrade::upgrade;
