//! Sending: simulate, sign, offer to a node, await the block. What is sent can't be executed twice: a transaction is
//! signed again only after every block up to its timeout height was looked through without finding it, or if no node
//! took it; until then the same bytes are offered again.

use std::sync::Arc;
use std::time::Duration;

use cosmrs::Any;
use tendermint_rpc::endpoint::broadcast::tx_sync;
use tendermint_rpc::endpoint::tx as by_hash;
use tokio::sync::oneshot;

use super::answers::{Failure, refusal};
use super::book::{Executed, Fate, hash, show};
use super::client::Client;
use super::http::MAX_ANSWER;
use super::sequence::{Bytes, expected};
use super::tx::{Fee, Included, MAX_TX_BYTES, Terms, sign};
use crate::{ChainError, Result};

/// How often the sequence is repaired before one transaction is given up, nothing of it having been sent, and how
/// often before a pause.
const REPAIRS: u32 = 48;
const AT_ONCE: u32 = 4;
/// How often a transaction that expired, or that ran out of gas, is sent again.
const EXPIRIES: u32 = 3;
const DRY: u32 = 2;
/// How often a node is asked that can't be reached or whose mempool is full, and the first and longest pause.
const OFFERS: u32 = 12;
const UNREACHED: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// A transaction that a node may have taken.
pub(super) struct Flight {
    bytes: Bytes,
    sequence: u64,
    timeout_height: u64,
    told: oneshot::Receiver<Fate>,
}

enum Offer {
    /// It may be executed from now on.
    Taken,
    /// No node took it, since this sequence was expected.
    Mismatch(u64),
    /// No node took it.
    Refused(ChainError),
}

/// Before the next of several tries at a sequence: none at once, as what was just expected is soon taken by whoever
/// else uses the key; and every few tries one, as others come in bursts, and a node that has a new block goes through
/// its mempool first.
pub(super) async fn pause_among(tried: u32) {
    if tried > 0 && tried.is_multiple_of(AT_ONCE) {
        let doublings = (tried / AT_ONCE - 1).min(5);
        tokio::time::sleep(PAUSE.saturating_mul(1 << doublings).min(MAX_PAUSE)).await;
    }
}

impl Client {
    /// Sends one transaction of these messages and awaits its block. Returns what it did, or why it did nothing.
    pub async fn send(&self, msgs: Vec<Any>) -> Result<Included> {
        let flight = self.begin(&msgs).await?;
        self.finish(flight, &msgs).await
    }

    /// Simulates, signs and gives a transaction to a node.
    pub(super) async fn begin(&self, msgs: &[Any]) -> Result<Flight> {
        let fee = self.simulate(msgs).await?;
        self.offer(msgs, fee).await
    }

    /// Awaits what becomes of a transaction, sending it again where that is safe.
    pub(super) async fn finish(&self, mut flight: Flight, msgs: &[Any]) -> Result<Included> {
        let (mut expiries, mut dry) = (0, 0);
        loop {
            let (sequence, bytes) = (flight.sequence, flight.bytes.clone());
            let executed = match self.fate(&mut flight).await? {
                Fate::Included(executed) => *executed,
                Fate::Expired => {
                    self.inner.lane.lock().await.lane.expired(sequence, &bytes);
                    expiries += 1;
                    if expiries == EXPIRIES {
                        let (hash, height) = (show(&hash(&bytes)), flight.timeout_height);
                        return Err(ChainError::NotIncluded { hash, height });
                    }
                    flight = self.begin(msgs).await?;
                    continue;
                }
                Fate::Unknown(reason) => self.look_up(&bytes, reason).await?,
            };
            self.inner.lane.lock().await.lane.included(sequence, &bytes);
            let out_of_gas = executed.codespace == "sdk" && executed.code == 11;
            if executed.code == 0 {
                return Ok(Included::new(&bytes, executed));
            } else if out_of_gas && dry < DRY {
                // It was executed and undone: what came before it made it dearer than its simulation.
                dry += 1;
                flight = self.begin(msgs).await?;
            } else if out_of_gas {
                let Executed { gas_wanted, gas_used, .. } = executed;
                return Err(ChainError::OutOfGas { wanted: gas_wanted, used: gas_used });
            } else {
                let Executed { codespace, code, log, .. } = &executed;
                let failure = Failure { codespace, code: *code, words: log };
                return Err(refusal(self.inner.account.as_str(), failure));
            }
        }
    }

    /// Waits for the block, or for the timeout height; without an end only while the chain goes on.
    async fn fate(&self, flight: &mut Flight) -> Result<Fate> {
        loop {
            tokio::select! {
                biased;
                told = &mut flight.told => return told.map_err(|_| ChainError::Stopped),
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            let silence = self.inner.watch.silence();
            if silence > self.inner.settings.patience {
                let reason = format!("no new block for {} s", silence.as_secs());
                return Err(ChainError::Undecided { hash: show(&hash(&flight.bytes)), reason });
            }
        }
    }

    /// Asks a node's index, after blocks that should have been looked through were gone.
    async fn look_up(&self, bytes: &Bytes, reason: String) -> Result<Executed> {
        let hash = hash(bytes);
        let request = by_hash::Request::new(tendermint::Hash::Sha256(hash), false);
        match self.inner.watch.pool.ask(request, MAX_ANSWER, |_| None).await {
            Ok(Ok(found)) if *found.tx == **bytes => Ok(Executed::new(found.height.value(), found.tx_result)),
            _ => Err(ChainError::Undecided { hash: show(&hash), reason }),
        }
    }

    /// Signs with the next sequence and gives the bytes to a node; what the chain says of the sequence repairs ours.
    async fn offer(&self, msgs: &[Any], fee: Fee) -> Result<Flight> {
        let inner = &self.inner;
        let mut state = inner.lane.lock().await;
        for repair in 0..REPAIRS {
            pause_among(repair).await;
            let account = self.next_account(&mut state).await?;
            let head = inner.watch.seen.borrow().height;
            let timeout_height = head + inner.settings.timeout_heights;
            let terms = Terms { account, timeout_height, fee: Some(fee) };
            let bytes = Arc::new(sign(msgs, terms, &inner.settings, inner.signer.as_ref()).await?);
            let sequence = account.sequence;
            // Before anything is sent: should this future be dropped meanwhile, the sequence stays taken.
            state.lane.offered(sequence, bytes.clone(), timeout_height);
            let told = inner.watch.book().expect(&bytes, sequence, timeout_height, head);
            match self.give(&bytes, account.number).await {
                Offer::Taken => return Ok(Flight { bytes, sequence, timeout_height, told }),
                Offer::Mismatch(expected) => {
                    tracing::debug!(expected, sequence, "the sequence is repaired");
                    inner.watch.book().withdraw(&bytes);
                    state.lane.withdrawn(sequence, &bytes);
                    for lost in state.lane.mismatch(expected, head).resend {
                        // What it answers shows in the answer to the next.
                        let _ = inner.watch.pool.ask_once(tx_sync::Request::new(lost.to_vec())).await;
                    }
                }
                Offer::Refused(error) => {
                    inner.watch.book().withdraw(&bytes);
                    state.lane.withdrawn(sequence, &bytes);
                    return Err(error);
                }
            }
        }
        let reason = format!("the account's sequence could not be settled in {REPAIRS} tries");
        Err(ChainError::Unreachable { endpoint: String::new(), reason })
    }

    /// Gives signed bytes to a node. As soon as one may have them, they count as taken.
    async fn give(&self, bytes: &Bytes, number: u64) -> Offer {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let request = tx_sync::Request::new(bytes.to_vec());
            let (answer, may_have_come) = self.inner.watch.pool.ask_once(request).await;
            let full = |words: &str| words.contains("mempool is full");
            let error = match answer {
                Ok(Err(words)) if words.contains("tx already exists in cache") => return Offer::Taken,
                Ok(Ok(answer)) if answer.code.is_ok() => return Offer::Taken,
                // A node that did not answer may have it, whatever another says of it.
                _ if may_have_come => return Offer::Taken,
                Err(error) if attempt >= UNREACHED => return Offer::Refused(error),
                Err(error) => error,
                Ok(Err(words)) if full(&words) => {
                    ChainError::Unreachable { endpoint: String::new(), reason: words }
                }
                Ok(Err(words)) if words.contains("Tx too large") => {
                    let (bytes, limit) = (bytes.len() as u64, MAX_TX_BYTES as u64);
                    return Offer::Refused(ChainError::TooLarge { what: words, bytes, limit });
                }
                Ok(Err(words)) => {
                    let codespace = "rpc".to_owned();
                    return Offer::Refused(ChainError::NotTaken { codespace, code: 0, words });
                }
                Ok(Ok(answer)) => {
                    let code = answer.code.value();
                    match (answer.codespace.as_str(), code, expected(&answer.log)) {
                        ("sdk", 32, Some(expected)) => return Offer::Mismatch(expected),
                        ("sdk", 19, _) => return Offer::Taken,
                        ("sdk", 20, _) => {
                            ChainError::Unreachable { endpoint: String::new(), reason: answer.log }
                        }
                        // A node that was restarted takes itself to be at genesis until its first block, and every
                        // signature to be over the account number 0.
                        ("sdk", 4, _) if number > 0 && answer.log.contains("account number (0)") => {
                            ChainError::Unreachable { endpoint: String::new(), reason: answer.log }
                        }
                        (codespace, code, _) => {
                            let failure = Failure { codespace, code, words: &answer.log };
                            return Offer::Refused(refusal(self.inner.account.as_str(), failure));
                        }
                    }
                }
            };
            if attempt == OFFERS {
                return Offer::Refused(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        Offer::Refused(ChainError::Stopped)
    }
}
