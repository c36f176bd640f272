//! The chain as the oracle sees it: query, execute, events, time.
//!
//! This crate owns the [`Chain`] trait and its implementations. `embedded` (a feature) runs the same contracts in
//! process on a thread of its own; `cosmos` (a feature) is the client of a real chain, and no caller can tell which
//! it has. The crate may depend on `lyceum-api` and `lyceum-files`, and on `lyceum-testing` for the feature `embedded`
//! alone; it knows nothing of learning or storage. Start reading at [`Chain`], then [`logical`] (how embedded time goes
//! on) or `cosmos` (what a real one asks for).

mod client;
#[cfg(feature = "conformance")]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a suite of tests: a broken promise is a panic
pub mod conformance;
#[cfg(feature = "cosmos")]
pub mod cosmos;
mod deployment;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
pub mod logical;
mod types;

pub use client::{Chain, MAX_EVENTS};
pub use deployment::{Addresses, CONTRACTS, Code, DEPLOYMENT_VERSION, Deployment};
pub use error::{ChainError, Result};
pub use types::{BlockEvents, Contracts, Head, MAX_JSON, Msg, Tx, TxEvents, TxResult, Until};
