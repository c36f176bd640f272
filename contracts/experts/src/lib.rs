//! `experts`: models, and the expert blocks that were learned for them.
//!
//! This contract owns the DAG of blocks (provisional, final or void), the heads, the history of every target and
//! an accumulator over final blocks, under whose root any block can be proven elsewhere. It judges nothing:
//! `tasks` says what is recorded, final or void, and the charter registers models. It calls no other contract.
//!
//! Start with [`contract`], then `state.rs` (the DAG and its indexes) and `execute/block.rs` (a block's life).
pub mod contract;
pub mod error;
mod execute;
mod migrate;
mod query;
mod state;

pub use error::ContractError;
