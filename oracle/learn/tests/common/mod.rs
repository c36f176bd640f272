//! A tiny model, tiny texts and a short run.
#![allow(dead_code)]

use std::sync::OnceLock;

use lyceum_learn::{Hash32, Model, ModelConfig, Recipe, RunSpec, Shard, Target, Trainer};
use tch::Device;

/// Text with something to learn in it.
pub fn text(seed: usize, words: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = ["let ", "mut ", "fn main() {\n", "}\n", "x = ", "y + ", "1;\n", "return "];
    let mut out = Vec::new();
    let mut x = seed * 7 + 1;
    for _ in 0..words {
        x = (x * 1_103_515_245 + 12_345) % (1 << 31);
        out.extend_from_slice(WORDS[(x >> 16) % WORDS.len()].as_bytes());
    }
    out
}

pub fn shards() -> Vec<Shard> {
    vec![Shard::new(text(1, 3000)).for_expert(0), Shard::new(text(2, 3000)).for_expert(1)]
}

pub fn spec(target: Target) -> RunSpec {
    RunSpec {
        target,
        recipe: Recipe { peak_lr_nano: 4_000_000, warmup_steps: 2, mixture: vec![1, 1] },
        seed: Hash32([9; 32]),
        intervals: 12,
        steps_per_interval: 2,
        rows: 4,
        context: 32,
    }
}

/// A base that has learned a little, so that experts have something to stand on. Trained once a process.
pub fn base() -> Model {
    static BLOCK: OnceLock<Vec<u8>> = OnceLock::new();
    tch::set_num_threads(1);
    let block = BLOCK.get_or_init(|| {
        let model = Model::init(ModelConfig::tiny(), &Hash32([3; 32]), Device::Cpu).unwrap();
        let spec = RunSpec { intervals: 30, ..spec(Target::Base {}) };
        let mut trainer = Trainer::new(model, spec, &shards()).unwrap();
        for _ in 0..60 {
            trainer.step().unwrap();
        }
        trainer.into_model().to_block().unwrap()
    });
    Model::from_block(ModelConfig::tiny(), block, Device::Cpu).unwrap()
}

pub const EXPERT: Target = Target::Expert { index: 1 };
