//! [`Collector`]: pulls a node's rewards after every learning block, and once more when it is told to.

use lyceum_api::rewards;
use serde::{Deserialize, Serialize};

use crate::attempts::Attempts;
use crate::{Action, Observation};

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
    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        let open = seen.view.learning.number;
        let mut actions = Vec::new();
        // The first sight of a learning block is not the seal of one.
        let sealed = next.pulled_at.is_some_and(|at| at < open);
        next.pulled_at = Some(next.pulled_at.unwrap_or(open));
        let key = format!("pull/{open}");
        if sealed && next.attempts.begin(&key, seen.now()) {
            next.pulled_at = Some(open);
            let claim = rewards::ExecuteMsg::Claim { limit: None };
            actions.push(Action::Send { key, tx: seen.me.tx(&seen.me.contracts.rewards, &claim) });
        }
        (next, actions)
    }
}
