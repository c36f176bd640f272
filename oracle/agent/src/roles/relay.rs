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
    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        let mut actions = Vec::new();
        for round in &seen.view.wanted {
            let key = format!("beacon/{round}");
            if seen.view.round_time(*round) <= seen.now() && next.attempts.begin(&key, seen.now()) {
                actions.push(Action::Post { key, round: *round });
            }
        }
        actions.extend(next.attempts.next(seen.now()).map(|at| Action::Wake { at }));
        (next, actions)
    }
}
