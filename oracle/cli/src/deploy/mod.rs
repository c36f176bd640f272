//! Bringing the contracts to a chain and changing them there: [`deploy`], [`Upgrade`], and what the authority does
//! ([`authority`]), be it a key, an x/group policy or the chain's governance.
//!
//! What an endpoint says is not signed unseen: a deposit has a limit ([`deposit`]), a code's number is proved in the
//! transaction that uses it (`proof`), and an authority is the one that the operator named.
//!
//! Nothing is remembered but on the chain: a code is found by its checksum and a contract by its predicted address,
//! so whatever interrupts a deployment, the same command goes on from there. Start reading at [`deploy`].

pub mod artifacts;
pub mod authority;
pub mod chain;
mod create_group;
pub mod deposit;
mod group;
mod params;
mod plan;
mod proof;
mod shown;
pub mod signing;
mod steps;
mod upgrade;

pub use create_group::NewGroup;
pub use params::Params;
pub use shown::shown;
pub use steps::{Plan, deploy};
pub use upgrade::{Change, Upgrade, check_name};
