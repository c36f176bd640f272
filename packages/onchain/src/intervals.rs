//! Which intervals a committee re-executes, and which seat takes which.
//!
//! Every seat takes two: one alone, one shared with a neighbour or two. k seats check d = k + ⌊k / 2⌋ distinct
//! intervals (7 for 5 seats: five alone, a pair, a trio), none adjacent on the circle of intervals. On the circle
//! every set that is possible is equally likely, hence every interval: `lyceum_economy::bond` counts on it.
use cosmwasm_schema::cw_serde;
use thiserror::Error;

use crate::beacon::uniform;

/// Most seats of a committee (2k + 1 of one of 31).
pub const MAX_SEATS: u32 = 63;
/// Most intervals of a claim.
pub const MAX_INTERVALS: u32 = 1 << 20;

/// Why there is no draw.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IntervalsError {
    /// Seats cannot share, or are too many.
    #[error("{found} seats, expected 2 to {MAX_SEATS}")]
    Seats {
        /// Seats that were asked for.
        found: u32,
    },
    /// Too few intervals to draw from, or too many.
    #[error("{found} intervals, expected {min} to {MAX_INTERVALS}")]
    Intervals {
        /// Intervals of the claim.
        found: u32,
        /// The smallest number that leaves a choice.
        min: u32,
    },
}

/// The intervals of one seat.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct SeatIntervals {
    /// Only this seat re-executes it.
    pub alone: u32,
    /// One or two other seats re-execute it too.
    pub shared: u32,
}

/// A committee's intervals.
#[cw_serde]
#[derive(Eq)]
pub struct Assignment {
    /// By seat.
    pub seats: Vec<SeatIntervals>,
}

impl Assignment {
    /// The distinct intervals, ascending.
    pub fn drawn(&self) -> Vec<u32> {
        let mut drawn: Vec<_> = self.seats.iter().flat_map(|seat| [seat.alone, seat.shared]).collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }

    /// The seats that re-execute an interval, ascending.
    pub fn seats_of(&self, interval: u32) -> Vec<u32> {
        (0u32..)
            .zip(&self.seats)
            .filter(|(_, seat)| seat.alone == interval || seat.shared == interval)
            .map(|(number, _)| number)
            .collect()
    }
}

/// Distinct intervals that a committee of so many seats checks.
pub const fn distinct(seats: u32) -> u32 {
    seats + seats / 2
}

/// Draws the intervals of `seats` seats among `intervals`.
pub fn draw(seed: &[u8; 32], intervals: u32, seats: u32) -> Result<Assignment, IntervalsError> {
    if !(2..=MAX_SEATS).contains(&seats) {
        return Err(IntervalsError::Seats { found: seats });
    }
    let count = distinct(seats);
    if !(2 * count..=MAX_INTERVALS).contains(&intervals) {
        return Err(IntervalsError::Intervals { found: intervals, min: 2 * count });
    }
    let mut counter = 0;
    let mut below = |bound: u32| {
        counter += 1;
        uniform(seed, counter, bound.into()) as u32 // below a u32
    };

    // The first interval anywhere; the others on the line that is left without it and its neighbours. A set of m
    // places of which none are adjacent among l is a set of m among l − m + 1 with the i-th moved up by i.
    let first = below(intervals);
    let others = count - 1;
    let places = (intervals - 3) - others + 1;
    // Floyd's sampling: `others` distinct places in as many steps.
    let mut line: Vec<u32> = Vec::with_capacity(others as usize);
    for top in places - others..places {
        let place = below(top + 1);
        line.push(if line.contains(&place) { top } else { place });
    }
    line.sort_unstable();
    let mut drawn = vec![first];
    drawn.extend((0u32..).zip(line).map(|(i, place)| (first + 2 + place + i) % intervals));

    // Who takes which: the drawn intervals and the order of the seats are shuffled (Fisher–Yates).
    let mut order: Vec<u32> = (0..seats).collect();
    for top in (1..count).rev() {
        drawn.swap(top as usize, below(top + 1) as usize);
    }
    for top in (1..seats).rev() {
        order.swap(top as usize, below(top + 1) as usize);
    }
    let groups = seats / 2;
    let mut taken = vec![SeatIntervals { alone: 0, shared: 0 }; seats as usize];
    for (place, seat) in (0u32..).zip(order) {
        // Pairs in order; the last seat of an odd number makes the last pair a trio.
        let group = (place / 2).min(groups - 1);
        taken[seat as usize] =
            SeatIntervals { alone: drawn[place as usize], shared: drawn[(seats + group) as usize] };
    }
    Ok(Assignment { seats: taken })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seed(i: u64) -> [u8; 32] {
        crate::beacon::derive("test", &[0; 32], &[&i.to_le_bytes()])
    }

    #[test]
    fn five_seats_check_seven_of_two_hundred_alone_and_as_pair_and_trio() {
        let assignment = draw(&seed(0), 200, 5).unwrap();
        let drawn = assignment.drawn();
        assert_eq!(drawn.len(), 7);
        let mut groups: Vec<_> = drawn.iter().map(|i| assignment.seats_of(*i).len()).collect();
        groups.sort_unstable();
        assert_eq!(groups, [1, 1, 1, 1, 1, 2, 3]);
        // Re-executed: 10 of 200, the 5 % of the design.
        assert_eq!(assignment.seats.len() * 2 * 20, 200);
    }

    #[test]
    fn a_draw_must_not_change() {
        let assignment = draw(&[7; 32], 200, 5).unwrap();
        let taken: Vec<_> = assignment.seats.iter().map(|s| (s.alone, s.shared)).collect();
        assert_eq!(format!("{taken:?}"), "[(65, 134), (54, 47), (171, 134), (94, 47), (24, 47)]");
    }

    #[test]
    fn every_interval_and_every_possible_set_is_equally_likely() {
        // 8 intervals, 2 seats, 3 drawn: 8 / 5 · C(5, 3) = 16 sets on the circle.
        let mut sets = std::collections::BTreeMap::new();
        let runs = 16_000;
        for i in 0..runs {
            *sets.entry(draw(&seed(i), 8, 2).unwrap().drawn()).or_insert(0u32) += 1;
        }
        assert_eq!(sets.len(), 16);
        let chi: f64 = sets.values().map(|c| (f64::from(*c) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 37.70, "{chi}: 15 degrees of freedom, one in a thousand");
    }

    #[test]
    fn impossible_draws_are_refused() {
        assert_eq!(draw(&seed(0), 200, 1), Err(IntervalsError::Seats { found: 1 }));
        assert_eq!(draw(&seed(0), 200, 64), Err(IntervalsError::Seats { found: 64 }));
        assert_eq!(draw(&seed(0), 13, 5), Err(IntervalsError::Intervals { found: 13, min: 14 }));
        assert!(draw(&seed(0), MAX_INTERVALS + 1, 5).is_err());
    }

    proptest! {
        #[test]
        fn intervals_are_distinct_apart_and_everybody_has_one_alone_and_one_shared(
            seed: [u8; 32], seats in 2..=MAX_SEATS, extra in 0u32..2000,
        ) {
            let n = 2 * distinct(seats) + extra;
            let assignment = draw(&seed, n, seats).unwrap();
            let drawn = assignment.drawn();
            prop_assert_eq!(drawn.len() as u32, distinct(seats));
            prop_assert!(drawn.iter().all(|i| *i < n));
            prop_assert!(drawn.windows(2).all(|pair| pair[1] - pair[0] > 1));
            prop_assert!(drawn[0] + n - drawn[drawn.len() - 1] > 1, "not adjacent on the circle");
            for seat in &assignment.seats {
                prop_assert_eq!(assignment.seats_of(seat.alone).len(), 1);
                prop_assert!((2..=3).contains(&assignment.seats_of(seat.shared).len()));
            }
        }
    }
}
