//! `tasks` from outside, among neighbours that record what they are told.
mod life;
mod mocks;
mod run;
mod world;
