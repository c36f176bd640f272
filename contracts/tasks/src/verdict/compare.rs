//! Whether a seat saw the interval that the trainer opened.
use lyceum_api::attestation::{IntervalSeen, OpenedState};
use lyceum_api::canonical::DecodeError;
use lyceum_onchain::sketch::{self, Sketch};

/// Both seats and trainer sketch the same served bytes; only the order of a sum in f64 may differ.
const START_TOLERANCE_PPM: u32 = 1;

/// The sketches of an interval's ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    pub start: Sketch,
    pub end: Sketch,
}

impl TryFrom<&IntervalSeen> for Ends {
    type Error = DecodeError;

    fn try_from(seen: &IntervalSeen) -> Result<Self, DecodeError> {
        Ok(Self { start: seen.start.values()?, end: seen.end.values()? })
    }
}

/// The opened ends of an interval among states ascending by index, if both were opened.
pub fn ends_in(states: &[OpenedState], interval: u32) -> Result<Option<Ends>, DecodeError> {
    let Opened { start, end } = Opened::of(states, interval)?;
    Ok(start.zip(end).map(|(start, end)| Ends { start, end }))
}

/// What a trainer opened of an interval: both ends, one of them, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    pub start: Option<Sketch>,
    pub end: Option<Sketch>,
}

impl Opened {
    /// The ends of an interval among states ascending by index.
    pub fn of(states: &[OpenedState], interval: u32) -> Result<Self, DecodeError> {
        let find = |state: u32| {
            let at = states.binary_search_by_key(&state, |s| s.state).ok();
            at.map(|at| states[at].sketch.values()).transpose()
        };
        // Interval numbers are far below u32::MAX.
        Ok(Self { start: find(interval)?, end: find(interval + 1)? })
    }

    /// Whether there is anything to compare with.
    pub const fn is_empty(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// Whether a seat saw what was opened. Where the start was not, the seat's own stands for it.
    pub fn agrees(&self, seen: &Ends, bound_ppm: u32) -> bool {
        let start = self.start.unwrap_or(seen.start);
        let starts = sketch::same_state(&start, &seen.start, START_TOLERANCE_PPM);
        let apart = |end| sketch::exceeds(&start, &end, &seen.start, &seen.end, bound_ppm);
        starts && !self.end.is_some_and(apart)
    }
}

/// Whether a seat began where the trainer says it stood, and its change is within the bound of the opened one.
pub fn agrees(opened: &Ends, seen: &Ends, bound_ppm: u32) -> bool {
    Opened { start: Some(opened.start), end: Some(opened.end) }.agrees(seen, bound_ppm)
}

#[cfg(test)]
mod tests {
    use lyceum_api::attestation::StateSketch;

    use super::*;

    fn state(state: u32, value: i64) -> OpenedState {
        OpenedState { state, sketch: StateSketch::new(&[value; 96]) }
    }

    #[test]
    fn ends_are_found_only_if_both_were_opened() {
        let states = [state(0, 1), state(10, 2), state(11, 3)];
        assert_eq!(ends_in(&states, 10), Ok(Some(Ends { start: [2; 96], end: [3; 96] })));
        assert_eq!(ends_in(&states, 0), Ok(None));
        assert_eq!(ends_in(&states, 9), Ok(None));
    }

    #[test]
    fn one_opened_end_is_compared_alone() {
        let states = [state(10, 1 << 40)];
        let seen = Ends { start: [1 << 40; 96], end: [(1 << 40) + (1 << 30); 96] };
        let before = Ends { start: [(1 << 40) - (1 << 30); 96], end: [1 << 40; 96] };
        let of = |interval| Opened::of(&states, interval).unwrap();
        assert!(of(10).agrees(&seen, 1000) && of(9).agrees(&before, 1000));
        let off = |ends: &Ends| Ends {
            start: ends.start.map(|v| v + (1 << 29)),
            end: ends.end.map(|v| v + (1 << 29)),
        };
        assert!(!of(10).agrees(&off(&seen), 1000) && !of(9).agrees(&off(&before), 1000));
        assert!(of(7).is_empty() && !of(9).is_empty());
    }

    #[test]
    fn the_same_change_from_another_start_does_not_agree() {
        let opened = Ends { start: [1 << 40; 96], end: [(1 << 40) + (1 << 30); 96] };
        assert!(agrees(&opened, &opened, 1000));
        let moved = Ends { start: [1 << 41; 96], end: [(1 << 41) + (1 << 30); 96] };
        assert!(!agrees(&opened, &moved, 1000));
    }

    #[test]
    fn a_change_that_is_off_by_more_than_the_bound_does_not_agree() {
        let ends = |change: i64| Ends { start: [1 << 40; 96], end: [(1 << 40) + change; 96] };
        assert!(agrees(&ends(1_000_000_999), &ends(1_000_000_000), 1000));
        assert!(!agrees(&ends(1_002_000_000), &ends(1_000_000_000), 1000));
    }
}
