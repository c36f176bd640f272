//! Which states of a run a panel asks its trainer for: what `tasks` checks and a trainer prepares.

use super::{PanelKind, PanelResponse};
use crate::manifest::KEPT_EVERY;

/// The intervals that a panel's seats re-execute, ascending.
pub fn drawn(panel: &PanelResponse) -> Vec<u32> {
    let mut drawn: Vec<u32> = match panel.kind {
        PanelKind::Interval { interval } => vec![interval],
        _ => panel.seats.iter().flat_map(|seat| seat.intervals.iter().copied()).collect(),
    };
    drawn.sort_unstable();
    drawn.dedup();
    drawn
}

/// The states a trainer serves: both ends of the chain and the start of every drawn interval; an interval panel
/// gets both ends of its interval, and votes unsound where one does not lead to the other. `drawn` is ascending.
pub fn served_states(kind: PanelKind, intervals: u32, drawn: &[u32]) -> Vec<u32> {
    let mut states = drawn.to_vec();
    match kind {
        PanelKind::Claim {} => states.extend([0, intervals]),
        PanelKind::Interval { interval } => states.push(interval + 1),
        PanelKind::Score {} | PanelKind::Heads {} => {}
    }
    states.sort_unstable();
    states.dedup();
    states
}

/// The states a trainer proves when it opens: those after the drawn intervals of a claim panel. `drawn` is ascending.
pub fn proven_ends(kind: PanelKind, drawn: &[u32]) -> Vec<u32> {
    match kind {
        PanelKind::Claim {} => drawn.iter().map(|j| j + 1).collect(),
        _ => vec![],
    }
}

/// The states whose sketches it opens: kept ones, the last, and both ends of every drawn interval; for an
/// interval panel both ends of its interval.
pub fn opened_states(kind: PanelKind, intervals: u32, drawn: &[u32]) -> Vec<u32> {
    let mut states: Vec<_> = drawn.iter().flat_map(|j| [*j, *j + 1]).collect();
    if kind == (PanelKind::Claim {}) {
        states.extend((0..intervals).step_by(KEPT_EVERY as usize));
        states.push(intervals);
    }
    states.sort_unstable();
    states.dedup();
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_panel_is_served_both_ends_and_each_start_once() {
        assert_eq!(served_states(PanelKind::Claim {}, 200, &[0, 7, 199]), [0, 7, 199, 200]);
        assert_eq!(served_states(PanelKind::Interval { interval: 7 }, 200, &[7]), [7, 8]);
        assert_eq!(proven_ends(PanelKind::Claim {}, &[0, 7, 199]), [1, 8, 200]);
        assert!(proven_ends(PanelKind::Interval { interval: 7 }, &[7]).is_empty());
    }

    #[test]
    fn kept_states_the_last_and_drawn_ends_are_opened_once() {
        let states = opened_states(PanelKind::Claim {}, 25, &[9, 20]);
        assert_eq!(states, [0, 9, 10, 20, 21, 25]);
        assert_eq!(opened_states(PanelKind::Interval { interval: 7 }, 200, &[7]), [7, 8]);
        assert_eq!(opened_states(PanelKind::Claim {}, 200, &[]).len(), 21);
    }
}
