//! Dishonest nodes, built from the honest one by changing one thing each: for the demo, which shows them caught, and
//! for attack tests, which show what it cost them. Nothing outside this module knows of them but the driver, which
//! asks for a strategy and shows them what it is about to do.

mod forge;
mod lazy;

use serde::{Deserialize, Serialize};

pub use forge::Forger;
pub use lazy::Lazy;

use crate::work_strategy::{Honest, WorkStrategy};
use crate::{Action, Hash32, Observation};

/// What a node does wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adversary {
    /// Trains one step of every S and says they were S.
    FewerSteps,
    /// Trains on a text of its own and names the task's shards.
    OtherData {
        /// Content root of the text, in its store.
        text: Hash32,
    },
    /// Trains honestly, but in one interval jumps to copied weights.
    Jump {
        /// The interval.
        interval: u32,
        /// Content root of the block whose weights it copies, in its store or at a peer.
        block: Hash32,
    },
    /// Trains one step of every S, and when it knows which intervals are drawn, works those out honestly and opens
    /// their ends as if the run had led there.
    LiesAfterDraw,
    /// Does no work, commits once it sees another's commit, and never reveals.
    Unrevealing,
    /// Answers as a seat without fetching or computing anything.
    LazyEvaluator,
}

impl Adversary {
    /// How it works.
    pub fn strategy(&self) -> Box<dyn WorkStrategy> {
        match self {
            Self::FewerSteps
            | Self::OtherData { .. }
            | Self::Jump { .. }
            | Self::LiesAfterDraw
            | Self::Unrevealing => Box::new(Forger::new(self.clone())),
            Self::LazyEvaluator => Box::new(Lazy),
        }
    }

    /// What it makes of the actions an honest node would take, and the keys of those it holds back.
    pub fn temper(&self, seen: &Observation, wanted: Vec<Action>) -> (Vec<Action>, Vec<String>) {
        let other_committed = |claim: u64| {
            let task = seen.view.claims.get(&claim).and_then(|c| seen.view.tasks.get(&c.task));
            let others = task.into_iter().flat_map(|t| t.claims.iter()).filter(|c| **c != claim);
            others.filter_map(|c| seen.view.claims.get(c)).any(|c| c.commit.is_some())
        };
        let (mut actions, mut held_back) = (Vec::new(), Vec::new());
        for action in wanted {
            let holds = match &action {
                Action::Send { key, .. } if *self == Self::Unrevealing => match key.split_once('/') {
                    Some(("commit", id)) => !id.parse().is_ok_and(other_committed),
                    Some(("reveal", _)) => true,
                    _ => false,
                },
                _ => false,
            };
            match action {
                Action::Send { key, .. } if holds => held_back.push(key),
                action => actions.push(action),
            }
        }
        (actions, held_back)
    }
}

/// The strategy of a node: honest unless an adversary is given.
pub fn strategy_of(adversary: Option<&Adversary>) -> Box<dyn WorkStrategy> {
    adversary.map_or_else(|| Box::new(Honest) as Box<dyn WorkStrategy>, Adversary::strategy)
}
