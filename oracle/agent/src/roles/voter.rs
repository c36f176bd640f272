//! [`Voter`]: a GPU owner that votes on datasets by what their audits found.

use std::collections::BTreeSet;

use lyceum_api::datasets::{AuditReport, ExecuteMsg, Status};
use lyceum_economy::params::{MAX_DUPLICATES, MAX_PII, MAX_TOXICITY};
use serde::{Deserialize, Serialize};

use crate::attempts::Attempts;
use crate::{Action, Observation, Outcome};

/// A voter with its own limits, which may be stricter than the network's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voter {
    /// Most personal data it accepts, ppm of bytes.
    pub max_pii_ppm: u32,
    /// Most toxic text.
    pub max_toxicity_ppm: u32,
    /// Most duplicated text.
    pub max_duplicates_ppm: u32,
    /// Datasets under vote on which it has voted: there may be thousands of votes, so views do not list them. One that
    /// is missing here, because the node was killed before it saw its vote's effect, is refused when it is sent again.
    #[serde(default)]
    voted: BTreeSet<u64>,
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

impl Default for Voter {
    /// The network's limits.
    fn default() -> Self {
        // Shares of a million, so each fits.
        Self::new(MAX_PII as u32, MAX_TOXICITY as u32, MAX_DUPLICATES as u32)
    }
}

impl Voter {
    /// A voter with these limits.
    pub fn new(max_pii_ppm: u32, max_toxicity_ppm: u32, max_duplicates_ppm: u32) -> Self {
        Self {
            max_pii_ppm,
            max_toxicity_ppm,
            max_duplicates_ppm,
            voted: BTreeSet::new(),
            attempts: Attempts::default(),
        }
    }

    fn likes(&self, audit: &AuditReport) -> bool {
        audit.licence_ok
            && audit.pii_ppm <= self.max_pii_ppm
            && audit.toxicity_ppm <= self.max_toxicity_ppm
            && audit.duplicates_ppm <= self.max_duplicates_ppm
    }

    /// The memory of an earlier life under the settings of this one.
    pub(crate) fn resume(self, earlier: Self) -> Self {
        Self { voted: earlier.voted, ..self }
    }

    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        let waits = seen.power.iter().filter(|(id, power)| **power > 0 && !self.voted.contains(id));
        (waits.map(|(id, _)| format!("a vote on dataset {id}")).collect(), self.attempts.blocked())
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        for (key, outcome) in &seen.outcomes {
            if let (Some(("vote", id)), Outcome::Done) = (key.split_once('/'), outcome) {
                next.voted.extend(id.parse::<u64>());
            }
        }
        let voting =
            |id: &u64| seen.view.datasets.get(id).is_some_and(|d| matches!(d.status, Status::Voting { .. }));
        next.voted.retain(voting);
        let mut actions = Vec::new();
        for (id, power) in &seen.power {
            let Some(dataset) = seen.view.datasets.get(id).filter(|_| *power > 0) else { continue };
            let Status::Voting { until, .. } = dataset.status else { continue };
            let key = format!("vote/{id}");
            if next.voted.contains(id) || until.seconds() <= seen.now() || !next.attempts.begin(&key, seen) {
                continue;
            }
            let yes = dataset.audit.as_ref().is_some_and(|audit| next.likes(audit));
            let vote = ExecuteMsg::Vote { dataset: *id, yes };
            actions.push(Action::Send { key, tx: seen.me.tx(&seen.me.contracts.datasets, &vote) });
        }
        actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        (next, actions)
    }
}
