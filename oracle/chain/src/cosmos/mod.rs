//! A real chain: wasmd over CometBFT's RPC, one account at a time.
//!
//! Start reading at [`Client`] (the chain itself) and [`Cosmos`] (Lyceum's contracts on it, as a [`crate::Chain`]).
//! Below them, each a file that can be read alone: who signs ([`Key`], [`keyfile`], [`Signer`]); endpoints, their
//! health and what of their words is believed (`http`, `member`, `pool`, `belief`); what is signed and what it costs
//! (`tx`, `gas_price`); which sequence comes next (`sequence`) and what became of what was sent (`pending_txs`), both values without I/O;
//! what else was signed with the account's key (`signed`); the task that follows the chain (`follow`, woken by
//! `websocket`); what the chain's words mean (`answers`, `blocks`) and how they are shown (`outside`), what of a block callers see (`events`), and whether
//! contracts are those of a deployment file (`wiring`).

use std::sync::{Mutex, MutexGuard, PoisonError};

mod answers;
mod belief;
mod blocks;
mod chain;
mod client;
mod events;
mod follow;
mod gas_price;
mod http;
pub mod keyfile;
mod keys;
#[cfg(test)]
mod lying;
mod member;
mod outside;
mod pending_txs;
mod pool;
mod query;
mod send;
mod sequence;
mod settings;
mod signed;
mod signer;
mod tx;
mod websocket;
mod wiring;

pub use chain::Cosmos;
pub use client::{Client, Sending, Status};
pub use gas_price::PriceTooLow;
pub use keys::Key;
pub use pool::EndpointStatus;
pub use settings::Settings;
pub use signed::Signed;
pub use signer::{BoxFuture, PublicKey, Signature, Signer, address, check_address};
pub use tx::{Account, Fee, Included, MAX_TX_BYTES};

/// Nothing panics while one is held, and what they hold is whole between any two calls: so would a poisoned one be.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
