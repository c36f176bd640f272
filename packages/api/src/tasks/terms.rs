//! What is agreed before anybody trains: the beacon, parameters, domains and tasks; and the state a trainer serves.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Binary, Uint128};

use crate::Hash32;
use crate::canonical::Encoder;
use crate::manifest::Target;

/// The execution class that any CPU can run.
pub const CLASS_FP32: &str = "fp32";

/// The randomness beacon: drand's quicknet scheme (BLS12-381, signatures on G1, unchained).
#[cw_serde]
pub struct Beacon {
    /// Public key on G2, 96 bytes compressed.
    pub public_key: Binary,
    /// When round 1 came out, Unix seconds.
    pub genesis: u64,
    /// Seconds between rounds.
    pub period: u64,
}

/// Windows, fees and deposits.
#[cw_serde]
pub struct Params {
    /// What a trainer pays for its committee, ulyc.
    pub claim_fee: Uint128,
    /// What an opener puts up beside the fees it may have to pay back, ulyc.
    pub opener_deposit: Uint128,
    /// What a challenger puts up, ulyc.
    pub challenge_deposit: Uint128,
    /// Seconds to reveal claims after the commit deadline; the benchmark is unsealed in the same window.
    pub reveal_seconds: u64,
    /// Seconds between the end of that window and the round that draws.
    pub draw_delay_seconds: u64,
    /// Seconds to serve, from the draw.
    pub serve_seconds: u64,
    /// Seconds to commit attestations after that.
    pub attest_seconds: u64,
    /// Seconds to reveal them and to open sketches after that.
    pub open_seconds: u64,
    /// Seconds to answer an availability challenge or a bisection.
    pub answer_seconds: u64,
    /// Seconds in which a settled claim may be challenged.
    pub dispute_seconds: u64,
    /// Seconds of the epoch in which a shard's use counts once per model (28 days).
    pub use_epoch_seconds: u64,
    /// Learning blocks aim at this distance, seconds.
    pub learning_block_seconds: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            claim_fee: Uint128::new(5_000_000),
            opener_deposit: Uint128::new(10_000_000),
            challenge_deposit: Uint128::new(50_000_000),
            reveal_seconds: 600,
            draw_delay_seconds: 30,
            serve_seconds: 1_800,
            attest_seconds: 3_600,
            open_seconds: 1_800,
            answer_seconds: 1_800,
            dispute_seconds: 3_600,
            use_epoch_seconds: 28 * 86_400,
            learning_block_seconds: 600,
        }
    }
}

/// What a domain measures.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Metric {
    /// Bits per byte on held-out text; lower is better.
    BitsPerByte,
}

/// A domain to register.
#[cw_serde]
pub struct NewDomain {
    /// Name, 1 to 64 characters; unique.
    pub name: String,
    /// The model it improves.
    pub model: u64,
    /// The expert index that belongs to it.
    pub expert: u32,
    /// What is measured.
    pub metric: Metric,
    /// Weight in learning blocks × 10⁻⁶.
    pub weight: u64,
    /// Spread of the seats' gains above which a wider panel scores again: percent × 10⁻⁶.
    pub tolerance: u64,
    /// Seats of a committee (5).
    pub committee: u32,
    /// Execution class, [`CLASS_FP32`].
    pub class: String,
    /// Distance above which an interval differs, ppm (1000 for `fp32`).
    pub bound_ppm: u64,
    /// ε of the distance, ppm.
    pub epsilon_ppm: u64,
    /// Mean gain to begin with: percent × 10⁻⁶.
    pub mean_gain: i64,
    /// The most one claim can earn, ulyc: bonds follow from it.
    pub max_reward: Uint128,
    /// Content root of the domain's public held-out bytes, on which guards are scored.
    pub held_out: Hash32,
    /// Score of the base on them × 10⁻⁶.
    pub baseline: i64,
    /// Sequences of a batch.
    pub batch: u32,
    /// Tokens of a sequence.
    pub sequence: u32,
    /// GPU-seconds that 1000 steps count as, for trust and votes.
    pub seconds_per_kilostep: u64,
}

/// A shard that a task allows.
#[cw_serde]
#[derive(Eq)]
pub struct TaskShard {
    /// The approved dataset it belongs to.
    pub dataset: u64,
    /// Its content root.
    pub root: Hash32,
}

/// What a recipe may choose from.
#[cw_serde]
#[derive(Eq)]
pub struct RecipeBounds {
    /// Least peak learning rate × 10⁻⁹.
    pub min_lr_nano: u64,
    /// Greatest peak learning rate × 10⁻⁹.
    pub max_lr_nano: u64,
    /// Most warm-up steps.
    pub max_warmup: u32,
}

/// Bytes of [`Benchmark::sealed_key`]: a point on G2 and twice 32 bytes.
pub const SEALED_KEY_BYTES: usize = 160;

/// A sealed benchmark: used once, unsealed after the commit deadline, by anyone.
#[cw_serde]
#[derive(Eq)]
pub struct Benchmark {
    /// Content root of the sealed bytes.
    pub root: Hash32,
    /// Their size.
    pub bytes: u64,
    /// Items in it.
    pub items: u32,
    /// [`key_commitment`] of the key that unseals it.
    pub key: Hash32,
    /// The beacon's round whose signature gives that key to everybody. It comes out within the reveal window, so
    /// not before the commit deadline.
    pub round: u64,
    /// The key under timelock encryption to `round` (tlock's scheme), [`SEALED_KEY_BYTES`]. The chain can't look
    /// inside: what does not open leaves the task sealed, and [`super::ExecuteMsg::VoidTask`] follows at its opener's cost.
    pub sealed_key: Binary,
}

/// A task to open.
#[cw_serde]
pub struct NewTask {
    /// The domain.
    pub domain: u64,
    /// What is trained.
    pub target: Target,
    /// S.
    pub steps_per_interval: u32,
    /// n, at least 200 unless the committee re-executes at most 5 % of fewer.
    pub intervals: u32,
    /// The shards, 1 to 64.
    pub shards: Vec<TaskShard>,
    /// Bounds of the recipe.
    pub bounds: RecipeBounds,
    /// Seconds from now to the commit deadline.
    pub commit_seconds: u64,
    /// How many trainers may take it, 1 to 8.
    pub max_claims: u32,
    /// The sealed benchmark.
    pub benchmark: Benchmark,
}

/// A state the trainer serves, proven to be the one it committed to.
#[cw_serde]
#[derive(Eq)]
pub struct ServedState {
    /// Its index j.
    pub state: u32,
    /// Its salt.
    pub salt: Hash32,
    /// Content root of the tensor block with w, m and v.
    pub tensors: Hash32,
    /// Merkle proof of `rⱼ` under the claim's `states`.
    pub proof: Vec<Hash32>,
}

/// What a task publishes of the key that unseals its benchmark.
pub fn key_commitment(key: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/benchmark-key", 1);
    e.hash(key);
    e.digest()
}
