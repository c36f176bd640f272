//! Shards, and the order in which a run reads them: a pure function of (seed, mixture, shards, step), so that
//! whoever re-executes an interval gets the same batches, and a claimed batch hash can be checked without training.

use std::sync::Arc;

use lyceum_api::canonical::Encoder;
use lyceum_api::manifest::{MAX_SHARDS, ShardUse};
use tch::{Device, Tensor};

use crate::rng::CounterRng;
use crate::{Hash32, LearnError, Recipe, Result};

/// A file of text: with the byte tokenizer its bytes are its tokens.
#[derive(Debug, Clone)]
pub struct Shard {
    root: Hash32,
    bytes: Arc<[u8]>,
    expert: Option<u32>,
}

impl Shard {
    /// A shard of these bytes; its root is their BLAKE3 hash.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { root: Hash32::of(&bytes), bytes, expert: None }
    }

    /// Names the expert of this shard's domain, which supervises the router while the base learns.
    pub fn for_expert(mut self, expert: u32) -> Self {
        self.expert = Some(expert);
        self
    }

    /// Content root.
    pub fn root(&self) -> Hash32 {
        self.root
    }

    /// The text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The expert of its domain, where one is named.
    pub fn expert(&self) -> Option<u32> {
        self.expert
    }
}

/// One batch: windows of context + 1 bytes, and the shard each came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Windows one after another.
    pub bytes: Vec<u8>,
    /// Index of the shard of each window.
    pub shards: Vec<usize>,
    /// Length of a window: context + 1.
    pub window: usize,
}

impl Batch {
    /// Token ids [rows, context] and targets [rows · context].
    pub(crate) fn tensors(&self, device: Device) -> (Tensor, Tensor) {
        let context = self.window - 1;
        let rows = self.bytes.chunks_exact(self.window);
        let ids: Vec<i64> = rows.clone().flat_map(|w| w[..context].iter().map(|b| i64::from(*b))).collect();
        let targets: Vec<i64> = rows.flat_map(|w| w[1..].iter().map(|b| i64::from(*b))).collect();
        let ids = Tensor::from_slice(&ids).reshape([self.shards.len() as i64, context as i64]);
        (ids.to_device(device), Tensor::from_slice(&targets).to_device(device))
    }
}

/// Which windows each step of a run reads.
#[derive(Debug, Clone)]
pub struct BatchPlan {
    rng: CounterRng,
    shards: Arc<[Shard]>,
    /// Running sums of the mixture.
    sums: Vec<u64>,
    rows: usize,
    window: usize,
}

impl BatchPlan {
    /// The plan of a run with `rows` windows of `context` tokens a step. Refuses mixtures that do not fit the
    /// shards or sum to zero, and used shards shorter than a window.
    pub fn new(
        seed: &Hash32,
        recipe: &Recipe,
        shards: &[Shard],
        rows: usize,
        context: usize,
    ) -> Result<Self> {
        if shards.len() != recipe.mixture.len() || shards.is_empty() || shards.len() > MAX_SHARDS as usize {
            let (found, wanted) = (recipe.mixture.len(), shards.len());
            return Err(LearnError::Recipe(format!("mixture of {found} weights for {wanted} shards")));
        }
        if !(1..=1 << 16).contains(&rows) || !(1..=1 << 20).contains(&context) {
            return Err(LearnError::Recipe(format!("batch of {rows} windows of {context} tokens")));
        }
        let window = context + 1;
        for (shard, weight) in shards.iter().zip(&recipe.mixture) {
            if *weight > 0 && shard.bytes.len() < window {
                let (required, found) = (window as u64, shard.bytes.len() as u64);
                return Err(LearnError::TooShort { what: "a shard", required, found });
            }
        }
        let sums: Vec<u64> = recipe
            .mixture
            .iter()
            .scan(0u64, |sum, w| {
                *sum += u64::from(*w);
                Some(*sum)
            })
            .collect();
        if sums.last() == Some(&0) {
            return Err(LearnError::Recipe("mixture sums to zero".to_owned()));
        }
        Ok(Self { rng: CounterRng::new(seed, "batches"), shards: shards.into(), sums, rows, window })
    }

    /// The shards it reads.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The batch of a step.
    pub fn batch(&self, step: u64) -> Batch {
        let total = self.sums.last().copied().unwrap_or(0);
        let mut batch = Batch {
            bytes: Vec::with_capacity(self.rows * self.window),
            shards: Vec::new(),
            window: self.window,
        };
        for row in 0..self.rows as u64 {
            let index = 2 * (step * self.rows as u64 + row);
            let pick = self.rng.below(index, total);
            let shard = self.sums.partition_point(|sum| *sum <= pick);
            let text = &self.shards[shard].bytes;
            let places = (text.len() - self.window + 1) as u64;
            let at = self.rng.below(index + 1, places) as usize;
            batch.bytes.extend_from_slice(&text[at..at + self.window]);
            batch.shards.push(shard);
        }
        batch
    }

    /// The hash of the token ids that interval `j` of `steps` steps reads: what a manifest lists.
    pub fn interval_hash(&self, j: u32, steps: u32) -> Hash32 {
        let mut e = Encoder::new("lyceum/batches", 1);
        e.u32(j).u32(steps);
        let first = u64::from(j) * u64::from(steps);
        for step in first..first + u64::from(steps) {
            e.bytes(&self.batch(step).bytes);
        }
        e.digest()
    }

    /// Bytes read from each shard over the first `steps` steps, repeats counted.
    pub fn uses(&self, steps: u64) -> Vec<ShardUse> {
        let mut bytes = vec![0u64; self.shards.len()];
        for step in 0..steps {
            self.batch(step).shards.iter().for_each(|s| bytes[*s] += self.window as u64);
        }
        self.shards.iter().zip(bytes).map(|(s, bytes)| ShardUse { shard: s.root, bytes }).collect()
    }
}

/// A text divided into what may be trained on and what is held out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// For training.
    pub train: Vec<u8>,
    /// For scoring.
    pub held_out: Vec<u8>,
}

/// Holds out the last of every `every` blocks of `block` bytes; a tail shorter than a block is for training.
/// Refuses texts that would leave less than a block on either side.
pub fn split(text: &[u8], block: usize, every: usize) -> Result<Split> {
    let (block, every) = (block.max(1), every.max(2));
    let required = block.saturating_mul(every) as u64;
    if (text.len() as u64) < required {
        return Err(LearnError::TooShort {
            what: "a text with a held-out part",
            required,
            found: text.len() as u64,
        });
    }
    let mut out = Split { train: Vec::new(), held_out: Vec::new() };
    for (i, part) in text.chunks(block).enumerate() {
        let held = i % every == every - 1 && part.len() == block;
        if held { &mut out.held_out } else { &mut out.train }.extend_from_slice(part);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shards() -> Vec<Shard> {
        [3usize, 5]
            .iter()
            .map(|k| Shard::new((0..4000usize).map(|i| (i * k) as u8).collect::<Vec<_>>()))
            .collect()
    }

    fn recipe(mixture: Vec<u32>) -> Recipe {
        Recipe { peak_lr_nano: 1, warmup_steps: 0, mixture }
    }

    #[test]
    fn the_order_of_the_data_must_not_change() {
        let plan = BatchPlan::new(&Hash32([1; 32]), &recipe(vec![3, 1]), &shards(), 4, 16).unwrap();
        assert_eq!(plan.interval_hash(0, 2).to_string(), GOLDEN);
        assert_ne!(plan.interval_hash(1, 2), plan.interval_hash(0, 2));
    }

    const GOLDEN: &str = "a339118f861b42f4874ddb5504268d9f9d812fae7735ca139c2fcf3c74e38ec9";

    #[test]
    fn the_mixture_is_kept_and_every_byte_is_accounted_for() {
        let plan = BatchPlan::new(&Hash32([1; 32]), &recipe(vec![3, 1]), &shards(), 4, 15).unwrap();
        let uses = plan.uses(500);
        assert_eq!(uses.iter().map(|u| u.bytes).sum::<u64>(), 500 * 4 * 16);
        let share = uses[0].bytes as f64 / (500.0 * 4.0 * 16.0);
        assert!((share - 0.75).abs() < 0.03, "{share}");
        let only = BatchPlan::new(&Hash32([1; 32]), &recipe(vec![0, 1]), &shards(), 4, 15).unwrap();
        assert_eq!(only.uses(50)[0].bytes, 0);
    }

    #[test]
    fn mixtures_and_shards_that_give_no_run_are_refused() {
        let seed = Hash32([1; 32]);
        assert!(BatchPlan::new(&seed, &recipe(vec![1]), &shards(), 4, 16).is_err());
        assert!(BatchPlan::new(&seed, &recipe(vec![0, 0]), &shards(), 4, 16).is_err());
        assert!(BatchPlan::new(&seed, &recipe(vec![1, 1]), &shards(), 0, 16).is_err());
        assert!(BatchPlan::new(&seed, &recipe(vec![1, 1]), &shards(), 4, 4000).is_err());
        assert!(BatchPlan::new(&seed, &recipe(vec![]), &[], 4, 16).is_err());
    }

    proptest! {
        #[test]
        fn a_split_loses_nothing_and_holds_whole_blocks_out(
            text in proptest::collection::vec(any::<u8>(), 0..2000), block in 1usize..50, every in 2usize..9,
        ) {
            match split(&text, block, every) {
                Ok(s) => {
                    prop_assert_eq!(s.train.len() + s.held_out.len(), text.len());
                    prop_assert!(!s.held_out.is_empty() && s.held_out.len() % block == 0);
                    prop_assert!(s.held_out.len() * (every - 1) <= s.train.len());
                }
                Err(_) => prop_assert!(text.len() < block * every),
            }
        }
    }
}
