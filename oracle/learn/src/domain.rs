//! Domains: what is being improved, as a plugin. The language-model domain is the first.

use std::sync::Arc;

use crate::data::Shard;
use crate::items::Items;
use crate::run::{Observer, RunRecord, run};
use crate::score::{ScoreReport, score};
use crate::tensors::TensorMap;
use crate::{Hash32, LearnError, Model, Result, RunSpec, Trainer};

/// What a domain's score means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, as the chain's domain has it.
    pub name: &'static str,
    /// Whether less is better.
    pub lower_is_better: bool,
}

/// What a node needs to work in a domain. Domains are found by name, as the chain's are.
pub trait Domain: Send + Sync {
    /// The name under which the chain knows it.
    fn name(&self) -> &str;

    /// What is measured.
    fn metric(&self) -> Metric;

    /// Trains the specified target of a parent; gives the record for the manifest and the tensors of the new block.
    fn train(
        &self,
        parent: &Model,
        spec: &RunSpec,
        shards: &[Shard],
        observer: &mut dyn Observer,
    ) -> Result<(RunRecord, TensorMap)>;

    /// Scores a model on items.
    fn evaluate(&self, model: &Model, items: &Items) -> Result<ScoreReport>;

    /// A seat's own items, from its seed.
    fn synthesize(&self, seed: &Hash32, count: usize) -> Result<Items>;
}

/// Language: bits per byte on windows of text.
#[derive(Debug, Clone)]
pub struct LanguageDomain {
    name: String,
    held_out: Arc<[u8]>,
    window: usize,
}

impl LanguageDomain {
    /// A domain whose public held-out text is `held_out`, scored in windows of `window` bytes.
    pub fn new(name: impl Into<String>, held_out: impl Into<Arc<[u8]>>, window: usize) -> Result<Self> {
        let held_out = held_out.into();
        if window < 4 || held_out.len() < window {
            let (required, found) = (window.max(4) as u64, held_out.len() as u64);
            return Err(LearnError::TooShort { what: "a domain's held-out text", required, found });
        }
        Ok(Self { name: name.into(), held_out, window })
    }
}

impl Domain for LanguageDomain {
    fn name(&self) -> &str {
        &self.name
    }

    fn metric(&self) -> Metric {
        Metric { name: "bits_per_byte", lower_is_better: true }
    }

    fn train(
        &self,
        parent: &Model,
        spec: &RunSpec,
        shards: &[Shard],
        observer: &mut dyn Observer,
    ) -> Result<(RunRecord, TensorMap)> {
        let mut trainer = Trainer::new(parent.copy(), spec.clone(), shards)?;
        let record = run(&mut trainer, observer)?;
        Ok((record, trainer.model().export(spec.target)?))
    }

    fn evaluate(&self, model: &Model, items: &Items) -> Result<ScoreReport> {
        score(model, items)
    }

    fn synthesize(&self, seed: &Hash32, count: usize) -> Result<Items> {
        Items::synthesize(&self.held_out, self.window, count, seed)
    }
}
