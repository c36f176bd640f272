//! Trust levels, quotas and quarantine of a node: one pure state machine.
use cosmwasm_schema::cw_serde;

use crate::params::{
    DEMOTE_AFTER, EXPERT_ACCEPTED, INTEGRITY_FAILURES, INTEGRITY_WINDOW_SECONDS, PROMOTE_AFTER,
    QUARANTINE_DOUBLINGS, QUARANTINE_SECONDS, QUOTA_EXPERT, QUOTA_NEWBIE, QUOTA_TRUSTED,
};

/// How far a node is trusted.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord, Default)]
pub enum TrustLevel {
    /// Where everybody starts.
    #[default]
    Newbie,
    /// After three successes in a row.
    Trusted,
    /// After three more, with fifty accepted in all.
    Expert,
}

impl TrustLevel {
    /// Claims and uploads per day.
    pub const fn daily_quota(self) -> u32 {
        match self {
            Self::Newbie => QUOTA_NEWBIE,
            Self::Trusted => QUOTA_TRUSTED,
            Self::Expert => QUOTA_EXPERT,
        }
    }

    const fn above(self) -> Self {
        match self {
            Self::Newbie => Self::Trusted,
            Self::Trusted | Self::Expert => Self::Expert,
        }
    }

    const fn below(self) -> Self {
        match self {
            Self::Newbie | Self::Trusted => Self::Newbie,
            Self::Expert => Self::Trusted,
        }
    }
}

/// What is known about a node's conduct. Every transition takes the old state and gives the new one.
#[cw_serde]
#[derive(Eq, Default)]
pub struct TrustState {
    /// The present level.
    pub level: TrustLevel,
    /// Successes since the last failure or promotion.
    pub successes_in_row: u32,
    /// Failures since the last success or demotion.
    pub failures_in_row: u32,
    /// Accepted pieces of work in all.
    pub accepted: u32,
    /// Times of the latest integrity failures, oldest first; fewer than three.
    pub integrity_failures: Vec<u64>,
    /// Quarantines so far.
    pub quarantines: u32,
    /// The quarantine the node is in, by the time from which on a probe may end it.
    pub quarantined_until: Option<u64>,
    /// The day (time / 86 400) whose quota is being counted.
    pub quota_day: u64,
    /// Claims and uploads on that day.
    pub quota_used: u32,
}

impl TrustState {
    /// After work that was accepted.
    #[must_use]
    pub fn success(mut self) -> Self {
        self.accepted = self.accepted.saturating_add(1);
        self.failures_in_row = 0;
        self.successes_in_row = self.successes_in_row.saturating_add(1);
        let above = self.level.above();
        let ready = self.successes_in_row >= PROMOTE_AFTER
            && (above != TrustLevel::Expert || self.accepted >= EXPERT_ACCEPTED);
        if above != self.level && ready {
            self.level = above;
            self.successes_in_row = 0;
        }
        self
    }

    /// After work that was rejected.
    #[must_use]
    pub fn failure(mut self) -> Self {
        self.successes_in_row = 0;
        self.failures_in_row = self.failures_in_row.saturating_add(1);
        if self.failures_in_row >= DEMOTE_AFTER {
            self.level = self.level.below();
            self.failures_in_row = 0;
        }
        self
    }

    /// After something that should have been under a root and was not, or was corrupt. The third within an hour
    /// puts the node into quarantine; one more while in quarantine starts the next, twice as long.
    #[must_use]
    pub fn integrity_failure(mut self, now: u64) -> Self {
        self.integrity_failures.retain(|at| now.saturating_sub(*at) < INTEGRITY_WINDOW_SECONDS);
        self.integrity_failures.push(now);
        if self.quarantined_until.is_some() || self.integrity_failures.len() >= INTEGRITY_FAILURES {
            let length = QUARANTINE_SECONDS << self.quarantines.min(QUARANTINE_DOUBLINGS);
            // A clock that runs back never shortens a quarantine.
            self.quarantined_until = self.quarantined_until.max(Some(now.saturating_add(length)));
            self.quarantines = self.quarantines.saturating_add(1);
            self.integrity_failures.clear();
        }
        self
    }

    /// After a passed probe: ends a quarantine whose time is over, and changes nothing before.
    #[must_use]
    pub fn probe_passed(mut self, now: u64) -> Self {
        if self.quarantined_until.is_some_and(|until| now >= until) {
            self.quarantined_until = None;
        }
        self
    }

    /// Whether the node is in quarantine: until its time is over and a probe has passed.
    pub const fn is_quarantined(&self) -> bool {
        self.quarantined_until.is_some()
    }

    /// Whether the node may claim or upload once more today.
    pub fn may_claim(&self, now: u64) -> bool {
        !self.is_quarantined() && self.quota_left(now) > 0
    }

    /// Claims and uploads that are left today.
    pub fn quota_left(&self, now: u64) -> u32 {
        let used = if day(now) == self.quota_day { self.quota_used } else { 0 };
        self.level.daily_quota().saturating_sub(used)
    }

    /// After a claim or an upload, counted against the day's quota. Ask [`Self::may_claim`] first.
    #[must_use]
    pub fn claimed(mut self, now: u64) -> Self {
        if day(now) != self.quota_day {
            self.quota_day = day(now);
            self.quota_used = 0;
        }
        self.quota_used = self.quota_used.saturating_add(1);
        self
    }
}

const fn day(now: u64) -> u64 {
    now / 86_400
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(state: TrustState, successes: u32) -> TrustState {
        (0..successes).fold(state, |state, _| state.success())
    }

    #[test]
    fn three_successes_promote_and_an_expert_needs_fifty() {
        assert_eq!(after(TrustState::default(), 2).level, TrustLevel::Newbie);
        assert_eq!(after(TrustState::default(), 3).level, TrustLevel::Trusted);
        assert_eq!(after(TrustState::default(), 49).level, TrustLevel::Trusted);
        assert_eq!(after(TrustState::default(), 50).level, TrustLevel::Expert);
        let broken = after(after(TrustState::default(), 49).failure(), 2);
        assert_eq!(broken.level, TrustLevel::Trusted, "fifty accepted, but only two in a row");
        assert_eq!(broken.success().level, TrustLevel::Expert);
    }

    #[test]
    fn five_failures_in_a_row_demote_one_level() {
        let expert = after(TrustState::default(), 50);
        let fail = |state: TrustState, times| (0..times).fold(state, |s: TrustState, _| s.failure());
        assert_eq!(fail(expert.clone(), 4).level, TrustLevel::Expert);
        assert_eq!(fail(expert.clone(), 5).level, TrustLevel::Trusted);
        assert_eq!(fail(expert.clone(), 15).level, TrustLevel::Newbie);
        assert_eq!(fail(fail(expert, 4).success(), 4).level, TrustLevel::Expert);
    }

    #[test]
    fn three_integrity_failures_within_an_hour_quarantine_and_the_next_is_twice_as_long() {
        let state = TrustState::default().integrity_failure(0).integrity_failure(1800);
        assert!(!state.clone().integrity_failure(3600).is_quarantined(), "the first is an hour old");
        let state = state.integrity_failure(3599);
        assert_eq!(state.quarantined_until, Some(3899));
        assert!(!state.may_claim(10_000), "time alone does not end it");
        assert!(state.clone().probe_passed(3898).is_quarantined());
        let free = state.probe_passed(3899);
        assert!(free.may_claim(3899));
        let again = (0..3).fold(free, |state, _| state.integrity_failure(5000));
        assert_eq!(again.quarantined_until, Some(5600));
        assert_eq!(again.integrity_failure(5100).quarantined_until, Some(6300));
    }

    #[test]
    fn a_quota_lasts_a_day() {
        let mut state = TrustState::default();
        for _ in 0..20 {
            assert!(state.may_claim(86_399));
            state = state.claimed(86_399);
        }
        assert!(!state.may_claim(86_399));
        assert_eq!(state.quota_left(86_400), 20);
        assert_eq!(state.claimed(86_400).quota_left(86_400), 19);
    }

    proptest! {
        #[test]
        fn no_history_panics_or_grows(events in prop::collection::vec((0u8..5, any::<u64>()), 0..200)) {
            let mut state = TrustState::default();
            for (event, now) in events {
                state = match event {
                    0 => state.success(),
                    1 => state.failure(),
                    2 => state.integrity_failure(now),
                    3 => state.probe_passed(now),
                    _ => state.claimed(now),
                };
                prop_assert!(state.integrity_failures.len() < INTEGRITY_FAILURES);
                prop_assert!(state.level != TrustLevel::Expert || state.accepted >= EXPERT_ACCEPTED);
            }
        }
    }
}
