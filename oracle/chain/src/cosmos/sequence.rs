//! [`Lane`]: which sequence an account's next transaction takes, as a value.
//!
//! A transaction that any node may have taken is *live* until it is included or its timeout height has passed; its
//! sequence is not given to another one meanwhile. What the chain itself says repairs the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Signed bytes that a node may have taken.
pub type Bytes = Arc<Vec<u8>>;

/// What to do about a sequence that was not the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What the node lacks and should be given first, in this order.
    pub resend: Vec<Bytes>,
    /// The sequence to go on with.
    pub next: u64,
}

/// An account's sequences.
#[derive(Debug, Clone, Default)]
pub struct Lane {
    next: Option<u64>,
    /// With the last height at which each may be executed.
    live: BTreeMap<u64, (Bytes, u64)>,
}

impl Lane {
    /// The sequence of the next transaction; none if the chain is to be asked first.
    pub fn next(&self) -> Option<u64> {
        self.next
    }

    /// The account's sequence by a state of the chain; `head` is a height that is committed.
    pub fn learn(&mut self, sequence: u64, head: u64) {
        self.clean(sequence, head);
        self.next = Some(self.free_from(sequence));
    }

    /// From now on a node may take a transaction with this sequence.
    pub fn offered(&mut self, sequence: u64, bytes: Bytes, timeout_height: u64) {
        self.live.insert(sequence, (bytes, timeout_height));
        self.next = Some(self.free_from(self.next.unwrap_or(0).max(sequence)));
    }

    /// No node took it.
    pub fn withdrawn(&mut self, sequence: u64, bytes: &Bytes) {
        self.forget(sequence, bytes);
        self.next = Some(self.free_from(sequence.min(self.next.unwrap_or(sequence))));
    }

    /// A transaction was included, with whatever result: its sequence is used up.
    pub fn included(&mut self, sequence: u64, bytes: &Bytes) {
        self.forget(sequence, bytes);
    }

    /// A transaction's timeout height has passed without it: its sequence may be free again, which the chain knows.
    pub fn expired(&mut self, sequence: u64, bytes: &Bytes) {
        self.forget(sequence, bytes);
        self.next = None;
    }

    /// A node expected another sequence than the next one here.
    pub fn mismatch(&mut self, expected: u64, head: u64) -> Repair {
        self.clean(expected, head);
        let live = |sequence| self.live.get(&sequence).map(|(bytes, _)| bytes.clone());
        let resend = (expected..=u64::MAX).map_while(live).collect();
        let next = self.free_from(expected);
        self.next = Some(next);
        Repair { resend, next }
    }

    /// Nobody may be left to say what became of a transaction, so what the chain has passed is forgotten here.
    fn clean(&mut self, sequence: u64, head: u64) {
        self.live.retain(|s, (_, timeout_height)| *s >= sequence && *timeout_height > head);
    }

    /// The first sequence from one on that no live transaction has.
    fn free_from(&self, sequence: u64) -> u64 {
        (sequence..=u64::MAX).find(|s| !self.live.contains_key(s)).unwrap_or(sequence)
    }

    /// Only if it is still that transaction's: after an expiry another may have taken the sequence.
    fn forget(&mut self, sequence: u64, bytes: &Bytes) {
        if self.live.get(&sequence).is_some_and(|(b, _)| Arc::ptr_eq(b, bytes)) {
            self.live.remove(&sequence);
        }
    }
}

/// The sequence that a node says it expected.
pub fn expected(words: &str) -> Option<u64> {
    let (_, rest) = words.split_once("account sequence mismatch, expected ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(n: u64) -> Bytes {
        Arc::new(n.to_be_bytes().to_vec())
    }

    #[test]
    fn the_chains_own_words_are_understood() {
        let words = "account sequence mismatch, expected 12, got 15: incorrect account sequence";
        assert_eq!(expected(words), Some(12));
        assert_eq!(expected("out of gas"), None);
        assert_eq!(expected("account sequence mismatch, expected x"), None);
    }

    #[test]
    fn what_a_restarted_node_lost_is_sent_again_before_what_is_new() {
        let mut lane = Lane::default();
        assert_eq!(lane.next(), None);
        lane.learn(5, 0);
        let (five, six) = (bytes(5), bytes(6));
        lane.offered(5, five.clone(), 99);
        lane.offered(6, six.clone(), 99);
        assert_eq!(lane.next(), Some(7));
        assert_eq!(lane.mismatch(5, 0), Repair { resend: vec![five.clone(), six], next: 7 });
        lane.included(5, &five);
        assert_eq!(lane.mismatch(8, 0), Repair { resend: vec![], next: 8 });
    }

    #[test]
    fn a_gap_is_filled_before_going_on_behind_what_is_live() {
        let mut lane = Lane::default();
        lane.learn(5, 0);
        let five = bytes(5);
        lane.offered(5, five.clone(), 99);
        lane.offered(6, bytes(6), 99);
        lane.expired(5, &five);
        assert_eq!(lane.next(), None);
        lane.learn(5, 0);
        assert_eq!(lane.next(), Some(5));
        let again = bytes(50);
        lane.offered(5, again.clone(), 99);
        assert_eq!(lane.next(), Some(7));
        lane.included(5, &five);
        assert_eq!(lane.mismatch(5, 0).resend, vec![again, bytes(6)], "an old one does not free a new one's");
    }

    #[test]
    fn what_nobody_awaits_any_more_blocks_no_sequence_once_its_timeout_height_has_passed() {
        let mut lane = Lane::default();
        lane.learn(5, 0);
        lane.offered(5, bytes(5), 20);
        assert_eq!(lane.mismatch(5, 19).next, 6);
        assert_eq!(lane.mismatch(5, 20), Repair { resend: vec![], next: 5 });
        let six = bytes(6);
        lane.offered(5, six.clone(), 40);
        lane.withdrawn(5, &six);
        assert_eq!(lane.next(), Some(5));
    }

    proptest! {
        /// A chain that takes sequences in order, forgets its mempool at times and lets what is old expire: whatever
        /// happens, everything is executed exactly once.
        #[test]
        fn everything_is_executed_exactly_once_whatever_is_lost(
            events in prop::collection::vec(0u8..10, 1..200),
            start in 0u64..1_000,
        ) {
            let mut lane = Lane::default();
            let (mut committed, mut mempool) = (start, Vec::<(u64, Bytes, usize)>::new());
            let mut open: Vec<(u64, Bytes, usize)> = Vec::new();
            let (mut wanted, mut executed) = (Vec::<usize>::new(), Vec::<usize>::new());
            let mut waiting: Vec<usize> = Vec::new();
            let mut name = 0;
            for event in events.into_iter().chain(std::iter::repeat_n(9, 50)) {
                match event {
                    // The mempool is lost.
                    0 => mempool.clear(),
                    // Everything that is live expires, and asks to be sent again.
                    1 => {
                        mempool.clear();
                        for (sequence, signed, who) in open.drain(..) {
                            lane.expired(sequence, &signed);
                            waiting.push(who);
                        }
                    }
                    // A block.
                    2 | 9 => {
                        for (sequence, signed, who) in std::mem::take(&mut mempool) {
                            prop_assert_eq!(sequence, committed, "nodes keep only what can be executed");
                            committed += 1;
                            executed.push(who);
                            open.retain(|(_, _, w)| *w != who);
                            lane.included(sequence, &signed);
                        }
                    }
                    _ => {
                        name += 1;
                        wanted.push(name);
                        waiting.push(name);
                    }
                }
                if event == 9 {
                    // What is live is offered again, in order, as the client does at every height.
                    open.sort_by_key(|(sequence, _, _)| *sequence);
                    for item in &open {
                        let expects = committed + mempool.len() as u64;
                        if item.0 == expects {
                            mempool.push(item.clone());
                        }
                    }
                }
                for who in std::mem::take(&mut waiting) {
                    if lane.next().is_none() {
                        lane.learn(committed, 0);
                    }
                    for _ in 0..4 {
                        let sequence = lane.next().unwrap();
                        let expects = committed + mempool.len() as u64;
                        if sequence == expects {
                            let signed = bytes(who as u64);
                            mempool.push((sequence, signed.clone(), who));
                            open.push((sequence, signed.clone(), who));
                            lane.offered(sequence, signed, 99);
                            break;
                        }
                        for signed in lane.mismatch(expects, 0).resend {
                            let lost = open.iter().find(|(_, b, _)| Arc::ptr_eq(b, &signed)).cloned().unwrap();
                            prop_assert_eq!(lost.0, committed + mempool.len() as u64);
                            mempool.push(lost);
                        }
                    }
                    prop_assert!(open.iter().any(|(_, _, w)| *w == who), "four tries are enough");
                }
            }
            executed.sort_unstable();
            prop_assert_eq!(executed, wanted);
        }
    }
}
