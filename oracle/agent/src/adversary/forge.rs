//! [`Forger`]: trainers that claim runs they did not do. Manifest, roots and batches are as an honest run's would be;
//! only the states between are not.

use lyceum_api::attestation::{Opening, StateSketch};
use lyceum_api::canonical::Encoder;
use lyceum_api::tasks::{PanelResponse, ServedState};
use lyceum_learn::sketch::state_sketch;
use lyceum_learn::state::root_of_block;
use lyceum_learn::{RunRecord, Shard, State, Trainer, block, reexecute};

use super::Adversary;
use crate::action::Subject;
use crate::work::train::finish;
use crate::work::{self, JobContext, Run};
use crate::work_strategy::{Honest, WorkStrategy};
use crate::{Hash32, Result, Trained};

/// The most that a copied text or block may be long.
const MOST: u64 = 256 << 20;

/// A forging trainer.
#[derive(Debug)]
pub struct Forger {
    how: Adversary,
    /// The copied weights or the other text, once fetched: states must be rederived as they were forged.
    loot: std::sync::OnceLock<Vec<u8>>,
}

impl Forger {
    /// A forger of a kind.
    pub fn new(how: Adversary) -> Self {
        Self { how, loot: std::sync::OnceLock::new() }
    }

    fn fetch_loot(&self, ctx: &JobContext) -> Result<()> {
        let root = match &self.how {
            Adversary::OtherData { text } => text,
            Adversary::Jump { block, .. } => block,
            _ => return Ok(()),
        };
        let bytes = ctx.fetch("what is copied", root, MOST)?;
        // Whoever was first has fetched the same bytes.
        let _ = self.loot.set(bytes.to_vec());
        Ok(())
    }

    fn loot(&self) -> &[u8] {
        self.loot.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// One interval, not as it should be.
    fn interval(&self, run: &Run, from: State) -> Result<State> {
        let per = u64::from(run.spec.steps_per_interval);
        let end = from.step + per;
        let steps = |shards: &[Shard], spec, count: u64| -> Result<State> {
            let mut trainer = Trainer::resume(run.parent.copy(), spec, shards, &from)?;
            for _ in 0..count {
                trainer.step()?;
            }
            Ok(trainer.state()?)
        };
        match &self.how {
            Adversary::FewerSteps | Adversary::LiesAfterDraw => {
                let mut state = steps(&run.shards, run.spec.clone(), 1)?;
                state.step = end;
                Ok(state)
            }
            Adversary::OtherData { .. } => {
                let mut spec = run.spec.clone();
                spec.recipe.mixture = vec![1];
                steps(&[Shard::new(self.loot().to_vec())], spec, per)
            }
            Adversary::Jump { interval, .. } => {
                let at = from.step / per;
                let mut state = steps(&run.shards, run.spec.clone(), per)?;
                if at == u64::from(*interval) {
                    state.w = block::read(self.loot())?;
                    state.check(run.parent.config(), run.spec.target)?;
                }
                Ok(state)
            }
            Adversary::Unrevealing | Adversary::LazyEvaluator => {
                Honest.advance_to(run, from, (end / per) as u32)
            }
        }
    }

    fn forge(&self, ctx: &JobContext, subject: &Subject) -> Result<Trained> {
        let begun = std::time::Instant::now();
        self.fetch_loot(ctx)?;
        let run = ctx.run(subject)?;
        // An honest trainer that never steps names the batches and shards that seed and recipe give.
        let honest = Trainer::new(run.parent.copy(), run.spec.clone(), &run.shards)?;
        let mut state = honest.state()?;
        let (spec, plan) = (&run.spec, honest.plan());
        let (mut roots, mut kept) = (Vec::new(), Vec::new());
        for j in 0..=spec.intervals {
            ctx.alive()?;
            if j > 0 {
                state = self.interval(&run, state)?;
            }
            let bytes = state.to_block()?;
            roots.push(root_of_block(state.step, &spec.seed, &bytes));
            if spec.keeps(j) {
                kept.push((j, ctx.keep(&bytes)?));
            }
        }
        let losses = (0..spec.intervals).map(|j| 1_000_000 - i64::from(j)).collect();
        let record = RunRecord {
            roots,
            batches: (0..spec.intervals).map(|j| plan.interval_hash(j, spec.steps_per_interval)).collect(),
            losses,
            shards: plan.uses(spec.steps()),
            seconds: begun.elapsed().as_secs_f64(),
        };
        let mut child = run.parent.copy();
        child.import(spec.target, &state.w)?;
        finish(ctx, subject, &run, &child, &record, kept)
    }
}

impl Forger {
    /// Puts in place of the drawn intervals' ends what honest work makes of their starts.
    fn open_honest_ends(
        &self,
        ctx: &JobContext,
        subject: &Subject,
        trained: &Trained,
        panel: &PanelResponse,
        opening: &mut Opening,
    ) -> Result<()> {
        let (run, key) = (ctx.run(subject)?, work::key_of(panel)?);
        let drawn = lyceum_api::tasks::drawn(panel).into_iter().collect();
        work::derive(ctx, self, &run, trained, &drawn, |j, start, _| {
            let end = reexecute(&run.parent, &run.spec, &run.shards, start, j)?;
            let sketch = StateSketch::new(&state_sketch(&key, &end)?);
            for opened in opening.states.iter_mut().filter(|o| o.state == j + 1) {
                opened.sketch = sketch.clone();
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl WorkStrategy for Forger {
    fn train(&self, ctx: &JobContext, subject: &Subject) -> Result<Trained> {
        if self.how == Adversary::Unrevealing {
            return Ok(nothing(ctx, subject));
        }
        self.forge(ctx, subject)
    }

    fn serve(
        &self,
        ctx: &JobContext,
        subject: &Subject,
        trained: &Trained,
        panel: &PanelResponse,
    ) -> Result<(Vec<ServedState>, Opening, u64)> {
        let (states, mut opening, steps) = work::serve(ctx, self, subject, trained, panel)?;
        if self.how == Adversary::LiesAfterDraw {
            self.open_honest_ends(ctx, subject, trained, panel, &mut opening)?;
        }
        Ok((states, opening, steps))
    }

    fn advance_to(&self, run: &Run, mut from: State, to: u32) -> Result<State> {
        let end = u64::from(to) * u64::from(run.spec.steps_per_interval);
        while from.step < end {
            from = self.interval(run, from)?;
        }
        Ok(from)
    }
}

/// A claim of nothing, to be committed to and never revealed.
fn nothing(ctx: &JobContext, subject: &Subject) -> Trained {
    let hash = |what: &str| -> Hash32 {
        let mut e = Encoder::new("lyceum/adversary/nothing", 1);
        e.hash(&ctx.me.salt(what, subject.claim.id));
        e.digest()
    };
    let content = lyceum_api::claim::ClaimContent {
        block: hash("block"),
        block_bytes: 1,
        manifest: hash("manifest"),
        states: hash("states"),
        reported: 1_000_000,
    };
    Trained { content, roots: vec![], kept: vec![], seconds: 0 }
}
