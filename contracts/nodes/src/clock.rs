//! Epochs whose length may change without their numbers running back.
use cosmwasm_schema::cw_serde;

/// Counts epochs of equal length from a moment on.
#[cw_serde]
pub struct Clock {
    /// The number of the epoch that began at `since`.
    number: u64,
    /// Seconds since the Unix epoch.
    since: u64,
    /// Length of an epoch in seconds, never 0.
    seconds: u64,
}

impl Clock {
    /// Epochs of this many seconds (at least 1), counted from the Unix epoch.
    pub fn new(now: u64, seconds: u64) -> Self {
        Self { number: now / seconds, since: now - now % seconds, seconds }
    }

    /// The epoch at a time.
    pub fn epoch(&self, now: u64) -> u64 {
        self.number.saturating_add(now.saturating_sub(self.since) / self.seconds)
    }

    /// The same number now, from now on with another length. An unchanged length changes nothing.
    #[must_use]
    pub fn with_length(self, now: u64, seconds: u64) -> Self {
        if seconds == self.seconds {
            return self;
        }
        Self { number: self.epoch(now), since: now, seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_number_never_falls_when_the_length_changes() {
        let clock = Clock::new(10_000, 100);
        assert_eq!((clock.epoch(10_000), clock.epoch(10_099), clock.epoch(10_100)), (100, 100, 101));
        let longer = clock.clone().with_length(10_150, 1_000);
        assert_eq!((longer.epoch(10_150), longer.epoch(11_149), longer.epoch(11_150)), (101, 101, 102));
        assert_eq!(clock.clone().with_length(10_150, 100), clock);
    }
}
