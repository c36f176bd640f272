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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLEAN: AuditShares =
        AuditShares { licence_allowed: true, pii: 0, toxicity: 0, duplicates: 0, gain: GAIN_GOLD };

    #[test]
    fn an_audit_refuses_what_is_over_a_limit_and_not_what_is_at_it() {
        let tier = |audit| audited_tier(&audit);
        assert_eq!(tier(AuditShares { licence_allowed: false, ..CLEAN }), Err(AuditFailure::Licence));
        assert_eq!(tier(AuditShares { pii: 10_001, ..CLEAN }), Err(AuditFailure::Pii));
        assert_eq!(tier(AuditShares { toxicity: 100_001, ..CLEAN }), Err(AuditFailure::Toxicity));
        assert_eq!(tier(AuditShares { duplicates: 950_001, ..CLEAN }), Err(AuditFailure::Duplicates));
        let limit = AuditShares { pii: 10_000, toxicity: 100_000, duplicates: 950_000, ..CLEAN };
        assert_eq!(tier(limit), Ok(Tier::Silver));
    }

    #[test]
    fn gold_needs_clean_bytes_and_a_measured_gain() {
        let tier = |audit| audited_tier(&audit).unwrap();
        assert_eq!(tier(CLEAN), Tier::Gold);
        assert_eq!(tier(AuditShares { pii: 1, ..CLEAN }), Tier::Silver);
        assert_eq!(tier(AuditShares { toxicity: 50_000, ..CLEAN }), Tier::Silver);
        assert_eq!(tier(AuditShares { duplicates: 200_000, ..CLEAN }), Tier::Silver);
        assert_eq!(tier(AuditShares { gain: GAIN_GOLD - 1, ..CLEAN }), Tier::Silver);
        assert_eq!(tier(AuditShares { gain: GAIN_SILVER - 1, ..CLEAN }), Tier::Experimental);
    }

    #[test]
    fn the_share_of_yes_makes_the_tier_below_the_audits_cap() {
        let vote = |yes, no| vote_outcome(yes, no, 1000, Tier::Gold);
        assert_eq!(vote(75, 25), VoteOutcome::Accepted(Tier::Gold));
        assert_eq!(vote(749, 251), VoteOutcome::Accepted(Tier::Silver));
        assert_eq!(vote(60, 40), VoteOutcome::Accepted(Tier::Silver));
        assert_eq!(vote(40, 60), VoteOutcome::Accepted(Tier::Experimental));
        assert_eq!(vote(39, 61), VoteOutcome::Rejected);
        assert_eq!(vote(99, 0), VoteOutcome::NoQuorum);
        assert_eq!(vote(0, 0), VoteOutcome::NoQuorum);
        assert_eq!(vote_outcome(0, 0, 0, Tier::Gold), VoteOutcome::NoQuorum);
        assert_eq!(vote_outcome(100, 0, 1000, Tier::Silver), VoteOutcome::Accepted(Tier::Silver));
    }

    proptest! {
        #[test]
        fn more_yes_never_lowers_a_tier(yes in 0u128..1 << 100, no in 0u128..1 << 100, more in 0u128..1 << 100) {
            let total = 1 << 102;
            let rank = |outcome| match outcome {
                VoteOutcome::NoQuorum => 0,
                VoteOutcome::Rejected => 1,
                VoteOutcome::Accepted(tier) => 2 + tier as u8,
            };
            let at = |yes| rank(vote_outcome(yes, no, total, Tier::Gold));
            prop_assert!(at(yes) <= at(yes + more));
        }
    }
}
