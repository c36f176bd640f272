//! One file per story.
pub mod admin;
pub mod bond;
pub mod delegate;
pub mod exit;
pub mod gpu;
pub mod jail;
pub mod register;
pub mod report;
pub mod share;
pub mod slash;
