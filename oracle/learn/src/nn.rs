//! The decoder's arithmetic: a forward pass that can keep a tape, and the backward pass over it, written out by
//! hand. Autograd would compute gradients for everything between the loss and an expert; here only what the
//! target needs is computed, with fused kernels on the CPU and no graph to build.

mod attention;
mod backward;
mod forward;
mod moe;
mod prepared;
#[cfg(test)]
mod reference;

pub(crate) use attention::{Attended, rotary_tables};
pub(crate) use backward::{Needs, backward};
pub(crate) use forward::{LayerTape, Tape, forward};
pub(crate) use moe::{Routing, mixture};
pub(crate) use prepared::Prepared;
