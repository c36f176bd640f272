//! `tasks` from outside, among neighbours that record what they are told.
mod cheats;
mod conservation;
mod disputes;
mod events;
mod heads;
mod heard;
mod life;
mod mocks;
mod pauses;
mod refusals;
mod run;
mod way;
mod windows;
mod world;
