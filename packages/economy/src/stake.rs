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
/// sum to the slash, so whoever disputes himself loses at least 70 % of what he can pay himself.
pub fn split_slash(amount: Uint128, costs: Uint128, challenged: bool) -> SlashSplit {
    let costs = costs.min(amount);
    let rest = amount - costs;
    let challenger = if challenged {
        mul_ppm(rest, CHALLENGER_SHARE, "challenger").unwrap_or_default()
    } else {
        Uint128::zero()
    };
    SlashSplit { costs, challenger, treasury: rest - challenger }
}
