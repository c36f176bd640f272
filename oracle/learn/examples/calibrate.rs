//! Measures what the demo's parameters rest on: speed of training, how far the base learns, the honest gain of an
//! expert in each domain and what it costs the others, how evenly states move, and how far cheats end from honest
//! re-execution. `cargo run --release --example calibrate -p lyceum-learn [-- base-steps base-lr expert-lr]`

use std::io::Write;
use std::path::{Path, PathBuf};

use lyceum_learn::data::split;
use lyceum_learn::items::Items;
use lyceum_learn::sketch::{change_norms, distance, state_sketch};
use lyceum_learn::{
    Hash32, LearnError, Model, ModelConfig, Observer, Recipe, RunSpec, Shard, State, Target, Trainer, gain,
    run, score,
};

const CONTEXT: usize = 256;

/// A line of the result. A reader that went away, such as `head`, does not end the measurement.
macro_rules! say {
    ($($arg:tt)*) => {
        let _ = writeln!(std::io::stdout(), $($arg)*);
    };
}

fn files(root: &Path, suffix: &str, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(root) else { return };
    let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, suffix, out);
        } else if path.to_string_lossy().ends_with(suffix) {
            out.push(path);
        }
    }
}

fn output(program: &str, args: &[&str]) -> String {
    let out = std::process::Command::new(program).args(args).output().expect("the program runs");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let root = PathBuf::from(output("rustc", &["--print", "sysroot"])).join("lib/rustlib/src/rust/library");
    let mut rust = Vec::new();
    files(&root, ".rs", &mut rust);
    let (mut code, mut prose) = (Vec::new(), Vec::new());
    for path in rust.iter().filter(|p| p.to_string_lossy().contains("/src/")) {
        for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
            let bare = line.trim_start();
            match bare.strip_prefix("///").or_else(|| bare.strip_prefix("//!")) {
                Some(text) => prose.extend_from_slice(format!("{}\n", text.trim()).as_bytes()),
                None => code.extend_from_slice(format!("{line}\n").as_bytes()),
            }
        }
        if code.len() > 12 << 20 {
            break;
        }
    }
    let stdlib = output("python3", &["-c", "import os; print(os.path.dirname(os.__file__))"]);
    let (mut paths, mut python) = (Vec::new(), Vec::new());
    files(Path::new(&stdlib), ".py", &mut paths);
    for path in paths.iter().filter(|p| !p.to_string_lossy().contains("-packages")) {
        python.extend(std::fs::read(path).unwrap_or_default());
        if python.len() > 12 << 20 {
            break;
        }
    }
    vec![("code", code), ("prose", prose), ("python", python)]
}

#[derive(Default)]
struct Kept(Vec<State>);

impl Observer for Kept {
    fn keep(&mut self, _: u32, state: &State, _: &[u8]) -> Result<(), String> {
        self.0.push(state.copy());
        Ok(())
    }
}

/// Distances of an interval's end from honest re-execution, under each cheat, from a kept state.
fn cheats(
    parent: &Model,
    spec: &RunSpec,
    shards: &[Shard],
    from: &State,
) -> Result<Vec<(&'static str, f64)>, LearnError> {
    let two = |spec: &RunSpec, shards: &[Shard], state: &State| {
        let mut trainer = Trainer::resume(parent.copy(), spec.clone(), shards, state)?;
        trainer.step()?;
        trainer.step()?;
        trainer.state()
    };
    let one = |state: &State, step: u64| {
        let mut trainer =
            Trainer::resume(parent.copy(), spec.clone(), shards, &State { step, ..state.copy() })?;
        trainer.step()?;
        trainer.state()
    };
    let rate = |factor: f64| {
        let peak_lr_nano = (spec.recipe.peak_lr_nano as f64 * factor) as u64;
        RunSpec { recipe: Recipe { peak_lr_nano, ..spec.recipe.clone() }, ..spec.clone() }
    };
    let honest = two(spec, shards, from)?;
    tch::set_num_threads(2);
    let threads = two(spec, shards, from)?;
    tch::set_num_threads(1);
    let other = RunSpec { seed: Hash32([99; 32]), ..spec.clone() };
    let next = from.step + 1;
    let ends = [
        ("honest, two threads", threads),
        ("honest again", two(spec, shards, from)?),
        ("last step skipped", one(from, from.step)?),
        ("first step skipped", one(from, next)?),
        ("rate 10 % lower", two(&rate(0.9), shards, from)?),
        ("rate 10 % higher", two(&rate(1.1), shards, from)?),
        ("batches swapped", one(&one(from, next)?, from.step)?),
        ("batches of another seed", two(&other, shards, from)?),
        ("Adam state zeroed", two(spec, shards, &State { step: from.step, ..State::initial(&from.w) })?),
    ];
    Ok(ends.iter().map(|(name, end)| (*name, distance(from, end, &honest).max())).collect())
}

/// CPU seconds of this thread, so that busy machines measure alike.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn main() -> Result<(), LearnError> {
    tch::set_num_threads(1);
    let arg =
        |i: usize, default: f64| std::env::args().nth(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (base_steps, base_lr, lr) = (arg(1, 1000.0) as u32, arg(2, 4e-3), arg(3, 4e-3));
    let texts = texts();
    let (mut shards, mut items) = (Vec::new(), Vec::new());
    for (name, text) in &texts {
        let parts = split(text, 4096, 20)?;
        say!(
            "{name}: {:.1} MB, held out {:.2} MB",
            text.len() as f64 / 1e6,
            parts.held_out.len() as f64 / 1e6
        );
        items.push(Items::draw(&parts.held_out, CONTEXT + 1, 200, &Hash32([1; 32]))?);
        shards.push(Shard::new(parts.train));
    }
    let supervised: Vec<_> = (0..).zip(&shards).map(|(e, s)| s.clone().for_expert(e)).collect();
    let mut model = Model::init(ModelConfig::demo(texts.len() + 1), &Hash32([2; 32]), tch::Device::Cpu)?;
    let spec = RunSpec {
        target: Target::Base {},
        recipe: Recipe {
            peak_lr_nano: (base_lr * 1e9) as u64,
            warmup_steps: base_steps / 20,
            mixture: vec![1; texts.len()],
        },
        seed: Hash32([3; 32]),
        intervals: base_steps / 100,
        steps_per_interval: 100,
        rows: 4,
        context: CONTEXT,
    };
    let begun = cpu_seconds();
    let mut trainer = Trainer::new(model, spec.clone(), &supervised)?;
    let record = run(&mut trainer, &mut ())?;
    model = trainer.into_model();
    let seconds = cpu_seconds() - begun;
    say!(
        "base: {} steps, {seconds:.1} CPU-s, {:.0} tokens/s",
        spec.steps(),
        (spec.steps() * 1024) as f64 / seconds
    );
    say!("base: last losses {:?}", &record.losses[record.losses.len().saturating_sub(3)..]);
    let begun = cpu_seconds();
    let before = items.iter().map(|i| score(&model, i)).collect::<Result<Vec<_>, _>>()?;
    say!("scored 3 x 200 items in {:.2} s", (cpu_seconds() - begun));
    for ((name, _), b) in texts.iter().zip(&before) {
        say!("base {name}: {:.4} bits per byte", b.mean as f64 / 1e6);
    }
    let mut blocks = Vec::new();
    for (index, (name, _)) in texts.iter().enumerate() {
        let mut mixture = vec![0; texts.len()];
        mixture[index] = 1;
        let spec = RunSpec {
            target: Target::Expert { index: index as u32 },
            recipe: Recipe { peak_lr_nano: (lr * 1e9) as u64, warmup_steps: 20, mixture },
            seed: Hash32([4 + index as u8; 32]),
            intervals: 200,
            steps_per_interval: 2,
            rows: 4,
            context: CONTEXT,
        };
        let begun = cpu_seconds();
        let mut plain = Trainer::new(model.copy(), spec.clone(), &shards)?;
        for _ in 0..100 {
            plain.step()?;
        }
        let bare = (cpu_seconds() - begun) * 4.0;
        let begun = cpu_seconds();
        let mut trainer = Trainer::new(model.copy(), spec.clone(), &shards)?;
        let mut kept = Kept::default();
        run(&mut trainer, &mut kept)?;
        let seconds = cpu_seconds() - begun;
        let begun = cpu_seconds();
        let key = Hash32([9; 32]);
        let sketches = kept.0.iter().map(|s| state_sketch(&key, s)).collect::<Result<Vec<_>, _>>()?;
        let each = (cpu_seconds() - begun) / sketches.len() as f64;
        let (rate, each) = (400.0 * 1024.0 / bare, each * 1e3);
        say!(
            "expert {name}: 400 steps in {seconds:.1} s with states and roots, {bare:.1} s without ({rate:.0} tokens/s); \
             sketch {each:.1} ms"
        );
        for part in 0..3 {
            let mut norms: Vec<f64> = sketches.windows(2).map(|p| change_norms(&p[0], &p[1])[part]).collect();
            let line: Vec<String> = norms.iter().map(|n| format!("{n:.3}")).collect();
            let max = norms.iter().copied().fold(0.0, f64::max);
            norms.sort_by(f64::total_cmp);
            let median = (norms[norms.len() / 2] + norms[(norms.len() - 1) / 2]) / 2.0;
            say!("  {}: max/median {:.2}  {}", ["w", "m", "√v"][part], max / median, line.join(" "));
        }
        for (i, (other, _)) in texts.iter().enumerate() {
            let after = score(trainer.model(), &items[i])?;
            let change = (after.mean as f64 / before[i].mean as f64 - 1.0) * 100.0;
            say!("  {other}: {change:+.2} %, gain {:.2} %", gain(&before[i], &after)? as f64 / 1e6);
        }
        let mut smallest: Vec<(&str, f64)> = Vec::new();
        for k in [1, 5, 10, 15, 19] {
            for (at, (name, d)) in cheats(&model, &spec, &shards, &kept.0[k])?.into_iter().enumerate() {
                match smallest.get_mut(at) {
                    Some((_, least)) if at < 2 => *least = least.max(d),
                    Some((_, least)) => *least = least.min(d),
                    None => smallest.push((name, d)),
                }
            }
        }
        say!("  distances, honest at most and cheats at least: {smallest:.4?}");
        blocks.push((index as u32, trainer.model().export(spec.target)?));
    }
    let refs: Vec<_> = blocks.iter().map(|(i, t)| (*i, t)).collect();
    let merged = model.compose(&refs)?;
    for (i, (name, _)) in texts.iter().enumerate() {
        let after = score(&merged, &items[i])?;
        say!("merged {name}: {:+.2} %", (after.mean as f64 / before[i].mean as f64 - 1.0) * 100.0);
    }
    Ok(())
}
