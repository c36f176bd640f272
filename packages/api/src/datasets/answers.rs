//! What `datasets` answers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Timestamp};

use super::{AuditReport, DatasetManifest, Params, Tier};
use crate::Hash32;

/// Answer to [`super::QueryMsg::Config`].
#[cw_serde]
pub struct ConfigResponse {
    /// The charter.
    pub charter: Addr,
    /// Parameters.
    pub params: Params,
    /// Whether paused.
    pub paused: bool,
    /// Power of all nodes now.
    pub total_power: u64,
}

/// Where a dataset stands.
#[cw_serde]
#[derive(Eq)]
pub enum Status {
    /// Waiting for its auditors to be drawn, from this beacon round.
    Proposed {
        /// The round.
        round: u64,
    },
    /// Auditors commit and reveal.
    Auditing {
        /// End of the commits.
        commit_until: Timestamp,
        /// End of the reveals.
        reveal_until: Timestamp,
    },
    /// The vote is open.
    Voting {
        /// Its end.
        until: Timestamp,
        /// Whether it was extended.
        extended: bool,
    },
    /// It has a tier.
    Approved {
        /// The tier.
        tier: Tier,
    },
    /// It was refused.
    Rejected {
        /// Why, a stable code: `audit_licence`, `audit_pii`, `audit_toxicity`, `audit_duplicates`, `vote_refused`
        /// (deposit lost), `audit_quorum`, `vote_quorum` (deposit returned).
        reason: String,
    },
}

/// Answer to [`super::QueryMsg::Dataset`].
#[cw_serde]
pub struct DatasetResponse {
    /// Its id.
    pub id: u64,
    /// Who proposed it.
    pub proposer: Addr,
    /// What it is.
    pub manifest: DatasetManifest,
    /// Where it stands.
    pub status: Status,
    /// Height whose beginning froze the voting power.
    pub height: u64,
    /// When it was proposed.
    pub proposed_at: Timestamp,
    /// Median of the revealed audits, measure by measure, if there was a quorum; the licence is right if more than
    /// half found so.
    pub audit: Option<AuditReport>,
    /// The best tier that the audit allows.
    pub allowed: Option<Tier>,
    /// Power in favour.
    pub yes: u64,
    /// Power against.
    pub no: u64,
    /// Power of all nodes when it was frozen.
    pub total_power: u64,
}

/// Answer to [`super::QueryMsg::Datasets`].
#[cw_serde]
pub struct DatasetsResponse {
    /// The datasets.
    pub datasets: Vec<DatasetResponse>,
}

/// One vote.
#[cw_serde]
pub struct VoteInfo {
    /// The voter.
    pub voter: Addr,
    /// Whether in favour.
    pub yes: bool,
    /// Its power.
    pub power: u64,
}

/// Answer to [`super::QueryMsg::Votes`].
#[cw_serde]
pub struct VotesResponse {
    /// The votes.
    pub votes: Vec<VoteInfo>,
}

/// One auditor.
#[cw_serde]
pub struct AuditSeat {
    /// The auditor.
    pub node: Addr,
    /// Its commitment.
    pub commit: Option<Hash32>,
    /// What it revealed.
    pub report: Option<AuditReport>,
}

/// Answer to [`super::QueryMsg::Audits`].
#[cw_serde]
pub struct AuditsResponse {
    /// The seats, in the order drawn.
    pub seats: Vec<AuditSeat>,
}

/// Answer to [`super::QueryMsg::Power`].
#[cw_serde]
pub struct PowerResponse {
    /// The power.
    pub power: u64,
}

/// Answer to [`super::QueryMsg::Used`].
#[cw_serde]
pub struct UsedResponse {
    /// For each shard asked about whether it was used.
    pub used: Vec<bool>,
}
