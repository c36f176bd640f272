//! `rewards` from outside.
mod conservation;
mod emission;
mod refusals;
mod treasury;
mod world;
