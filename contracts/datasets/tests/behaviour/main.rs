//! `datasets` from outside.
mod audit;
mod conservation;
mod mocks;
mod proposal;
mod queries;
mod refusals;
mod switches;
mod usage;
mod vote;
mod world;
