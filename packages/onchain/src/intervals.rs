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
