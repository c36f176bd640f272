//! Learning: models, training, states, re-execution, scoring and generation, on libtorch through tch.
//!
//! This crate owns everything that touches a tensor's values: the Mixtral-shaped decoder, the optimizer, the
//! order of the data, the chain of states with its sketches, and the score of a model on items. It knows no
//! chain and no network; it may depend on `lyceum-api` for hashed values and on `lyceum-tensorblock` for files.
//! Start reading at [`model`] (what is trained), then [`train`] (how), [`run`](mod@run) (the chain of states a
//! manifest lists, and its re-execution) and [`sketch`] (what evaluators compare).
//!
//! Nothing here draws from torch's global random numbers: whatever looks random is counted from a seed
//! ([`rng`]), so that any step can be done again alone. Threads are the caller's to choose
//! (`tch::set_num_threads(1)` for a node that shares its machine).

pub mod block;
pub mod config;
pub mod data;
pub mod device;
pub mod domain;
pub mod error;
pub mod generate;
pub mod items;
mod kernels;
pub mod model;
mod nn;
pub mod optim;
pub mod rng;
pub mod run;
pub mod score;
pub mod seal;
pub mod sketch;
pub mod state;
pub mod tensors;
pub mod timelock;
pub mod train;

pub use config::ModelConfig;
pub use data::{BatchPlan, Shard};
pub use domain::{Domain, LanguageDomain};
pub use error::{LearnError, Result};
pub use lyceum_api::Hash32;
pub use lyceum_api::manifest::{Recipe, Target};
pub use model::Model;
pub use run::{Observer, Progress, RunRecord, go_on, rederive, reexecute, run};
pub use score::{ScoreReport, gain, score};
pub use state::State;
pub use train::{RunSpec, Trainer};
