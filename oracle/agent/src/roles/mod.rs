//! The roles as pure state machines: each looks at an [`Observation`] and says what it becomes and what it wants
//! done. Nothing here reads a clock, a file or the chain; a life replays from its observations.

mod collector;
mod coordinator;
mod evaluator;
mod housekeeping;
mod relay;
mod trainer;
mod voter;

pub use collector::Collector;
pub use coordinator::{Coordinator, Planned};
pub use evaluator::Evaluator;
pub use housekeeping::housekeeping;
pub use relay::Relay;
use serde::{Deserialize, Serialize};
pub use trainer::{Takes, Trainer};
pub use voter::Voter;

use crate::{Action, Observation};

/// The roles of one node; those it does not have are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Roles {
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
            relay: stepped!(relay),
            coordinator: stepped!(coordinator),
            trainer: stepped!(trainer),
            evaluator: stepped!(evaluator),
            voter: stepped!(voter),
            collector: stepped!(collector),
        };
        (next, actions)
    }
}
