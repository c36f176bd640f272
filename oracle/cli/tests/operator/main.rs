//! The operator's commands as they are met when something is wrong: each refusal with its exit code, its stable
//! code and what to do. No chain is needed; where an endpoint must answer, a thread of the test does.

mod chain;
mod contract_cli;
mod fixture;
mod homes;
mod keys;
mod lies;
mod node;
#[cfg(target_os = "linux")]
mod output;
mod sending;
mod wallet;
