//! `credits`: proof-of-learning credits, earned by work and by nothing else.
//!
//! This contract owns every account's balance and the history of its awards. There is no message that moves
//! credits from one account to another. Amounts follow from reasons by `lyceum-economy`; it knows its siblings
//! only by address and calls none of them.
//!
//! Start with [`contract`], then `execute/award.rs`.
pub mod contract;
pub mod error;
mod execute;
mod migrate;
mod query;
mod state;

pub use error::ContractError;
