//! A run and its chain of states: what a manifest lists, the states a trainer keeps, and doing any interval again.

use std::ops::ControlFlow;
use std::time::Instant;

use lyceum_api::manifest::ShardUse;

use crate::data::Shard;
use crate::state::root_of_block;
use crate::{Hash32, LearnError, Model, Result, RunSpec, State, Trainer};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
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

    /// Called after every state that is to be kept with the record so far, from which [`go_on`] can go on.
    fn so_far(&mut self, _: &RunRecord) {}
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
    if trainer.steps_taken() != 0 {
        return Err(LearnError::Step { found: trainer.steps_taken(), expected: 0 });
    }
    let mut record = RunRecord {
        roots: Vec::new(),
        batches: Vec::new(),
        losses: Vec::new(),
        shards: trainer.plan().uses(trainer.spec().steps()),
        seconds: 0.0,
    };
    record.roots.push(state_of(trainer, 0, observer)?);
    observer.so_far(&record);
    go_on(trainer, record, observer)
}

/// Runs a trainer that was resumed from a kept state to its last step. The record is the one that the run had made
/// when it kept that state; it ends as if the run had never been interrupted, but for its seconds.
pub fn go_on(trainer: &mut Trainer, record: RunRecord, observer: &mut dyn Observer) -> Result<RunRecord> {
    let mut record = record;
    let spec = trainer.spec().clone();
    let from = record.batches.len() as u64;
    let expected = from * u64::from(spec.steps_per_interval);
    let whole = record.roots.len() as u64 == from + 1 && record.losses.len() as u64 == from;
    if trainer.steps_taken() != expected || !whole || expected > spec.steps() {
        return Err(LearnError::Step { found: trainer.steps_taken(), expected });
    }
    let (begun, before) = (Instant::now(), record.seconds);
    // At most n, which is a u32.
    for j in from as u32..spec.intervals {
        let mut sum = 0.0;
        for _ in 0..spec.steps_per_interval {
            let loss = trainer.step()?;
            sum += loss;
            let (step, seconds) = (trainer.steps_taken(), begun.elapsed().as_secs_f64().max(1e-9));
            let taken = (step - expected) as f64;
            let progress = Progress {
                step,
                steps: spec.steps(),
                loss,
                tokens_per_second: taken * (spec.rows * spec.context) as f64 / seconds,
                remaining: seconds / taken * (spec.steps() - step) as f64,
            };
            if observer.progress(&progress).is_break() {
                return Err(LearnError::Cancelled);
            }
        }
        record.losses.push((sum / f64::from(spec.steps_per_interval) * 1e6).round() as i64);
        record.batches.push(trainer.plan().interval_hash(j, spec.steps_per_interval));
        record.roots.push(state_of(trainer, j + 1, observer)?);
        record.seconds = before + begun.elapsed().as_secs_f64();
        if spec.keeps(j + 1) {
            observer.so_far(&record);
        }
    }
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
