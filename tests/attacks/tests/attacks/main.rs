//! One test per attack; see the crate's documentation.

mod arena;
mod committing;
mod data;
mod delegation;
mod disputes;
mod draws;
mod earning;
mod replays;
mod seats;

mod serving;
mod training;
