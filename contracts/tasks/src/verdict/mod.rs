//! The judgements of this contract as pure functions: what must be answered, what differs, what jumps, what a
//! panel measured. Nothing here reads or writes state.
mod compare;
mod jumps;
mod scores;
mod shape;

pub use compare::{Ends, Opened, agrees, ends_in};
pub use jumps::{jumping, largest_change};
pub use scores::{Medians, guard_holds, items_apart, medians, rejection, spread};
pub use shape::{Asked, check_attestation};
