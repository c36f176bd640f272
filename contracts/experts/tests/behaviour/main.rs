//! `experts` from outside.
mod blocks;
mod proofs;
mod refusals;
mod world;
