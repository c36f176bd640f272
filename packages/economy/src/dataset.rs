//! Datasets: what an audit allows, and what a vote makes of it.
use cosmwasm_schema::cw_serde;

use crate::fixed::ratio_ppm;
use crate::params::{
    GAIN_GOLD, GAIN_SILVER, GOLD_DUPLICATES, GOLD_TOXICITY, MAX_DUPLICATES, MAX_PII, MAX_TOXICITY, QUORUM,
    WEIGHT_EXPERIMENTAL, WEIGHT_GOLD, WEIGHT_SILVER, YES_EXPERIMENTAL, YES_GOLD, YES_SILVER,
};

/// A dataset's tier, lowest first.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Weight 0.3.
    Experimental,
    /// Weight 0.7.
    Silver,
    /// Weight 1.0.
    Gold,
}

impl Tier {
    /// Weight of a sample in training, in ppm.
    pub const fn weight(self) -> u64 {
        match self {
            Self::Gold => WEIGHT_GOLD,
            Self::Silver => WEIGHT_SILVER,
            Self::Experimental => WEIGHT_EXPERIMENTAL,
        }
    }
}

/// What an audit measured; shares are ppm of the dataset's bytes.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct AuditShares {
    /// Whether the licence is on the allowed SPDX list.
    pub licence_allowed: bool,
    /// Bytes of personal data.
    pub pii: u64,
    /// Toxic bytes.
    pub toxicity: u64,
    /// Duplicate bytes.
    pub duplicates: u64,
    /// Measured gain of training on it, in percent × 10⁻⁶.
    pub gain: i64,
}

/// What an audit failed on.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum AuditFailure {
    /// The licence is not on the list.
    Licence,
    /// More than 1 % personal data.
    Pii,
    /// More than 10 % toxic.
    Toxicity,
    /// More than 95 % duplicates.
    Duplicates,
}

/// The highest tier that an audit allows, or what it failed on first.
pub fn audited_tier(audit: &AuditShares) -> Result<Tier, AuditFailure> {
    if !audit.licence_allowed {
        return Err(AuditFailure::Licence);
    }
    if audit.pii > MAX_PII {
        return Err(AuditFailure::Pii);
    }
    if audit.toxicity > MAX_TOXICITY {
        return Err(AuditFailure::Toxicity);
    }
    if audit.duplicates > MAX_DUPLICATES {
        return Err(AuditFailure::Duplicates);
    }
    let clean = audit.pii == 0 && audit.toxicity < GOLD_TOXICITY && audit.duplicates < GOLD_DUPLICATES;
    Ok(match audit.gain {
        gain if gain >= GAIN_GOLD && clean => Tier::Gold,
        gain if gain >= GAIN_SILVER => Tier::Silver,
        _ => Tier::Experimental,
    })
}

/// What a vote came to.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum VoteOutcome {
    /// Fewer than 10 % of the power voted.
    NoQuorum,
    /// Fewer than 40 % said yes.
    Rejected,
    /// The tier by the share of yes, capped by the audit.
    Accepted(Tier),
}

/// The outcome of a vote with this much power for and against, of a frozen total, capped by the audit's tier.
pub fn vote_outcome(yes: u128, no: u128, total_power: u128, cap: Tier) -> VoteOutcome {
    let cast = yes.saturating_add(no);
    if cast == 0 || ratio_ppm(cast, total_power) < QUORUM {
        return VoteOutcome::NoQuorum;
    }
    let tier = match ratio_ppm(yes, cast) {
        share if share >= YES_GOLD => Tier::Gold,
        share if share >= YES_SILVER => Tier::Silver,
        share if share >= YES_EXPERIMENTAL => Tier::Experimental,
        _ => return VoteOutcome::Rejected,
    };
    VoteOutcome::Accepted(tier.min(cap))
}
