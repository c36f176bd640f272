//! Domains, tasks, claims, beacon, panels, attestations, verdicts, disputes and learning blocks.
//!
//! A panel is a set of drawn seats that answer one question about a claim (or about the heads before a learning
//! block seals). Whatever its kind, it lives the same life: it waits for its beacon round, is drawn, the trainer
//! serves (where states are re-executed), seats commit and reveal, the trainer opens, anyone settles it.

mod answers;
mod event;

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, QuerierWrapper, StdResult, Uint128};

pub use answers::*;
pub use event::{EVENT_VERSION, Event};

use crate::Hash32;
use crate::attestation::{Attestation, OpenedState, Opening};
use crate::canonical::Encoder;
use crate::claim::ClaimContent;
use crate::client::{Contract, Interface, only};
use crate::manifest::{Recipe, Target};

/// Marker of the interface of `tasks`.
#[derive(Debug, Clone)]
pub struct Tasks;

impl Interface for Tasks {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `tasks`.
pub type Client = Contract<Tasks>;

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
    /// inside: what does not open leaves the task sealed, and [`ExecuteMsg::VoidTask`] follows at its opener's cost.
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

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter.
    pub charter: String,
    /// `nodes`.
    pub nodes: String,
    /// `datasets`.
    pub datasets: String,
    /// `experts`.
    pub experts: String,
    /// `credits`.
    pub credits: String,
    /// `rewards`.
    pub rewards: String,
    /// The beacon.
    pub beacon: Beacon,
    /// Parameters.
    pub params: Params,
}

/// What `tasks` executes. Every message is permissionless unless it says by whom.
#[cw_serde]
pub enum ExecuteMsg {
    /// By the charter.
    RegisterDomain {
        /// The domain.
        domain: NewDomain,
    },
    /// By an active coordinator, with `opener_deposit + max_claims × claim_fee`.
    OpenTask {
        /// The task.
        task: NewTask,
    },
    /// By an active trainer that is not of the opener's operator, with `bond + claim_fee`, once per task.
    Take {
        /// The task.
        task: u64,
        /// The recipe, within the task's bounds.
        recipe: Recipe,
    },
    /// Post a beacon round (once; a second post is refused).
    PostBeacon {
        /// The round.
        round: u64,
        /// Its signature on G1, 48 bytes.
        signature: Binary,
    },
    /// By the claim's trainer, before the commit deadline: [`crate::canonical::commitment`] with tag
    /// [`crate::claim::CLAIM_COMMIT`], the *task's* id as subject and [`ClaimContent`]'s hash.
    Commit {
        /// The claim.
        claim: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the claim's trainer, between the commit deadline and the end of the reveal window.
    Reveal {
        /// The claim.
        claim: u64,
        /// What was committed to.
        content: ClaimContent,
        /// The salt.
        salt: Binary,
    },
    /// After the commit deadline: the key that the task committed to, which anyone takes out of the benchmark's
    /// `sealed_key` with the signature of its round.
    Unseal {
        /// The task.
        task: u64,
        /// The key, 32 bytes.
        key: Hash32,
    },
    /// Draw a panel whose round is posted.
    Draw {
        /// The panel.
        panel: u64,
    },
    /// By the claim's trainer, within the serve window.
    Serve {
        /// The panel.
        panel: u64,
        /// [`crate::attestation::opening_root`] of the sketches it will open: every state whose index is a
        /// multiple of [`crate::manifest::KEPT_EVERY`], the last, and both ends of the drawn intervals, ascending
        /// (an interval panel: both ends of its interval).
        opening: Hash32,
        /// The states asked for: 0, n and the start of every drawn interval, ascending (an interval panel: both
        /// ends of its interval).
        states: Vec<ServedState>,
    },
    /// By a seat before it commits: say that a tile of a served state cannot be had.
    ChallengeAvailability {
        /// The panel.
        panel: u64,
        /// The state.
        state: u32,
        /// The tile's index (16 KiB each).
        tile: u64,
    },
    /// By anyone who has it: put the tile on chain.
    AnswerAvailability {
        /// The panel.
        panel: u64,
        /// The state.
        state: u32,
        /// The tensor block's size in bytes.
        size: u64,
        /// The tile's bytes, at most 16 KiB.
        data: Binary,
        /// Its proof: chaining values from the tile up, 32 bytes each.
        proof: Vec<Hash32>,
    },
    /// By a seat, once served: [`crate::canonical::commitment`] with tag
    /// [`crate::attestation::ATTESTATION_COMMIT`], the panel's id and the attestation's hash.
    Attest {
        /// The panel.
        panel: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the same seat, once all have committed or the window has passed.
    RevealAttestation {
        /// The panel.
        panel: u64,
        /// The attestation.
        attestation: Attestation,
        /// The salt.
        salt: Binary,
    },
    /// By the claim's trainer, in the same window.
    Open {
        /// The panel.
        panel: u64,
        /// What it bound itself to.
        opening: Opening,
        /// The salt of the root.
        salt: Hash32,
    },
    /// Settle a panel that is complete or whose windows have passed.
    Settle {
        /// The panel.
        panel: u64,
    },
    /// By the claim's trainer: the states between two kept ones whose distance is a jump.
    OpenSpan {
        /// The claim.
        claim: u64,
        /// First state of the span.
        from: u32,
        /// Every state strictly within the span, ascending, under the key of the claim's
        /// [`ClaimResponse::opened_panel`].
        states: Vec<OpenedState>,
    },
    /// With the deposit: commit to a challenge of a revealed or settled claim
    /// ([`crate::claim::CHALLENGE_COMMIT`], the claim's id, [`crate::claim::challenge_content`]).
    Challenge {
        /// The claim.
        claim: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the challenger, in a later block, within the dispute window.
    RevealChallenge {
        /// The claim.
        claim: u64,
        /// The interval said to be forged.
        interval: u32,
        /// The salt.
        salt: Binary,
    },
    /// A deadline passed: carry out what follows (no commit, no reveal, no service, no answer, no unsealing).
    Expire {
        /// The claim.
        claim: u64,
    },
    /// The task's benchmark was not unsealed in time: void it; the opener pays the fees back. Where a pause moved the
    /// commit deadline behind the benchmark's round ([`TaskResponse::exposed`]), at once, and nobody pays.
    VoidTask {
        /// The task.
        task: u64,
    },
    /// Every claim of the task is settled and undisputed: the best accepted one becomes final, the others are
    /// released.
    Finalize {
        /// The task.
        task: u64,
    },
    /// The threshold is reached: have a panel check all domains; it seals the learning block when it settles.
    CheckHeads {},
    /// By the charter.
    SetParams {
        /// The new parameters.
        params: Params,
    },
    /// By the charter. No window runs while paused: answers, events and errors give the time at which a deadline
    /// comes if nothing is paused from now on.
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `tasks` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration.
    #[returns(ConfigResponse)]
    Config {},
    /// One domain.
    #[returns(DomainResponse)]
    Domain {
        /// Its id.
        domain: u64,
    },
    /// Domains by id.
    #[returns(DomainsResponse)]
    Domains {
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One task.
    #[returns(TaskResponse)]
    Task {
        /// Its id.
        task: u64,
    },
    /// Tasks by id.
    #[returns(TasksResponse)]
    Tasks {
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One claim.
    #[returns(ClaimResponse)]
    Claim {
        /// Its id.
        claim: u64,
    },
    /// Claims by id.
    #[returns(ClaimsResponse)]
    Claims {
        /// Only those of a task.
        task: Option<u64>,
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One panel.
    #[returns(PanelResponse)]
    Panel {
        /// Its id.
        panel: u64,
    },
    /// Panels by id.
    #[returns(PanelsResponse)]
    Panels {
        /// Only those of a claim.
        claim: Option<u64>,
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The panels that are not closed and in which a node sits.
    #[returns(PanelsResponse)]
    Seats {
        /// The node.
        node: String,
        /// The panel to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// A revealed attestation.
    #[returns(AttestationResponse)]
    Attestation {
        /// The panel.
        panel: u64,
        /// The seat.
        node: String,
    },
    /// What a trainer opened for a panel.
    #[returns(OpeningResponse)]
    Opening {
        /// The panel.
        panel: u64,
    },
    /// The randomness of a round that was posted.
    #[returns(BeaconResponse)]
    Beacon {
        /// The round.
        round: u64,
    },
    /// The rounds that somebody waits for and nobody has posted, ascending.
    #[returns(RoundsResponse)]
    WantedRounds {
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The open learning block.
    #[returns(OpenLearningBlockResponse)]
    OpenLearningBlock {},
    /// Sealed learning blocks, oldest first.
    #[returns(LearningBlocksResponse)]
    LearningBlocks {
        /// The number to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
}

/// What a task publishes of the key that unseals its benchmark.
pub fn key_commitment(key: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/benchmark-key", 1);
    e.hash(key);
    e.digest()
}

impl Client {
    /// The randomness of a round, if it was posted.
    pub fn beacon(&self, querier: &QuerierWrapper<'_>, round: u64) -> StdResult<Option<Hash32>> {
        self.ask::<BeaconResponse>(querier, &only!(Beacon { round: u64 })).map(|r| r.randomness)
    }

    /// Configuration, with the beacon's parameters.
    pub fn config(&self, querier: &QuerierWrapper<'_>) -> StdResult<ConfigResponse> {
        self.ask(querier, &only!(Config {}))
    }
}
