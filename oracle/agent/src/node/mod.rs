//! [`Node`]: the driver around the roles. It builds observations, persists before it sends, carries actions out,
//! and waits. Decisions are the roles'; work is done on the pool.

mod begin;
mod room;
mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use lyceum_chain::{Chain, ChainError};
use lyceum_store::Store;
use tokio::task::JoinHandle;

pub use begin::{BeaconSource, NodeConfig, Shared};

use crate::adversary::strategy_of;
use crate::event::{Events, What};
use crate::journal::{Earlier, Journal};
use crate::roles::Own;
use crate::status::{Board, MISFIT, Phase, StatusWatch, unix_now};
use crate::work::{JobContext, Made, Runs};
use crate::work_strategy::WorkStrategy;
use crate::{Adversary, AgentError, Done, Identity, Outcome, Pace, Result, Roles, View, Views};

/// Why a node stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The view said that it is enough.
    Enough,
    /// Nobody in the network has anything left to do or to wait for.
    Idle,
    /// It was asked to leave, and owes nothing any more.
    Drained,
    /// It was asked to leave, and the time for that is over. What it owes goes on in its next life.
    OutOfTime,
}

/// Work under way: when its result is taken in on logical time, and the result.
type UnderWay = BTreeMap<String, (u64, JoinHandle<Done>)>;

/// One node.
pub struct Node<C> {
    chain: C,
    roles: Roles,
    adversary: Option<Adversary>,
    strategy: Arc<dyn WorkStrategy>,
    journal: Journal,
    ctx: JobContext,
    shared: Shared,
    views: Views,
    under_way: UnderWay,
    /// What work under way, or not taken in yet, has put into the store.
    made: BTreeMap<String, Made>,
    /// What the chain said that its store must keep.
    room: room::Room,
    /// Work that ended and was not taken in yet.
    finished: Vec<(String, Done)>,
    /// What became of the transactions that were sent last, and was not taken in yet.
    outcomes: Vec<(String, Outcome)>,
    /// Power in open votes by dataset, which is frozen.
    power: BTreeMap<u64, u64>,
    /// How it stands on chain, and when that was asked.
    own: Option<(u64, Own)>,
    /// The greatest height seen.
    seen: u64,
    /// Failures in a row.
    failures: u32,
    /// When the first of them was.
    outage_since: Option<Instant>,
}

impl<C> std::fmt::Debug for Node<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("me", &self.ctx.me).finish_non_exhaustive()
    }
}

impl<C: Chain> Node<C> {
    /// A node at a chain, with its own store. What its journal holds from an earlier life goes on, under the settings
    /// of this one.
    pub fn new(config: NodeConfig, chain: C, store: Arc<Store>, shared: Shared) -> Result<Self> {
        let journal = Journal::open(&config.folder, chain.chain_id())?;
        let Earlier { cursor, settled, roles } = journal.read()?.unwrap_or_default();
        let me = Identity {
            account: chain.account().clone(),
            chain_id: chain.chain_id().to_owned(),
            contracts: chain.contracts().clone(),
            secret: config.secret,
        };
        let board = Board::new(&config.name, me.account.as_str(), &me.chain_id);
        board.set(|s| s.journal.cursor = cursor);
        let ctx = JobContext {
            me,
            store,
            peers: shared.peers.clone(),
            events: Events::new(&config.name, shared.events.clone()),
            board,
            runs: Runs::new(&config.folder),
            cancel: shared.cancel.clone(),
            fetch_until: None,
            made: Made::default(),
            device: shared.device,
        };
        let views = match shared.pace {
            Pace::Logical => shared.views.clone(),
            Pace::Real { .. } => Views::lean(settled),
        };
        Ok(Self {
            chain,
            roles: config.roles.resume(roles),
            strategy: Arc::from(strategy_of(config.adversary.as_ref())),
            adversary: config.adversary,
            journal,
            ctx,
            shared,
            views,
            under_way: BTreeMap::new(),
            made: BTreeMap::new(),
            room: room::Room::default(),
            finished: Vec::new(),
            outcomes: Vec::new(),
            power: BTreeMap::new(),
            own: None,
            seen: cursor,
            failures: 0,
            outage_since: None,
        })
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.ctx.me
    }

    /// Its chain.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    /// Its roles as they stand.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// What it says of itself, from now on until it is gone.
    pub fn status(&self) -> StatusWatch {
        self.ctx.board.watch()
    }

    /// Gives the chain back, so that another life of this node can go on with it.
    pub fn into_chain(self) -> C {
        self.chain
    }

    /// Lives until it is asked to leave ([`Shared::drain`]) or stopped ([`Shared::cancel`]). What does not answer (the
    /// chain, the disk) is tried again, with pauses that grow.
    pub async fn run(&mut self) -> Result<Ended> {
        self.run_until(|_| false).await
    }

    /// Lives until the view says that it is enough, until it is asked to leave, or, on logical time, until the whole
    /// network is idle. Every node of a network that is given the same condition stops at the same height; until all
    /// of them act again or are dropped, the embedded chain's time stands still. May be called again to go on.
    ///
    /// Whoever gave [`Shared::events`] a channel must read it: nodes wait for room.
    pub async fn run_until(&mut self, enough: impl Fn(&View) -> bool + Send) -> Result<Ended> {
        let (cancel, drain) = (self.shared.cancel.clone(), self.shared.drain.clone());
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(AgentError::Cancelled),
            () = drain.over() => Ok(Ended::OutOfTime),
            ended = self.live(enough) => ended,
        };
        self.ctx.board.set(|s| s.phase = Phase::Ended);
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

    async fn live(&mut self, mut enough: impl Fn(&View) -> bool + Send) -> Result<Ended> {
        self.ctx.events.tell_async(What::Started { cursor: self.seen }).await;
        loop {
            match self.turn(&mut enough).await {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => self.recovered().await,
                Err(error) => self.bear(error).await?,
            }
        }
    }

    /// A turn went well: an outage, if there was one, is over.
    async fn recovered(&mut self) {
        let failures = std::mem::take(&mut self.failures);
        if let Some(since) = self.outage_since.take() {
            let seconds = since.elapsed().as_secs();
            self.ctx.events.tell_async(What::Recovered { failures, seconds }).await;
        }
    }

    /// Waits a while for what failed to work again; gives the error back if nothing is to be waited for. On a real
    /// chain that is hardly ever so: an operator can mend what is wrong while the node runs.
    async fn bear(&mut self, error: AgentError) -> Result<()> {
        if error.is_final() || (self.shared.pace.is_logical() && !error.is_transient()) {
            return Err(error);
        }
        self.failures = self.failures.saturating_add(1);
        let (code, words) = (error.code(), error.to_string());
        let delay = self.shared.backoff.after(self.failures);
        let words = if error.is_misfit() { format!("{MISFIT}: {words}") } else { words };
        self.outage_since.get_or_insert_with(Instant::now);
        self.ctx.board.trouble(&error, unix_now().saturating_add(delay.as_secs()));
        let failures = self.failures;
        let after_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.ctx.events.tell_async(What::Retrying { code: code.to_owned(), words, after_ms, failures }).await;
        tokio::time::sleep(delay).await;
        Ok(())
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
