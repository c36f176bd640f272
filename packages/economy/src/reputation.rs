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
