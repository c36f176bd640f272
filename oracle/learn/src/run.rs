//! A run and its chain of states: what a manifest lists, the states a trainer keeps, and doing any interval again.

use std::ops::ControlFlow;
use std::time::Instant;

use lyceum_api::manifest::ShardUse;

use crate::data::Shard;
use crate::state::root_of_block;
use crate::{Hash32, LearnError, Model, Result, RunSpec, State, Trainer};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// Steps of the run.
    pub steps: u64,
    /// Loss of the last step, nats a token.
    pub loss: f64,
    /// Tokens a second since the run began.
    pub tokens_per_second: f64,
    /// Seconds until the end at that speed.
    pub remaining: f64,
}

/// Who watches a run. Both methods may do nothing.
pub trait Observer {
    /// Called after every step; `Break` cancels the run.
    fn progress(&mut self, _: &Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Called with every state that is to be kept (every tenth, and the last), and its tensor block.
    fn keep(&mut self, _j: u32, _state: &State, _block: &[u8]) -> std::result::Result<(), String> {
        Ok(())
    }
}

/// An observer of nothing.
impl Observer for () {}

/// What a run leaves for its manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Roots of states 0 … n, before salting ([`crate::state::salted`] salts them).
    pub roots: Vec<Hash32>,
    /// For each interval the hash of its batches.
    pub batches: Vec<Hash32>,
    /// For each interval its mean loss, nats × 10⁻⁶.
    pub losses: Vec<i64>,
    /// Bytes read from each shard.
    pub shards: Vec<ShardUse>,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// Runs a trainer from its first step to its last, n intervals of S steps; refuses one that has begun.
pub fn run(trainer: &mut Trainer, observer: &mut dyn Observer) -> Result<RunRecord> {
    let spec = trainer.spec().clone();
    if trainer.steps_taken() != 0 {
        return Err(LearnError::Step { found: trainer.steps_taken(), expected: 0 });
    }
    let begun = Instant::now();
    let mut record = RunRecord {
        roots: vec![state_of(trainer, 0, observer)?],
        batches: Vec::new(),
        losses: Vec::new(),
        shards: trainer.plan().uses(spec.steps()),
        seconds: 0.0,
    };
    for j in 0..spec.intervals {
        let mut sum = 0.0;
        for _ in 0..spec.steps_per_interval {
            let loss = trainer.step()?;
            sum += loss;
            let (step, seconds) = (trainer.steps_taken(), begun.elapsed().as_secs_f64().max(1e-9));
            let progress = Progress {
                step,
                steps: spec.steps(),
                loss,
                tokens_per_second: (step * (spec.rows * spec.context) as u64) as f64 / seconds,
                remaining: seconds / step as f64 * (spec.steps() - step) as f64,
            };
            if observer.progress(&progress).is_break() {
                return Err(LearnError::Cancelled);
            }
        }
        record.losses.push((sum / f64::from(spec.steps_per_interval) * 1e6).round() as i64);
        record.batches.push(trainer.plan().interval_hash(j, spec.steps_per_interval));
        record.roots.push(state_of(trainer, j + 1, observer)?);
    }
    record.seconds = begun.elapsed().as_secs_f64();
    Ok(record)
}

fn state_of(trainer: &Trainer, j: u32, observer: &mut dyn Observer) -> Result<Hash32> {
    let state = trainer.state()?;
    let block = state.to_block()?;
    if trainer.spec().keeps(j) {
        observer.keep(j, &state, &block).map_err(LearnError::Sink)?;
    }
    Ok(root_of_block(state.step, &trainer.spec().seed, &block))
}

/// State `j` of a run, from a kept one at or before it. `parent` is the model the run began from.
pub fn rederive(parent: &Model, spec: &RunSpec, shards: &[Shard], kept: &State, j: u32) -> Result<State> {
    let end = u64::from(j) * u64::from(spec.steps_per_interval);
    if kept.step > end || end > spec.steps() {
        return Err(LearnError::Step { found: kept.step, expected: end });
    }
    let mut trainer = Trainer::resume(parent.copy(), spec.clone(), shards, kept)?;
    while trainer.steps_taken() < end {
        trainer.step()?;
    }
    trainer.state()
}

/// Does interval `j` again from its served start state; gives the end state that honest work reaches.
pub fn reexecute(parent: &Model, spec: &RunSpec, shards: &[Shard], start: &State, j: u32) -> Result<State> {
    let expected = u64::from(j) * u64::from(spec.steps_per_interval);
    if j >= spec.intervals || start.step != expected {
        return Err(LearnError::Step { found: start.step, expected });
    }
    rederive(parent, spec, shards, start, j + 1)
}
