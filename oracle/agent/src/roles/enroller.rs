//! [`Enroller`]: makes an account the node that its operator's configuration describes, and keeps it one: registers,
//! bonds, says where it is reached, binds GPUs, has stake mature, leaves jail when its time is over.

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, Binary};
use lyceum_api::Hash32;
use lyceum_api::nodes::{ConfigResponse, ExecuteMsg, NodeResponse, Role, gpu_id};
use serde::{Deserialize, Serialize};

use crate::attempts::{Attempts, InFlight};
use crate::status::Standing;
use crate::{Action, Observation};

const RIPEN: &str = "mature/node";

/// How a node stands on chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    /// What the chain says of it; nothing if it is not registered.
    pub node: Option<NodeResponse>,
    /// Configuration of `nodes`.
    pub config: ConfigResponse,
    /// Free balance, ulyc.
    pub balance: u128,
    /// Who holds the GPUs of the configuration.
    pub gpus: BTreeMap<Hash32, Option<Addr>>,
}

/// What an operator wants its node to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Enrol {
    /// The declared operator.
    pub operator: String,
    /// The peer's ed25519 public key, 32 bytes.
    pub peer_key: Binary,
    /// Signature of [`lyceum_api::nodes::peer_key_message`] by that key.
    pub proof: Binary,
    /// Roles.
    pub roles: Vec<Role>,
    /// Execution classes.
    pub classes: Vec<String>,
    /// Where peers reach it: libp2p multiaddrs.
    pub addresses: Vec<String>,
    /// What it bonds itself, ulyc; it bonds what is missing as long as its balance allows. 0 = it never bonds. Whoever
    /// takes stake out lowers this first, or it is bonded again.
    pub stake: u128,
    /// What stays free of its balance, ulyc: for fees, bonds of claims, deposits.
    pub reserve: u128,
    /// UUIDs of its GPUs.
    pub gpus: Vec<String>,
}

impl Enrol {
    /// The ids under which its GPUs are bound.
    pub fn gpu_ids(&self, salt: &Hash32) -> Vec<Hash32> {
        self.gpus.iter().map(|uuid| gpu_id(salt, uuid)).collect()
    }
}

/// Keeps a node enrolled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Enroller {
    enrol: Enrol,
    /// A bond that may have been taken and does not show yet: the chain would take it twice.
    in_flight: InFlight,
    /// When it is tried next to have stake count in draws.
    ripen_at: Option<u64>,
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

impl Enroller {
    /// An enroller.
    pub fn new(enrol: Enrol) -> Self {
        Self { enrol, ..Self::default() }
    }

    /// What the operator wants.
    pub fn enrol(&self) -> &Enrol {
        &self.enrol
    }

    /// The memory of an earlier life under the settings of this one.
    pub(crate) fn resume(self, earlier: Self) -> Self {
        Self { enrol: self.enrol, ..earlier }
    }

    /// How the node stands, for its status.
    pub(crate) fn standing(seen: &Observation) -> Option<Standing> {
        let own = seen.own.as_ref()?;
        let mut standing = Standing { balance: own.balance, ..Standing::default() };
        if let Some(node) = &own.node {
            standing.registered = true;
            standing.active = node.active;
            standing.stake = node.stake.u128();
            standing.matured = node.matured.u128();
            standing.jailed_until = node.jailed_until.map(|t| t.seconds());
            standing.gpus = node.gpus;
        }
        Some(standing)
    }

    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        let mut waits = Vec::new();
        // Too early is nothing that is in the way.
        let mut blocked: Vec<String> =
            self.attempts.blocked().into_iter().filter(|b| !b.starts_with(RIPEN)).collect();
        if let Some(own) = &seen.own {
            let bonded = own.node.as_ref().map_or(0, |n| n.own.u128());
            let (missing, free) = (self.enrol.stake.saturating_sub(bonded), self.spare(own));
            if missing > 0 && free == 0 {
                blocked.push(format!(
                    "bond: {missing} ulyc are missing, the account holds {} and keeps {}",
                    own.balance, self.enrol.reserve
                ));
            }
            for (gpu, holder) in &own.gpus {
                if let Some(holder) = holder.as_ref().filter(|h| **h != seen.me.account) {
                    blocked.push(format!("gpu {gpu}: bound by {holder}"));
                }
            }
            if let Some(until) = own.node.as_ref().and_then(|n| n.jailed_until) {
                let seconds = until.seconds().saturating_sub(seen.now());
                waits.push(format!("the end of jail in {seconds} s"));
            }
            if let (Some(node), Some(at)) = (&own.node, self.ripen_at) {
                let unripe = node.stake.saturating_sub(node.matured);
                let seconds = at.saturating_sub(seen.now());
                waits.push(format!("{unripe} ulyc to be old enough for draws; tried in {seconds} s"));
            }
        }
        (waits, blocked)
    }

    /// What of the balance may be bonded.
    fn spare(&self, own: &Own) -> u128 {
        own.balance.saturating_sub(self.enrol.reserve)
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        next.in_flight.observe(seen);
        let mut actions = Vec::new();
        // Who leaves changes nothing any more: what is bonded stays, whatever comes after.
        if let (Some(own), false) = (&seen.own, seen.draining) {
            match &own.node {
                None => next.register(seen, &mut actions),
                Some(node) => next.keep(seen, own, node, &mut actions),
            }
        }
        actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        if next.in_flight.any() {
            actions.push(Action::Wake { at: seen.now() + 5 });
        }
        (next, actions)
    }

    fn say(
        &mut self,
        seen: &Observation,
        key: String,
        msg: &ExecuteMsg,
        ulyc: u128,
        actions: &mut Vec<Action>,
    ) {
        if self.attempts.begin(&key, seen) {
            actions.push(Action::Send { key, tx: seen.me.paid_tx(&seen.me.contracts.nodes, msg, ulyc) });
        }
    }

    fn register(&mut self, seen: &Observation, actions: &mut Vec<Action>) {
        let enrol = &self.enrol;
        let register = ExecuteMsg::Register {
            operator: enrol.operator.clone(),
            peer_key: enrol.peer_key.clone(),
            proof: enrol.proof.clone(),
            roles: enrol.roles.clone(),
            classes: enrol.classes.clone(),
            addresses: enrol.addresses.clone(),
        };
        self.say(seen, "register/node".to_owned(), &register, 0, actions);
    }

    fn keep(&mut self, seen: &Observation, own: &Own, node: &NodeResponse, actions: &mut Vec<Action>) {
        let (now, enrol) = (seen.now(), self.enrol.clone());
        if node.roles != enrol.roles || node.classes != enrol.classes || node.addresses != enrol.addresses {
            let (roles, classes, addresses) = (enrol.roles, enrol.classes, enrol.addresses);
            let update = ExecuteMsg::Update { roles, classes, addresses };
            self.say(seen, "update/node".to_owned(), &update, 0, actions);
        }
        let amount = enrol.stake.saturating_sub(node.own.u128()).min(self.spare(own));
        let key = "bond/own";
        if amount > 0 && !self.in_flight.may_land(key) && self.attempts.begin(key, seen) {
            self.in_flight.send(key, seen);
            let tx = seen.me.paid_tx(&seen.me.contracts.nodes, &ExecuteMsg::Bond {}, amount);
            actions.push(Action::Send { key: key.to_owned(), tx });
        }
        if let Some(until) = node.jailed_until {
            if until.seconds() < now {
                self.say(seen, "unjail/node".to_owned(), &ExecuteMsg::Unjail {}, 0, actions);
            } else {
                actions.push(Action::Wake { at: until.seconds() + 1 });
            }
        }
        if node.active {
            for (gpu, _) in own.gpus.iter().filter(|(_, holder)| holder.is_none()) {
                self.say(seen, format!("bind/{gpu}"), &ExecuteMsg::BindGpu { gpu: *gpu }, 0, actions);
            }
        }
        self.ripen(seen, own, node, actions);
    }

    /// Stake counts in draws some time after it was bonded or delegated, once somebody says so, and from the next
    /// sortition epoch on: so once an epoch is often enough. A message that came too early is refused before it is
    /// paid for.
    fn ripen(&mut self, seen: &Observation, own: &Own, node: &NodeResponse, actions: &mut Vec<Action>) {
        let (now, params) = (seen.now(), &own.config.params);
        if node.matured >= node.stake {
            self.ripen_at = None;
            return;
        }
        let pause = params.epoch_seconds.min(params.maturity_seconds).max(5);
        let mut at = *self.ripen_at.get_or_insert(now.saturating_add(pause));
        if at <= now {
            at = now.saturating_add(pause);
            self.ripen_at = Some(at);
            let mature = ExecuteMsg::Mature { node: seen.me.account.to_string() };
            self.say(seen, RIPEN.to_owned(), &mature, 0, actions);
        }
        actions.push(Action::Wake { at });
    }
}
