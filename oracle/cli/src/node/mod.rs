//! `lyceum node` from inside. [`check`] says whether a node could begin; [`life`] begins, keeps it going, and ends it
//! in good order; [`telling`] turns what its parts say into health and metrics.

pub mod check;
mod disk;
mod fetching;
pub mod identity;
pub mod life;
mod lock;
mod parts;
mod peers;
pub mod signals;
mod telling;
