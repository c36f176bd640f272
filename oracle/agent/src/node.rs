//! [`Node`]: the driver around the roles. It builds observations, persists before it sends, carries actions out,
//! and waits. Decisions are the roles'; work is done on the pool.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cosmwasm_std::Binary;
use lyceum_api::datasets::{PowerResponse, QueryMsg, Status};
use lyceum_api::tasks::ExecuteMsg;
use lyceum_chain::{Chain, ChainError, Head, Tx, Until};
use lyceum_store::Store;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::adversary::craft_of;
use crate::craft::Craft;
use crate::event::{Event, Events, What};
use crate::journal::Journal;
use crate::peers::Peers;
use crate::work::Workshop;
use crate::{
    Action, Adversary, AgentError, Cancel, Done, Hash32, Identity, Job, Observation, Result, Roles, View,
    Views, Workers,
};

/// Gives the signature of a round that is out.
pub trait BeaconSource: Send + Sync {
    /// The signature, 48 bytes on G1; none if the round is not out or cannot be had.
    fn signature(&self, round: u64, now: u64) -> Option<Binary>;
}

/// What makes a node itself.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Its name, for people.
    pub name: String,
    /// Its folder: the journal is kept here.
    pub folder: PathBuf,
    /// Its secret, from which its salts come.
    pub secret: Hash32,
    /// Its roles; those of an earlier life, read from the journal, come before these.
    pub roles: Roles,
    /// What it does wrong, if anything.
    pub adversary: Option<Adversary>,
}

/// What the nodes of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Who has what.
    pub peers: Arc<dyn Peers>,
    /// The view of the open height.
    pub views: Views,
    /// The pool.
    pub workers: Workers,
    /// Where relays get rounds.
    pub beacon: Option<Arc<dyn BeaconSource>>,
    /// Who is told what happens; bounded.
    pub events: Option<mpsc::Sender<Event>>,
    /// Stops all nodes: [`Node::run_until`] then ends with [`AgentError::Cancelled`], at once.
    pub cancel: Cancel,
    /// Where tensors are worked on.
    pub device: tch::Device,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Nodes on the CPU with a pool of so many jobs at once.
    pub fn new(peers: Arc<dyn Peers>, jobs: usize) -> Self {
        Self {
            peers,
            views: Views::new(),
            workers: Workers::new(jobs),
            beacon: None,
            events: None,
            cancel: Cancel::new(),
            device: tch::Device::Cpu,
        }
    }
}

/// Why a node stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The view said that it is enough.
    Enough,
    /// Nobody in the network has anything left to do or to wait for.
    Idle,
}

/// Work under way: when its result is taken in, and the result.
type UnderWay = BTreeMap<String, (u64, JoinHandle<Done>)>;

/// One node.
pub struct Node<C> {
    chain: C,
    roles: Roles,
    adversary: Option<Adversary>,
    craft: Arc<dyn Craft>,
    journal: Journal,
    shop: Workshop,
    shared: Shared,
    under_way: UnderWay,
    /// What became of the transactions that were sent last.
    outcomes: Vec<(String, Option<String>)>,
}

impl<C> std::fmt::Debug for Node<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("me", &self.shop.me).finish_non_exhaustive()
    }
}

impl<C: Chain> Node<C> {
    /// A node at a chain, with its own store. What its journal holds from an earlier life goes on.
    pub fn new(config: NodeConfig, chain: C, store: Arc<Store>, shared: Shared) -> Result<Self> {
        let journal = Journal::open(&config.folder, chain.chain_id())?;
        let roles = journal.read()?.unwrap_or(config.roles);
        let me = Identity {
            account: chain.account().clone(),
            chain_id: chain.chain_id().to_owned(),
            contracts: chain.contracts().clone(),
            secret: config.secret,
        };
        let shop = Workshop {
            me,
            store,
            peers: shared.peers.clone(),
            events: Events::new(&config.name, shared.events.clone()),
            cancel: shared.cancel.clone(),
            device: shared.device,
        };
        let craft = Arc::from(craft_of(config.adversary.as_ref()));
        let (under_way, outcomes) = (BTreeMap::new(), Vec::new());
        Ok(Self {
            chain,
            roles,
            adversary: config.adversary,
            craft,
            journal,
            shop,
            shared,
            under_way,
            outcomes,
        })
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.shop.me
    }

    /// Its chain.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    /// Its roles as they stand.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Gives the chain back, so that another life of this node can go on with it.
    pub fn into_chain(self) -> C {
        self.chain
    }

    /// Lives until the view says that it is enough, or until the whole network is idle. Every node of a network that
    /// is given the same condition stops at the same height; until all of them act again or are dropped, the
    /// embedded chain's time stands still. May be called again to go on.
    ///
    /// Whoever gave [`Shared::events`] a channel must read it: nodes wait for room.
    pub async fn run_until(&mut self, enough: impl Fn(&View) -> bool + Send) -> Result<Ended> {
        let cancel = self.shared.cancel.clone();
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(AgentError::Cancelled),
            ended = self.live(enough) => ended,
        };
        match ended {
            Err(AgentError::Cancelled) => {
                // Work hears of it too; once it has ended, nothing holds the store any more.
                for (_, work) in std::mem::take(&mut self.under_way).into_values() {
                    let _ = work.await;
                }
                Err(AgentError::Cancelled)
            }
            Err(AgentError::Chain(ChainError::Stalled { .. })) => Ok(Ended::Idle),
            other => other,
        }
    }

    async fn live(&mut self, enough: impl Fn(&View) -> bool + Send) -> Result<Ended> {
        loop {
            let head = self.chain.head().await?;
            let view = self.shared.views.at(&self.chain, head).await?;
            if enough(&view) {
                return Ok(Ended::Enough);
            }
            let seen = self.observe(head, view).await?;
            let (roles, wanted) = self.roles.step(&seen);
            let actions = match &self.adversary {
                Some(adversary) => {
                    let (actions, held_back) = adversary.temper(&seen, wanted);
                    // Never sent, so nothing became of it: the role will ask again.
                    self.outcomes.extend(held_back.into_iter().map(|key| (key, None)));
                    actions
                }
                None => wanted,
            };
            // Before anything is sent or begun: a node that is killed now still knows what it is about to do.
            self.journal.write(head.height, &roles)?;
            self.roles = roles;
            self.carry_out(&seen, actions).await?;
        }
    }

    async fn observe(&mut self, head: Head, view: Arc<View>) -> Result<Observation> {
        let due: Vec<String> = self
            .under_way
            .iter()
            .filter(|(_, (at, _))| *at <= head.time)
            .map(|(key, _)| key.clone())
            .collect();
        let mut done = Vec::new();
        for key in due {
            // It stays in the map while it is awaited, so that it is still ours if we are stopped meanwhile.
            let Some((_, work)) = self.under_way.get_mut(&key) else { continue };
            let result = work.await.unwrap_or_else(|e| Done::Failed { words: e.to_string() });
            self.under_way.remove(&key);
            done.push((key, result));
        }
        let mut power = BTreeMap::new();
        if self.roles.voter.is_some() {
            let node = self.shop.me.account.to_string();
            for dataset in view.datasets.values().filter(|d| matches!(d.status, Status::Voting { .. })) {
                let query = QueryMsg::Power { node: node.clone(), height: Some(dataset.height) };
                let answer: PowerResponse =
                    self.chain.query(&self.shop.me.contracts.datasets, &query).await?;
                power.insert(dataset.id, answer.power);
            }
        }
        let outcomes = std::mem::take(&mut self.outcomes);
        Ok(Observation { me: self.shop.me.clone(), view, power, outcomes, done })
    }

    /// Begins work, then ends the turn: by sending what is to be sent, or by waiting.
    async fn carry_out(&mut self, seen: &Observation, actions: Vec<Action>) -> Result<()> {
        let now = seen.now();
        let mut txs: Vec<(String, Tx)> = Vec::new();
        let mut wake = seen.view.next_deadline();
        let mut at_latest = |at: u64| wake = Some(wake.map_or(at, |w| w.min(at)));
        for action in actions {
            match action {
                Action::Send { key, tx } => txs.push((key, tx)),
                Action::Post { key, round } => {
                    let source = self.shared.beacon.as_ref();
                    match source.and_then(|s| s.signature(round, now)) {
                        Some(signature) => {
                            let post = ExecuteMsg::PostBeacon { round, signature };
                            txs.push((key, seen.me.tx(&seen.me.contracts.tasks, &post)));
                        }
                        None => {
                            self.outcomes.push((key, Some("the round cannot be had".to_owned())));
                            at_latest(now + 5);
                        }
                    }
                }
                Action::Work { key, job, seconds } => self.begin(now + seconds, key, *job),
                Action::Forget { roots } => self.forget(&roots),
                Action::Wake { at } => at_latest(at),
            }
        }
        for (at, _) in self.under_way.values() {
            at_latest(*at);
        }
        if txs.is_empty() {
            self.chain.wait(Until::change_or(wake)).await?;
            return Ok(());
        }
        let (keys, txs): (Vec<String>, Vec<Tx>) = txs.into_iter().unzip();
        let results = self.chain.submit(txs).await?;
        for (key, result) in keys.into_iter().zip(results) {
            let words = match result {
                Ok(done) => {
                    self.shop.events.tell_async(What::Sent { key: key.clone(), height: done.height }).await;
                    None
                }
                Err(ChainError::Refused { words }) => {
                    tracing::debug!(node = %self.shop.me.account, key, %words, "refused");
                    let (key, words) = (key.clone(), words.clone());
                    self.shop.events.tell_async(What::Refused { key, words: words.clone() }).await;
                    Some(words)
                }
                Err(other) => return Err(other.into()),
            };
            self.outcomes.push((key, words));
        }
        Ok(())
    }

    fn begin(&mut self, due: u64, key: String, job: Job) {
        let work = self.shared.workers.begin(self.shop.clone(), self.craft.clone(), key.clone(), job);
        self.under_way.insert(key, (due, work));
    }

    fn forget(&self, roots: &[Hash32]) {
        for root in roots {
            if let Err(error) = self.shop.store.remove(root.as_bytes()) {
                tracing::warn!(%root, %error, "a state that is no longer needed stays");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_may_live_on_any_thread() {
        fn is_send<T: Send>() {}
        is_send::<Node<lyceum_chain::logical::Handle>>();
    }
}
