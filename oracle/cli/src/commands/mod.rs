//! One file per command: its arguments, its work, its output as text and as JSON.

pub mod demo;
pub mod export;
pub mod generate;
pub mod inspect;
