//! [`Collector`]: pulls a node's rewards after every learning block.

use lyceum_api::rewards;
use serde::{Deserialize, Serialize};

use crate::attempts::Attempts;
use crate::{Action, Observation, Outcome};

/// Pulls rewards.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Collector {
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
    /// The open learning block when rewards were pulled last.
    pulled_at: Option<u64>,
}

impl Collector {
    /// The memory of an earlier life.
    pub(crate) fn resume(self, earlier: Self) -> Self {
        earlier
    }

    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        (vec![format!("learning block {} seals", seen.view.learning.number)], self.attempts.blocked())
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        for (key, outcome) in &seen.outcomes {
            let Some(("pull", open)) = key.split_once('/') else { continue };
            // A refusal says that there was nothing to pull. Of an unknown one more is due: pulling twice pays once.
            if let (Ok(open), Outcome::Done | Outcome::Refused { .. }) = (open.parse::<u64>(), outcome) {
                next.pulled_at = next.pulled_at.max(Some(open));
            }
        }
        let open = seen.view.learning.number;
        // The first sight of a learning block is not the seal of one.
        let pulled_at = *next.pulled_at.get_or_insert(open);
        let mut actions = Vec::new();
        if pulled_at < open {
            let key = format!("pull/{open}");
            if next.attempts.begin(&key, seen) {
                let claim = rewards::ExecuteMsg::Claim { limit: None };
                actions.push(Action::Send { key, tx: seen.me.tx(&seen.me.contracts.rewards, &claim) });
            }
            actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        }
        (next, actions)
    }
}
