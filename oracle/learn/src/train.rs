//! Training: one step after another, each a pure function of the parent, the specification and the shards.

mod router_loss;

use lyceum_api::manifest::{KEPT_EVERY, MAX_INTERVALS};
use tch::{Device, Kind};

use crate::data::{BatchPlan, Shard};
use crate::kernels;
use crate::nn::{Needs, Prepared, backward, forward};
use crate::optim::{Hyper, learning_rate, update};
use crate::tensors::TensorMap;
use crate::{Hash32, LearnError, Model, Recipe, Result, State, Target};

/// Everything that fixes the outcome of a run besides its parent and its shards.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSpec {
    /// What is trained.
    pub target: Target,
    /// What the trainer chose.
    pub recipe: Recipe,
    /// Data order and noise.
    pub seed: Hash32,
    /// n: intervals of the run.
    pub intervals: u32,
    /// S: steps of an interval.
    pub steps_per_interval: u32,
    /// Windows of a step.
    pub rows: usize,
    /// Tokens of a window.
    pub context: usize,
}

impl RunSpec {
    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        u64::from(self.intervals) * u64::from(self.steps_per_interval)
    }

    /// Checks the bounds; [`Trainer::new`] calls it.
    pub fn validate(&self) -> Result<()> {
        let refuse = |text: String| Err(LearnError::Recipe(text));
        if !(1..=MAX_INTERVALS).contains(&self.intervals) || !(1..=1 << 16).contains(&self.steps_per_interval)
        {
            return refuse(format!("{} intervals of {} steps", self.intervals, self.steps_per_interval));
        }
        // A rate of 1 is far beyond what trains anything.
        if !(1..=1_000_000_000).contains(&self.recipe.peak_lr_nano) {
            return refuse(format!("peak learning rate of {} × 10⁻⁹", self.recipe.peak_lr_nano));
        }
        if u64::from(self.recipe.warmup_steps) >= self.steps() {
            return refuse(format!("warm-up of {} in {} steps", self.recipe.warmup_steps, self.steps()));
        }
        Ok(())
    }

    /// Whether state `j` is among those a trainer keeps: every tenth, and the last.
    pub fn keeps(&self, j: u32) -> bool {
        j.is_multiple_of(KEPT_EVERY) || j == self.intervals
    }
}

/// A model being trained.
#[derive(Debug)]
pub struct Trainer {
    model: Model,
    spec: RunSpec,
    plan: BatchPlan,
    hyper: Hyper,
    prepared: Prepared,
    /// Names of what is trained, in order.
    trained: Vec<String>,
    m: TensorMap,
    v: TensorMap,
    step: u64,
}

impl Trainer {
    /// A run at its first step: the parent's weights, m = v = 0.
    pub fn new(model: Model, spec: RunSpec, shards: &[Shard]) -> Result<Self> {
        let parent = model.export(spec.target)?;
        Self::resume(model, spec, shards, &State::initial(&parent))
    }

    /// A run at a state, which is checked.
    pub fn resume(mut model: Model, spec: RunSpec, shards: &[Shard], state: &State) -> Result<Self> {
        spec.validate()?;
        state.check(model.config(), spec.target)?;
        if spec.context > model.config().max_position_embeddings {
            let (found, most) = (spec.context, model.config().max_position_embeddings);
            return Err(LearnError::Recipe(format!("context of {found}, the model has {most}")));
        }
        if model.config().vocab_size < 256 {
            return Err(LearnError::Recipe("bytes need a vocabulary of 256".to_owned()));
        }
        if state.step > spec.steps() {
            return Err(LearnError::Step { found: state.step, expected: spec.steps() });
        }
        let plan = BatchPlan::new(&spec.seed, &spec.recipe, shards, spec.rows, spec.context)?;
        let experts = model.config().num_local_experts;
        if let Some(index) = shards.iter().filter_map(Shard::expert).find(|e| *e as usize >= experts) {
            return Err(LearnError::Expert { index, experts });
        }
        model.import(spec.target, &state.w)?;
        let prepared = Prepared::new(model.config(), model.weights(), model.device())?;
        let (m, v) = (state.m.copy_to(model.device()), state.v.copy_to(model.device()));
        let trained = state.w.names().map(str::to_owned).collect();
        Ok(Self { model, spec, plan, hyper: Hyper::default(), prepared, trained, m, v, step: state.step })
    }

    /// One step; gives the mean loss in nats a token. Refuses to go beyond the run.
    pub fn step(&mut self) -> Result<f64> {
        if self.step >= self.spec.steps() {
            return Err(LearnError::Step { found: self.step, expected: self.spec.steps() - 1 });
        }
        let batch = self.plan.batch(self.step);
        let (ids, targets) = batch.tensors(self.model.device());
        let mut tape = None;
        let logits = forward(&self.prepared, &ids, Some(&mut tape));
        let flat = logits.reshape([-1, self.model.config().vocab_size as i64]);
        let ce = kernels::cross_entropy(&flat, &targets, true);
        let loss = ce.losses.mean(Kind::Double).f_double_value(&[])?;
        // The forward pass fills the tape it is given, and the loss gives the gradient it is asked for.
        let (Some(tape), Some(dlogits)) = (tape, ce.dlogits) else {
            return Err(LearnError::Diverged { step: self.step });
        };
        if !loss.is_finite() {
            return Err(LearnError::Diverged { step: self.step });
        }
        let direct = match self.spec.target {
            Target::Expert { .. } => None,
            _ => Some(router_loss::gradients(self.model.config(), &tape, &batch, self.plan.shards())),
        };
        let needs = Needs { target: self.spec.target, router: direct.as_deref() };
        let grads = backward(&self.prepared, &tape, &dlogits, &needs)?;
        let lr = learning_rate(&self.spec.recipe, self.step, self.spec.steps());
        let weights = self.model.weights_mut();
        update(&self.hyper, lr, self.step, weights, &mut self.m, &mut self.v, &grads)?;
        self.refresh()?;
        self.step += 1;
        Ok(loss)
    }

    /// Takes the changed weights over into the joined matrices.
    fn refresh(&mut self) -> Result<()> {
        match self.spec.target {
            Target::Expert { index } => self.prepared.refresh_expert(self.model.weights(), index as usize),
            _ => {
                self.prepared =
                    Prepared::new(self.model.config(), self.model.weights(), self.model.device())?;
                Ok(())
            }
        }
    }

    /// Steps taken.
    pub fn steps_taken(&self) -> u64 {
        self.step
    }

    /// The run's specification.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The order of its data.
    pub fn plan(&self) -> &BatchPlan {
        &self.plan
    }

    /// The model as it stands.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model, at the end.
    pub fn into_model(self) -> Model {
        self.model
    }

    /// A copy of the state as it stands.
    pub fn state(&self) -> Result<State> {
        let w = self
            .trained
            .iter()
            .map(|name| Ok((name.clone(), self.model.weights().get(name)?.to_device(Device::Cpu).copy())))
            .collect::<Result<TensorMap>>()?;
        Ok(State { step: self.step, w, m: self.m.copy_to(Device::Cpu), v: self.v.copy_to(Device::Cpu) })
    }

    /// Gradients of the next step's loss, for tests of the backward pass.
    #[cfg(test)]
    pub(crate) fn gradients(&self) -> (tch::Tensor, TensorMap) {
        let batch = self.plan.batch(self.step);
        let (ids, targets) = batch.tensors(self.model.device());
        let mut tape = None;
        let logits = forward(&self.prepared, &ids, Some(&mut tape));
        let tape = tape.unwrap();
        let flat = logits.reshape([-1, self.model.config().vocab_size as i64]);
        let ce = kernels::cross_entropy(&flat, &targets, true);
        let direct = router_loss::gradients(self.model.config(), &tape, &batch, self.plan.shards());
        let router = (!matches!(self.spec.target, Target::Expert { .. })).then_some(&direct[..]);
        let needs = Needs { target: self.spec.target, router };
        (ce.losses.mean(Kind::Float), backward(&self.prepared, &tape, &ce.dlogits.unwrap(), &needs).unwrap())
    }
}
