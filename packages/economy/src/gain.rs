//! What an improvement weighs: for its trainer, and for those whose data it used.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;

use crate::dataset::Tier;
use crate::fixed::{ln_ratio, mul_ppm, ratio_ppm};
use crate::params::{
    FIRST_IMPROVEMENT, LOG_RATIO_CAP, ONE, SOURCE_CURATED, SOURCE_PRETRAINED, SOURCE_SCRAPED,
    SOURCE_SYNTHETIC,
};
use crate::{EconomyError, Result};

/// 100 percent × 10⁶.
const PERCENT_100: i64 = 100_000_000;

/// Which way a domain's metric is better.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Direction {
    /// Bits per byte, loss, drawdown.
    LowerIsBetter,
    /// Accuracy, Sharpe ratio.
    HigherIsBetter,
}

/// Where the training data came from.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Source {
    /// A pretrained import.
    Pretrained,
    /// A curated set.
    Curated,
    /// Scraped data.
    Scraped,
    /// Synthetic data.
    Synthetic,
}

impl Source {
    /// The source bonus in ppm.
    pub const fn bonus(self) -> u64 {
        match self {
            Self::Pretrained => SOURCE_PRETRAINED,
            Self::Curated => SOURCE_CURATED,
            Self::Scraped => SOURCE_SCRAPED,
            Self::Synthetic => SOURCE_SYNTHETIC,
        }
    }
}

/// The gain that is paid, from the verified and the reported one: max(0, verified − |reported − verified|).
/// It is largest, and equal to the verified gain, when the report is the truth.
pub fn reward_base(verified: i64, reported: i64) -> u64 {
    let base = i128::from(verified) - (i128::from(reported) - i128::from(verified)).abs();
    u64::try_from(base.max(0)).unwrap_or(u64::MAX) // at most `verified`, so it fits
}

/// Gain of a score over the domain's best final score, in percent × 10⁻⁶, rounded down; scores are positive.
pub fn gain_percent(best: i64, score: i64, direction: Direction) -> Result<i64> {
    if best <= 0 {
        return Err(EconomyError::OutOfRange {
            what: "best score",
            found: best.into(),
            min: 1,
            max: i64::MAX.into(),
        });
    }
    let better = match direction {
        Direction::LowerIsBetter => i128::from(best) - i128::from(score),
        Direction::HigherIsBetter => i128::from(score) - i128::from(best),
    };
    let gain = (better * i128::from(PERCENT_100)).div_euclid(best.into());
    i64::try_from(gain).map_err(|_| EconomyError::Overflow { what: "gain" })
}

/// The capped log-ratio × 10⁶ of a gain in percent × 10⁻⁶: −ln(1 − g) where lower is better, ln(1 + g) where
/// higher is. No gain weighs nothing. Log-ratios add up, so splitting an improvement earns nothing.
pub fn log_ratio_of_gain(gain: u64, direction: Direction, cap: u64) -> u64 {
    let hundred = PERCENT_100.unsigned_abs();
    let log = match direction {
        Direction::LowerIsBetter if gain >= hundred => return cap,
        Direction::LowerIsBetter => ln_ratio(hundred, hundred - gain),
        Direction::HigherIsBetter => ln_ratio(hundred.saturating_add(gain), hundred),
    };
    // Both arguments are positive and the first is the larger: the logarithm exists and is not negative.
    log.map_or(0, |log| log.max(0).unsigned_abs()).min(cap)
}

/// The tier mix in ppm: the mean of the tier weights over the samples used of each tier. No samples mix to 0.
pub fn tier_mix(gold: u64, silver: u64, experimental: u64) -> u64 {
    let (mut weighted, mut samples) = (0u128, 0u128);
    for (used, tier) in [(gold, Tier::Gold), (silver, Tier::Silver), (experimental, Tier::Experimental)] {
        weighted += u128::from(used) * u128::from(tier.weight());
        samples += u128::from(used);
    }
    ratio_ppm(weighted, samples) / ONE
}

/// What a trainer's weight in a learning block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainerWork {
    /// From [`reward_base`], percent × 10⁻⁶.
    pub gain: u64,
    /// The metric's direction.
    pub direction: Direction,
    /// Weight of the domain in ppm.
    pub domain_weight: u64,
    /// From [`tier_mix`], in ppm.
    pub tier_mix: u64,
    /// Where the data came from.
    pub source: Source,
    /// Whether this is the first accepted improvement of its expert in the epoch.
    pub first_improvement: bool,
    /// [`LOG_RATIO_CAP`], or the lower one of the classes without re-execution.
    pub cap: u64,
}

impl TrainerWork {
    /// Re-executed work of a weight-one domain on gold curated data; change what differs.
    pub const fn of_gain(gain: u64) -> Self {
        Self {
            gain,
            direction: Direction::LowerIsBetter,
            domain_weight: ONE,
            tier_mix: ONE,
            source: Source::Curated,
            first_improvement: false,
            cap: LOG_RATIO_CAP,
        }
    }

    /// Log-ratio × domain weight × tier mix × source bonus × 1.5 for a first improvement, rounded down.
    pub fn weight(&self) -> Result<Uint128> {
        const WHAT: &str = "trainer's weight";
        let log = Uint128::from(log_ratio_of_gain(self.gain, self.direction, self.cap));
        // One more factor of 10^6 keeps small gains apart after the fractions.
        let mut weight = log * Uint128::from(ONE);
        for factor in [self.domain_weight, self.tier_mix, self.source.bonus()] {
            weight = mul_ppm(weight, factor, WHAT)?;
        }
        if self.first_improvement { mul_ppm(weight, FIRST_IMPROVEMENT, WHAT) } else { Ok(weight) }
    }
}

/// Weight of a data contributor: samples used × tier weight × improvement (percent × 10⁻⁶) of the block.
pub fn data_weight(samples: u64, tier: Tier, gain: u64) -> Result<Uint128> {
    // 128 bits hold the product of two u64, and a tier weighs at most one.
    mul_ppm(Uint128::new(u128::from(samples) * u128::from(gain)), tier.weight(), "data weight")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Direction::{HigherIsBetter, LowerIsBetter};

    #[test]
    fn gains_are_percent_of_the_best_score() {
        assert_eq!(gain_percent(3_000_000, 2_850_000, LowerIsBetter), Ok(5_000_000));
        assert_eq!(gain_percent(3_000_000, 3_150_000, LowerIsBetter), Ok(-5_000_000));
        assert_eq!(gain_percent(3_000_000, 3_150_000, HigherIsBetter), Ok(5_000_000));
        assert_eq!(gain_percent(3, 4, LowerIsBetter), Ok(-33_333_334), "rounded down");
        assert!(matches!(gain_percent(0, 1, LowerIsBetter), Err(EconomyError::OutOfRange { .. })));
        assert_eq!(gain_percent(1, i64::MAX, HigherIsBetter), Err(EconomyError::Overflow { what: "gain" }));
    }

    #[test]
    fn a_trainer_is_weighed_by_gain_domain_tier_source_and_being_first() {
        let plain = TrainerWork { source: Source::Pretrained, ..TrainerWork::of_gain(5_000_000) };
        let weight = plain.weight().unwrap().u128();
        assert_eq!(weight, 51_293_000_000); // −ln 0.95 = 0.0512932
        let with = |work: TrainerWork| work.weight().unwrap().u128();
        assert_eq!(with(TrainerWork { first_improvement: true, ..plain }), weight * 3 / 2);
        assert_eq!(with(TrainerWork { source: Source::Synthetic, ..plain }), weight * 7 / 10);
        assert_eq!(with(TrainerWork { domain_weight: 500_000, ..plain }), weight / 2);
        assert_eq!(with(TrainerWork { tier_mix: 300_000, ..plain }), weight * 3 / 10);
        assert_eq!(with(TrainerWork::of_gain(0)), 0);
        assert_eq!(log_ratio_of_gain(u64::MAX, LowerIsBetter, LOG_RATIO_CAP), LOG_RATIO_CAP);
        assert_eq!(log_ratio_of_gain(u64::MAX, HigherIsBetter, LOG_RATIO_CAP), LOG_RATIO_CAP);
    }

    #[test]
    fn a_mix_is_the_mean_weight_of_its_samples() {
        assert_eq!(tier_mix(1, 0, 0), 1_000_000);
        assert_eq!(tier_mix(0, 1, 1), 500_000);
        assert_eq!(tier_mix(0, 0, 0), 0);
        assert_eq!(tier_mix(u64::MAX, u64::MAX, u64::MAX), 666_666);
        assert_eq!(data_weight(10, Tier::Silver, 5_000_000), Ok(Uint128::new(35_000_000)));
    }

    proptest! {
        #[test]
        fn saying_the_truth_pays_best(verified: i64, reported: i64) {
            prop_assert!(reward_base(verified, reported) <= reward_base(verified, verified));
            prop_assert_eq!(reward_base(verified, verified), verified.max(0).unsigned_abs());
        }

        #[test]
        fn more_gain_never_weighs_less(gain: u64, more: u64) {
            for direction in [LowerIsBetter, HigherIsBetter] {
                let at = |gain| log_ratio_of_gain(gain, direction, LOG_RATIO_CAP);
                prop_assert!(at(gain) <= at(gain.saturating_add(more)));
            }
        }

        #[test]
        fn splitting_an_improvement_earns_nothing(first in 0u64..9_000_000, second in 0u64..9_000_000) {
            // Two steps of g₁ and g₂ percent, or one of the whole.
            let whole = first + second - first * second / 100_000_000;
            let log = |gain| log_ratio_of_gain(gain, LowerIsBetter, u64::MAX);
            prop_assert!(log(first) + log(second) <= log(whole) + 1);
        }

        #[test]
        fn extreme_work_is_weighed_or_refused_without_a_panic(
            gain: u64, domain_weight: u64, tier_mix: u64, samples: u64, cap: u64,
        ) {
            let work = TrainerWork { domain_weight, tier_mix, cap, ..TrainerWork::of_gain(gain) };
            let _ = work.weight();
            prop_assert!(data_weight(samples, Tier::Gold, gain).is_ok());
        }
    }
}
