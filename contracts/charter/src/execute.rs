//! One file per story.
pub mod act;
pub mod authority;
pub mod pact;
pub mod pause;
pub mod rules;
