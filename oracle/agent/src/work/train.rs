//! Training a claim: the run, its states kept, its block, its manifest, and the gain measured on own items.

use std::ops::ControlFlow;
use std::time::Instant;

use lyceum_api::canonical::Canonical;
use lyceum_api::claim::ClaimContent;
use lyceum_api::manifest::Manifest;
use lyceum_learn::state::salted;
use lyceum_learn::{Model, Observer, Progress, RunRecord, State, Trainer, block, gain, score};
use lyceum_onchain::merkle;

use super::material::MAX_TEXT;
use super::runs::Log;
use super::scoring::{OWN_ITEMS, drawn};
use super::{JobContext, Run};
use crate::action::Subject;
use crate::event::What;
use crate::{AgentError, Hash32, Result, Trained};

/// Watches a run: keeps states in the store, tells progress, writes where it has come to, stops when told to.
struct Keeper<'a> {
    ctx: &'a JobContext,
    claim: u64,
    log: Log<'a>,
    told: Instant,
}

impl Observer for Keeper<'_> {
    fn progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        if self.told.elapsed().as_millis() >= 200 || progress.step == progress.steps {
            self.told = Instant::now();
            self.ctx.board.progress(&format!("train/{}", self.claim), progress);
            self.ctx.events.tell(What::Training { claim: self.claim, progress: *progress });
        }
        if self.ctx.alive().is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn keep(&mut self, j: u32, _: &State, bytes: &[u8]) -> std::result::Result<(), String> {
        let root = self.ctx.keep(bytes).map_err(|e| e.to_string())?;
        self.log.kept.push((j, root));
        Ok(())
    }

    fn so_far(&mut self, record: &RunRecord) {
        self.log.write(record);
    }
}

/// The honest way. A run that an earlier life of the node had begun goes on from its last kept state.
pub fn train(ctx: &JobContext, subject: &Subject) -> Result<Trained> {
    let run = ctx.run(subject)?;
    let claim = subject.claim.id;
    let (log, before) = Log::open(ctx, subject, &run)?;
    let mut keeper = Keeper { ctx, claim, log, told: Instant::now() };
    let (trainer, done) = match before {
        Some((mut record, state)) => {
            let mut trainer = Trainer::resume(run.parent.copy(), run.spec.clone(), &run.shards, &state)?;
            ctx.events.tell(What::Resumed { claim, step: state.step, steps: run.spec.steps() });
            record.shards = trainer.plan().uses(run.spec.steps());
            let done = lyceum_learn::go_on(&mut trainer, record, &mut keeper);
            (trainer, done)
        }
        None => {
            let mut trainer = Trainer::new(run.parent.copy(), run.spec.clone(), &run.shards)?;
            let done = lyceum_learn::run(&mut trainer, &mut keeper);
            (trainer, done)
        }
    };
    let record = match done {
        Err(lyceum_learn::LearnError::Cancelled) => return Err(AgentError::Cancelled),
        done => done?,
    };
    let kept = keeper.log.kept;
    finish(ctx, subject, &run, trainer.model(), &record, kept)
}

/// Writes block and manifest of a run that came to `child`, and says what is claimed of it.
pub fn finish(
    ctx: &JobContext,
    subject: &Subject,
    run: &Run,
    child: &Model,
    record: &RunRecord,
    kept: Vec<(u32, Hash32)>,
) -> Result<Trained> {
    let bytes = block::write(&child.export(run.spec.target)?)?;
    let block = ctx.keep(&bytes)?;
    let claim = &subject.claim;
    let states = salted(&ctx.me.salt("states", claim.id), &record.roots);
    let seconds = record.seconds.round() as u32;
    let manifest = Manifest {
        task: claim.task,
        trainer: claim.trainer.to_string(),
        target: run.spec.target,
        base: subject.task.base,
        parent: subject.task.parent_root,
        seed: run.spec.seed,
        recipe: claim.recipe.clone(),
        steps_per_interval: run.spec.steps_per_interval,
        states: states.clone(),
        batches: record.batches.clone(),
        losses: record.losses.clone(),
        shards: record.shards.clone(),
        seconds,
        block,
    };
    let leaves: Vec<[u8; 32]> = states.iter().map(|s| s.0).collect();
    let content = ClaimContent {
        block,
        block_bytes: bytes.len() as u64,
        manifest: ctx.keep(&manifest.to_bytes())?,
        states: Hash32(merkle::root(&leaves)),
        reported: own_gain(ctx, subject, &run.parent, child)?,
    };
    ctx.events.tell(What::Trained {
        claim: claim.id,
        task: claim.task,
        block,
        steps: run.spec.steps(),
        seconds: record.seconds,
        reported: content.reported,
        losses: record.losses.clone(),
    });
    Ok(Trained { content, roots: record.roots.clone(), kept, seconds })
}

/// The gain on items of the domain's public held-out text that the trainer draws for itself.
fn own_gain(ctx: &JobContext, subject: &Subject, parent: &Model, child: &Model) -> Result<i64> {
    let domain = &subject.domain.domain;
    let held_out = ctx.fetch("held-out text", &domain.held_out, MAX_TEXT)?;
    let seed = ctx.me.salt("own-items", subject.claim.id);
    let items = drawn(&held_out, domain.sequence, OWN_ITEMS, &seed)?;
    Ok(gain(&score(parent, &items)?, &score(child, &items)?)?)
}
