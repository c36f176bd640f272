//! [`Attempts`]: what is under way and what was refused, so that nothing is sent or begun twice at once and a
//! refusal is tried again later. It is memory of the process alone: after a restart a role looks at the chain, which
//! refuses what it has already, and [`InFlight`] holds the few messages that it would take twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Done, Observation, Outcome, Pace};

/// Refusals after which a message is left alone on logical time.
const MOST: u32 = 8;
/// On a real chain, the seconds between two tries at most.
const LONGEST: u64 = 300;
/// Seconds until a message of which it is not known what became is looked at again.
const UNKNOWN: u64 = 5;
/// Seconds after which what nobody asks for any more is forgotten.
const FORGET: u64 = 3_600;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    times: u32,
    not_before: u64,
    words: String,
}

/// Keys of messages and work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    under_way: BTreeSet<String>,
    refused: BTreeMap<String, Refused>,
    /// Messages that others may send as well: since when they are wanted here, and when they were last.
    wanted: BTreeMap<String, (u64, u64)>,
    /// When the next of those is this node's turn.
    turns: BTreeMap<String, u64>,
}

impl Attempts {
    /// Takes in what became of everything sent and begun; unknown keys are somebody else's.
    pub(crate) fn observe(&mut self, seen: &Observation) {
        let now = seen.now();
        for (key, outcome) in &seen.outcomes {
            match outcome {
                Outcome::Done | Outcome::Unsent => self.ended_well(key),
                Outcome::Refused { words } => self.ended_badly(key, words, seen),
                Outcome::Unknown { words } => {
                    if self.under_way.remove(key) {
                        let times = self.refused.get(key).map_or(0, |r| r.times);
                        let refused = Refused { times, not_before: now + UNKNOWN, words: words.clone() };
                        self.refused.insert(key.clone(), refused);
                    }
                }
            }
        }
        for (key, done) in &seen.done {
            match done {
                Done::Failed { words, .. } => self.ended_badly(key, words, seen),
                Done::Missing { state, .. } => {
                    self.ended_badly(key, &format!("state {state} cannot be had"), seen);
                }
                _ => self.ended_well(key),
            }
        }
        self.refused.retain(|_, r| r.not_before + FORGET > now);
        self.wanted.retain(|_, (_, last)| *last + FORGET > now);
        self.turns.clear();
    }

    fn ended_well(&mut self, key: &str) {
        if self.under_way.remove(key) {
            self.refused.remove(key);
        }
    }

    fn ended_badly(&mut self, key: &str, words: &str, seen: &Observation) {
        if !self.under_way.remove(key) {
            return;
        }
        let times = self.refused.get(key).map_or(0, |r| r.times).saturating_add(1);
        let doubled = 5u64 << times.min(MOST);
        let delay = if seen.pace.is_logical() { doubled } else { (doubled / 4).min(LONGEST) };
        let refused = Refused { times, not_before: seen.now() + delay, words: words.to_owned() };
        self.refused.insert(key.to_owned(), refused);
    }

    /// Whether something may be sent or begun now; if so, it is under way from now on.
    pub(crate) fn begin(&mut self, key: &str, seen: &Observation) -> bool {
        let patient = !seen.pace.is_logical();
        let again = |r: &Refused| (patient || r.times < MOST) && r.not_before <= seen.now();
        self.refused.get(key).is_none_or(again) && self.under_way.insert(key.to_owned())
    }

    /// The same for a message that any node may send: on a real chain each lets pass the seconds of its rank first,
    /// in which another's may take effect.
    pub(crate) fn begin_shared(&mut self, key: &str, seen: &Observation) -> bool {
        if let Pace::Real { stagger: stagger @ 1.. } = seen.pace {
            let now = seen.now();
            let (since, last) = self.wanted.entry(key.to_owned()).or_insert((now, now));
            *last = now;
            let turn = *since + seen.me.rank(key) % (stagger + 1);
            if now < turn {
                self.turns.insert(key.to_owned(), turn);
                return false;
            }
        }
        self.begin(key, seen)
    }

    /// When the next thing that was refused, or is another's turn, may be tried.
    pub(crate) fn next(&self, seen: &Observation) -> Option<u64> {
        let patient = !seen.pace.is_logical();
        let again = self.refused.values().filter(|r| patient || r.times < MOST).map(|r| r.not_before);
        again.chain(self.turns.values().copied()).filter(|at| *at > seen.now()).min()
    }

    /// What was refused and is waited for, in words.
    pub(crate) fn blocked(&self) -> Vec<String> {
        let say = |(key, r): (&String, &Refused)| {
            format!("{key}: {} (tried {} times, again at {})", r.words, r.times, r.not_before)
        };
        self.refused.iter().filter(|(key, _)| !self.under_way.contains(*key)).map(say).collect()
    }
}

/// Heights after which a transaction that is not on chain never will be: more than any client's timeout.
const HORIZON: u64 = 64;

/// Messages that the chain would take twice, and until which height an earlier one may still be included. It is
/// written down before they are sent, so that a node that is killed between sending and seeing the effect does not
/// send them again: it waits until the effect shows, or until it never can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InFlight(BTreeMap<String, u64>);

impl InFlight {
    /// Takes in what is known for sure: a message that was refused, or never sent, is not in flight.
    pub(crate) fn observe(&mut self, seen: &Observation) {
        for (key, outcome) in &seen.outcomes {
            if !matches!(outcome, Outcome::Unknown { .. }) {
                self.0.remove(key);
            }
        }
        self.0.retain(|_, until| seen.view.height <= *until);
    }

    /// Whether an earlier one may still take effect.
    pub(crate) fn may_land(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// It is about to be sent.
    pub(crate) fn send(&mut self, key: &str, seen: &Observation) {
        self.0.insert(key.to_owned(), seen.view.height.saturating_add(HORIZON));
    }

    /// Whether anything may still take effect.
    pub(crate) fn any(&self) -> bool {
        !self.0.is_empty()
    }
}
