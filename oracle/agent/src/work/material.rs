//! What runs and scores are made of: models from their blocks, shards, specifications.

use cosmwasm_std::Addr;
use lyceum_api::claim::ClaimContent;
use lyceum_api::experts::ModelResponse;
use lyceum_learn::{Model, ModelConfig, RunSpec, Shard, State, Target, block};
use lyceum_store::Blob;

use super::JobContext;
use crate::action::Subject;
use crate::{AgentError, Hash32, Result};

/// The longest shard, benchmark or held-out text.
pub(super) const MAX_TEXT: u64 = 256 << 20;

/// Everything a run's outcome depends on.
#[derive(Debug)]
pub struct Run {
    /// Whose claim it is: what the run came to is fetched from there first.
    pub trainer: Addr,
    /// The parent: base with the heads that the task pinned.
    pub parent: Model,
    /// The run.
    pub spec: RunSpec,
    /// The shards, in the task's order.
    pub shards: Vec<Shard>,
}

/// Bytes of a tensor block of these tensors at most, table and padding included.
fn block_bound(tensors: &[(String, Vec<i64>)], copies: u64) -> u64 {
    let one = |(name, shape): &(String, Vec<i64>)| {
        let values = shape.iter().map(|d| d.unsigned_abs()).fold(1u64, u64::saturating_mul);
        // Name, shape and alignment of a tensor take far less than 1 KiB.
        values.saturating_mul(4).saturating_add(1024 + name.len() as u64)
    };
    let sum = tensors.iter().map(one).fold(4096u64, u64::saturating_add);
    sum.saturating_mul(copies)
}

impl JobContext {
    /// A model's configuration, as it was registered.
    pub fn config(&self, model: &ModelResponse) -> Result<ModelConfig> {
        Ok(ModelConfig::from_json(&model.model.config)?)
    }

    /// A model's base with these expert blocks in place.
    pub fn model(&self, model: &ModelResponse, heads: &[(u32, Hash32)]) -> Result<Model> {
        let config = self.config(model)?;
        let base = self.fetch("base", &model.model.base, model.model.base_bytes)?;
        let base = Model::from_block(config.clone(), &base, self.device)?;
        let mut experts = Vec::new();
        for (index, root) in heads {
            let most = block_bound(&config.trained_tensors(Target::Expert { index: *index })?, 1);
            experts.push((*index, block::read(&self.fetch("expert block", root, most)?)?));
        }
        let experts: Vec<_> = experts.iter().map(|(i, tensors)| (*i, tensors)).collect();
        Ok(base.compose(&experts)?)
    }

    /// A block put in place of what a target names.
    pub fn place(&self, model: &mut Model, target: Target, root: &Hash32) -> Result<()> {
        let most = block_bound(&model.config().trained_tensors(target)?, 1);
        let tensors = block::read(&self.fetch("block", root, most)?)?;
        Ok(model.import(target, &tensors)?)
    }

    /// The block that a claim reveals; refused if it is longer than a block of its target can be, whatever length
    /// was claimed.
    pub(super) fn claimed_block(
        &self,
        config: &ModelConfig,
        target: Target,
        content: &ClaimContent,
        trainer: &Addr,
    ) -> Result<Blob> {
        let most = block_bound(&config.trained_tensors(target)?, 1);
        self.fetch_of(trainer, "block", &content.block, content.block_bytes.min(most))
    }

    /// The model that a task's runs begin from.
    pub fn parent(&self, subject: &Subject) -> Result<Model> {
        let (task, target) = (&subject.task, subject.task.task.target);
        let mut parent = self.model(&subject.model, &task.heads)?;
        if task.parent.is_some() && !matches!(target, Target::Expert { .. }) {
            self.place(&mut parent, target, &task.parent_root)?;
        }
        Ok(parent)
    }

    /// The run of a claim whose seed is known.
    pub fn run(&self, subject: &Subject) -> Result<Run> {
        let (claim, task, domain) = (&subject.claim, &subject.task.task, &subject.domain.domain);
        let seed = claim.seed.ok_or(AgentError::Unknown { what: "the seed of claim", id: claim.id })?;
        let spec = RunSpec {
            target: task.target,
            recipe: claim.recipe.clone(),
            seed,
            intervals: task.intervals,
            steps_per_interval: task.steps_per_interval,
            rows: domain.batch as usize,
            context: domain.sequence as usize,
        };
        spec.validate()?;
        let shards = task
            .shards
            .iter()
            .map(|s| {
                let bytes = self.fetch("shard", &s.root, MAX_TEXT)?;
                Ok(Shard::new(bytes.to_vec()).for_expert(domain.expert))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Run { trainer: claim.trainer.clone(), parent: self.parent(subject)?, spec, shards })
    }

    /// A state of a run from the block of its tensors, checked.
    pub fn state(&self, run: &Run, state: u32, tensors: &Hash32) -> Result<State> {
        let (config, spec) = (run.parent.config(), &run.spec);
        let most = block_bound(&config.trained_tensors(spec.target)?, 3);
        let bytes = self.fetch_of(&run.trainer, "state", tensors, most)?;
        let step = u64::from(state) * u64::from(spec.steps_per_interval);
        let state = State::from_block(&bytes, step)?;
        state.check(config, spec.target)?;
        Ok(state)
    }
}
