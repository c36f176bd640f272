//! [`PendingTxs`]: the transactions whose inclusion is awaited, as a value without I/O. The client scans every block from
//! the moment of sending to the timeout height for their hashes, so the outcome of each is certain and needs no
//! transaction index on the node.

use std::collections::HashMap;

use cosmwasm_std::{Binary, Event};
use sha2::{Digest as _, Sha256};
use tendermint::abci::types::ExecTxResult;
use tokio::sync::oneshot;

use super::events::event;
use super::sequence::Bytes;

/// A transaction's hash.
pub type TxHash = [u8; 32];

/// The hash by which a chain knows signed bytes.
pub fn hash(bytes: &[u8]) -> TxHash {
    Sha256::digest(bytes).into()
}

/// A hash as it is shown.
pub fn show(hash: &TxHash) -> String {
    hash.iter().map(|b| format!("{b:02X}")).collect()
}

/// What a block says of a transaction in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// The block's height.
    pub height: u64,
    /// 0 if it was done.
    pub code: u32,
    /// The module that gave the code.
    pub codespace: String,
    /// Words about a failure.
    pub log: String,
    /// `TxMsgData`.
    pub data: Vec<u8>,
    /// Gas allowed.
    pub gas_wanted: u64,
    /// Gas used.
    pub gas_used: u64,
    /// Every event.
    pub events: Vec<Event>,
}

impl Executed {
    /// From a block's results.
    pub fn new(height: u64, result: ExecTxResult) -> Self {
        Self {
            height,
            code: result.code.value(),
            codespace: result.codespace,
            log: result.log,
            data: unpacked(&result.data),
            gas_wanted: result.gas_wanted.try_into().unwrap_or(0),
            gas_used: result.gas_used.try_into().unwrap_or(0),
            events: result.events.iter().filter_map(event).collect(),
        }
    }
}

/// The library hands a result's bytes on as the base64 text in which they came.
fn unpacked(data: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(data).ok();
    text.and_then(|text| Binary::from_base64(text).ok()).map_or_else(|| data.to_vec(), |data| data.to_vec())
}

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxOutcome {
    /// It is in a block, with this result.
    Included(Box<Executed>),
    /// The last height that could hold it has passed without it: it never will be executed.
    Expired,
    /// Blocks that might hold it can't be had any more.
    Unknown(String),
}

#[derive(Debug)]
struct Entry {
    sequence: u64,
    bytes: Bytes,
    timeout_height: u64,
    /// The height seen when it was last given to a node.
    offered: u64,
    outcome: oneshot::Sender<TxOutcome>,
}

/// The transactions that are awaited.
#[derive(Debug, Default)]
pub struct PendingTxs {
    live: HashMap<TxHash, Entry>,
    /// Every block up to this height was looked through for all of them.
    scanned: u64,
}

impl PendingTxs {
    /// Awaits signed bytes that no node was given yet; `seen` is a height that is committed.
    pub fn track(
        &mut self,
        bytes: &Bytes,
        sequence: u64,
        timeout_height: u64,
        seen: u64,
    ) -> oneshot::Receiver<TxOutcome> {
        if self.live.is_empty() {
            self.scanned = seen;
        }
        let (outcome, receiver) = oneshot::channel();
        let entry = Entry { sequence, bytes: bytes.clone(), timeout_height, offered: seen, outcome };
        self.live.insert(hash(bytes), entry);
        receiver
    }

    /// No longer awaits bytes that no node took.
    pub fn untrack(&mut self, bytes: &Bytes) {
        self.live.remove(&hash(bytes));
    }

    /// The chain at this height has passed the sequence of what is awaited, so no later block holds it.
    pub fn shorten_timeout(&mut self, bytes: &Bytes, height: u64) {
        if let Some(entry) = self.live.get_mut(&hash(bytes)) {
            entry.timeout_height = entry.timeout_height.min(height);
        }
        self.expire();
    }

    /// The next block to look through, if one up to `head` has to be.
    pub fn next_block_to_scan(&mut self, head: u64) -> Option<u64> {
        if self.live.is_empty() {
            self.scanned = self.scanned.max(head);
        }
        (self.scanned < head).then_some(self.scanned + 1)
    }

    /// Whether a block with these hashes has any that is awaited.
    pub fn contains_any(&self, hashes: &[TxHash]) -> bool {
        hashes.iter().any(|h| self.live.contains_key(h))
    }

    /// A block was looked through: its transactions' hashes, with the results of those that are awaited.
    pub fn block_scanned(&mut self, height: u64, hashes: &[TxHash], mut results: Vec<Option<Executed>>) {
        for (index, hash) in hashes.iter().enumerate() {
            let Some(result) = results.get_mut(index).and_then(Option::take) else { continue };
            if let Some(entry) = self.live.remove(hash) {
                // Whoever sent it may have gone away.
                let _ = entry.outcome.send(TxOutcome::Included(Box::new(result)));
            }
        }
        self.scanned = self.scanned.max(height);
        self.expire();
    }

    fn expire(&mut self) {
        let over = |entry: &Entry| entry.timeout_height <= self.scanned;
        let expired: Vec<_> = self.live.iter().filter(|(_, e)| over(e)).map(|(h, _)| *h).collect();
        for hash in expired {
            if let Some(entry) = self.live.remove(&hash) {
                let _ = entry.outcome.send(TxOutcome::Expired);
            }
        }
    }

    /// Blocks that would have had to be looked through are gone.
    pub fn blocks_lost(&mut self, head: u64, reason: &str) {
        for (_, entry) in self.live.drain() {
            let _ = entry.outcome.send(TxOutcome::Unknown(reason.to_owned()));
        }
        self.scanned = head;
    }

    /// Up to `limit` transactions that were not offered to a node for some heights, the lowest sequence first. They
    /// count as offered now.
    pub fn due_for_rebroadcast(&mut self, head: u64, heights: u64, limit: usize) -> Vec<Bytes> {
        let mut due: Vec<_> = self.live.values_mut().filter(|e| e.offered + heights <= head).collect();
        due.sort_by_key(|e| e.sequence);
        due.truncate(limit);
        due.into_iter()
            .map(|entry| {
                entry.offered = head;
                entry.bytes.clone()
            })
            .collect()
    }

    /// How many are awaited.
    pub fn len(&self) -> usize {
        self.live.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn bytes(text: &str) -> Bytes {
        Arc::new(text.as_bytes().to_vec())
    }

    fn executed(height: u64) -> Executed {
        Executed {
            height,
            code: 0,
            codespace: String::new(),
            log: String::new(),
            data: vec![],
            gas_wanted: 2,
            gas_used: 1,
            events: vec![],
        }
    }

    #[test]
    fn a_results_bytes_come_out_of_the_text_in_which_a_node_sends_them() {
        let json = r#"{"code":0,"data":"CgNhYmM=","gas_wanted":"7","gas_used":"5"}"#;
        let executed = Executed::new(3, serde_json::from_str(json).unwrap());
        assert_eq!(executed.data, b"\x0a\x03abc");
        assert_eq!((executed.height, executed.gas_wanted, executed.gas_used), (3, 7, 5));
    }

    #[test]
    fn a_transaction_is_found_in_the_block_that_holds_it_and_expires_only_when_all_were_seen() {
        let mut txs = PendingTxs::default();
        let (a, b) = (bytes("a"), bytes("b"));
        let mut outcome_a = txs.track(&a, 1, 12, 10);
        let mut outcome_b = txs.track(&b, 2, 12, 10);
        assert_eq!(txs.next_block_to_scan(10), None);
        assert_eq!(txs.next_block_to_scan(13), Some(11));
        txs.block_scanned(11, &[], vec![]);
        let hashes = [hash(b"x"), hash(&a)];
        assert!(txs.contains_any(&hashes) && !txs.contains_any(&hashes[..1]));
        assert_eq!(txs.next_block_to_scan(13), Some(12));
        assert!(outcome_b.try_recv().is_err(), "its last block was not looked through yet");
        txs.block_scanned(12, &hashes, vec![None, Some(executed(12))]);
        assert_eq!(outcome_a.try_recv(), Ok(TxOutcome::Included(Box::new(executed(12)))));
        assert_eq!(outcome_b.try_recv(), Ok(TxOutcome::Expired));
        assert_eq!(txs.next_block_to_scan(99), None, "nobody awaits anything");
        txs.track(&a, 3, 120, 99);
        assert_eq!(txs.next_block_to_scan(100), Some(100));
    }

    #[test]
    fn what_lost_its_sequence_to_another_expires_when_the_blocks_up_to_then_were_looked_through() {
        let mut txs = PendingTxs::default();
        let (a, b) = (bytes("a"), bytes("b"));
        let (mut outcome_a, mut outcome_b) = (txs.track(&a, 1, 50, 10), txs.track(&b, 1, 50, 10));
        txs.shorten_timeout(&a, 12);
        txs.shorten_timeout(&b, 12);
        txs.block_scanned(11, &[], vec![]);
        assert!(
            outcome_a.try_recv().is_err() && outcome_b.try_recv().is_err(),
            "block 12 may hold one of them"
        );
        txs.block_scanned(12, &[hash(&b)], vec![Some(executed(12))]);
        assert_eq!(outcome_a.try_recv(), Ok(TxOutcome::Expired));
        assert_eq!(outcome_b.try_recv(), Ok(TxOutcome::Included(Box::new(executed(12)))));
        let mut outcome_late = txs.track(&a, 2, 50, 12);
        txs.shorten_timeout(&a, 12);
        assert_eq!(outcome_late.try_recv(), Ok(TxOutcome::Expired));
    }

    #[test]
    fn what_is_late_is_offered_again_in_the_order_of_sequences() {
        let mut txs = PendingTxs::default();
        let _outcomes: Vec<_> =
            ["c", "b", "a"].iter().zip([3, 2, 1]).map(|(t, s)| txs.track(&bytes(t), s, 50, 10)).collect();
        assert!(txs.due_for_rebroadcast(11, 2, 10).is_empty());
        assert_eq!(txs.due_for_rebroadcast(12, 2, 2), [bytes("a"), bytes("b")]);
        assert_eq!(txs.due_for_rebroadcast(12, 2, 2), [bytes("c")]);
        assert!(txs.due_for_rebroadcast(12, 2, 2).is_empty());
    }

    #[test]
    fn blocks_that_are_gone_leave_no_one_waiting() {
        let mut txs = PendingTxs::default();
        let mut outcome = txs.track(&bytes("a"), 1, 50, 10);
        txs.blocks_lost(40, "pruned");
        assert_eq!(outcome.try_recv(), Ok(TxOutcome::Unknown("pruned".to_owned())));
        assert_eq!(txs.len(), 0);
    }
}
