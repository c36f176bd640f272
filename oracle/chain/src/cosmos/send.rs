//! Sending: simulate, sign, offer to a node, await the block.
//!
//! What is sent can't be executed twice, whatever one endpoint says, as long as another one answers honestly: the same
//! messages are signed again only when the earlier signature can't be executed any more, as every endpoint that
//! answers says that its sequence is used up or its timeout height has passed, and none knows its hash. Until then the
//! same bytes are offered again. An endpoint that is the only one has to be believed, `SIGNATURES` times at most.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cosmrs::Any;
use tendermint_rpc::endpoint::broadcast::tx_sync;
use tendermint_rpc::endpoint::tx as by_hash;
use tokio::sync::oneshot;

use super::answers::{Failure, refusal};
use super::book::{Executed, Fate, hash, show};
use super::client::{Client, Sequences};
use super::http::MAX_ANSWER;
use super::pool::Answer;
use super::sequence::{Bytes, expected};
use super::tx::{Account, Fee, Included, MAX_TX_BYTES, Terms, sign};
use crate::{ChainError, Result};

/// How often the same messages are signed, for whatever reasons; of these, after they expired and ran out of gas.
const SIGNATURES: u32 = 8;
const EXPIRIES: u32 = 3;
const DRY: u32 = 2;
/// How often a node is asked that can't be reached or whose mempool is full, and the first and longest pause.
const OFFERS: u32 = 12;
const UNREACHED: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// After so long without a new height it is looked again at what may have changed without one.
const LOOK: Duration = Duration::from_secs(1);

/// A signed transaction that a node may have.
pub(super) struct Flight {
    bytes: Bytes,
    sequence: u64,
    timeout_height: u64,
    told: oneshot::Receiver<Fate>,
    contested: bool,
}

impl Flight {
    /// Whether a node expected another sequence: another transaction of this key may have taken it, and what is sent
    /// after this one may be executed before it.
    pub fn is_contested(&self) -> bool {
        self.contested
    }
}

/// What a node's answer to signed bytes says of them.
enum Offer {
    /// They may be executed from now on.
    Taken,
    /// They were not taken, since this sequence was expected; who saw them may still offer them later.
    Mismatch(u64),
    /// They were not taken, and may be another time.
    Later(ChainError),
    /// They were not taken.
    Refused(ChainError),
}

impl Client {
    /// Sends one transaction of these messages and awaits its block. Returns what it did, or why it did nothing.
    pub async fn send(&self, msgs: Vec<Any>) -> Result<Included> {
        let flight = self.begin(&msgs).await?;
        self.finish(flight, &msgs).await
    }

    /// Simulates, signs and gives a transaction to a node.
    pub(super) async fn begin(&self, msgs: &[Any]) -> Result<Flight> {
        let mut state = self.inner.lane.lock().await;
        let (account, fee, _) = self.foresee_next(&mut state, msgs).await?;
        self.offer(&mut state, msgs, account, fee).await
    }

    /// Awaits what becomes of a transaction, sending it again where that is safe.
    pub(super) async fn finish(&self, mut flight: Flight, msgs: &[Any]) -> Result<Included> {
        let (mut signatures, mut expiries, mut dry) = (1, 0, 0);
        loop {
            let executed = self.end(&mut flight).await?;
            let (sequence, bytes) = (flight.sequence, &flight.bytes);
            let again = signatures < SIGNATURES;
            if let Some(executed) = executed {
                self.inner.lane.lock().await.lane.included(sequence, bytes);
                if executed.code == 0 {
                    return Ok(Included::new(bytes, *executed));
                }
                if !is_dry(&executed) {
                    let Executed { codespace, code, log, .. } = &*executed;
                    let failure = Failure { codespace, code: *code, words: log };
                    return Err(refusal(self.inner.account.as_str(), failure));
                }
                // What came before it made it dearer than its simulation.
                dry += 1;
                if dry > DRY || !again {
                    let Executed { gas_wanted, gas_used, .. } = *executed;
                    return Err(ChainError::OutOfGas { wanted: gas_wanted, used: gas_used });
                }
            } else {
                self.inner.lane.lock().await.lane.expired(sequence, bytes);
                expiries += u32::from(!flight.contested);
                if expiries == EXPIRIES || !again {
                    let (hash, height) = (show(&hash(bytes)), flight.timeout_height);
                    return Err(ChainError::NotIncluded { hash, height });
                }
            }
            signatures += 1;
            flight = self.begin(msgs).await?;
        }
    }

    /// What a transaction did; none if it never will be executed. Whatever calls for another signature is taken only
    /// from all endpoints that answer.
    async fn end(&self, flight: &mut Flight) -> Result<Option<Box<Executed>>> {
        let undone = match self.fate(flight).await? {
            Fate::Included(executed) if !is_dry(&executed) => return Ok(Some(executed)),
            Fate::Included(executed) => Some(executed),
            Fate::Expired => None,
            Fate::Unknown(reason) => {
                let found = self.found(&flight.bytes).await;
                return found.map(Some).ok_or_else(|| undecided(flight, reason));
            }
        };
        let since = Instant::now();
        let mut seen = self.inner.watch.seen.subscribe();
        while self.over(flight).await.is_none() {
            if since.elapsed() > self.inner.settings.patience {
                return Err(undecided(flight, "the endpoints do not agree about it".to_owned()));
            }
            let _ = tokio::time::timeout(LOOK, seen.changed()).await;
        }
        Ok(self.found(&flight.bytes).await.or(undone))
    }

    /// Waits for the block, or for the last height that may hold it; without an end only while the chain goes on.
    async fn fate(&self, flight: &mut Flight) -> Result<Fate> {
        let watch = &self.inner.watch;
        let mut seen = watch.seen.subscribe();
        let mut over = false;
        loop {
            tokio::select! {
                biased;
                told = &mut flight.told => return told.map_err(|_| ChainError::Stopped),
                _ = seen.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            let silence = watch.silence();
            if silence > self.inner.settings.patience {
                return Err(undecided(flight, format!("no new block for {} s", silence.as_secs())));
            }
            if flight.contested
                && !over
                && let Some(height) = self.over(flight).await
            {
                over = true;
                watch.book().ends(&flight.bytes, height);
            }
        }
    }

    /// The height up to which a transaction was executed or never will be, by every endpoint that answers: its
    /// sequence is used up, or its timeout height has passed. None while one says otherwise, or none answers.
    async fn over(&self, flight: &Flight) -> Option<u64> {
        let mut last = None;
        for (height, account) in self.account_everywhere().await {
            if account.sequence <= flight.sequence && height < flight.timeout_height {
                return None;
            }
            last = last.max(Some(height));
        }
        last
    }

    /// What it did, if an endpoint's index has it.
    async fn found(&self, bytes: &Bytes) -> Option<Box<Executed>> {
        let request = by_hash::Request::new(tendermint::Hash::Sha256(hash(bytes)), false);
        let answers = self.inner.watch.pool.each(request, MAX_ANSWER).await.into_iter().flatten();
        let found = answers.filter(|found| *found.tx == **bytes);
        let executed = found.map(|found| Box::new(Executed::new(found.height.value(), found.tx_result)));
        executed.min_by_key(|executed| is_dry(executed))
    }

    /// Signs with a sequence, once, and gives the bytes to a node.
    async fn offer(&self, state: &mut Sequences, msgs: &[Any], account: Account, fee: Fee) -> Result<Flight> {
        let inner = &self.inner;
        let head = inner.watch.seen.borrow().height;
        let timeout_height = head + inner.settings.timeout_heights;
        let terms = Terms { account, timeout_height, fee: Some(fee) };
        let bytes = Arc::new(sign(msgs, terms, &inner.settings, inner.signer.as_ref()).await?);
        let sequence = account.sequence;
        // Before anything is sent: should this future be dropped meanwhile, the sequence stays taken.
        state.lane.offered(sequence, bytes.clone(), timeout_height);
        let told = inner.watch.book().expect(&bytes, sequence, timeout_height, head);
        let contested = match self.give(&bytes, account.number).await {
            Offer::Taken => false,
            Offer::Mismatch(expected) => {
                self.repair(state, expected).await;
                true
            }
            Offer::Later(error) | Offer::Refused(error) => {
                // Who saw it may keep it, but what is signed next has the same sequence, so one of them at most is
                // executed. The number is asked for again, as a wrong one is refused too.
                inner.watch.book().withdraw(&bytes);
                state.lane.withdrawn(sequence, &bytes);
                state.number = None;
                return Err(error);
            }
        };
        Ok(Flight { bytes, sequence, timeout_height, told, contested })
    }

    /// Gives signed bytes to a node. As soon as one may have them, they count as taken.
    async fn give(&self, bytes: &Bytes, number: u64) -> Offer {
        let pool = &self.inner.watch.pool;
        let request = tx_sync::Request::new(bytes.to_vec());
        let mut pause = PAUSE;
        for attempt in 1.. {
            let (answer, may_have_come) = pool.ask_once(request.clone()).await;
            let unreached = answer.is_err();
            match answer.map_or_else(Offer::Later, |answer| self.meant(bytes, number, answer)) {
                // A node that did not answer may have it, whatever another says of it.
                Offer::Later(_) | Offer::Refused(_) if may_have_come => return Offer::Taken,
                Offer::Taken => return Offer::Taken,
                Offer::Later(error) => {
                    if attempt == OFFERS || unreached && attempt >= UNREACHED {
                        return Offer::Refused(error);
                    }
                }
                no => {
                    // One endpoint's no is not enough: it has the signature all the same.
                    let others = pool.each(request, MAX_ANSWER).await.into_iter();
                    let mut others = others.map(|answer| self.meant(bytes, number, answer));
                    return if others.any(|o| matches!(o, Offer::Taken)) { Offer::Taken } else { no };
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        Offer::Refused(ChainError::Stopped)
    }

    fn meant(&self, bytes: &Bytes, number: u64, answer: Answer<tx_sync::Response>) -> Offer {
        let later = |reason| Offer::Later(ChainError::Unreachable { endpoint: String::new(), reason });
        let answer = match answer {
            Err(words) if words.contains("tx already exists in cache") => return Offer::Taken,
            Err(words) if words.contains("mempool is full") => return later(words),
            Err(words) if words.contains("Tx too large") => {
                let (bytes, limit) = (bytes.len() as u64, MAX_TX_BYTES as u64);
                return Offer::Refused(ChainError::TooLarge { what: words, bytes, limit });
            }
            Err(words) => {
                let codespace = "rpc".to_owned();
                return Offer::Refused(ChainError::NotTaken { codespace, code: 0, words });
            }
            Ok(answer) if answer.code.is_ok() => return Offer::Taken,
            Ok(answer) => answer,
        };
        let code = answer.code.value();
        match (answer.codespace.as_str(), code, expected(&answer.log)) {
            ("sdk", 32, Some(expected)) => Offer::Mismatch(expected),
            ("sdk", 19, _) => Offer::Taken,
            ("sdk", 20, _) => later(answer.log),
            // A node that was restarted takes itself to be at genesis until its first block, and every signature to
            // be over the account number 0.
            ("sdk", 4, _) if number > 0 && answer.log.contains("account number (0)") => later(answer.log),
            (codespace, code, _) => {
                let failure = Failure { codespace, code, words: &answer.log };
                Offer::Refused(refusal(self.inner.account.as_str(), failure))
            }
        }
    }
}

/// Whether it was executed and undone for want of gas.
fn is_dry(executed: &Executed) -> bool {
    executed.codespace == "sdk" && executed.code == 11
}

fn undecided(flight: &Flight, reason: String) -> ChainError {
    ChainError::Undecided { hash: show(&hash(&flight.bytes)), reason }
}
