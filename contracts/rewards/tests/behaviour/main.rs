//! `rewards` from outside.
mod conservation;
mod emission;
mod refusals;
mod shared;
mod treasury;
mod world;
