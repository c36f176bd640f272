//! `lyceum node` from inside. [`local`] is what a node begins with on its machine; [`check`] says whether it could begin;
//! [`life`] begins, keeps it going, and ends it in good order; [`twin`] finds a copy of it that runs elsewhere;
//! [`observability`] turns what its parts say into health and metrics.

pub mod check;
mod disk;
mod fetching;
pub mod identity;
pub mod life;
mod local;
mod lock;
mod observability;
mod parts;
mod peers;
pub mod signals;
mod twin;
#[cfg(test)]
mod twin_tests;
