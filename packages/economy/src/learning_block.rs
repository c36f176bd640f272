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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::params::{INITIAL_THRESHOLD, MAX_EMISSION};

    #[test]
    fn no_more_than_21_million_are_ever_emitted() {
        let mut total = Uint128::zero();
        let mut halvings = 0;
        loop {
            let one = emission(halvings * HALVING_BLOCKS, BLOCK_SECONDS);
            assert_eq!(one, emission((halvings + 1) * HALVING_BLOCKS - 1, u64::MAX), "constant in between");
            if one.is_zero() {
                break;
            }
            total += one * Uint128::from(HALVING_BLOCKS);
            halvings += 1;
        }
        assert!(total.u128() <= MAX_EMISSION && total.u128() > MAX_EMISSION / 1000 * 999);
        assert!(emission(u64::MAX, u64::MAX).is_zero());
    }

    #[test]
    fn claims_hoarded_and_released_together_emit_once() {
        assert_eq!(emission(0, 600), Uint128::new(50_000_000));
        assert_eq!(emission(0, 6000), emission(0, 600));
        assert_eq!(emission(0, 60), Uint128::new(5_000_000));
        assert_eq!(emission(1, 0), Uint128::zero());
    }

    #[test]
    fn a_drought_lowers_the_threshold_but_never_to_nothing() {
        assert_eq!(threshold_now(INITIAL_THRESHOLD, 0), INITIAL_THRESHOLD);
        assert_eq!(threshold_now(INITIAL_THRESHOLD, 600), INITIAL_THRESHOLD);
        assert_eq!(threshold_now(INITIAL_THRESHOLD, 1200), INITIAL_THRESHOLD / 2);
        assert_eq!(threshold_now(INITIAL_THRESHOLD, u64::MAX), 1);
        assert!(!seals(0, INITIAL_THRESHOLD, u64::MAX));
        assert!(seals(500_000, INITIAL_THRESHOLD, 1200) && !seals(499_999, INITIAL_THRESHOLD, 1200));
    }

    #[test]
    fn a_correction_is_at_most_two_percent_towards_600_seconds() {
        assert_eq!(next_threshold(1_000_000, 600), 1_000_000);
        assert_eq!(next_threshold(1_000_000, 0), 1_020_000);
        assert_eq!(next_threshold(1_000_000, 300), 1_010_000);
        assert_eq!(next_threshold(1_000_000, u64::MAX), 980_000);
    }

    #[test]
    fn a_retarget_stays_within_a_factor_of_four() {
        assert_eq!(retarget(1_000_000, 60_000), 1_000_000);
        assert_eq!(retarget(1_000_000, 30_000), 2_000_000);
        assert_eq!(retarget(1_000_000, 0), 4_000_000);
        assert_eq!(retarget(1_000_000, u64::MAX), 250_000);
    }

    proptest! {
        #[test]
        fn thresholds_stay_in_bounds_and_fall_with_time(
            threshold in 1..=MAX_THRESHOLD, extreme: u64, elapsed: u64, more: u64,
        ) {
            let later = elapsed.saturating_add(more);
            for f in [threshold_now, next_threshold, retarget] {
                prop_assert!((1..=MAX_THRESHOLD).contains(&f(extreme, elapsed)));
                prop_assert!(f(threshold, later) <= f(threshold, elapsed));
            }
            let next = next_threshold(threshold, elapsed);
            prop_assert!(next.abs_diff(threshold) <= threshold / 50 + 1);
            let retargeted = retarget(threshold, elapsed);
            prop_assert!(retargeted <= threshold * 4 && retargeted >= threshold / 4);
        }

        #[test]
        fn the_shares_sum_to_the_emission_and_the_remainder_is_the_treasurys(amount: u128) {
            let s = split_emission(amount.into()).unwrap();
            prop_assert_eq!(s.trainers + s.data + s.evaluators + s.service + s.treasury, Uint128::new(amount));
            let exact = mul_ppm(amount.into(), crate::params::SHARE_TREASURY, "x").unwrap();
            prop_assert!(s.treasury >= exact && s.treasury.u128() - exact.u128() <= 4);
        }

        #[test]
        fn parts_by_weight_never_exceed_the_pot(pot: u128, weights in prop::collection::vec(any::<u64>(), 1..50)) {
            let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
            let parts = weights.iter().map(|w| pro_rata(pot.into(), (*w).into(), total.into()).unwrap().u128());
            let paid = parts.fold(0u128, |sum, part| sum.checked_add(part).unwrap());
            prop_assert!(paid <= pot && (total == 0 || pot - paid < weights.len() as u128));
        }
    }

    #[test]
    fn a_weight_above_its_total_is_refused() {
        assert!(pro_rata(1u128.into(), 2u128.into(), 1u128.into()).is_err());
    }
}
