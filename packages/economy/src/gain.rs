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
