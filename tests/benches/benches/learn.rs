//! Speed of learning: training steps and decoding. Not criterion's: a run is stateful, and the other side is Python.
//!
//! `prepare FOLDER PRESET STEPS` writes a model, the batches and the learning rates that both sides take;
//! `measure FOLDER THREADS TOKENS` does all steps, then decodes, and prints one line of JSON. What the other side
//! does with the same folder is `scripts/lib/bench_transformers.py`.

use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use lyceum_api::manifest::{Recipe, Target};
use lyceum_learn::generate::{Sampling, generate};
use lyceum_learn::optim::learning_rate;
use lyceum_learn::{Hash32, Model, ModelConfig, RunSpec, Shard, Trainer};
use serde_json::{Value, json};
use tch::Device;

const ROWS: usize = 4;
const CONTEXT: usize = 256;
const PROMPT: usize = 16;

/// The sizes of `scripts/bench`: the demo's model, and one of 100 M parameters.
fn preset(name: &str) -> ModelConfig {
    let demo = ModelConfig::demo(4);
    let config = match name {
        "tiny" => ModelConfig::tiny(),
        "demo" => demo,
        "large" => ModelConfig {
            hidden_size: 512,
            intermediate_size: 1088,
            num_hidden_layers: 8,
            num_attention_heads: 8,
            num_key_value_heads: 4,
            num_local_experts: 7,
            ..demo
        },
        _ => panic!("no preset {name}: tiny, demo or large"),
    };
    // The other side has no losses on the router, so here their weight is 0; what they cost is still paid.
    ModelConfig { router_aux_loss_coef: 0.0, ..config }
}

/// Words in a changing order: enough for a loss that falls.
fn text() -> Vec<u8> {
    const WORDS: [&str; 8] =
        ["let ", "mut ", "x = ", "y + 1", ";\n", "fn step() ", "{ return }\n", "for i in 0..9 "];
    let mut state = 1u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        WORDS[state as usize >> 29].as_bytes()
    };
    (0..60_000).flat_map(|_| word()).copied().collect()
}

fn spec(steps: u32, context: usize) -> RunSpec {
    RunSpec {
        target: Target::Base {},
        recipe: Recipe { peak_lr_nano: 1_000_000, warmup_steps: 2, mixture: vec![1] },
        seed: Hash32([7; 32]),
        intervals: 1,
        steps_per_interval: steps,
        rows: ROWS,
        context,
    }
}

fn prepare(folder: &Path, preset_name: &str, steps: u32) {
    let config = preset(preset_name);
    let context = CONTEXT.min(config.max_position_embeddings);
    let model = Model::init(config, &Hash32([5; 32]), Device::Cpu).unwrap();
    model.write_safetensors(&folder.join("model.safetensors")).unwrap();
    fs::write(folder.join("config.json"), serde_json::to_string(model.config()).unwrap()).unwrap();
    let spec = spec(steps, context);
    let rates: Vec<f64> =
        (0..steps.into()).map(|step| learning_rate(&spec.recipe, step, spec.steps())).collect();
    let parameters = model.config().parameters();
    let trainer = Trainer::new(model, spec, &[Shard::new(text())]).unwrap();
    let batches: Vec<u8> = (0..steps.into()).flat_map(|step| trainer.plan().batch(step).bytes).collect();
    fs::write(folder.join("batches.bin"), batches).unwrap();
    let prompt = &text()[..PROMPT];
    let run = json!({
        "steps": steps, "rows": ROWS, "context": context, "rates": rates, "prompt": prompt, "parameters": parameters,
    });
    fs::write(folder.join("run.json"), run.to_string()).unwrap();
}

fn measure(folder: &Path, threads: i32, tokens: usize) {
    tch::set_num_threads(threads);
    let run: Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    let number = |key: &str| run[key].as_u64().unwrap() as usize;
    let config = ModelConfig::from_json(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap();
    let model = Model::read_safetensors(config, &folder.join("model.safetensors"), Device::Cpu).unwrap();
    let steps = number("steps");
    let spec = spec(steps as u32, number("context"));
    let mut trainer = Trainer::new(model, spec, &[Shard::new(text())]).unwrap();
    let (mut losses, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..steps {
        let begun = Instant::now();
        losses.push(trainer.step().unwrap());
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let model = trainer.into_model();
    let prompt: Vec<u8> = serde_json::from_value(run["prompt"].clone()).unwrap();
    // Once to warm up, then what counts: the prompt read and every token after it.
    generate(&model, &prompt, 8, Sampling::Greedy, |_| {}).unwrap();
    let begun = Instant::now();
    let decoded = generate(&model, &prompt, tokens, Sampling::Greedy, |_| {}).unwrap();
    let decode_seconds = begun.elapsed().as_secs_f64();
    let out = json!({
        "threads": threads, "wait_policy": env::var("OMP_WAIT_POLICY").unwrap_or("default".to_owned()),
        "losses": losses, "step_seconds": seconds, "decoded": decoded,
        "decode_seconds": decode_seconds,
    });
    println!("{out}");
}

fn main() {
    // Cargo adds `--bench`, or `--test`, which here is one small run.
    let all: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let words: Vec<&str> = all.iter().map(String::as_str).collect();
    match words[..] {
        ["prepare", folder, preset, steps] => prepare(Path::new(folder), preset, steps.parse().unwrap()),
        ["measure", folder, threads, tokens] => {
            measure(Path::new(folder), threads.parse().unwrap(), tokens.parse().unwrap());
        }
        [] | ["--test"] => {
            let folder = lyceum_benches::folder(env!("CARGO_TARGET_TMPDIR")).join("learn-tiny");
            fs::create_dir_all(&folder).unwrap();
            prepare(&folder, "tiny", 3);
            measure(&folder, 1, 8);
        }
        _ => panic!("prepare FOLDER PRESET STEPS, or measure FOLDER THREADS TOKENS"),
    }
}
