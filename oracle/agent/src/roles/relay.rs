//! [`Relay`]: posts the rounds that somebody waits for, once they are out.

use serde::{Deserialize, Serialize};

use crate::attempts::Attempts;
use crate::{Action, Observation};

/// A beacon relay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Relay {
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

impl Relay {
    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        let next = seen.view.wanted.iter().next();
        let waits = next.map(|r| format!("round {r} comes out at {}", seen.view.round_time(*r)));
        (waits.into_iter().collect(), self.attempts.blocked())
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        let mut actions = Vec::new();
        for round in &seen.view.wanted {
            let key = format!("beacon/{round}");
            if seen.view.round_time(*round) <= seen.now() && next.attempts.begin_shared(&key, seen) {
                actions.push(Action::Post { key, round: *round });
            }
        }
        actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        (next, actions)
    }
}
