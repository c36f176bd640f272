//! What serving earns: inference, storage, coordination.
use cosmwasm_std::{Uint128, Uint256};

use crate::fixed::mul_ppm;
use crate::params::{COORDINATOR_SHARE, ONE};
use crate::{EconomyError, Result};

/// What an expert's inference reward depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InferenceUse {
    /// Calls in the period.
    pub calls: u64,
    /// Mean time of a response in milliseconds.
    pub response_ms: u64,
    /// Quality in ppm, 0 to 10⁶.
    pub quality: u64,
    /// Whether the expert was used within the last hour.
    pub recent: bool,
}

/// base × min(calls / 100, 2) × max(0.5, 2 − response seconds) × (1 + quality) × (1.0 if recent, else 0.8),
/// rounded down once, at the end.
pub fn inference_reward(base: Uint128, usage: InferenceUse) -> Result<Uint128> {
    if usage.quality > ONE {
        let found = usage.quality.into();
        return Err(EconomyError::OutOfRange { what: "quality", found, min: 0, max: ONE.into() });
    }
    let calls = u128::from(usage.calls.min(200)); // hundredths
    let speed = u128::from(2000u64.saturating_sub(usage.response_ms).max(500)); // thousandths
    let quality = u128::from(ONE + usage.quality); // millionths
    let recency: u128 = if usage.recent { 10 } else { 8 }; // tenths
    let reward = base.full_mul(Uint128::new(calls * speed * quality * recency));
    let unit = Uint256::from(100u128 * 1000 * u128::from(ONE) * 10);
    (reward / unit).try_into().map_err(|_| EconomyError::Overflow { what: "inference reward" })
}

/// Weight of a storage node: bytes × hours × passed retrievability checks.
pub fn storage_weight(bytes: u64, hours: u64, passed_checks: u64) -> Result<Uint128> {
    let weight = (u128::from(bytes) * u128::from(hours)).checked_mul(passed_checks.into());
    weight.map(Uint128::new).ok_or(EconomyError::Overflow { what: "storage weight" })
}

/// A coordinator's 2 % of the fees of its tasks, rounded down.
pub fn coordinator_cut(fees: Uint128) -> Result<Uint128> {
    mul_ppm(fees, COORDINATOR_SHARE, "coordinator's cut")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEST: InferenceUse = InferenceUse { calls: 200, response_ms: 0, quality: ONE, recent: true };

    #[test]
    fn the_inference_reward_is_its_formula() {
        let reward = |usage| inference_reward(Uint128::new(1000), usage).unwrap().u128();
        assert_eq!(reward(BEST), 8000); // 1000 · 2 · 2 · 2 · 1
        assert_eq!(reward(InferenceUse { calls: 100, ..BEST }), 4000);
        assert_eq!(reward(InferenceUse { response_ms: 1500, ..BEST }), 2000);
        assert_eq!(reward(InferenceUse { response_ms: 60_000, ..BEST }), 2000);
        assert_eq!(reward(InferenceUse { quality: 0, ..BEST }), 4000);
        assert_eq!(reward(InferenceUse { recent: false, ..BEST }), 6400);
        let lied = InferenceUse { quality: ONE + 1, ..BEST };
        assert!(matches!(inference_reward(Uint128::one(), lied), Err(EconomyError::OutOfRange { .. })));
    }

    #[test]
    fn serving_amounts_overflow_as_errors() {
        assert!(inference_reward(Uint128::MAX, BEST).is_err());
        assert!(storage_weight(u64::MAX, u64::MAX, 2).is_err());
        assert_eq!(storage_weight(2, 3, 4), Ok(Uint128::new(24)));
        assert_eq!(coordinator_cut(Uint128::new(149)), Ok(Uint128::new(2)));
    }

    proptest! {
        #[test]
        fn no_use_earns_more_than_eight_times_the_base(
            base in 0u128..1 << 120, calls: u64, response_ms: u64, quality in 0..=ONE, recent: bool,
        ) {
            let reward = inference_reward(base.into(), InferenceUse { calls, response_ms, quality, recent });
            prop_assert!(reward.unwrap().u128() <= base * 8);
        }
    }
}
