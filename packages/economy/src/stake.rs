//! Stake: what it may vote, what it may claim, what it loses.
use cosmwasm_std::Uint128;

use crate::fixed::{mul_ceil, mul_ppm};
use crate::params::{CHALLENGER_SHARE, MIN_STAKE, ONE, SLASH_ATTESTATION, SLASH_DOWNTIME, SLASH_FRAUD};
use crate::{EconomyError, Result};

/// Power in a dataset vote: min(bound GPUs, stake / 1000 LYC, 1 + accepted GPU-hours of the last epoch).
pub fn voting_power(bound_gpus: u64, stake: Uint128, gpu_hours: u64) -> u64 {
    let by_stake = u64::try_from(stake.u128() / MIN_STAKE).unwrap_or(u64::MAX);
    bound_gpus.min(by_stake).min(gpu_hours.saturating_add(1))
}

/// What a node is slashed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offence {
    /// A claim shown false: the whole bond and a fifth of the stake.
    Fraud,
    /// A false or unrevealed attestation.
    Attestation,
    /// Work that was due and not done.
    Downtime,
}

/// What an offence costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slash {
    /// Taken from the claim's bond.
    pub bond: Uint128,
    /// Taken from the stake.
    pub stake: Uint128,
}

/// What an offence costs a node with this stake (locked and unbonding) and this bond on the claim in question.
/// Rounds up, and never exceeds what is there.
pub fn slash(offence: Offence, stake: Uint128, bond: Uint128) -> Slash {
    let (share, bond) = match offence {
        Offence::Fraud => (SLASH_FRAUD, bond),
        Offence::Attestation => (SLASH_ATTESTATION, Uint128::zero()),
        Offence::Downtime => (SLASH_DOWNTIME, Uint128::zero()),
    };
    // A share below one of a Uint128 always fits.
    let taken = mul_ceil(stake, share.into(), ONE.into(), "slash").unwrap_or(stake);
    Slash { bond, stake: taken.min(stake) }
}

/// Claims that may be open at once: stake / bond.
pub fn max_open_claims(stake: Uint128, bond: Uint128) -> Result<u64> {
    if bond.is_zero() {
        return Err(EconomyError::Zero { what: "claim bond" });
    }
    Ok(u64::try_from(stake.u128() / bond.u128()).unwrap_or(u64::MAX))
}

/// Where a slash goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlashSplit {
    /// Repays the committee of the dispute.
    pub costs: Uint128,
    /// Goes to the challenger, if there was one.
    pub challenger: Uint128,
    /// The rest.
    pub treasury: Uint128,
}

/// Costs first, at most 30 % of the rest to the challenger, everything else to the treasury. The parts always
/// sum to the slash. The challenger is paid from `own` alone, the part that the offender himself lost and not his
/// delegators, so whoever disputes himself loses at least 70 % of what he can pay himself.
pub fn split_slash(amount: Uint128, costs: Uint128, own: Uint128, challenged: bool) -> SlashSplit {
    let costs = costs.min(amount);
    let rest = amount - costs;
    let challenger = if challenged {
        mul_ppm(rest.min(own), CHALLENGER_SHARE, "challenger").unwrap_or_default()
    } else {
        Uint128::zero()
    };
    SlashSplit { costs, challenger, treasury: rest - challenger }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::params::LYC;

    #[test]
    fn the_power_of_a_vote_is_bound_by_hardware_stake_and_work() {
        let stake = Uint128::new(3000 * LYC);
        assert_eq!(voting_power(8, stake, 100), 3);
        assert_eq!(voting_power(2, stake, 100), 2);
        assert_eq!(voting_power(8, stake, 0), 1);
        assert_eq!(voting_power(0, stake, 100), 0);
        assert_eq!(voting_power(8, Uint128::new(1000 * LYC - 1), 100), 0);
        assert_eq!(voting_power(u64::MAX, Uint128::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn a_fraud_costs_the_bond_and_a_fifth_and_others_a_share_of_stake_rounded_up() {
        let (stake, bond) = (Uint128::new(1_000_001), Uint128::new(77));
        let zero = Uint128::zero();
        assert_eq!(slash(Offence::Fraud, stake, bond), Slash { bond, stake: 200_001u128.into() });
        assert_eq!(slash(Offence::Attestation, stake, bond), Slash { bond: zero, stake: 100_001u128.into() });
        assert_eq!(slash(Offence::Downtime, stake, bond), Slash { bond: zero, stake: 1_001u128.into() });
    }

    #[test]
    fn stake_over_bond_limits_open_claims() {
        assert_eq!(max_open_claims(1000u128.into(), 300u128.into()), Ok(3));
        assert_eq!(max_open_claims(299u128.into(), 300u128.into()), Ok(0));
        assert_eq!(
            max_open_claims(1u128.into(), 0u128.into()),
            Err(EconomyError::Zero { what: "claim bond" })
        );
    }

    proptest! {
        #[test]
        fn a_slash_never_exceeds_the_stake(stake: u128, bond: u128) {
            for offence in [Offence::Fraud, Offence::Attestation, Offence::Downtime] {
                let slash = slash(offence, stake.into(), bond.into());
                prop_assert!(slash.stake.u128() <= stake && slash.bond.u128() <= bond);
                prop_assert!(stake == 0 || !slash.stake.is_zero());
            }
        }

        #[test]
        fn the_parts_of_a_slash_sum_to_it_and_a_challenger_gets_at_most_three_tenths(
            amount: u128, costs: u128, own: u128, challenged: bool,
        ) {
            let split = split_slash(amount.into(), costs.into(), own.into(), challenged);
            prop_assert_eq!(split.costs + split.challenger + split.treasury, Uint128::new(amount));
            let rest = amount - split.costs.u128();
            prop_assert!(split.challenger.u128() <= rest.min(own) / 10 * 3 + 3);
            prop_assert!(challenged || split.challenger.is_zero());
        }
    }
}
