//! Logical time: a chain whose heights wait for those who take part in them.
//!
//! Every participant has an index. A height stays open until each of them has ended its turn, by submitting or by
//! saying until when it waits. It then takes the transactions in the order (participant, sequence), executes them,
//! and the next height opens: block seconds later, or, if nothing happened and nobody waits for a height, at the
//! earliest time that anybody waits for. So a run is the same whatever the scheduling of threads, and time costs
//! nothing: who works until a time is simply not awake before it, and the chain waits there for it to come.
//!
//! [`Clock`] is that rule as a value; [`serve`] runs it over a [`Ledger`] behind a bounded channel, to which a
//! [`Handle`] (one for each participant) speaks.

mod clock;
mod handle;
mod server;

pub use clock::{Clock, Woken};
pub use handle::{Handle, Info};
pub use server::{CHANNEL, Ledger, serve};
