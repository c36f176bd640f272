//! [`Pace`]: whose time a node lives by; and [`Backoff`], how long it waits for what does not answer.

use std::time::Duration;

/// Whose time a node lives by. Its roles see it, because what is worth waiting for depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// Logical time: work is done at the chain's time that the work alone gives, so that a run repeats itself, and
    /// what was refused often enough is left alone, so that a network in which nothing can happen stands still and
    /// is told so.
    #[default]
    Logical,
    /// A real chain's: the result of work is taken in when it is there, and nothing is ever given up.
    Real {
        /// What several nodes may send (draws, settlements, rounds of the beacon) each of them holds back by up to so
        /// many seconds, by its rank for the message, so that most of it is sent once.
        stagger: u64,
    },
}

impl Pace {
    /// A real chain's, with the seconds that suit blocks of some seconds.
    pub fn real() -> Self {
        Self::Real { stagger: 6 }
    }

    /// Whether time is logical.
    pub fn is_logical(self) -> bool {
        self == Self::Logical
    }
}

/// Delays between tries: each twice the one before, up to the longest; no jitter, so that a run can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The delay after so many failures in a row, from 1 on.
    pub fn after(&self, failures: u32) -> Duration {
        let doubled = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_never_overflow() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };
        let delays: Vec<u64> =
            [1, 2, 3, 4, 5, 31, 32, 33, u32::MAX].map(|n| backoff.after(n).as_secs()).into();
        assert_eq!(delays, [1, 2, 4, 8, 10, 10, 10, 10, 10]);
    }
}
