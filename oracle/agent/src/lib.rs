//! A node's life: what it observes, what it decides, and the loop that carries it out.
//!
//! This crate owns the roles (enroller, trainer, evaluator, coordinator, voter, beacon relay, collector) as pure state
//! machines, `step(&self, observation) -> (Self, Vec<Action>)`, with no I/O inside, so that a whole life replays in a
//! test; the work they ask for (training, serving, attesting, auditing), which touches the node's store and `learn`;
//! and the driver, which builds observations by queries, persists before it sends, bears what does not answer, and
//! does the rest, on logical time or a real chain's ([`Pace`]). It may depend on every crate below it and knows no
//! command line. Dishonest nodes, for the demo and for attack tests, are built
//! from the honest one in [`adversary`] and nowhere else.
//!
//! Start reading at [`roles`] (what a node decides), then [`work`] (how it is done) and [`node`] (the driver).

pub mod action;
pub mod adversary;
mod attempts;
pub mod audit;
mod cancel;
mod drain;
pub mod error;
pub mod event;
mod event_text;
mod journal;
mod needed;
pub mod node;
pub mod observation;
pub mod pace;
pub mod peers;
pub mod roles;
pub mod status;
pub mod view;
mod views;
pub mod work;
pub mod work_strategy;
mod workers;

pub use action::{Action, Done, Job, Trained};
pub use adversary::Adversary;
pub use cancel::Cancel;
pub use drain::Drain;
pub use error::{AgentError, Result};
pub use event::{Event, What};
pub use journal::{JOURNAL, check_journal};
pub use lyceum_api::Hash32;
pub use node::{BeaconSource, Ended, Node, NodeConfig, Shared};
pub use observation::{Identity, Observation, Outcome};
pub use pace::{Backoff, Pace};
pub use peers::{Directory, Peers};
pub use roles::{Coordinator, Enrol, Enroller, Evaluator, Planned, Roles, Takes, Trainer, Voter};
pub use status::{Status, StatusWatch};
pub use view::View;
pub use views::{Needs, Settled, Views};
pub use workers::Workers;
