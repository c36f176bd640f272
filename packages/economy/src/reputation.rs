//! Reputation of an evaluator: earned by agreeing with verdicts, fading with a half-life of seven days.
use cosmwasm_schema::cw_serde;

use crate::params::{
    REPUTATION_AGREEMENT, REPUTATION_DIVERGENCE, REPUTATION_DRAWN_FROM, REPUTATION_HALF_LIFE_SECONDS,
};

/// Points of the decay table within one half-life.
const STEPS: usize = 64;
/// 2^(−1/64) × 2⁶³.
const ROOT_Q63: u128 = 9_124_017_994_966_720_698;
/// 2^(−i/64) × 2³². Between two points the decay is linear (relative error below 2 · 10⁻⁵), so that it is
/// monotone in time exactly.
const DECAY: [u64; STEPS + 1] = decay_table();

const fn decay_table() -> [u64; STEPS + 1] {
    let mut table = [1 << 32; STEPS + 1];
    let mut power: u128 = 1 << 63;
    let mut i = 1;
    while i < STEPS {
        power = (power * ROOT_Q63) >> 63;
        table[i] = (power >> 31) as u64;
        i += 1;
    }
    table[STEPS] = 1 << 31;
    table
}

/// A reputation as of a moment; it is decayed when it is read. Starts at 0.
#[cw_serde]
#[derive(Copy, Eq, Default)]
pub struct Reputation {
    /// The value × 10⁻⁶ at the time below.
    pub value: i64,
    /// Seconds since the Unix epoch.
    pub at: u64,
}

impl Reputation {
    /// The value × 10⁻⁶ at a time; before its own time it does not change. Rounds towards zero.
    pub fn value_at(&self, now: u64) -> i64 {
        let elapsed = now.saturating_sub(self.at);
        let halvings = elapsed / REPUTATION_HALF_LIFE_SECONDS;
        if halvings >= 63 {
            return 0;
        }
        let step = REPUTATION_HALF_LIFE_SECONDS / STEPS as u64;
        let within = elapsed % REPUTATION_HALF_LIFE_SECONDS;
        let i = (within / step) as usize;
        let factor = DECAY[i] - (DECAY[i] - DECAY[i + 1]) * (within % step) / step;
        let magnitude = (u128::from(self.value.unsigned_abs()) * u128::from(factor)) >> (32 + halvings);
        // At most the old magnitude; only i64::MIN itself needs the fallback.
        i64::try_from(magnitude).map_or(i64::MIN, |m| if self.value < 0 { -m } else { m })
    }

    fn changed(&self, now: u64, by: i64) -> Self {
        Self { value: self.value_at(now).saturating_add(by), at: now.max(self.at) }
    }

    /// After an attestation that agreed with the verdict: +0.3.
    #[must_use]
    pub fn agreed(&self, now: u64) -> Self {
        self.changed(now, REPUTATION_AGREEMENT)
    }

    /// After an attestation that diverged from the verdict: −3.0.
    #[must_use]
    pub fn diverged(&self, now: u64) -> Self {
        self.changed(now, -REPUTATION_DIVERGENCE)
    }

    /// Whether the evaluator may be drawn: from −1 up.
    pub fn may_be_drawn(&self, now: u64) -> bool {
        self.value_at(now) >= REPUTATION_DRAWN_FROM
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEEK: u64 = REPUTATION_HALF_LIFE_SECONDS;

    #[test]
    fn a_reputation_halves_in_a_week_and_fades_to_nothing() {
        let start = Reputation { value: 1_000_000, at: 100 };
        assert_eq!(start.value_at(100), 1_000_000);
        assert_eq!(start.value_at(100 + WEEK), 500_000);
        assert_eq!(start.value_at(100 + 2 * WEEK), 250_000);
        assert_eq!(start.value_at(100 + WEEK / 2), 707_106);
        assert_eq!(start.value_at(0), 1_000_000);
        assert_eq!(start.value_at(u64::MAX), 0);
    }

    #[test]
    fn a_divergence_bars_from_draws_until_it_has_faded_or_been_made_good() {
        let fresh = Reputation::default();
        assert!(fresh.may_be_drawn(0));
        let bad = fresh.diverged(0);
        assert_eq!(bad.value_at(0), -3_000_000);
        assert!(!bad.may_be_drawn(0) && !bad.may_be_drawn(WEEK));
        assert!(bad.may_be_drawn(2 * WEEK));
        let farmed = (0..6).fold(fresh, |r, _| r.agreed(0));
        assert_eq!(farmed.value_at(0), 1_800_000);
        assert!(!farmed.diverged(0).may_be_drawn(0));
    }

    proptest! {
        #[test]
        fn decay_is_monotone_symmetric_and_near_the_real_one(value: i64, t in 0..20 * WEEK, more in 0..WEEK) {
            let r = Reputation { value, at: 0 };
            let (early, late) = (r.value_at(t), r.value_at(t + more));
            prop_assert!(late.unsigned_abs() <= early.unsigned_abs());
            prop_assert!(early == 0 || (early < 0) == (value < 0));
            if value != i64::MIN {
                prop_assert_eq!(Reputation { value: -value, at: 0 }.value_at(t), -early);
            }
            let real = value as f64 * 0.5f64.powf(t as f64 / WEEK as f64);
            prop_assert!((real - early as f64).abs() <= 1.0 + real.abs() * 2e-5);
        }

        #[test]
        fn extremes_neither_panic_nor_wrap(value: i64, at: u64, now: u64) {
            let r = Reputation { value, at };
            prop_assert!(r.agreed(now).value >= r.value_at(now));
            prop_assert!(r.diverged(now).value <= r.value_at(now));
            prop_assert!(r.agreed(now).at >= at);
        }
    }
}
