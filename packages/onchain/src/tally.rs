//! The tally of a committee's scores.
use thiserror::Error;

/// A verdict's score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Median of the revealed scores; the lower of the two middle ones.
    pub median: i64,
    /// Largest minus smallest.
    pub spread: u64,
}

/// Why there is no tally.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TallyError {
    /// Fewer than two thirds of the seats revealed.
    #[error("{revealed} of {seats} seats revealed, expected at least {required}")]
    NoQuorum {
        /// Seats that revealed.
        revealed: u32,
        /// Seats in all.
        seats: u32,
        /// Seats that must.
        required: u32,
    },
    /// More scores than seats.
    #[error("{revealed} scores of {seats} seats")]
    TooMany {
        /// Scores given.
        revealed: u32,
        /// Seats in all.
        seats: u32,
    },
}

/// Seats that must reveal: two thirds, rounded up, and never none.
pub const fn required(seats: u32) -> u32 {
    let two_thirds = (seats as u64 * 2).div_ceil(3) as u32; // at most `seats`
    if two_thirds == 0 { 1 } else { two_thirds }
}

/// The median of some scores, the lower of the two middle ones; none of none.
pub fn median(scores: &[i64]) -> Option<i64> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// Median and spread of the scores that were revealed by a committee of `seats`, one a seat.
pub fn tally(scores: &[i64], seats: u32) -> Result<Tally, TallyError> {
    let revealed = u32::try_from(scores.len()).unwrap_or(u32::MAX);
    if revealed > seats {
        return Err(TallyError::TooMany { revealed, seats });
    }
    match (median(scores), scores.iter().min(), scores.iter().max()) {
        (Some(median), Some(low), Some(high)) if revealed >= required(seats) => {
            Ok(Tally { median, spread: high.abs_diff(*low) })
        }
        _ => Err(TallyError::NoQuorum { revealed, seats, required: required(seats) }),
    }
}
