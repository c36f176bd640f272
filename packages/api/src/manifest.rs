//! The manifest: the proof-of-learning record of one run.

use cosmwasm_schema::cw_serde;

use crate::Hash32;
use crate::canonical::{Canonical, DecodeError, Decoder, Encoder};

/// The most intervals a run may have.
pub const MAX_INTERVALS: u32 = 4096;
/// The most shards a task may allow.
pub const MAX_SHARDS: u32 = 64;
/// Every tenth state is kept and sketched.
pub const KEPT_EVERY: u32 = 10;

/// What a task trains.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Target {
    /// One expert index across all layers; router, base and every other expert stand still.
    Expert {
        /// The expert index.
        index: u32,
    },
    /// The router alone.
    Router {},
    /// Everything, shared expert and router included.
    Base {},
}

/// What a trainer may choose within a task's bounds.
#[cw_serde]
#[derive(Eq)]
pub struct Recipe {
    /// Peak learning rate × 10⁻⁹; the schedule is a cosine that ends at 10 % of it.
    pub peak_lr_nano: u64,
    /// Steps of linear warm-up before the cosine.
    pub warmup_steps: u32,
    /// Relative weight of each of the task's shards, in the task's order; their sum must not be zero.
    pub mixture: Vec<u32>,
}

/// Bytes read from one shard.
#[cw_serde]
#[derive(Eq)]
pub struct ShardUse {
    /// The shard's content root.
    pub shard: Hash32,
    /// Bytes that batches took from it, repeats counted.
    pub bytes: u64,
}

/// The record of a run: data order, seed, recipe, the chain of states, losses, samples and mixture, time.
#[cw_serde]
#[derive(Eq)]
pub struct Manifest {
    /// The task's id.
    pub task: u64,
    /// The trainer's account.
    pub trainer: String,
    /// What was trained.
    pub target: Target,
    /// Root of the base (with router and shared expert) the run stood on.
    pub base: Hash32,
    /// Root of the parent block; for a first expert block this is the base.
    pub parent: Hash32,
    /// `H("lyceum/seed", task, trainer, beacon)`: see [`seed`].
    pub seed: Hash32,
    /// What the trainer chose.
    pub recipe: Recipe,
    /// S: steps of an interval.
    pub steps_per_interval: u32,
    /// Roots `r₀ … rₙ` of the salted states; `rⱼ` stands after `j·S` steps.
    pub states: Vec<Hash32>,
    /// For each interval the hash of its batches' token ids.
    pub batches: Vec<Hash32>,
    /// For each interval the mean training loss, in nats × 10⁻⁶.
    pub losses: Vec<i64>,
    /// What was read, by shard, in the task's order.
    pub shards: Vec<ShardUse>,
    /// Wall-clock seconds of the run, as its trainer says; nothing depends on it.
    pub seconds: u32,
    /// Root of the block that came out.
    pub block: Hash32,
}

impl Recipe {
    pub(crate) fn encode(&self, e: &mut Encoder) {
        e.u64(self.peak_lr_nano).u32(self.warmup_steps).list(&self.mixture, |e, w| {
            e.u32(*w);
        });
    }

    pub(crate) fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            peak_lr_nano: d.u64()?,
            warmup_steps: d.u32()?,
            mixture: d.list("mixture", MAX_SHARDS, Decoder::u32)?,
        })
    }
}

impl Target {
    pub(crate) fn encode(&self, e: &mut Encoder) {
        match self {
            Self::Expert { index } => e.u8(0).u32(*index),
            Self::Router {} => e.u8(1),
            Self::Base {} => e.u8(2),
        };
    }

    pub(crate) fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match d.u8()? {
            0 => Ok(Self::Expert { index: d.u32()? }),
            1 => Ok(Self::Router {}),
            2 => Ok(Self::Base {}),
            _ => Err(DecodeError::Field { field: "target" }),
        }
    }
}

impl Canonical for Manifest {
    const TAG: &'static str = "lyceum/manifest";
    const VERSION: u8 = 1;

    fn encode(&self, e: &mut Encoder) {
        e.u64(self.task).str(&self.trainer);
        self.target.encode(e);
        e.hash(&self.base).hash(&self.parent).hash(&self.seed);
        self.recipe.encode(e);
        e.u32(self.steps_per_interval);
        e.list(&self.states, |e, h| {
            e.hash(h);
        });
        e.list(&self.batches, |e, h| {
            e.hash(h);
        });
        e.list(&self.losses, |e, l| {
            e.i64(*l);
        });
        e.list(&self.shards, |e, s| {
            e.hash(&s.shard).u64(s.bytes);
        });
        e.u32(self.seconds).hash(&self.block);
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let manifest = Self {
            task: d.u64()?,
            trainer: d.str("trainer", 128)?,
            target: Target::decode(d)?,
            base: d.hash()?,
            parent: d.hash()?,
            seed: d.hash()?,
            recipe: Recipe::decode(d)?,
            steps_per_interval: d.u32()?,
            states: d.list("states", MAX_INTERVALS + 1, Decoder::hash)?,
            batches: d.list("batches", MAX_INTERVALS, Decoder::hash)?,
            losses: d.list("losses", MAX_INTERVALS, Decoder::i64)?,
            shards: d.list("shards", MAX_SHARDS, |d| Ok(ShardUse { shard: d.hash()?, bytes: d.u64()? }))?,
            seconds: d.u32()?,
            block: d.hash()?,
        };
        let n = manifest.batches.len();
        if n == 0 || manifest.states.len() != n + 1 || manifest.losses.len() != n {
            return Err(DecodeError::Field { field: "states" });
        }
        Ok(manifest)
    }
}

/// The seed of a run: data order, noise and initialisation come from it. `randomness` is the beacon's of the
/// first round after the take, so neither trainer nor opener can choose it.
pub fn seed(task: u64, trainer: &str, randomness: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/seed", 1);
    e.u64(task).str(trainer).hash(randomness);
    e.digest()
}

/// The root of a state before salting: step counter, seed (which is the whole of the RNG's state, since noise is
/// counted from it) and the content root of the tensor block that holds w, m and v.
pub fn state_root(step: u64, seed: &Hash32, tensors: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/state", 1);
    e.u64(step).hash(seed).hash(tensors);
    e.digest()
}

/// `rⱼ`: the root of a state under its secret salt, so that a manifest gives nobody a state to guess at.
pub fn salted_state(salt: &Hash32, state: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/salted-state", 1);
    e.hash(salt).hash(state);
    e.digest()
}
