//! The base model, trained before genesis on every domain's text, and labelled so.

use lyceum_learn::{Model, Recipe, RunSpec, Shard, Target, Trainer};

use super::{BATCH, DomainText, SEQUENCE, STEPS_PER_INTERVAL, Settings};
use crate::demo::progress::Progress;
use crate::failure::Interrupted;

/// Peak learning rate of the base × 10⁻⁹.
const PEAK: u64 = 4_000_000;
/// Steps between two points of the curve.
const POINT: u64 = 10;

/// A trained base.
#[derive(Debug)]
pub struct Base {
    /// The model.
    pub model: Model,
    /// Training loss, nats: (step, mean over the steps since the last point).
    pub curve: Vec<(u64, f64)>,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// Trains it. The router is supervised towards each domain's expert and the shared one, so that experts can be
/// trained alone later without harming the others.
pub fn train(settings: &Settings, domains: &[DomainText], progress: &Progress) -> anyhow::Result<Base> {
    let started = std::time::Instant::now();
    let model = Model::init(settings.config(), &settings.derive("base weights"), settings.device)?;
    let shards: Vec<Shard> = domains
        .iter()
        .enumerate()
        .map(|(index, d)| Shard::new(d.parts.train.clone()).for_expert(index as u32))
        .collect();
    let spec = RunSpec {
        target: Target::Base {},
        recipe: Recipe {
            peak_lr_nano: PEAK,
            warmup_steps: settings.base_steps / 20,
            mixture: vec![1; shards.len()],
        },
        seed: settings.derive("base data"),
        intervals: settings.base_steps / STEPS_PER_INTERVAL,
        steps_per_interval: STEPS_PER_INTERVAL,
        rows: BATCH as usize,
        context: SEQUENCE as usize,
    };
    let steps = spec.steps();
    let mut trainer = Trainer::new(model, spec, &shards)?;
    let bar = progress.bar("base", steps);
    let (mut curve, mut sum) = (vec![], 0.0);
    for step in 1..=steps {
        let loss = trainer.step()?;
        sum += loss;
        if step % POINT == 0 {
            curve.push((step, sum / POINT as f64));
            sum = 0.0;
        }
        let tokens = f64::from(BATCH * SEQUENCE) * step as f64;
        bar.at(step, loss, tokens / started.elapsed().as_secs_f64());
        if progress.interrupted() {
            return Err(Interrupted.into());
        }
    }
    bar.done();
    Ok(Base { model: trainer.into_model(), curve, seconds: started.elapsed().as_secs_f64() })
}
