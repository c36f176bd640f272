//! Following the chain: its head, which never goes back, and what became of the transactions that are awaited.
//!
//! One task polls; a websocket, where there is one, only wakes it early. So nothing is missed when the websocket is
//! silent or gone, and nothing is late when it works.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tendermint_rpc::SimpleRequest;
use tendermint_rpc::dialect::v0_38::Dialect;
use tendermint_rpc::endpoint::{block, block_results, broadcast::tx_sync};
use tokio::sync::{Notify, watch};

use super::belief::LAG;
use super::blocks::{gone, height, pruned};
use super::http::{MAX_ANSWER, MAX_BLOCK};
use super::lock;
use super::member::error_of;
use super::pending_txs::{Executed, PendingTxs, hash};
use super::pool::{Answer, Pool};
use super::sequence::Bytes;
use crate::{ChainError, Result};

/// How many headers a node gives at once.
const PAGE: u64 = 20;
/// Transactions that are not in a block after so many heights are offered again, so many at once.
const OFFER_AFTER: u64 = 2;
const OFFER_AT_ONCE: usize = 100;
/// How often the height is asked for: with a websocket that wakes us, and without.
const SLOW: Duration = Duration::from_secs(2);
const FAST: Duration = Duration::from_millis(200);
/// The least time between two looks.
const LEAST: Duration = Duration::from_millis(50);
/// How often every endpoint is asked how it stands.
const SURVEY: Duration = Duration::from_secs(5);

/// The end of the chain as it was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The last height whose state is there.
    pub height: u64,
    /// Its block's time, Unix seconds.
    pub time: u64,
    /// The last height with a transaction.
    pub changed: u64,
}

/// What the clients of one account share with the task that follows.
#[derive(Debug)]
pub struct Watch {
    /// The endpoints.
    pub pool: Pool,
    /// The end of the chain.
    pub seen: watch::Sender<Seen>,
    /// What is awaited.
    pending_txs: Mutex<PendingTxs>,
    /// Wakes the task.
    pub wake: Notify,
    /// Whether a websocket wakes it.
    pub websocket: AtomicBool,
    advancing: tokio::sync::Mutex<()>,
    /// Since when there is trouble, and which.
    trouble: Mutex<Option<(Instant, ChainError)>>,
    news: Mutex<Instant>,
}

impl Watch {
    /// Follows through these endpoints; nothing is sent yet.
    pub fn new(pool: Pool) -> Self {
        let (seen, _) = watch::channel(Seen { height: 0, time: 0, changed: 0 });
        Self {
            pool,
            seen,
            pending_txs: Mutex::default(),
            wake: Notify::new(),
            websocket: AtomicBool::new(false),
            advancing: tokio::sync::Mutex::new(()),
            trouble: Mutex::new(None),
            news: Mutex::new(Instant::now()),
        }
    }

    /// What is awaited.
    pub fn pending_txs(&self) -> MutexGuard<'_, PendingTxs> {
        lock(&self.pending_txs)
    }

    /// The trouble that has lasted for some time.
    pub fn trouble(&self, lasted: Duration) -> Option<ChainError> {
        let trouble = lock(&self.trouble);
        trouble.as_ref().filter(|(since, _)| since.elapsed() >= lasted).map(|(_, error)| error.clone())
    }

    /// How long no new height has come.
    pub fn silence(&self) -> Duration {
        lock(&self.news).elapsed()
    }

    /// Asks for the end of the chain.
    pub async fn advance(&self) -> Result<Seen> {
        let _one_at_a_time = self.advancing.lock().await;
        let before = *self.seen.borrow();
        let height = self.pool.height().await?;
        if height == 0 {
            return Err(ChainError::unusable("the chain has no block yet"));
        }
        if height + LAG < before.height {
            let reason = format!(
                "the chain is at height {height}, {} was seen: endpoints lag behind, or one of them lied",
                before.height
            );
            return Err(ChainError::Disagree { reason });
        }
        if height <= before.height {
            return Ok(before);
        }
        // A node may keep no block but the last ones; at first no other is of interest.
        let wanted = match before.height {
            0 => height,
            seen => (seen + 1).max(height.saturating_sub(PAGE - 1)),
        };
        let headers = match self.pool.headers(wanted, height).await {
            Err(ChainError::Pruned { earliest, .. }) if (wanted..=height).contains(&earliest) => {
                self.pool.headers(earliest, height).await?
            }
            other => other?,
        };
        let first = headers.first().map_or(height, |h| h.height);
        let mut seen = Seen { height, ..before };
        for header in headers {
            if header.txs {
                seen.changed = header.height;
            }
            seen.time = seen.time.max(header.time);
        }
        if first > before.height + 1 && before.height > 0 {
            // Heights that were not looked at may have had transactions.
            seen.changed = seen.changed.max(first - 1);
        }
        *lock(&self.news) = Instant::now();
        self.seen.send_replace(seen);
        Ok(seen)
    }

    /// The results of a committed height.
    pub async fn results(&self, of: u64) -> Result<block_results::Response> {
        self.results_of(of, None).await
    }

    /// The results of so many transactions, if it is known how many there are.
    async fn results_of(&self, of: u64, transactions: Option<usize>) -> Result<block_results::Response> {
        let request = block_results::Request::new(height(of)?);
        let lacks = |answer: &block_results::Response| {
            let found = answer.txs_results.as_ref().map_or(0, Vec::len);
            if answer.height.value() != of {
                return Some(format!("gave the results of {} instead of {of}", answer.height));
            }
            let other = transactions.filter(|wanted| *wanted != found);
            other.map(|wanted| format!("gave {found} results for {wanted} transactions of block {of}"))
        };
        self.whoever_has(of, request, lacks).await
    }

    /// Something of a height from the first endpoint that has it. It is gone only if every one says so that answers.
    async fn whoever_has<R>(
        &self,
        of: u64,
        request: R,
        lacks: impl Fn(&R::Output) -> Option<String> + Send + Sync,
    ) -> Result<R::Output>
    where
        R: SimpleRequest<Dialect> + Clone + Sync,
        R::Output: Send + Sync,
    {
        let elsewhere =
            |answer: &Answer<R::Output>| answer.as_ref().map_or_else(|w| Some(error_of(w)), &lacks);
        let error = match self.pool.ask(request.clone(), MAX_BLOCK, elsewhere).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(words)) => gone(of, &words),
            Err(error) => error,
        };
        let answers = self.pool.each(request, MAX_BLOCK).await;
        let earliest: Option<Vec<u64>> =
            answers.iter().map(|answer| answer.as_ref().err().and_then(|words| pruned(of, words))).collect();
        match earliest.and_then(|earliest| earliest.into_iter().min()) {
            Some(earliest) => Err(ChainError::Pruned { asked: of, earliest }),
            None => Err(error),
        }
    }

    /// Looks through the blocks that hold, or might have held, what is awaited.
    async fn scan(&self, head: u64) -> Result<()> {
        loop {
            let Some(next) = self.pending_txs().next_block_to_scan(head) else { return Ok(()) };
            match self.scan_block(next).await {
                Err(ChainError::Pruned { earliest, .. }) => {
                    self.pending_txs()
                        .blocks_lost(head, &format!("blocks before {earliest} are not kept any more"));
                }
                other => other?,
            }
        }
    }

    async fn scan_block(&self, next: u64) -> Result<()> {
        let request = block::Request::new(height(next)?);
        let lacks = |answer: &block::Response| {
            let found = answer.block.header.height.value();
            (found != next).then(|| format!("gave block {found} instead of {next}"))
        };
        let answer = self.whoever_has(next, request, lacks).await?;
        let hashes: Vec<_> = answer.block.data.iter().map(|tx| hash(tx)).collect();
        let awaited = self.pending_txs().contains_any(&hashes);
        let mut results = Vec::new();
        if awaited {
            let all = self.results_of(next, Some(hashes.len())).await?.txs_results.unwrap_or_default();
            results = all.into_iter().map(|result| Some(Executed::new(next, result))).collect();
        }
        self.pending_txs().block_scanned(next, &hashes, results);
        Ok(())
    }

    /// Offers again what should have been in a block by now, to every endpoint: a node that restarted has lost it, and
    /// one may only have said that it took it.
    async fn offer(&self, head: u64) {
        let due = self.pending_txs().due_for_rebroadcast(head, OFFER_AFTER, OFFER_AT_ONCE);
        let offer = |bytes: &Bytes| self.pool.each(tx_sync::Request::new(bytes.to_vec()), MAX_ANSWER);
        // Whatever they answer, only a block or the timeout height decides.
        join_all(due.iter().map(offer)).await;
    }

    async fn tick(&self) -> Result<()> {
        let seen = self.advance().await?;
        self.scan(seen.height).await
    }
}

/// Follows for ever.
pub async fn follow(watch: Arc<Watch>) {
    // An endpoint that is silent holds up the survey and what is offered again, and nothing else.
    tokio::join!(tick_on(&watch), survey_on(&watch), offer_on(&watch));
}

async fn offer_on(watch: &Watch) {
    let mut seen = watch.seen.subscribe();
    // It ends with the watch.
    while seen.changed().await.is_ok() {
        let head = seen.borrow_and_update().height;
        watch.offer(head).await;
    }
}

async fn survey_on(watch: &Watch) {
    loop {
        tokio::time::sleep(SURVEY).await;
        watch.pool.survey().await;
    }
}

async fn tick_on(watch: &Watch) {
    loop {
        let done = watch.tick().await;
        let failed = done.is_err();
        {
            let mut trouble = lock(&watch.trouble);
            *trouble = done.err().map(|error| match trouble.take() {
                Some((since, _)) => (since, error),
                None => (Instant::now(), error),
            });
        }
        let pause = match (failed, watch.websocket.load(Ordering::Relaxed)) {
            (true, _) => FAST * 3,
            (false, true) => SLOW,
            (false, false) => FAST,
        };
        // Both are only reasons to look. An endpoint that wakes us all the time makes us ask the others no more often.
        let _ = tokio::time::timeout(pause, watch.wake.notified()).await;
        tokio::time::sleep(LEAST).await;
    }
}
