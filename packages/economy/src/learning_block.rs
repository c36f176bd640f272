//! Learning blocks: when one seals, what it emits, who shares it.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;

use crate::fixed::{mul_floor, mul_ppm};
use crate::params::{
    BLOCK_CORRECTION, BLOCK_SECONDS, HALVING_BLOCKS, INITIAL_EMISSION, MAX_THRESHOLD, ONE, RETARGET_BLOCKS,
    RETARGET_FACTOR, SHARE_DATA, SHARE_EVALUATORS, SHARE_SERVICE, SHARE_TRAINERS,
};
use crate::{EconomyError, Result};

fn bounded(threshold: u128) -> u64 {
    // Clamped to MAX_THRESHOLD, so it fits.
    u64::try_from(threshold.clamp(1, MAX_THRESHOLD.into())).unwrap_or(MAX_THRESHOLD)
}

/// The threshold (percent × 10⁻⁶) that holds so long after the last seal: the set one up to the target time,
/// from then on falling as target / elapsed. It never falls below 10⁻⁶, so a seal always takes a real gain, and
/// any real gain seals in the end.
pub fn threshold_now(threshold: u64, elapsed: u64) -> u64 {
    if elapsed <= BLOCK_SECONDS {
        return bounded(threshold.into());
    }
    bounded(u128::from(threshold) * u128::from(BLOCK_SECONDS) / u128::from(elapsed))
}

/// Whether a weighted gain (percent × 10⁻⁶) seals a learning block so long after the last.
pub fn seals(weighted_gain: u64, threshold: u64, elapsed: u64) -> bool {
    weighted_gain >= threshold_now(threshold, elapsed)
}

/// The threshold of the next block, from the set one and the time that the sealed block took: a correction
/// towards 600 s proportional to the deviation, at most 2 %.
pub fn next_threshold(threshold: u64, elapsed: u64) -> u64 {
    let target = i128::from(BLOCK_SECONDS);
    let deviation = (target - i128::from(elapsed)).clamp(-target, target);
    let change =
        i128::from(threshold) * i128::from(BLOCK_CORRECTION) * deviation / (target * i128::from(ONE));
    bounded((i128::from(threshold) + change).max(1).unsigned_abs())
}

/// The threshold after [`RETARGET_BLOCKS`] blocks that took `elapsed` together: × expected / elapsed, within
/// ×¼ to ×4.
pub fn retarget(threshold: u64, elapsed: u64) -> u64 {
    let expected = u128::from(RETARGET_BLOCKS * BLOCK_SECONDS);
    let (old, factor) = (u128::from(threshold), u128::from(RETARGET_FACTOR));
    // u64 × 60 000 needs 80 bits.
    let ideal = old * expected / u128::from(elapsed.max(1));
    bounded(ideal.clamp(old / factor, old * factor))
}

/// Emission of the learning block with this number (from 0), sealed so long after the last:
/// E · min(elapsed, 600) / 600, where E halves every 210 000 blocks.
pub fn emission(number: u64, elapsed: u64) -> Uint128 {
    let halvings = number / HALVING_BLOCKS;
    let full = if halvings < 128 { INITIAL_EMISSION >> halvings } else { 0 };
    Uint128::new(full * u128::from(elapsed.min(BLOCK_SECONDS)) / u128::from(BLOCK_SECONDS))
}

/// The parts of an emission.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct EmissionShares {
    /// 60 %.
    pub trainers: Uint128,
    /// 20 %.
    pub data: Uint128,
    /// 12 %.
    pub evaluators: Uint128,
    /// 5 %, for storage and inference nodes.
    pub service: Uint128,
    /// 3 % and every remainder.
    pub treasury: Uint128,
}

/// Splits an emission into parts that sum to it exactly.
pub fn split_emission(amount: Uint128) -> Result<EmissionShares> {
    let part = |ppm| mul_ppm(amount, ppm, "emission share");
    let (trainers, data) = (part(SHARE_TRAINERS)?, part(SHARE_DATA)?);
    let (evaluators, service) = (part(SHARE_EVALUATORS)?, part(SHARE_SERVICE)?);
    // The four are rounded down from 97 %.
    let treasury = amount - trainers - data - evaluators - service;
    Ok(EmissionShares { trainers, data, evaluators, service, treasury })
}

/// The part of a pot that falls to one weight of a total, rounded down.
pub fn pro_rata(pot: Uint128, weight: Uint128, total: Uint128) -> Result<Uint128> {
    if weight > total {
        return Err(EconomyError::Overflow { what: "weight within its total" });
    }
    if total.is_zero() {
        return Ok(Uint128::zero());
    }
    mul_floor(pot, weight.u128(), total.u128(), "pro rata part")
}
