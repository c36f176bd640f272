//! One file per story.
pub mod admin;
pub mod bond;
pub mod gpu;
pub mod jail;
pub mod register;
pub mod report;
pub mod slash;
