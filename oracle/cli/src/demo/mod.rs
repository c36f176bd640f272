//! `lyceum demo` from inside: the whole main job on this machine, with honest and dishonest nodes.
//!
//! [`fit`] asks what auditors would say of the texts, [`cast`] says who takes part, [`base`] trains the base before genesis, [`genesis`] prepares what the chain is
//! told, [`embedded`] brings it up with everything registered and bonded, [`live`] lets the nodes live, [`collect`]
//! asks the chain what came of it, and [`books`] what became of everybody's money.
//! Everything after genesis is done by the nodes themselves, through real messages; nothing here decides a verdict.

pub mod base;
pub mod books;
pub mod cast;
pub mod collect;
pub mod embedded;
pub mod fit;
pub mod genesis;
pub mod live;
pub mod progress;
#[cfg(test)]
mod promise;
pub mod shards;
pub mod show;
pub mod wasmd;

use std::path::PathBuf;

use lyceum_learn::{Hash32, ModelConfig};

use crate::corpus::{Corpus, Parts};

/// Tokens of a sequence and sequences of a batch: 4 × 256 tokens a step.
pub const SEQUENCE: u32 = 256;
/// Sequences of a batch.
pub const BATCH: u32 = 4;
/// S: steps of an interval.
pub const STEPS_PER_INTERVAL: u32 = 2;

/// What the user asked for, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The domains' texts.
    pub corpora: Vec<Corpus>,
    /// Where the report goes.
    pub out: PathBuf,
    /// Evaluators.
    pub evaluators: usize,
    /// Steps of a claim.
    pub steps: u32,
    /// Steps of the base.
    pub base_steps: u32,
    /// The seed.
    pub seed: u64,
    /// Where tensors are worked on.
    pub device: tch::Device,
    /// The seed of the events at which honest nodes are killed and started again; nobody is dishonest then.
    pub kill: Option<u64>,
}

impl Settings {
    /// A hash of the seed for a purpose.
    pub fn derive(&self, purpose: &str) -> Hash32 {
        Hash32::of(format!("lyceum demo/{}/{purpose}", self.seed).as_bytes())
    }

    /// The architecture: an expert for each domain and the shared one, at least three.
    pub fn config(&self) -> ModelConfig {
        ModelConfig::demo((self.corpora.len() + 1).max(3))
    }

    /// Intervals of a claim.
    pub fn intervals(&self) -> u32 {
        self.steps / STEPS_PER_INTERVAL
    }
}

/// A domain of the demo.
#[derive(Debug, Clone)]
pub struct DomainText {
    /// Its name.
    pub name: String,
    /// Its licence.
    pub licence: String,
    /// Its text, divided.
    pub parts: Parts,
}

impl DomainText {
    /// The domain of a corpus.
    pub fn of(corpus: &Corpus) -> Self {
        Self { name: corpus.name.clone(), licence: corpus.licence.expression(), parts: corpus.parts() }
    }
}
