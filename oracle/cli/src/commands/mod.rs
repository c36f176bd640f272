//! One file per command: its arguments, its work, its output as text and as JSON.

pub mod audit;
pub mod authority;
pub mod balance;
pub mod beacon;
pub mod completions;
pub mod demo;
pub mod deploy;
pub mod export;
mod foreseen;
pub mod generate;
pub mod init;
pub mod inspect;
pub mod keys;
pub mod node;
pub mod query;
pub mod send;
mod sending;
pub mod tx;
pub mod upgrade;
