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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_thirds_of_the_seats_make_a_quorum() {
        assert_eq!([1, 2, 3, 5, 11].map(required), [1, 2, 2, 4, 8]);
        assert_eq!(tally(&[3, 1, 2, 9], 5), Ok(Tally { median: 2, spread: 8 }));
        assert_eq!(tally(&[1, 2, 3], 5), Err(TallyError::NoQuorum { revealed: 3, seats: 5, required: 4 }));
        assert_eq!(tally(&[], 0), Err(TallyError::NoQuorum { revealed: 0, seats: 0, required: 1 }));
        assert_eq!(tally(&[1, 2], 1), Err(TallyError::TooMany { revealed: 2, seats: 1 }));
        assert_eq!(tally(&[i64::MIN, i64::MAX], 2), Ok(Tally { median: i64::MIN, spread: u64::MAX }));
        assert_eq!(required(u32::MAX), 2_863_311_530);
    }

    proptest! {
        #[test]
        fn a_minority_cannot_move_the_median_out_of_the_honest_range(
            honest in prop::collection::vec(any::<i64>(), 3), lies in prop::collection::vec(any::<i64>(), 0..3),
        ) {
            let all: Vec<_> = honest.iter().chain(&lies).copied().collect();
            let median = median(&all).unwrap();
            prop_assert!(median >= *honest.iter().min().unwrap() && median <= *honest.iter().max().unwrap());
        }

        #[test]
        fn the_order_of_scores_does_not_matter(mut scores in prop::collection::vec(any::<i64>(), 1..12)) {
            let seats = scores.len() as u32;
            let before = tally(&scores, seats);
            scores.reverse();
            prop_assert_eq!(tally(&scores, seats), before);
        }
    }
}
