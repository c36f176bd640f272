//! Auditing: the pure measures of [`crate::audit`], and the gain of a short training on a sample.

use lyceum_api::datasets::{AuditReport, DatasetResponse};
use lyceum_api::experts::ModelResponse;
use lyceum_api::manifest::Recipe;
use lyceum_learn::data::split;
use lyceum_learn::{LearnError, RunSpec, Shard, Target, Trainer, gain, score};

use super::JobContext;
use super::scoring::drawn;
use crate::audit::measure;
use crate::{AgentError, Hash32, Result};

/// Bytes of the sample that gain is measured on.
const SAMPLE: usize = 128 << 10;
/// Steps of the short training.
const STEPS: u32 = 24;
/// Windows of a step, and their tokens at most.
const ROWS: usize = 4;
const CONTEXT: usize = 128;
/// Its peak learning rate × 10⁻⁹.
const PEAK: u64 = 1_000_000;
/// Held-out items.
const ITEMS: usize = 24;

/// Audits a dataset: fetches its shards, measures them, and trains a little on them. Without a model there is no
/// gain to measure, and none is reported.
pub fn audit(
    ctx: &JobContext,
    dataset: &DatasetResponse,
    model: Option<&ModelResponse>,
) -> Result<AuditReport> {
    let manifest = &dataset.manifest;
    let shards =
        manifest.shards.iter().map(|s| ctx.fetch("shard", &s.root, s.bytes)).collect::<Result<Vec<_>>>()?;
    let texts: Vec<&[u8]> = shards.iter().map(|s| &s[..]).collect();
    let found = measure(&texts, &manifest.licence);
    let gain = match model {
        Some(model) => match measured_gain(ctx, model, &texts) {
            // Too little text to hold a part out is no reason to fail: it shows no gain.
            Err(AgentError::Learn(LearnError::TooShort { .. })) => 0,
            other => other?,
        },
        None => 0,
    };
    Ok(AuditReport {
        licence_ok: found.licence_ok,
        pii_ppm: found.pii_ppm,
        toxicity_ppm: found.toxicity_ppm,
        duplicates_ppm: found.duplicates_ppm,
        gain,
    })
}

/// A sample spread evenly over all shards.
fn sample(texts: &[&[u8]]) -> Vec<u8> {
    let total: usize = texts.iter().map(|t| t.len()).sum();
    let mut out = Vec::with_capacity(SAMPLE.min(total));
    for text in texts {
        let share = (SAMPLE as u128 * text.len() as u128 / total.max(1) as u128) as usize;
        out.extend_from_slice(&text[..share.min(text.len())]);
    }
    out
}

/// The gain, on a held-out part of the sample, of training the whole model on the rest of it: which expert a text
/// belongs to is not known yet, and a base that learns nothing from it learns nothing in any expert either.
fn measured_gain(ctx: &JobContext, model: &ModelResponse, texts: &[&[u8]]) -> Result<i64> {
    let before = ctx.model(model, &[])?;
    let context = CONTEXT.min(before.config().max_position_embeddings);
    let parts = split(&sample(texts), 4 * (context + 1), 6)?;
    // Shards may not repeat what they hold out; a window more than fits one is all that training needs.
    let seed = Hash32::of(&parts.train);
    let items = drawn(&parts.held_out, context as u32, ITEMS, &seed)?;
    let spec = RunSpec {
        target: Target::Base {},
        recipe: Recipe { peak_lr_nano: PEAK, warmup_steps: 2, mixture: vec![1] },
        seed,
        intervals: STEPS,
        steps_per_interval: 1,
        rows: ROWS,
        context,
    };
    let mut trainer = Trainer::new(before.copy(), spec, &[Shard::new(parts.train)])?;
    for _ in 0..STEPS {
        ctx.alive()?;
        trainer.step()?;
    }
    Ok(gain(&score(&before, &items)?, &score(trainer.model(), &items)?)?)
}
