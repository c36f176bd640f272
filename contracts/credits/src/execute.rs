//! One file per story.

mod award;
mod setup;

pub(crate) use award::award;
pub(crate) use setup::{instantiate, set_paused};
