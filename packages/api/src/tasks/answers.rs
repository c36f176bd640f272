//! What `tasks` answers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Binary, Timestamp, Uint128};

use super::{Beacon, NewDomain, NewTask, Params, ServedState};
use crate::Hash32;
use crate::attestation::{Attestation, DomainScore, Opening};
use crate::claim::ClaimContent;
use crate::datasets::Tier;
use crate::manifest::Recipe;

/// Answer to [`super::QueryMsg::Config`].
#[cw_serde]
pub struct ConfigResponse {
    /// The charter.
    pub charter: Addr,
    /// The beacon.
    pub beacon: Beacon,
    /// Parameters.
    pub params: Params,
    /// Whether paused.
    pub paused: bool,
}

/// Answer to [`super::QueryMsg::Domain`].
#[cw_serde]
pub struct DomainResponse {
    /// Its id.
    pub id: u64,
    /// What was registered.
    pub domain: NewDomain,
    /// Mean gain of its accepted claims now, percent × 10⁻⁶.
    pub mean_gain: i64,
    /// Best score on its public held-out bytes in this epoch × 10⁻⁶ (the baseline at first).
    pub best: i64,
    /// Claims accepted.
    pub accepted: u64,
}

/// Answer to [`super::QueryMsg::Domains`].
#[cw_serde]
pub struct DomainsResponse {
    /// The domains.
    pub domains: Vec<DomainResponse>,
}

/// Where a task stands.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum TaskStatus {
    /// It may be taken, or its claims are under way.
    Open,
    /// Every claim is settled and the winner is final.
    Done,
    /// Its benchmark was not unsealed.
    Void,
}

/// Answer to [`super::QueryMsg::Task`].
#[cw_serde]
pub struct TaskResponse {
    /// Its id.
    pub id: u64,
    /// Who opened it.
    pub opener: Addr,
    /// What was opened.
    pub task: NewTask,
    /// The model.
    pub model: u64,
    /// Content root of the model's base.
    pub base: Hash32,
    /// The parent block's id; absent for the base itself.
    pub parent: Option<u64>,
    /// Content root of the parent.
    pub parent_root: Hash32,
    /// Heads of all the model's experts when it opened: (expert index, content root).
    pub heads: Vec<(u32, Hash32)>,
    /// Tier of each shard, in order.
    pub tiers: Vec<Tier>,
    /// Bond of a claim, ulyc.
    pub bond: Uint128,
    /// Fee of a claim, ulyc.
    pub fee: Uint128,
    /// When it opened.
    pub opened_at: Timestamp,
    /// Commit deadline.
    pub commit_until: Timestamp,
    /// End of the reveal window and of the unsealing.
    pub reveal_until: Timestamp,
    /// The key, once unsealed.
    pub key: Option<Hash32>,
    /// Whether a pause moved the commit deadline behind the benchmark's round: the task can only be voided.
    pub exposed: bool,
    /// Where it stands.
    pub status: TaskStatus,
    /// Its claims, at most 8.
    pub claims: Vec<u64>,
    /// The claim that won.
    pub winner: Option<u64>,
}

/// Answer to [`super::QueryMsg::Tasks`].
#[cw_serde]
pub struct TasksResponse {
    /// The tasks.
    pub tasks: Vec<TaskResponse>,
}

/// Where a claim stands.
#[cw_serde]
#[derive(Eq)]
pub enum ClaimStatus {
    /// Taken; its commit is awaited.
    Taken {},
    /// Committed; its reveal is awaited.
    Committed {},
    /// Revealed; its panels are at work.
    Revealed {},
    /// A jump must be bisected by its trainer ([`super::ExecuteMsg::OpenSpan`]).
    Bisecting {
        /// First state of the span.
        from: u32,
        /// Last state of the span.
        to: u32,
        /// Until when.
        until: Timestamp,
    },
    /// Suspended until the panels on disputed intervals are settled.
    Disputed {
        /// How many are open.
        panels: u32,
    },
    /// A verdict stands, open to challenges until then.
    Settled {
        /// Whether it is accepted.
        accepted: bool,
        /// When the verdict becomes undisputed.
        until: Timestamp,
    },
    /// Final: the block is the task's best.
    Accepted {},
    /// Accepted by its panel, but another claim of the task gained more; the bond went back.
    Outbid {},
    /// Rejected without fraud.
    Rejected {
        /// A stable code: `no_gain`, `guard`, `unsound_quorum` …
        reason: String,
    },
    /// Fraud: bond and stake were taken.
    Fraud {
        /// A stable code: `interval`, `jump`, `unserved`, `unopened`, `unavailable`, `unsound`.
        reason: String,
    },
    /// Nothing was committed in time; the fee is lost.
    Lost {},
    /// Nothing was revealed in time; the bond is forfeited.
    Forfeited {},
    /// Void through no fault of the trainer; bond and fee went back.
    Void {},
}

/// Answer to [`super::QueryMsg::Claim`].
#[cw_serde]
pub struct ClaimResponse {
    /// Its id.
    pub id: u64,
    /// Its task.
    pub task: u64,
    /// Its trainer.
    pub trainer: Addr,
    /// The recipe.
    pub recipe: Recipe,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Sortition epoch whose weights draw its panels.
    pub epoch: u64,
    /// The round whose randomness gives the seed.
    pub seed_round: u64,
    /// The seed, once that round is posted.
    pub seed: Option<Hash32>,
    /// The commitment.
    pub commit: Option<Hash32>,
    /// What was revealed.
    pub content: Option<ClaimContent>,
    /// The block's id in `experts`.
    pub block: Option<u64>,
    /// Bond, ulyc.
    pub bond: Uint128,
    /// Fee, ulyc.
    pub fee: Uint128,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Median gain of the deciding panel, percent × 10⁻⁶.
    pub gain: Option<i64>,
    /// Median score of the reference on the benchmark × 10⁻⁶.
    pub reference: Option<i64>,
    /// Median score of the child × 10⁻⁶.
    pub score: Option<i64>,
    /// Its panels, oldest first.
    pub panels: Vec<u64>,
    /// The claim panel whose opening is compared with: jumps are opened ([`super::ExecuteMsg::OpenSpan`]) under its
    /// key, and disputed intervals are sketched under it a second time.
    pub opened_panel: Option<u64>,
}

/// Answer to [`super::QueryMsg::Claims`].
#[cw_serde]
pub struct ClaimsResponse {
    /// The claims.
    pub claims: Vec<ClaimResponse>,
}

/// What a panel is asked.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum PanelKind {
    /// k seats: re-execute two intervals each, and score.
    Claim {},
    /// 2k + 1 seats: score only; final.
    Score {},
    /// 2k + 1 seats: re-execute one interval; final.
    Interval {
        /// The interval.
        interval: u32,
    },
    /// k seats: score all domains with the present heads before a learning block seals.
    Heads {},
}

/// Where a panel stands.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum PanelStatus {
    /// Waiting for its round, then for [`super::ExecuteMsg::Draw`].
    Pending {},
    /// Drawn; the trainer must serve.
    Serving {
        /// Until when.
        until: Timestamp,
    },
    /// Seats commit.
    Committing {
        /// Until when.
        until: Timestamp,
    },
    /// Seats reveal and the trainer opens.
    Revealing {
        /// Until when.
        until: Timestamp,
    },
    /// Settled, or overtaken by the claim's end.
    Closed {},
}

/// A seat of a panel.
#[cw_serde]
pub struct SeatInfo {
    /// The evaluator.
    pub node: Addr,
    /// The intervals it re-executes.
    pub intervals: Vec<u32>,
    /// Its commitment.
    pub commit: Option<Hash32>,
    /// Whether it has revealed.
    pub revealed: bool,
}

/// Answer to [`super::QueryMsg::Panel`].
#[cw_serde]
pub struct PanelResponse {
    /// Its id.
    pub id: u64,
    /// The claim it judges; a heads panel has none.
    pub claim: Option<u64>,
    /// What it is asked.
    pub kind: PanelKind,
    /// The round that draws it.
    pub round: u64,
    /// Randomness of that round, once drawn; sketch keys and synthetic items derive from it.
    pub randomness: Option<Hash32>,
    /// Where it stands (as of the block's time).
    pub status: PanelStatus,
    /// The seats.
    pub seats: Vec<SeatInfo>,
    /// Domains to score beside the claim's own (a heads panel: all).
    pub guards: Vec<u64>,
    /// Heads of the model's experts when it was drawn: the reference. (expert index, content root).
    pub heads: Vec<(u32, Hash32)>,
    /// What was served.
    pub served: Vec<ServedState>,
    /// The root of the sketches that the trainer will open, once it has served.
    pub opening: Option<Hash32>,
    /// Whether the trainer opened.
    pub opened: bool,
    /// An interval panel: the panel under whose key its seats sketch the interval a second time (their second
    /// entry), because the trainer opened one of its ends there, or both. Absent: one entry, under this panel's own
    /// key.
    pub second_key: Option<u64>,
    /// Availability challenges so far.
    pub challenges: Vec<AvailabilityInfo>,
}

/// A tile that a seat says it cannot have.
#[cw_serde]
#[derive(Eq)]
pub struct AvailabilityInfo {
    /// The seat.
    pub seat: Addr,
    /// The served state.
    pub state: u32,
    /// The tile's index. One beyond the tensor block's end is answered with its last tile.
    pub tile: u64,
    /// Until when it must be answered.
    pub until: Timestamp,
    /// Whether it was.
    pub answered: bool,
}

/// Answer to queries of several panels.
#[cw_serde]
pub struct PanelsResponse {
    /// The panels.
    pub panels: Vec<PanelResponse>,
}

/// Answer to [`super::QueryMsg::Attestation`].
#[cw_serde]
pub struct AttestationResponse {
    /// What was revealed.
    pub attestation: Option<Attestation>,
}

/// Answer to [`super::QueryMsg::Opening`].
#[cw_serde]
pub struct OpeningResponse {
    /// What was opened.
    pub opening: Option<Opening>,
}

/// Answer to [`super::QueryMsg::Beacon`].
#[cw_serde]
pub struct BeaconResponse {
    /// sha256 of the signature.
    pub randomness: Option<Hash32>,
    /// The signature, 48 bytes on G1; it opens what is under timelock encryption to the round.
    pub signature: Option<Binary>,
}

/// Answer to [`super::QueryMsg::WantedRounds`].
#[cw_serde]
pub struct RoundsResponse {
    /// The rounds.
    pub rounds: Vec<u64>,
}

/// Answer to [`super::QueryMsg::OpenLearningBlock`].
#[cw_serde]
pub struct OpenLearningBlockResponse {
    /// Its number.
    pub number: u64,
    /// What it must reach now, percent × 10⁻⁶ weighted over domains.
    pub threshold: i64,
    /// What it has.
    pub weighted_gain: i64,
    /// Claims in it.
    pub claims: u32,
    /// The panel that checks the heads, if one is at work.
    pub panel: Option<u64>,
}

/// A sealed learning block.
#[cw_serde]
pub struct LearningBlockInfo {
    /// Its number.
    pub number: u64,
    /// Chain height.
    pub height: u64,
    /// When.
    pub sealed_at: Timestamp,
    /// The threshold it passed.
    pub threshold: i64,
    /// What it had.
    pub weighted_gain: i64,
    /// Claims in it.
    pub claims: u32,
    /// Scores of all domains when it sealed.
    pub scores: Vec<DomainScore>,
}

/// Answer to [`super::QueryMsg::LearningBlocks`].
#[cw_serde]
pub struct LearningBlocksResponse {
    /// The learning blocks.
    pub learning_blocks: Vec<LearningBlockInfo>,
}
