//! Sending: simulate, sign, broadcast, await the block.
//!
//! What is sent can't be executed twice, whatever one endpoint says, as long as another one answers honestly. The same
//! messages are signed again only when the earlier signature can't be executed any more: every endpoint that answers
//! says that its timeout height has passed, or that its sequence is used up, and then every one that its index does not
//! have it. Until then the same bytes are offered again. What a node saw and did not take holds on to its sequence: no
//! other is signed with before it is over. An endpoint that is the only one has to be believed, `SIGNATURES` times at
//! most.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cosmrs::Any;
use tendermint_rpc::endpoint::broadcast::tx_sync;
use tendermint_rpc::endpoint::tx as by_hash;
use tokio::sync::oneshot;

use super::answers::{Failure, refusal};
use super::belief::LAG;
use super::client::{Client, MAX_PAUSE, PAUSE, Sending, Sequences, Shown};
use super::http::MAX_ANSWER;
use super::outside::one_line;
use super::pending_txs::{Executed, TxOutcome, hash, show};
use super::pool::Answer;
use super::sequence::{Bytes, expected};
use super::tx::{Account, Fee, Included, MAX_TX_BYTES, Terms, sign};
use crate::{ChainError, Result};

/// How often the same messages are signed, for whatever reasons; of these, after they expired and ran out of gas.
const SIGNATURES: u32 = 8;
const EXPIRIES: u32 = 3;
const OUT_OF_GAS: u32 = 2;
/// How often a node is asked whose mempool is full, and one that cannot be reached.
const OFFERS: u32 = 12;
const UNREACHED: u32 = 4;
/// So many heights after a timeout height every block up to it must have been looked through.
const LOOKED_THROUGH: u64 = 20;
/// How long the client waits until what a node saw and did not accept can no longer be executed.
const SEQUENCE_FREED: Duration = Duration::from_secs(30);
/// After this time without a new height, what may change without one is checked again.
const RECHECK: Duration = Duration::from_secs(1);

/// A signed transaction that a node may have.
pub(super) struct PendingTx {
    bytes: Bytes,
    sequence: u64,
    timeout_height: u64,
    outcome: oneshot::Receiver<TxOutcome>,
    contested: bool,
}

impl PendingTx {
    /// Whether a node expected another sequence: another transaction of this key may have taken it, and what is sent
    /// after this one may be executed before it.
    pub fn is_contested(&self) -> bool {
        self.contested
    }
}

/// That a transaction was executed or never will be.
#[derive(Clone, Copy)]
struct Finality {
    /// The highest height of which an endpoint says so.
    height: u64,
    /// Whether its sequence was used up, by it or by another; if not, its timeout height has passed.
    sequence_used: bool,
}

/// What indexes of transactions say of one.
enum IndexLookup {
    Executed(Box<Executed>),
    Nowhere,
    Unsure,
}

/// What a node's answer to signed bytes says of them.
enum BroadcastOutcome {
    /// They may be executed from now on.
    Accepted,
    /// They were not taken, since this sequence was expected; who saw them may still offer them later.
    SequenceMismatch(u64),
    /// They were not taken, and may be another time.
    Retry(ChainError),
    /// They were not taken.
    Refused(ChainError),
}

impl Client {
    /// Sends one transaction of these messages and awaits its block. Returns what it did, or why it did nothing.
    pub async fn send(&self, msgs: Vec<Any>) -> Result<Included> {
        let pending = self.submit(&msgs).await?;
        self.confirm(pending, &msgs).await
    }

    /// Simulates, signs and broadcasts a transaction.
    pub(super) async fn submit(&self, msgs: &[Any]) -> Result<PendingTx> {
        let mut state = self.inner.lane.lock().await;
        let (account, fee, _) = self.foresee_next(&mut state, msgs).await?;
        self.sign_and_broadcast(&mut state, msgs, account, fee).await
    }

    /// Awaits what becomes of a transaction, sending it again where that is safe.
    pub(super) async fn confirm(&self, mut pending: PendingTx, msgs: &[Any]) -> Result<Included> {
        let (mut signatures, mut expiries, mut out_of_gas) = (1, 0, 0);
        loop {
            let executed = self.outcome(&mut pending).await?;
            let (sequence, bytes) = (pending.sequence, &pending.bytes);
            let again = signatures < SIGNATURES;
            if let Some(executed) = executed {
                self.inner.lane.lock().await.lane.included(sequence, bytes);
                if executed.code == 0 {
                    return Ok(Included::new(bytes, *executed));
                }
                if !ran_out_of_gas(&executed) {
                    let Executed { codespace, code, log, .. } = &*executed;
                    let failure = Failure { codespace, code: *code, words: log };
                    return Err(refusal(self.payer(), failure));
                }
                // What came before it made it dearer than its simulation.
                out_of_gas += 1;
                if out_of_gas > OUT_OF_GAS || !again {
                    let Executed { gas_wanted, gas_used, .. } = *executed;
                    return Err(ChainError::OutOfGas { wanted: gas_wanted, used: gas_used });
                }
            } else {
                self.inner.lane.lock().await.lane.expired(sequence, bytes);
                expiries += u32::from(!pending.contested);
                if expiries == EXPIRIES || !again {
                    let (hash, height) = (show(&hash(bytes)), pending.timeout_height);
                    return Err(ChainError::NotIncluded { hash, height });
                }
            }
            signatures += 1;
            pending = self.submit(msgs).await?;
        }
    }

    /// What a transaction did; none if it never will be executed. Whatever calls for another signature is taken only
    /// from all endpoints that answer.
    async fn outcome(&self, pending: &mut PendingTx) -> Result<Option<Box<Executed>>> {
        let undone = match self.await_block(pending).await? {
            TxOutcome::Included(executed) if executed.code == 0 => return Ok(Some(executed)),
            TxOutcome::Included(executed) => Some(executed),
            TxOutcome::Expired => None,
            TxOutcome::Unknown(reason) => {
                return match self.look_up_in_indexes(&pending.bytes).await {
                    IndexLookup::Executed(executed) => Ok(Some(executed)),
                    IndexLookup::Nowhere | IndexLookup::Unsure => Err(undecided(pending, reason)),
                };
            }
        };
        let since = Instant::now();
        let mut seen = self.inner.watch.seen.subscribe();
        let mut finality: Option<Finality> = None;
        loop {
            if finality.is_none() {
                finality = self.finality(pending.sequence, pending.timeout_height).await;
            }
            match &finality {
                Some(Finality { sequence_used: false, .. }) => return Ok(None),
                // An index is a moment behind its blocks.
                Some(Finality { height, .. }) if seen.borrow_and_update().height > *height => break,
                _ => {}
            }
            if since.elapsed() > self.inner.settings.patience {
                return Err(undecided(pending, "the endpoints do not agree about it".to_owned()));
            }
            let _ = tokio::time::timeout(RECHECK, seen.changed()).await;
        }
        match self.look_up_in_indexes(&pending.bytes).await {
            IndexLookup::Executed(executed) => Ok(Some(executed)),
            IndexLookup::Nowhere => Ok(undone),
            IndexLookup::Unsure => {
                let reason =
                    "its sequence is used up, and an endpoint's index of transactions does not answer";
                Err(undecided(pending, reason.to_owned()))
            }
        }
    }

    /// Waits for the block, or for the last height that may hold it; without an end only while the chain goes on.
    async fn await_block(&self, pending: &mut PendingTx) -> Result<TxOutcome> {
        let watch = &self.inner.watch;
        let mut seen = watch.seen.subscribe();
        let mut final_height_known = false;
        loop {
            tokio::select! {
                biased;
                outcome = &mut pending.outcome => return outcome.map_err(|_| ChainError::Stopped),
                _ = seen.changed() => {}
                () = tokio::time::sleep(RECHECK) => {}
            }
            let silence = watch.silence();
            if silence > self.inner.settings.patience {
                return Err(undecided(pending, format!("no new block for {} s", silence.as_secs())));
            }
            if watch.seen.borrow().height > pending.timeout_height.saturating_add(LOOKED_THROUGH) {
                return Ok(TxOutcome::Unknown("the blocks that may hold it can't be had".to_owned()));
            }
            if pending.contested
                && !final_height_known
                && let Some(Finality { height, .. }) =
                    self.finality(pending.sequence, pending.timeout_height).await
            {
                final_height_known = true;
                watch.pending_txs().shorten_timeout(&pending.bytes, height);
            }
        }
    }

    /// Whether a transaction was executed or never will be, by every endpoint that answers; none while one says
    /// otherwise, cannot say, or none answers. One that lags behind has no say.
    async fn finality(&self, sequence: u64, timeout_height: u64) -> Option<Finality> {
        let seen = self.inner.watch.seen.borrow().height;
        let mut finality: Option<Finality> = None;
        for account in self.account_everywhere().await {
            let (height, account) = account?;
            if height.saturating_add(LAG) < seen {
                continue;
            }
            let used = account.sequence > sequence;
            if !used && height < timeout_height {
                return None;
            }
            let so_far = finality.unwrap_or(Finality { height, sequence_used: used });
            finality = Some(Finality {
                height: so_far.height.max(height),
                sequence_used: so_far.sequence_used || used,
            });
        }
        finality
    }

    /// What it did, by the endpoints' indexes.
    async fn look_up_in_indexes(&self, bytes: &Bytes) -> IndexLookup {
        let watch = &self.inner.watch;
        let request = by_hash::Request::new(tendermint::Hash::Sha256(hash(bytes)), false);
        let last = watch.seen.borrow().height.saturating_add(LAG);
        let mut found: Option<Box<Executed>> = None;
        let mut unsure = false;
        for answer in watch.pool.each(request, MAX_ANSWER).await {
            match answer {
                Ok(answer) if *answer.tx == **bytes && answer.height.value() <= last => {
                    let executed = Box::new(Executed::new(answer.height.value(), answer.tx_result));
                    // That it was done can't be taken back by whoever says that it failed.
                    if found.as_ref().is_none_or(|known| known.code != 0) {
                        found = Some(executed);
                    }
                }
                Err(words) if words.contains("not found") => {}
                Ok(_) | Err(_) => unsure = true,
            }
        }
        match found {
            Some(executed) => IndexLookup::Executed(executed),
            // The only endpoint's blocks were looked through, and there is nobody to contradict it.
            None if unsure && self.inner.settings.rpc.len() > 1 => IndexLookup::Unsure,
            None => IndexLookup::Nowhere,
        }
    }

    /// Signs once with a sequence, and broadcasts the bytes.
    async fn sign_and_broadcast(
        &self,
        state: &mut Sequences,
        msgs: &[Any],
        account: Account,
        fee: Fee,
    ) -> Result<PendingTx> {
        let inner = &self.inner;
        self.ensure_sequence_free(state, account.sequence).await?;
        let head = inner.watch.seen.borrow().height;
        let timeout_height = head.saturating_add(inner.settings.timeout_heights);
        let terms = Terms { account, timeout_height, fee: Some(fee) };
        let bytes = Arc::new(sign(msgs, terms, &inner.settings, inner.signer.as_ref()).await?);
        let sequence = account.sequence;
        // Before anything is sent: should this future be dropped meanwhile, the sequence stays taken.
        state.lane.offered(sequence, bytes.clone(), timeout_height);
        let outcome = inner.watch.pending_txs().track(&bytes, sequence, timeout_height, head);
        if let Some(tell) = inner.tell.get() {
            tell(&Sending { hash: show(&hash(&bytes)), timeout_height });
        }
        let contested = match self.broadcast(&bytes, account.number).await {
            BroadcastOutcome::Accepted => false,
            BroadcastOutcome::SequenceMismatch(expected) => {
                self.repair(state, expected).await;
                true
            }
            BroadcastOutcome::Retry(error) | BroadcastOutcome::Refused(error) => {
                // Who saw it may keep it; as long as what is signed next has the same sequence, one of them at most is
                // executed. The number is asked for again, as a wrong one is refused too.
                inner.watch.pending_txs().untrack(&bytes);
                state.lane.withdrawn(sequence, &bytes);
                state.number = None;
                state.shown = Some(Shown { hash: hash(&bytes), sequence, timeout_height });
                return Err(error);
            }
        };
        Ok(PendingTx { bytes, sequence, timeout_height, outcome, contested })
    }

    /// Refuses to sign with another sequence than that of bytes that a node saw and did not take, while these may still
    /// be executed: the same messages may be in both.
    async fn ensure_sequence_free(&self, state: &mut Sequences, sequence: u64) -> Result<()> {
        let since = Instant::now();
        while let Some(shown) = state.shown.filter(|shown| shown.sequence != sequence) {
            if self.finality(shown.sequence, shown.timeout_height).await.is_some() {
                state.shown = None;
            } else if since.elapsed() > SEQUENCE_FREED {
                let reason = "a node saw it and said that it did not take it".to_owned();
                return Err(ChainError::Undecided { hash: show(&shown.hash), reason });
            } else {
                // What was signed after it may be in the next block, and then it is over.
                tokio::time::sleep(RECHECK).await;
            }
        }
        Ok(())
    }

    /// Gives signed bytes to a node. As soon as a node may have them, they count as accepted.
    async fn broadcast(&self, bytes: &Bytes, number: u64) -> BroadcastOutcome {
        let pool = &self.inner.watch.pool;
        let request = tx_sync::Request::new(bytes.to_vec());
        let (mut attempt, mut pause) = (1, PAUSE);
        loop {
            let (answer, may_have_come) = pool.ask_once(request.clone()).await;
            let tries = if answer.is_err() { UNREACHED } else { OFFERS };
            let refusal = match answer
                .map_or_else(BroadcastOutcome::Retry, |answer| self.classify_answer(bytes, number, answer))
            {
                // A node that did not answer may have it, whatever another says of it.
                BroadcastOutcome::Retry(_) | BroadcastOutcome::Refused(_) if may_have_come => {
                    return BroadcastOutcome::Accepted;
                }
                BroadcastOutcome::Accepted => return BroadcastOutcome::Accepted,
                refusal => refusal,
            };
            // One endpoint's no is not enough: it has the signature all the same.
            let others = pool.each(request.clone(), MAX_ANSWER).await.into_iter();
            if others
                .map(|answer| self.classify_answer(bytes, number, answer))
                .any(|o| matches!(o, BroadcastOutcome::Accepted))
            {
                return BroadcastOutcome::Accepted;
            }
            if !matches!(refusal, BroadcastOutcome::Retry(_)) || attempt >= tries {
                return refusal;
            }
            tokio::time::sleep(pause).await;
            (attempt, pause) = (attempt + 1, (pause * 2).min(MAX_PAUSE));
        }
    }

    /// What an endpoint's answer says about the bytes that it was given.
    fn classify_answer(
        &self,
        bytes: &Bytes,
        number: u64,
        answer: Answer<tx_sync::Response>,
    ) -> BroadcastOutcome {
        let later = |reason: String| BroadcastOutcome::Retry(ChainError::unusable(one_line(&reason)));
        let answer = match answer {
            Err(words) if words.contains("tx already exists in cache") => return BroadcastOutcome::Accepted,
            Err(words) if words.contains("mempool is full") => return later(words),
            Err(words) if words.contains("Tx too large") => {
                let (bytes, limit) = (bytes.len() as u64, MAX_TX_BYTES as u64);
                return BroadcastOutcome::Refused(ChainError::TooLarge { what: words, bytes, limit });
            }
            Err(words) => {
                let codespace = "rpc".to_owned();
                return BroadcastOutcome::Refused(ChainError::NotTaken { codespace, code: 0, words });
            }
            Ok(answer) if answer.code.is_ok() => return BroadcastOutcome::Accepted,
            Ok(answer) => answer,
        };
        let code = answer.code.value();
        match (answer.codespace.as_str(), code, expected(&answer.log)) {
            ("sdk", 32, Some(expected)) => BroadcastOutcome::SequenceMismatch(expected),
            ("sdk", 19, _) => BroadcastOutcome::Accepted,
            ("sdk", 20, _) => later(answer.log),
            // A node that was restarted takes itself to be at genesis until its first block, and every signature to
            // be over the account number 0.
            ("sdk", 4, _) if number > 0 && answer.log.contains("account number (0)") => later(answer.log),
            (codespace, code, _) => {
                let failure = Failure { codespace, code, words: &answer.log };
                BroadcastOutcome::Refused(refusal(self.payer(), failure))
            }
        }
    }
}

/// Whether it was executed and undone for want of gas.
fn ran_out_of_gas(executed: &Executed) -> bool {
    executed.codespace == "sdk" && executed.code == 11
}

fn undecided(pending: &PendingTx, reason: String) -> ChainError {
    ChainError::Undecided { hash: show(&hash(&pending.bytes)), reason }
}
