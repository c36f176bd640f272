//! What the README promises of a first run, measured without a network: that every honest expert is accepted, whatever
//! the seed and the texts, and that the learning block which pays them seals.
//!
//! Base, shards, recipe, items and limits are the demo's own; only the seed of each expert's run is another one, as
//! the beacon gives it there. `scripts/promise` runs this for seeds, texts and instruction sets, and shows the margins.

use std::path::PathBuf;

use lyceum_agent::Cancel;
use lyceum_agent::work::scoring::{public_score, synthetic_items};
use lyceum_economy::gain::{Direction, gain_percent};
use lyceum_economy::params::GUARD_LOSS;
use lyceum_learn::tensors::TensorMap;
use lyceum_learn::{Model, Recipe, RunSpec, Shard, Target, Trainer, gain, score};

use super::progress::Progress;
use super::{BATCH, DomainText, SEQUENCE, STEPS_PER_INTERVAL, Settings, base, genesis, shards};
use crate::corpus;

/// What the domains of the demo allow a seat's synthetic items to lose, percent × 10⁻⁶.
const TOLERANCE: i64 = 2_000_000;

/// A variable that `scripts/promise` sets.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn settings(seed: u64) -> Settings {
    let paths: Vec<PathBuf> =
        variable("PROMISE_DATA").map(|all| std::env::split_paths(&all).collect()).unwrap_or_default();
    let corpora = match paths.is_empty() {
        true => corpus::defaults().unwrap(),
        false => paths.iter().map(|path| corpus::read(path, None).unwrap()).collect(),
    };
    Settings {
        corpora,
        out: PathBuf::new(),
        evaluators: super::cast::MIN_EVALUATORS,
        steps: 400,
        base_steps: 300,
        seed,
        device: tch::Device::Cpu,
        kill: None,
    }
}

/// An expert as the domain's honest trainer trains it.
fn expert(settings: &Settings, base: &Model, index: usize, named: &[(usize, &[u8])]) -> TensorMap {
    let target = Target::Expert { index: index as u32 };
    let spec = RunSpec {
        target,
        recipe: Recipe {
            peak_lr_nano: genesis::RATES.1,
            warmup_steps: settings.steps / 20,
            mixture: vec![1; named.len()],
        },
        seed: settings.derive(&format!("promise {index}")),
        intervals: settings.intervals(),
        steps_per_interval: STEPS_PER_INTERVAL,
        rows: BATCH as usize,
        context: SEQUENCE as usize,
    };
    let shards: Vec<Shard> = named.iter().map(|(_, bytes)| Shard::new(*bytes)).collect();
    let mut trainer = Trainer::new(base.copy(), spec, &shards).unwrap();
    (0..settings.steps).for_each(|_| {
        trainer.step().unwrap();
    });
    trainer.model().export(target).unwrap()
}

/// What is left of the limits, in percent: of an accepted claim or a sealed block no number is negative.
fn margins(settings: &Settings) -> Vec<(String, f64)> {
    let texts: Vec<DomainText> = settings.corpora.iter().map(DomainText::of).collect();
    let base = base::train(settings, &texts, &Progress::new(Cancel::new())).unwrap().model;
    let trains: Vec<&[u8]> = texts.iter().map(|text| text.parts.train.as_slice()).collect();
    let named = shards::of_tasks(&trains);
    let experts: Vec<TensorMap> =
        named.iter().enumerate().map(|(index, named)| expert(settings, &base, index, named)).collect();
    let with = |heads: &[usize]| {
        let heads: Vec<_> = heads.iter().map(|index| (*index as u32, &experts[*index])).collect();
        base.compose(&heads).unwrap()
    };
    let public =
        |model: &Model, index: usize| public_score(model, &texts[index].parts.held_out, SEQUENCE).unwrap();
    let percent = |micro: i64| micro as f64 / 1e6;
    let left = |best: i64, score: i64| {
        percent(gain_percent(best, score, Direction::LowerIsBetter).unwrap() + GUARD_LOSS)
    };
    let mut bests: Vec<i64> = (0..texts.len()).map(|index| public(&base, index)).collect();
    let mut out = vec![];
    // The first task goes ahead; the others are judged over its head, and none over another's.
    for (index, text) in texts.iter().enumerate() {
        let heads: &[usize] = if index == 0 { &[] } else { &[0] };
        let (reference, child) = (with(heads), with(&[heads, &[index]].concat()));
        let items = genesis::benchmark(settings, index, text).unwrap();
        let won = gain(&score(&reference, &items).unwrap(), &score(&child, &items).unwrap()).unwrap();
        out.push((format!("{} gain", text.name), percent(won)));
        let seed = settings.derive(&format!("promise seat {index}"));
        let own = synthetic_items(&text.parts.held_out, SEQUENCE, &seed).unwrap();
        let own = gain(&score(&reference, &own).unwrap(), &score(&child, &own).unwrap()).unwrap();
        out.push((format!("{} synthetic", text.name), percent(own + TOLERANCE)));
        let scores: Vec<i64> = (0..texts.len()).map(|other| public(&child, other)).collect();
        for other in (0..texts.len()).filter(|other| *other != index) {
            out.push((
                format!("{} guard {}", text.name, texts[other].name),
                left(bests[other], scores[other]),
            ));
        }
        if index == 0 {
            for other in 1..texts.len() {
                bests[other] = bests[other].min(scores[other]);
            }
        }
    }
    let all = with(&(0..texts.len()).collect::<Vec<_>>());
    for (index, text) in texts.iter().enumerate() {
        out.push((format!("heads {}", text.name), left(bests[index], public(&all, index))));
    }
    out
}

#[test]
#[ignore = "takes a minute for each seed; scripts/promise runs it"]
fn every_honest_expert_is_accepted_and_the_learning_block_seals() {
    tch::set_num_threads(1);
    let (first, last) = variable("PROMISE_SEEDS")
        .and_then(|seeds| {
            let (first, last) = seeds.split_once('-').unwrap_or((&seeds, &seeds));
            Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
        })
        .unwrap_or((1, 1));
    let mut broken = vec![];
    for seed in first..=last {
        let margins = margins(&settings(seed));
        let line: Vec<String> = margins.iter().map(|(what, left)| format!("{what} {left:+.2}")).collect();
        crate::demo::progress::Progress::new(Cancel::new()).say(&format!("seed {seed}: {}", line.join(", ")));
        let short = margins
            .into_iter()
            .filter(|(what, left)| *left < 0.0 || (what.ends_with("gain") && *left <= 0.0));
        broken.extend(short.map(|(what, left)| format!("seed {seed}: {what} {left:+.2}")));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
