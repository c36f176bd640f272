//! [`Board`]: what each part of a node last said of itself. A part that stops saying anything is not well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is well.
    Well {
        /// What there is to say.
        note: String,
    },
    /// It is not.
    Unwell {
        /// Why, and what would help.
        reason: String,
    },
}

#[derive(Debug)]
struct Said {
    state: State,
    /// Since when it has been well, or unwell.
    since: Instant,
    last: Instant,
    /// How long what it said holds; nothing = for good.
    holds: Option<Duration>,
}

/// What all parts of a node say; clones are the same board.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<BTreeMap<&'static str, Said>>>);

/// One part's line on the board.
#[derive(Debug, Clone)]
pub struct Check {
    board: Board,
    name: &'static str,
    holds: Option<Duration>,
}

/// What the board says at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether all parts are well.
    pub ready: bool,
    /// The parts, by name.
    pub checks: BTreeMap<&'static str, Line>,
}

/// One part in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Whether it is well.
    pub ok: bool,
    /// What it says.
    pub says: String,
    /// For how many seconds it has been so.
    pub for_seconds: u64,
}

impl Board {
    /// An empty board: nothing is known, and nothing is ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// A part; until it speaks it is unwell. With `holds`, what it says is void after so long.
    pub fn check(&self, name: &'static str, holds: Option<Duration>) -> Check {
        let check = Check { board: self.clone(), name, holds };
        check.unwell("has not started yet");
        check
    }

    /// What it says now.
    pub fn report(&self) -> Report {
        self.report_at(Instant::now())
    }

    fn report_at(&self, now: Instant) -> Report {
        let checks: BTreeMap<_, _> =
            self.said().iter().map(|(name, said)| (*name, line(said, now))).collect();
        Report { ready: !checks.is_empty() && checks.values().all(|l| l.ok), checks }
    }

    fn said(&self) -> MutexGuard<'_, BTreeMap<&'static str, Said>> {
        // Every change is one assignment, so that a thread that panicked left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, check: &Check, state: State, now: Instant) {
        let mut said = self.said();
        let same = |old: &Said| {
            matches!((&old.state, &state), (State::Well { .. }, State::Well { .. }))
                || matches!((&old.state, &state), (State::Unwell { .. }, State::Unwell { .. }))
        };
        let since = said.get(check.name).filter(|old| same(old)).map_or(now, |old| old.since);
        said.insert(check.name, Said { state, since, last: now, holds: check.holds });
    }
}

fn line(said: &Said, now: Instant) -> Line {
    let silent = now.saturating_duration_since(said.last);
    if let Some(holds) = said.holds
        && silent > holds
    {
        let says = format!("nothing was heard of it for {} s", silent.as_secs());
        return Line { ok: false, says, for_seconds: silent.as_secs() };
    }
    let for_seconds = now.saturating_duration_since(said.since).as_secs();
    match &said.state {
        State::Well { note } => Line { ok: true, says: note.clone(), for_seconds },
        State::Unwell { reason } => Line { ok: false, says: reason.clone(), for_seconds },
    }
}

impl Check {
    /// It is well.
    pub fn well(&self, note: impl Into<String>) {
        self.say(State::Well { note: note.into() });
    }

    /// It is not, for a reason.
    pub fn unwell(&self, reason: impl Into<String>) {
        self.say(State::Unwell { reason: reason.into() });
    }

    /// It is as it is.
    pub fn say(&self, state: State) {
        self.board.say(self, state, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ready_before_anything_spoke() {
        let board = Board::new();
        assert!(!board.report().ready);
        let check = board.check("chain", None);
        let report = board.report();
        assert!(!report.ready && report.checks["chain"].says.contains("not started"));
        check.well("height 7");
        assert!(board.report().ready);
    }

    #[test]
    fn one_unwell_part_makes_the_node_unready_and_says_why() {
        let board = Board::new();
        board.check("store", None).well("");
        board.check("chain", None).unwell("http://127.0.0.1:1 does not answer");
        let report = board.report();
        assert!(!report.ready && report.checks["store"].ok);
        assert!(report.checks["chain"].says.contains("127.0.0.1:1"));
    }

    #[test]
    fn what_was_said_long_ago_no_longer_holds() {
        let board = Board::new();
        let start = Instant::now();
        board.check("chain", Some(Duration::from_secs(30))).well("height 7");
        assert!(board.report_at(start + Duration::from_secs(29)).ready);
        let late = board.report_at(start + Duration::from_secs(90));
        assert!(!late.ready && late.checks["chain"].says.contains("nothing was heard"));
    }

    #[test]
    fn how_long_it_has_been_so_counts_from_the_change() {
        let board = Board::new();
        let check = board.check("chain", None);
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let state = |reason: &str| State::Unwell { reason: reason.to_owned() };
        board.say(&check, State::Well { note: String::new() }, at(0));
        board.say(&check, state("a"), at(10));
        board.say(&check, state("b"), at(20));
        assert_eq!(board.report_at(at(25)).checks["chain"].for_seconds, 15);
    }
}
