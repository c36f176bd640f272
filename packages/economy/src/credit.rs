//! Proof-of-learning credits: how many a reason earns, and what a reservation costs. Unit: 10⁻⁶ credit.
use cosmwasm_std::Uint128;

use crate::fixed::{mul_ppm, ratio_ppm};
use crate::params::{
    CREDITS_ATTESTATION, CREDITS_EXPERT, CREDITS_EXPERT_CAP, CREDITS_FINDING, CREDITS_GOLD_DATASET,
    CREDITS_GPU_HOUR, CREDITS_MIGRATION, ONE,
};
use crate::{EconomyError, Result};

/// Why credits are awarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Award {
    /// An expert block became final.
    Expert {
        /// Its gain, percent × 10⁻⁶.
        gain: u64,
        /// The domain's mean gain so far; 0 where this is the first.
        mean_gain: u64,
    },
    /// A dataset became gold.
    GoldDataset,
    /// A migration was accepted.
    Migration,
    /// An attestation agreed with the verdict.
    Attestation,
    /// A security finding was proven.
    Finding,
}

/// Credits for a reason. An expert block earns 100 × gain / mean gain, at most twice; the first of a domain is
/// its own mean.
pub fn award(reason: Award) -> Uint128 {
    let credits = match reason {
        Award::Expert { gain, mean_gain } => {
            let mean = if mean_gain == 0 { gain } else { mean_gain };
            let share = ratio_ppm(gain.into(), mean.into()).min(CREDITS_EXPERT_CAP);
            return mul_ppm(Uint128::new(CREDITS_EXPERT), share, "credits").unwrap_or_default();
        }
        Award::GoldDataset => CREDITS_GOLD_DATASET,
        Award::Migration => CREDITS_MIGRATION,
        Award::Attestation => CREDITS_ATTESTATION,
        Award::Finding => CREDITS_FINDING,
    };
    Uint128::new(credits)
}

/// The mean of a domain's gains after one more, from the mean and the count before it.
pub fn next_mean(mean_gain: u64, count: u64, gain: u64) -> u64 {
    let sum = u128::from(mean_gain) * u128::from(count) + u128::from(gain);
    // A mean of u64 values is a u64.
    u64::try_from(sum / (u128::from(count) + 1)).unwrap_or(u64::MAX)
}

/// Price of reserving GPUs for a time, in GPU-seconds, rounded up.
pub fn reservation_price(gpu_seconds: u64) -> Result<Uint128> {
    let price = u128::from(gpu_seconds).checked_mul(CREDITS_GPU_HOUR);
    let price = price.ok_or(EconomyError::Overflow { what: "reservation price" })?;
    Ok(Uint128::new(price.div_ceil(3600)))
}

const _: () = assert!(CREDITS_EXPERT_CAP == 2 * ONE);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::params::CREDIT;

    #[test]
    fn an_expert_block_earns_by_its_share_of_the_mean_gain_at_most_twice() {
        let credits = |gain, mean_gain| award(Award::Expert { gain, mean_gain }).u128();
        assert_eq!(credits(4, 0), 100 * CREDIT);
        assert_eq!(credits(4, 8), 50 * CREDIT);
        assert_eq!(credits(u64::MAX, 1), 200 * CREDIT);
        assert_eq!(credits(0, 8), 0);
        assert_eq!(credits(0, 0), 0);
        assert_eq!(award(Award::Attestation).u128(), 25 * CREDIT);
        assert_eq!(award(Award::GoldDataset).u128(), 50 * CREDIT);
        assert_eq!(award(Award::Migration).u128(), 200 * CREDIT);
        assert_eq!(award(Award::Finding).u128(), 75 * CREDIT);
    }

    #[test]
    fn a_reservation_costs_ten_credits_a_gpu_hour_rounded_up() {
        assert_eq!(reservation_price(3600), Ok(Uint128::new(10 * CREDIT)));
        assert_eq!(reservation_price(1), Ok(Uint128::new(2_778)));
        assert!(reservation_price(u64::MAX).is_ok());
    }

    proptest! {
        #[test]
        fn a_mean_stays_between_the_old_mean_and_the_new_gain(mean: u64, count: u64, gain: u64) {
            let next = next_mean(mean, count, gain);
            prop_assert!(next <= mean.max(gain) && next >= mean.min(gain));
        }
    }
}
