//! One turn: look, decide, write down, act, wait.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use lyceum_api::datasets::{PowerResponse, QueryMsg, Status};
use lyceum_api::nodes;
use lyceum_api::tasks::ExecuteMsg;
use lyceum_chain::{Chain, ChainError, Head, Tx, TxResult, Until};

use super::{Ended, Node, UnderWay};
use crate::event::What;
use crate::roles::{Enroller, Own};
use crate::status::{Counted, HeadSeen, Phase, unix_now};
use crate::work::Made;
use crate::workers::lost;
use crate::{Action, AgentError, Done, Hash32, Job, Observation, Outcome, Result, View};

/// On a real chain a node looks at least so often, seconds, though nothing seems to change: its status says by that how
/// old the last block is.
const LOOK: u64 = 10;
/// Seconds for which what the chain says of the node itself is not asked again while nothing of it was sent.
const OWN: u64 = 20;

impl<C: Chain> Node<C> {
    /// Looks, decides, acts. An error leaves everything as it was: the next turn takes in what this one would have.
    pub(super) async fn turn(
        &mut self,
        enough: &mut (impl Fn(&View) -> bool + Send),
    ) -> Result<Option<Ended>> {
        let head = self.chain.head().await?;
        if head.height < self.seen {
            // Acting on an older height would do again what is done, and forget what is still needed.
            return Err(AgentError::OldHeight { seen: self.seen, found: head.height });
        }
        let needs = self.roles.needs(&self.ctx.me);
        let view = self.views.at_with(&self.chain, head, &needs).await?;
        if enough(&view) {
            return Ok(Some(Ended::Enough));
        }
        let seen = self.observe(head, view).await?;
        let owes = self.roles.owes(&seen);
        if seen.draining && owes.is_empty() && self.outcomes.is_empty() {
            return Ok(Some(Ended::Drained));
        }
        let (roles, wanted) = self.roles.step(&seen);
        let (actions, held_back) = match &self.adversary {
            Some(adversary) => adversary.temper(&seen, wanted),
            None => (wanted, vec![]),
        };
        // Before anything is sent or begun: a node that is killed now still knows what it is about to do.
        let (settled, asked) = self.views.known().await;
        let wrote = self.journal.write(head.height, settled, &roles)?;
        self.roles = roles;
        self.outcomes.clear();
        for (key, _) in self.finished.drain(..) {
            // The roles have it now.
            self.made.remove(&key);
        }
        // Never sent, so nothing became of it: the role will ask again.
        self.outcomes.extend(held_back.into_iter().map(|key| (key, Outcome::Unsent)));
        self.seen = head.height;
        self.tell(&seen, owes, wrote, asked).await;
        self.look_at_room(&seen.view, asked).await;
        self.carry_out(&seen, actions).await?;
        Ok(None)
    }

    async fn observe(&mut self, head: Head, view: std::sync::Arc<View>) -> Result<Observation> {
        if self.shared.pace.is_logical() {
            let due: Vec<String> = self
                .under_way
                .iter()
                .filter(|(_, (at, _))| *at <= head.time)
                .map(|(key, _)| key.clone())
                .collect();
            for key in due {
                // It stays in the map while it is awaited, so that it is still ours if we are stopped meanwhile.
                let Some((_, work)) = self.under_way.get_mut(&key) else { continue };
                let result = work.await.unwrap_or_else(lost);
                self.under_way.remove(&key);
                self.finished.push((key, result));
            }
        }
        self.look_at_power(&view).await?;
        self.look_at_own(head).await?;
        Ok(Observation {
            me: self.ctx.me.clone(),
            view,
            power: self.power.clone(),
            outcomes: self.outcomes.clone(),
            done: self.finished.clone(),
            own: self.own.as_ref().map(|(_, own)| own.clone()),
            pace: self.shared.pace,
            draining: self.shared.drain.is_begun(),
        })
    }

    /// Its power in open votes: frozen when the dataset was proposed, so asked for once.
    async fn look_at_power(&mut self, view: &View) -> Result<()> {
        if self.roles.voter.is_none() {
            return Ok(());
        }
        let voting =
            |id: &u64| view.datasets.get(id).is_some_and(|d| matches!(d.status, Status::Voting { .. }));
        self.power.retain(|id, _| voting(id));
        for dataset in view.datasets.values().filter(|d| voting(&d.id)) {
            if !self.power.contains_key(&dataset.id) {
                let node = self.ctx.me.account.to_string();
                let query = QueryMsg::Power { node, height: Some(dataset.height) };
                let contract = &self.ctx.me.contracts.datasets;
                let answer: PowerResponse = self.chain.query(contract, &query).await?;
                self.power.insert(dataset.id, answer.power);
            }
        }
        Ok(())
    }

    /// What the chain says of the node itself.
    async fn look_at_own(&mut self, head: Head) -> Result<()> {
        let Some(enroller) = &self.roles.enroller else { return Ok(()) };
        let fresh = self.own.as_ref().is_some_and(|(at, _)| head.time < at.saturating_add(OWN));
        if fresh && self.outcomes.is_empty() {
            return Ok(());
        }
        let (me, contract) = (&self.ctx.me.account, &self.ctx.me.contracts.nodes);
        let config: nodes::ConfigResponse = self.chain.query(contract, &nodes::QueryMsg::Config {}).await?;
        let query = nodes::QueryMsg::Node { node: me.to_string() };
        let node = match self.chain.query(contract, &query).await {
            Ok(node) => Some(node),
            // The contract answers so of an account that is not registered. If it meant anything else, it refuses a
            // second registration.
            Err(ChainError::Query { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let mut gpus = BTreeMap::new();
        for gpu in enroller.enrol().gpu_ids(&config.gpu_salt) {
            let answer: nodes::GpuResponse =
                self.chain.query(contract, &nodes::QueryMsg::Gpu { gpu }).await?;
            gpus.insert(gpu, answer.node);
        }
        let balance = self.chain.balance(me).await?;
        self.own = Some((head.time, Own { node, config, balance, gpus }));
        Ok(())
    }

    /// Says on the board where it stands.
    async fn tell(&self, seen: &Observation, owes: Vec<String>, wrote: bool, views: u64) {
        let (roles, standing) = (self.roles.report(seen), Enroller::standing(seen));
        let (now, cursor) = (unix_now(), seen.view.height);
        let (height, time) = (seen.view.height, seen.view.time);
        let mut leaves = None;
        self.ctx.board.set(|s| {
            let new = s.head.is_none_or(|h| h.height != height);
            s.head = if new { Some(HeadSeen { height, time, seen_at: now }) } else { s.head };
            if seen.draining && !s.draining {
                leaves = Some(owes.clone());
            }
            (s.phase, s.draining, s.last_success) = (Phase::Acting, seen.draining, Some(now));
            (s.chain_trouble, s.journal.trouble) = (None, None);
            if wrote {
                (s.journal.cursor, s.journal.written_at) = (cursor, Some(now));
            }
            (s.roles, s.owes, s.standing) = (roles, owes, standing);
            (s.counts.turns, s.counts.views) = (s.counts.turns + 1, views);
        });
        if let Some(owes) = leaves {
            self.ctx.events.tell_async(What::Draining { owes }).await;
        }
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
                            let words = "the round cannot be had".to_owned();
                            self.outcomes.push((key, Outcome::Refused { words }));
                            at_latest(now + 5);
                        }
                    }
                }
                Action::Work { key, job, seconds } => self.begin(now, seconds, key, *job).await,
                Action::Forget { claim, roots } => self.forget(claim, &roots),
                Action::Wake { at } => at_latest(at),
            }
        }
        if self.shared.pace.is_logical() {
            for (at, _) in self.under_way.values() {
                at_latest(*at);
            }
        } else {
            at_latest(now + LOOK);
        }
        if txs.is_empty() { self.wait(wake).await } else { self.submit(txs).await }
    }

    /// Waits for a change, a time, on a real chain the end of a job, or a word to leave.
    async fn wait(&mut self, wake: Option<u64>) -> Result<()> {
        self.ctx.board.set(|s| s.phase = Phase::Waiting);
        let (real, drain) = (!self.shared.pace.is_logical(), self.shared.drain.clone());
        tokio::select! {
            biased;
            result = ended(&mut self.under_way), if real => self.finished.push(result),
            () = drain.begun(), if !drain.is_begun() => {}
            head = self.chain.wait(Until::change_or(wake)) => {
                head?;
            }
        }
        Ok(())
    }

    /// Sends, and takes in what became of it. A message that fails does not stop the others; what is not known is said
    /// to be unknown, and the view will tell.
    async fn submit(&mut self, txs: Vec<(String, Tx)>) -> Result<()> {
        let (keys, txs): (Vec<String>, Vec<Tx>) = txs.into_iter().unzip();
        for key in &keys {
            self.ctx.events.tell_async(What::Sending { key: key.clone() }).await;
        }
        let (results, failed) = match self.chain.submit(txs).await {
            Ok(results) => (results, None),
            Err(error) => (keys.iter().map(|_| Err(error.clone())).collect(), Some(error)),
        };
        for (key, result) in keys.into_iter().zip(results) {
            let outcome = self.outcome(&key, result).await;
            self.outcomes.push((key, outcome));
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn outcome(&self, key: &str, result: std::result::Result<TxResult, ChainError>) -> Outcome {
        let (board, events, key) = (&self.ctx.board, &self.ctx.events, key.to_owned());
        let error = match result {
            Ok(done) => {
                board.message(&key, Counted::Done);
                events.tell_async(What::Sent { key, height: done.height, gas: done.gas }).await;
                return Outcome::Done;
            }
            Err(error) => error,
        };
        let words = match &error {
            ChainError::Refused { words } => words.clone(),
            other => other.to_string(),
        };
        tracing::debug!("{key} of {} was not executed: {error}", self.ctx.me.account);
        let refused = error.is_of_one_transaction() && !error.is_transient();
        board.message(&key, if refused { Counted::Refused } else { Counted::Failed });
        if !matches!(error, ChainError::Refused { .. }) {
            board.error(Some(&key), error.code(), &words);
        }
        if refused {
            events.tell_async(What::Refused { key, words: words.clone() }).await;
            Outcome::Refused { words }
        } else {
            events.tell_async(What::Unknown { key, words: words.clone() }).await;
            Outcome::Unknown { words }
        }
    }

    async fn begin(&mut self, now: u64, seconds: u64, key: String, job: Job) {
        self.ctx.events.tell_async(What::Began { key: key.clone() }).await;
        let mut ctx = self.ctx.clone();
        if !self.shared.pace.is_logical() {
            // A third of the window for fetching: what is missing then can still be asked for on chain, answered and
            // worked on.
            let patience = job.window().map(|end| Duration::from_secs(end.saturating_sub(now) / 3));
            ctx.fetch_until = patience.and_then(|p| Instant::now().checked_add(p));
        }
        ctx.made = Made::default();
        self.made.insert(key.clone(), ctx.made.clone());
        let work = self.shared.workers.begin(ctx, self.strategy.clone(), key.clone(), job);
        self.under_way.insert(key, (now + seconds, work));
    }

    /// Drops what was kept for a claim that is over, but not what a run under way keeps as well.
    fn forget(&self, claim: u64, roots: &[Hash32]) {
        let of_run = self.ctx.runs.forget(claim);
        let kept = self.ctx.runs.kept();
        for root in roots.iter().chain(&of_run).filter(|root| !kept.contains(root)) {
            if let Err(error) = self.ctx.store.remove(root.as_bytes()) {
                tracing::warn!("state {root}, which is no longer needed, stays in the store: {error}");
            }
        }
    }
}

/// The next job to end. Dropped before that, it has taken nothing.
async fn ended(under_way: &mut UnderWay) -> (String, Done) {
    std::future::poll_fn(|context| {
        let ready = under_way.iter_mut().find_map(|(key, (_, work))| match Pin::new(work).poll(context) {
            Poll::Ready(result) => Some((key.clone(), result.unwrap_or_else(lost))),
            Poll::Pending => None,
        });
        match ready {
            Some((key, done)) => {
                under_way.remove(&key);
                Poll::Ready((key, done))
            }
            None => Poll::Pending,
        }
    })
    .await
}
