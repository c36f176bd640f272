//! [`Attempts`]: what is under way and what was refused, so that nothing is sent or begun twice at once and a
//! refusal is tried again later, a few times.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Done, Observation};

/// Refusals after which a message is not tried again.
const MOST: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refused {
    times: u32,
    not_before: u64,
}

/// Keys of messages and work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    under_way: BTreeSet<String>,
    refused: BTreeMap<String, Refused>,
}

impl Attempts {
    /// Takes in what became of everything sent and begun; unknown keys are somebody else's.
    pub(crate) fn observe(&mut self, seen: &Observation) {
        for (key, words) in &seen.outcomes {
            self.ended(key, words.is_some(), seen.now());
        }
        for (key, done) in &seen.done {
            self.ended(key, matches!(done, Done::Failed { .. } | Done::Missing { .. }), seen.now());
        }
    }

    fn ended(&mut self, key: &str, badly: bool, now: u64) {
        if !self.under_way.remove(key) {
            return;
        }
        if badly {
            let refused = self.refused.entry(key.to_owned()).or_insert(Refused { times: 0, not_before: 0 });
            refused.times += 1;
            refused.not_before = now + (5 << refused.times.min(MOST));
        } else {
            self.refused.remove(key);
        }
    }

    /// Whether something may be sent or begun now; if so, it is under way from now on.
    pub(crate) fn begin(&mut self, key: &str, now: u64) -> bool {
        let again = self.refused.get(key).is_none_or(|r| r.times < MOST && r.not_before <= now);
        again && self.under_way.insert(key.to_owned())
    }

    /// When the next thing that was refused may be tried again.
    pub(crate) fn next(&self, now: u64) -> Option<u64> {
        let waiting = self.refused.values().filter(|r| r.times < MOST && r.not_before > now);
        waiting.map(|r| r.not_before).min()
    }
}
