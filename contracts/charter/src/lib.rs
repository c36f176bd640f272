//! The contract `charter`: the pact, the rules, the authority over what may be changed, and the pause switch.
//!
//! It owns who may change what, and the acknowledgement of the pact by active nodes. It depends on `lyceum-api`
//! (its messages, and the clients of the six contracts that it steers) and `lyceum-onchain` (permission), and on
//! no other contract. It holds no funds, so a pause closes nothing here. Start with `contract.rs`.
pub mod contract;
mod error;
mod event;
mod execute;
mod migrate;
mod query;
mod state;
mod validate;

pub use error::ContractError;
