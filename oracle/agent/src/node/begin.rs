//! What a node begins with: its own configuration, and what the nodes of a process share.

use std::path::PathBuf;
use std::sync::Arc;

use cosmwasm_std::Binary;
use tokio::sync::mpsc;

use crate::pace::Backoff;
use crate::peers::Peers;
use crate::{Adversary, Cancel, Drain, Event, Hash32, Pace, Roles, Views, Workers};

/// Gives the signature of a round that is out.
pub trait BeaconSource: Send + Sync {
    /// The signature, 48 bytes on G1; none if the round is not out or cannot be had. Called from the driver: it must
    /// answer at once, from what it has.
    fn signature(&self, round: u64, now: u64) -> Option<Binary>;
}

/// What makes a node itself.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Its name, for people.
    pub name: String,
    /// Its folder: the journal and the records of runs are kept here.
    pub folder: PathBuf,
    /// Its secret, from which its salts come.
    pub secret: Hash32,
    /// Its roles with their settings. What those of an earlier life remember, read from the journal, goes on; with no
    /// roles at all, an earlier life goes on as it was.
    pub roles: Roles,
    /// What it does wrong, if anything.
    pub adversary: Option<Adversary>,
}

/// What the nodes of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Who has what.
    pub peers: Arc<dyn Peers>,
    /// The view of the open height. On a real chain a node has lean views of its own instead.
    pub views: Views,
    /// The pool.
    pub workers: Workers,
    /// Where relays get rounds.
    pub beacon: Option<Arc<dyn BeaconSource>>,
    /// Who is told what happens; bounded.
    pub events: Option<mpsc::Sender<Event>>,
    /// Stops all nodes: [`crate::Node::run_until`] then ends with [`crate::AgentError::Cancelled`], at once.
    pub cancel: Cancel,
    /// Asks all nodes to leave: they take nothing new, finish what they owe, and end.
    pub drain: Drain,
    /// Whose time they live by.
    pub pace: Pace,
    /// How long they wait for what does not answer.
    pub backoff: Backoff,
    /// Where tensors are worked on.
    pub device: tch::Device,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Nodes on the CPU with a pool of so many jobs at once, on logical time.
    pub fn new(peers: Arc<dyn Peers>, jobs: usize) -> Self {
        Self {
            peers,
            views: Views::new(),
            workers: Workers::new(jobs),
            beacon: None,
            events: None,
            cancel: Cancel::new(),
            drain: Drain::new(),
            pace: Pace::Logical,
            backoff: Backoff::default(),
            device: tch::Device::Cpu,
        }
    }
}
