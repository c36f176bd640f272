//! The language Lyceum speaks on chain and in hashes.
//!
//! This crate owns the messages, answers and events of every contract, their typed clients, and every hashed
//! value (manifests, claims, attestations, sketch openings) with its one canonical, versioned encoding.
//! It holds no state types and no behaviour beyond encoding and checking; it may depend only on
//! `lyceum-economy`. Start reading at [`canonical`], then the module of the contract you care about.

pub mod attestation;
pub mod canonical;
pub mod charter;
pub mod claim;
pub mod client;
pub mod credits;
pub mod datasets;
pub mod experts;
pub mod hash;
pub mod manifest;
pub mod nodes;
pub mod rewards;
pub mod tasks;

pub use hash::Hash32;

/// The one denomination: 1 LYC = 10⁶ ulyc.
pub const DENOM: &str = "ulyc";

/// The unit of scores (bits per byte) and gains (percent): 1.0 is 1 000 000.
pub const MICRO: i64 = 1_000_000;
