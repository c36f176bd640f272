//! What the benches share: their sample files, and how long they measure.
//!
//! The benches hold the numbers of the design against what others' crates do with the same bytes, in the same
//! process. Nothing here asserts a time: `scripts/bench` runs both sides and writes `docs/benchmarks.md`. This crate
//! may depend on whatever it measures; nothing depends on it. Start with `benches/tensorblock.rs`. The bench `learn`
//! needs libtorch and the feature of its name; the others need neither.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::Criterion;
use lyceum_tensorblock::{Dtype, Tensor, f32_bytes};

/// Whether each bench is only to run once: `cargo test --benches` and `cargo bench -- --test` ask for it. Samples
/// are small then.
pub fn smoke() -> bool {
    // Without `--bench`, which `cargo bench` gives, criterion runs everything once too.
    let given = |flag: &str| std::env::args().any(|arg| arg == flag);
    given("--test") || !given("--bench")
}

/// Criterion as all benches use it; its command line overrides the times. Sides that are compared are in one group,
/// so that they are measured one right after the other.
pub fn criterion() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(100)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args()
}

/// The folder `target/tmp/benches`, where samples and facts lie until the next run.
pub fn folder(target_tmp: &str) -> PathBuf {
    let folder = Path::new(target_tmp).join("benches");
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

/// Keeps what is counted and not timed where `scripts/bench` finds it.
pub fn write_facts(folder: &Path, bench: &str, facts: &serde_json::Value) {
    fs::write(folder.join(format!("{bench}.json")), facts.to_string())
        .expect("the target folder is writable");
}

/// Tensors of one shape with names as a checkpoint has them and finite, incompressible fp32 elements.
pub struct Sample {
    names: Vec<String>,
    shape: Vec<u64>,
    elements: Vec<f32>,
}

impl Sample {
    /// `count` tensors of `rows × columns`.
    pub fn new(count: usize, rows: u64, columns: u64) -> Self {
        let names =
            (0..count).map(|i| format!("model.layers.{}.experts.{}.w1.weight", i / 8, i % 8)).collect();
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            // Xorshift; its upper 24 bits are a number in -1..1 exactly.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        };
        let elements = (0..count as u64 * rows * columns).map(|_| next()).collect();
        Self { names, shape: vec![rows, columns], elements }
    }

    /// The tensors, as a block takes them.
    pub fn tensors(&self) -> Vec<Tensor<'_>> {
        let each = self.elements.len() / self.names.len();
        let data = self.elements.chunks_exact(each).map(f32_bytes);
        self.names
            .iter()
            .zip(data)
            .map(|(name, data)| Tensor { name, dtype: Dtype::Fp32, shape: self.shape.clone(), data })
            .collect()
    }
}
