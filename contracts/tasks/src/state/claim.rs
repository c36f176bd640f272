//! Claims, and what is known against them.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Timestamp, Uint128};
use cw_storage_plus::{Item, Map};
use lyceum_api::Hash32;
use lyceum_api::attestation::OpenedState;
use lyceum_api::claim::ClaimContent;
use lyceum_api::manifest::Recipe;
use lyceum_api::tasks::ClaimStatus;

use crate::verdict::Medians;

/// The most challenges of a claim: to keep everybody else from challenging, a trainer's friends would have to lose
/// this many deposits.
pub const MAX_CHALLENGES: usize = 32;

#[cw_serde]
pub struct Claim {
    pub id: u64,
    pub task: u64,
    pub domain: u64,
    pub trainer: Addr,
    pub recipe: Recipe,
    pub taken_at: Timestamp,
    pub epoch: u64,
    pub seed_round: u64,
    pub commit: Option<Hash32>,
    pub content: Option<ClaimContent>,
    pub block: Option<u64>,
    pub bond: Uint128,
    pub fee: Uint128,
    /// Whether the fee is still here: it leaves when the claim panel's answers are judged.
    pub fee_held: bool,
    pub status: ClaimStatus,
    /// All its panels, oldest first, and those that are not closed.
    pub panels: Vec<u64>,
    pub open: Vec<u64>,
    pub review: Review,
    pub measured: Option<Measured>,
    pub challenges: Vec<Challenge>,
    /// The verdict that stood when a challenge suspended it.
    pub suspended: Option<Suspended>,
}

/// What the claim panel's settlement left to do.
#[cw_serde]
#[derive(Default)]
pub struct Review {
    /// The claim panel that was settled with a quorum.
    pub panel: Option<u64>,
    /// Its revealed seats: those that nothing speaks against, and the others.
    pub agreed: Vec<Addr>,
    pub diverged: Vec<Addr>,
    /// Spans (first and last state) whose change is a jump, not looked at yet; the largest last.
    pub jumps: Vec<(u32, u32)>,
    /// Whether a score panel decides.
    pub score_wanted: bool,
    /// Whether its answers were judged: seats reported, fee paid.
    pub judged: bool,
    /// Intervals that a dispute panel looks at or has decided.
    pub disputed: Vec<u32>,
}

/// Medians of the panel that decided.
#[cw_serde]
pub struct Measured {
    pub medians: Medians,
    /// Why they are no accepted claim, once there is a verdict.
    pub rejection: Option<String>,
    /// The head of the target when the deciding panel's reference was taken.
    pub reference_head: Option<u64>,
}

#[cw_serde]
pub struct Challenge {
    pub challenger: Addr,
    pub commit: Hash32,
    pub height: u64,
    pub deposit: Uint128,
    /// The panel it opened, once revealed.
    pub panel: Option<u64>,
}

#[cw_serde]
pub struct Suspended {
    pub accepted: bool,
    /// What was left of the dispute window.
    pub nanos: u64,
}

impl Claim {
    /// Whether it has ended for good. `Settled` has not: it may still be challenged.
    pub fn has_ended(&self) -> bool {
        use ClaimStatus::*;
        matches!(
            self.status,
            Accepted {} | Outbid {} | Rejected { .. } | Fraud { .. } | Lost {} | Forfeited {} | Void {}
        )
    }
}

/// The status' stable name.
pub const fn status_name(status: &ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::Taken {} => "taken",
        ClaimStatus::Committed {} => "committed",
        ClaimStatus::Revealed {} => "revealed",
        ClaimStatus::Bisecting { .. } => "bisecting",
        ClaimStatus::Disputed { .. } => "disputed",
        ClaimStatus::Settled { .. } => "settled",
        ClaimStatus::Accepted {} => "accepted",
        ClaimStatus::Outbid {} => "outbid",
        ClaimStatus::Rejected { .. } => "rejected",
        ClaimStatus::Fraud { .. } => "fraud",
        ClaimStatus::Lost {} => "lost",
        ClaimStatus::Forfeited {} => "forfeited",
        ClaimStatus::Void {} => "void",
    }
}

pub const CLAIM_COUNT: Item<u64> = Item::new("claim_count");
pub const CLAIMS: Map<u64, Claim> = Map::new("claims");
/// Sketches of bisected spans, ascending; at most three spans.
pub const SPANS: Map<u64, Vec<OpenedState>> = Map::new("spans");
