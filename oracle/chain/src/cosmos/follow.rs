//! Following the chain: its head, which never goes back, and what became of the transactions that are awaited.
//!
//! One task polls; a websocket, where there is one, only wakes it early. So nothing is missed when the websocket is
//! silent or gone, and nothing is late when it works.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tendermint_rpc::endpoint::{block, block_results, blockchain, broadcast::tx_sync};
use tokio::sync::{Notify, watch};

use super::book::{Book, Executed, hash};
use super::http::{MAX_ANSWER, MAX_BLOCK};
use super::pool::{Answer, Pool};
use crate::{ChainError, Result};

/// How many headers a node gives at once.
const PAGE: u64 = 20;
/// Transactions that are not in a block after so many heights are offered again, so many at once.
const OFFER_AFTER: u64 = 2;
const OFFER_AT_ONCE: usize = 100;
/// How often the height is asked for: with a websocket that wakes us, and without.
const SLOW: Duration = Duration::from_secs(2);
const FAST: Duration = Duration::from_millis(200);
/// After so long without a new height every endpoint is asked.
const SURVEY_AFTER: Duration = Duration::from_secs(5);

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
    book: Mutex<Book>,
    /// Wakes the task.
    pub wake: Notify,
    /// Whether a websocket wakes it.
    pub websocket: AtomicBool,
    advancing: tokio::sync::Mutex<()>,
    /// Since when there is trouble, and which.
    trouble: Mutex<Option<(Instant, ChainError)>>,
    news: Mutex<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one is held, and what they hold is whole between any two calls.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Follows through these endpoints; nothing is sent yet.
    pub fn new(pool: Pool) -> Self {
        let (seen, _) = watch::channel(Seen { height: 0, time: 0, changed: 0 });
        Self {
            pool,
            seen,
            book: Mutex::default(),
            wake: Notify::new(),
            websocket: AtomicBool::new(false),
            advancing: tokio::sync::Mutex::new(()),
            trouble: Mutex::new(None),
            news: Mutex::new(Instant::now()),
        }
    }

    /// What is awaited.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
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
            let reason = "the chain has no block yet".to_owned();
            return Err(ChainError::Unreachable { endpoint: String::new(), reason });
        }
        if height <= before.height {
            return Ok(before);
        }
        let first = (before.height + 1).max(height.saturating_sub(PAGE - 1)).max(1);
        let headers = self.headers(first, height).await?;
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

    /// The headers of at most [`PAGE`] committed heights, ascending, all of them.
    pub async fn headers(&self, first: u64, last: u64) -> Result<Vec<Header>> {
        let request = blockchain::Request::new(height(first)?, height(last)?);
        let lacks = |answer: &Answer<blockchain::Response>| match answer {
            Ok(answer) if answer.block_metas.len() as u64 == last - first + 1 => None,
            Ok(_) => Some(format!("lacks headers of {first} to {last}")),
            Err(words) => behind(words),
        };
        let answer = self.pool.ask(request, MAX_ANSWER, lacks).await?.map_err(|words| gone(first, &words))?;
        let mut headers: Vec<Header> = answer
            .block_metas
            .iter()
            .map(|meta| Header {
                height: meta.header.height.value(),
                time: meta.header.time.unix_timestamp().try_into().unwrap_or(0),
                txs: meta.num_txs > 0,
            })
            .collect();
        headers.sort_unstable_by_key(|h| h.height);
        if headers.iter().map(|h| h.height).ne(first..=last) {
            let reason = format!("headers of {first} to {last} were asked for, others came");
            return Err(ChainError::Unreachable { endpoint: String::new(), reason });
        }
        Ok(headers)
    }

    /// The results of a committed height.
    pub async fn results(&self, of: u64) -> Result<block_results::Response> {
        let request = block_results::Request::new(height(of)?);
        let lacks = |answer: &Answer<block_results::Response>| match answer {
            Ok(answer) if answer.height.value() == of => None,
            Ok(answer) => Some(format!("gave the results of {} instead of {of}", answer.height)),
            Err(words) => behind(words),
        };
        self.pool.ask(request, MAX_BLOCK, lacks).await?.map_err(|words| gone(of, &words))
    }

    /// Looks through the blocks that hold, or might have held, what is awaited.
    async fn scan(&self, head: u64) -> Result<()> {
        loop {
            let Some(next) = self.book().wanted(head) else { return Ok(()) };
            match self.scan_block(next).await {
                Err(ChainError::Pruned { earliest, .. }) => {
                    self.book().lost(head, &format!("blocks before {earliest} are not kept any more"));
                }
                other => other?,
            }
        }
    }

    async fn scan_block(&self, next: u64) -> Result<()> {
        let request = block::Request::new(height(next)?);
        let lacks = |answer: &Answer<block::Response>| match answer {
            Ok(answer) if answer.block.header.height.value() == next => None,
            Ok(answer) => Some(format!("gave block {} instead of {next}", answer.block.header.height)),
            Err(words) => behind(words),
        };
        let answer = self.pool.ask(request, MAX_BLOCK, lacks).await?.map_err(|words| gone(next, &words))?;
        let hashes: Vec<_> = answer.block.data.iter().map(|tx| hash(tx)).collect();
        let awaited = self.book().knows(&hashes);
        let mut results = Vec::new();
        if awaited {
            let all = self.results(next).await?.txs_results.unwrap_or_default();
            if all.len() != hashes.len() {
                let reason =
                    format!("{} results for {} transactions of block {next}", all.len(), hashes.len());
                return Err(ChainError::Unreachable { endpoint: String::new(), reason });
            }
            results = all.into_iter().map(|result| Some(Executed::new(next, result))).collect();
        }
        self.book().scanned(next, &hashes, results);
        Ok(())
    }

    /// Offers again what should have been in a block by now: a node that restarted has lost it.
    async fn offer(&self, head: u64) {
        let due = self.book().due(head, OFFER_AFTER, OFFER_AT_ONCE);
        for bytes in due {
            // Whatever it answers, only a block or the timeout height decides.
            let (answer, _) = self.pool.ask_once(tx_sync::Request::new(bytes.to_vec())).await;
            if answer.is_err() {
                return;
            }
        }
    }

    async fn tick(&self) -> Result<()> {
        let seen = self.advance().await?;
        self.scan(seen.height).await?;
        self.offer(seen.height).await;
        Ok(())
    }
}

/// What is needed of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Height.
    pub height: u64,
    /// Unix seconds.
    pub time: u64,
    /// Whether its block has transactions.
    pub txs: bool,
}

/// Follows for ever.
pub async fn follow(watch: Arc<Watch>) {
    let mut surveyed = Instant::now();
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
        if watch.silence() > SURVEY_AFTER && surveyed.elapsed() > SURVEY_AFTER {
            watch.pool.survey().await;
            surveyed = Instant::now();
        }
        let pause = match (failed, watch.websocket.load(Ordering::Relaxed)) {
            (true, _) => FAST * 3,
            (false, true) => SLOW,
            (false, false) => FAST,
        };
        // Both are only reasons to look.
        let _ = tokio::time::timeout(pause, watch.wake.notified()).await;
    }
}

/// A height as the library wants it.
pub fn height(height: u64) -> Result<tendermint::block::Height> {
    height.try_into().map_err(|_| ChainError::Setting { name: "height", reason: format!("{height} is none") })
}

/// Whether an endpoint's own words mean that another, or the same a little later, may do better.
fn behind(words: &str) -> Option<String> {
    let is = words.contains("must be less than or equal to the current blockchain height")
        || words.contains("can't be greater than max height")
        || words.contains("could not find results for height");
    is.then(|| words.to_owned())
}

/// An endpoint's own words about a block that it does not give.
fn gone(asked: u64, words: &str) -> ChainError {
    let earliest = words
        .rsplit_once("lowest height is ")
        .and_then(|(_, n)| n.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok());
    match earliest {
        Some(earliest) => ChainError::Pruned { asked, earliest },
        None => ChainError::Unreachable { endpoint: String::new(), reason: words.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pruned_blocks_are_told_from_those_that_are_yet_to_come() {
        let words = "height 3 is not available, lowest height is 120";
        assert_eq!(gone(3, words), ChainError::Pruned { asked: 3, earliest: 120 });
        assert!(behind(words).is_none());
        let words = "height 9 must be less than or equal to the current blockchain height 8";
        assert!(behind(words).is_some() && gone(9, words).is_transient());
    }
}
