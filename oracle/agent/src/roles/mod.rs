//! The roles as pure state machines: each looks at an [`Observation`] and says what it becomes and what it wants
//! done. Nothing here reads a clock, a file or the chain; a life replays from its observations.

mod collector;
mod coordinator;
mod enroller;
mod evaluator;
mod housekeeping;
mod relay;
mod trainer;
mod unsealing;
mod voter;

pub use collector::Collector;
pub use coordinator::{Coordinator, Planned};
pub use enroller::{Enrol, Enroller, Own};
pub use evaluator::Evaluator;
pub use housekeeping::housekeeping;
pub use relay::Relay;
use serde::{Deserialize, Serialize};
pub use trainer::{Takes, Trainer};
pub use voter::Voter;

use crate::status::RoleStatus;
use crate::views::Needs;
use crate::{Action, Identity, Observation};

/// The roles of one node; those it does not have are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Roles {
    /// Keeps the account a node.
    pub enroller: Option<Enroller>,
    /// Trains and claims.
    pub trainer: Option<Trainer>,
    /// Sits on panels and audits.
    pub evaluator: Option<Evaluator>,
    /// Opens tasks and moves claims along.
    pub coordinator: Option<Coordinator>,
    /// Votes on datasets.
    pub voter: Option<Voter>,
    /// Posts the beacon's rounds.
    pub relay: Option<Relay>,
    /// Pulls rewards.
    pub collector: Option<Collector>,
}

impl Roles {
    /// Has every role look, and collects what they want done, in a fixed order of roles.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut actions = Vec::new();
        macro_rules! stepped {
            ($role:ident) => {
                self.$role.as_ref().map(|role| {
                    let (role, mut wanted) = role.step(seen);
                    actions.append(&mut wanted);
                    role
                })
            };
        }
        let next = Self {
            enroller: stepped!(enroller),
            relay: stepped!(relay),
            coordinator: stepped!(coordinator),
            trainer: stepped!(trainer),
            evaluator: stepped!(evaluator),
            voter: stepped!(voter),
            collector: stepped!(collector),
        };
        (next, actions)
    }

    /// The memory of an earlier life under the settings of this one. Roles that the operator ended finish what cannot
    /// be left to others, and are gone then. Without any settings, an earlier life goes on as it was.
    pub fn resume(self, earlier: Self) -> Self {
        if self == Self::default() {
            return earlier;
        }
        macro_rules! resumed {
            ($role:ident, $retire:expr) => {
                match (self.$role, earlier.$role) {
                    (Some(now), Some(earlier)) => Some(now.resume(earlier)),
                    (None, Some(earlier)) => $retire(earlier),
                    (now, None) => now,
                }
            };
        }
        Self {
            enroller: resumed!(enroller, |_| None),
            trainer: resumed!(trainer, Trainer::retire),
            evaluator: resumed!(evaluator, Evaluator::retire),
            coordinator: resumed!(coordinator, |_| None),
            voter: resumed!(voter, |_| None),
            relay: self.relay,
            collector: resumed!(collector, |_| None),
        }
    }

    /// What a lean view must list beside everything that is under way.
    pub(crate) fn needs(&self, me: &Identity) -> Needs {
        let mut needs = Needs { account: Some(me.account.clone()), ..Needs::default() };
        needs.claims.extend(self.trainer.iter().flat_map(Trainer::claims));
        if let Some(coordinator) = &self.coordinator {
            needs.own_tasks = coordinator.looks_for_own();
            needs.tasks.extend(coordinator.tasks());
            needs.datasets.extend(coordinator.datasets());
        }
        needs
    }

    /// What a node that leaves must finish first, in words.
    pub(crate) fn owes(&self, seen: &Observation) -> Vec<String> {
        let mut owed = Vec::new();
        owed.extend(self.trainer.iter().flat_map(|r| r.owes(seen)));
        owed.extend(self.evaluator.iter().flat_map(|r| r.owes(seen)));
        owed
    }

    /// What each role waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> Vec<RoleStatus> {
        let mut all = Vec::new();
        macro_rules! reported {
            ($($role:ident),*) => {$(
                if let Some(role) = &self.$role {
                    let (waits_for, blocked_by) = role.report(seen);
                    all.push(RoleStatus { role: stringify!($role).to_owned(), waits_for, blocked_by });
                }
            )*};
        }
        reported!(enroller, relay, coordinator, trainer, evaluator, voter, collector);
        all
    }
}
