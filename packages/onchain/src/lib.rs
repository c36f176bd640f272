//! What Lyceum's contracts share: accumulator, sortition, beacon, sketches, tally, queues, paging, permission.
//!
//! Storage-backed parts ([`Accumulator`](accumulator::Accumulator), [`Sortition`](sortition::Sortition),
//! [`ClaimsQueue`](claims_queue::ClaimsQueue)) are values made from storage keys, as those of cw-storage-plus
//! are; everything else is pure. Proofs and draws are used off chain as well. The crate depends on cosmwasm-std,
//! cw-storage-plus and hashes, and on no contract; it knows no message.
//!
//! Start with [`sortition`] (who is drawn), [`intervals`] (what they check) and [`sketch`] (how it is compared).
pub mod accumulator;
pub mod beacon;
pub mod claims_queue;
mod hash;
pub mod intervals;
pub mod merkle;
pub mod paging;
pub mod permission;
pub mod sketch;
pub mod sortition;
pub mod tally;
pub mod version;
