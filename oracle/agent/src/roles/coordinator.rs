//! [`Coordinator`]: opens planned tasks, unseals their benchmarks, and keeps everything moving.

use std::collections::BTreeMap;

use lyceum_api::Hash32;
use lyceum_api::tasks::{ExecuteMsg, NewTask, TaskResponse, TaskStatus, key_commitment};
use serde::{Deserialize, Serialize};

use super::{housekeeping, unsealing};
use crate::attempts::{Attempts, InFlight};
use crate::{Action, Observation, Outcome};

/// A task to open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The task. Its benchmark must be sealed under `key`, which is random and differs from that of every other
    /// task; round and sealed key are set when it opens.
    pub task: NewTask,
    /// The key of its benchmark.
    pub key: Hash32,
    /// Entries of the plan, by index, that must be over before it opens.
    pub after: Vec<usize>,
}

/// On logical time, heads that were found harmed are not better for being checked again: so often, until a claim
/// changes them.
const MOST_CHECKS: u32 = 3;

/// With what the key of such a check begins.
const CHECK: &str = "check-heads/";

/// What became of an entry of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Opened {
    task: u64,
    over: bool,
}

/// A coordinator with its plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coordinator {
    plan: Vec<Planned>,
    /// The tasks that entries became, by the commitment to their key.
    #[serde(default)]
    opened: BTreeMap<Hash32, Opened>,
    /// Tasks that may have been opened and do not show yet: the chain would open them twice.
    #[serde(default)]
    in_flight: InFlight,
    /// How often it had the heads checked for the open learning block as it stands: (number, claims, times).
    checks: (u64, u32, u32),
    /// Not before when they are checked again, on a real chain.
    #[serde(default)]
    check_at: u64,
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

impl Coordinator {
    /// A coordinator that opens these tasks, in this order, as soon as their datasets are approved.
    pub fn new(plan: Vec<Planned>) -> Self {
        Self { plan, ..Self::default() }
    }

    /// The tasks of its plan, opened or not.
    pub(crate) fn planned_tasks(&self) -> impl Iterator<Item = &NewTask> {
        self.plan.iter().map(|planned| &planned.task)
    }

    /// The id of the task that an entry of the plan became.
    pub fn opened(&self, seen: &Observation, entry: usize) -> Option<u64> {
        let wanted = self.plan.get(entry)?.task.benchmark.key;
        let known = self.opened.get(&wanted).map(|o| o.task);
        known.or_else(|| seen.view.tasks.values().find(|t| is_mine(t, seen, &wanted)).map(|t| t.id))
    }

    /// The memory of an earlier life under the plan of this one. Tasks that were opened and are planned no more need
    /// nobody: their benchmarks unseal with the beacon, and anyone moves them along.
    pub(crate) fn resume(self, earlier: Self) -> Self {
        Self { plan: self.plan, ..earlier }
    }

    /// Whether it must be shown its own tasks, over or not: it does not know yet what became of its plan.
    pub(crate) fn looks_for_own(&self) -> bool {
        self.plan.iter().any(|p| !self.opened.contains_key(&p.task.benchmark.key))
    }

    /// Tasks it must see until they are over.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = u64> {
        self.opened.values().filter(|o| !o.over).map(|o| o.task)
    }

    /// Datasets it must see though they are decided.
    pub(crate) fn datasets(&self) -> impl Iterator<Item = u64> {
        let waiting = |p: &&Planned| !self.opened.contains_key(&p.task.benchmark.key);
        self.plan.iter().filter(waiting).flat_map(|p| p.task.shards.iter().map(|s| s.dataset))
    }

    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        let mut waits = Vec::new();
        for (entry, planned) in self.plan.iter().enumerate() {
            if self.opened.contains_key(&planned.task.benchmark.key) {
                continue;
            }
            let why = if self.in_flight.may_land(&open_key(&planned.task.benchmark.key)) {
                "it may be open already, which does not show yet"
            } else if !planned.after.iter().all(|e| self.over(*e)) {
                "others come first"
            } else if !shards_approved(seen, &planned.task) {
                "its datasets are not approved"
            } else {
                continue;
            };
            waits.push(format!("entry {entry} of the plan: {why}"));
        }
        (waits, self.attempts.blocked())
    }

    fn over(&self, entry: usize) -> bool {
        let key = self.plan.get(entry).map(|p| p.task.benchmark.key);
        key.and_then(|key| self.opened.get(&key)).is_some_and(|o| o.over)
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        next.in_flight.observe(seen);
        next.find(seen);
        let mut actions = Vec::new();
        if !seen.draining {
            next.open(seen, &mut actions);
        }
        next.unseal(seen, &mut actions);
        next.keep_moving(seen, &mut actions);
        actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        if next.in_flight.any() {
            // Heights cannot be waited for, so it looks again a little later.
            actions.push(Action::Wake { at: seen.now() + 5 });
        }
        (next, actions)
    }

    /// Takes in which entries of the plan are tasks, and which of those are over.
    fn find(&mut self, seen: &Observation) {
        for task in seen.view.tasks.values().filter(|t| t.opener == seen.me.account) {
            let key = task.task.benchmark.key;
            if self.plan.iter().any(|p| is_mine(task, seen, &p.task.benchmark.key)) {
                self.opened.insert(key, Opened { task: task.id, over: task.status != TaskStatus::Open });
            }
        }
    }

    fn open(&mut self, seen: &Observation, actions: &mut Vec<Action>) {
        let (me, params) = (&seen.me, &seen.view.config.params);
        for (entry, planned) in self.plan.iter().enumerate() {
            let key = open_key(&planned.task.benchmark.key);
            if self.opened.contains_key(&planned.task.benchmark.key)
                || !planned.after.iter().all(|e| self.over(*e))
                || !shards_approved(seen, &planned.task)
                || self.in_flight.may_land(&key)
                || !self.attempts.begin(&key, seen)
            {
                continue;
            }
            let Some(task) = unsealing::sealed(&seen.view, &planned.task, &planned.key) else {
                tracing::warn!(
                    "task {entry} of the plan cannot be sealed: the chain's beacon has no usable public key"
                );
                continue;
            };
            tracing::debug!("opens task {entry} of the plan");
            self.in_flight.send(&key, seen);
            let fees = params.claim_fee.u128().saturating_mul(u128::from(planned.task.max_claims));
            let funds = params.opener_deposit.u128().saturating_add(fees);
            let open = ExecuteMsg::OpenTask { task };
            actions.push(Action::Send { key, tx: me.paid_tx(&me.contracts.tasks, &open, funds) });
        }
    }

    fn unseal(&mut self, seen: &Observation, actions: &mut Vec<Action>) {
        let (now, me) = (seen.now(), &seen.me);
        for task in seen.view.tasks.values().filter(|t| unsealing::is_ripe(t, now) && !t.claims.is_empty()) {
            // Its own keys it knows; others it takes out once the round is posted.
            let own = self.plan.iter().find(|p| key_commitment(&p.key) == task.task.benchmark.key);
            let key = format!("unseal/{}", task.id);
            let (found, begun) = match own {
                Some(planned) => (Some(planned.key), self.attempts.begin(&key, seen)),
                None => match unsealing::key_of(&seen.view, task) {
                    Some(found) => (Some(found), self.attempts.begin_shared(&key, seen)),
                    None => (None, false),
                },
            };
            if let Some(found) = found.filter(|_| begun) {
                let unseal = ExecuteMsg::Unseal { task: task.id, key: found };
                actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &unseal) });
            }
        }
    }

    /// What anyone may send. Whether the heads are checked again after a check that sealed nothing differs with the
    /// pace: on logical time a few times, so that the network can come to rest; on a real chain again and again,
    /// because the threshold falls, with pauses that grow until a claim changes something.
    fn keep_moving(&mut self, seen: &Observation, actions: &mut Vec<Action>) {
        let (now, learning) = (seen.now(), &seen.view.learning);
        if (self.checks.0, self.checks.1) != (learning.number, learning.claims) {
            self.checks = (learning.number, learning.claims, 0);
            self.check_at = 0;
        }
        // One that was refused was none: it came too early, and is tried again as anything is that was refused.
        let early = |(key, outcome): &(String, Outcome)| {
            key.starts_with(CHECK) && matches!(outcome, Outcome::Refused { .. })
        };
        if !seen.pace.is_logical() && seen.outcomes.iter().any(early) {
            self.checks.2 = self.checks.2.saturating_sub(1);
            self.check_at = 0;
        }
        let enough = |checks: u32| seen.pace.is_logical() && checks >= MOST_CHECKS;
        for (key, tx) in housekeeping(&seen.view, &seen.me) {
            let check = key.starts_with(CHECK);
            if check && (enough(self.checks.2) || now < self.check_at)
                || !self.attempts.begin_shared(&key, seen)
            {
                continue;
            }
            if check {
                self.checks.2 = self.checks.2.saturating_add(1);
                let pause = seen.view.config.params.learning_block_seconds << self.checks.2.min(6);
                self.check_at = if seen.pace.is_logical() { 0 } else { now.saturating_add(pause) };
            }
            actions.push(Action::Send { key, tx });
        }
        if learning.weighted_gain > 0 && learning.panel.is_none() && !enough(self.checks.2) {
            // The threshold falls with time: worth another look.
            let soon = now + (seen.view.config.params.learning_block_seconds / 2).max(1);
            actions.push(Action::Wake { at: soon });
        }
    }
}

fn open_key(benchmark: &Hash32) -> String {
    format!("open/{benchmark}")
}

fn is_mine(task: &TaskResponse, seen: &Observation, key: &Hash32) -> bool {
    task.opener == seen.me.account && task.task.benchmark.key == *key
}

fn shards_approved(seen: &Observation, task: &NewTask) -> bool {
    use lyceum_api::datasets::Status;
    task.shards.iter().all(|s| {
        let dataset = seen.view.datasets.get(&s.dataset);
        dataset.is_some_and(|d| matches!(d.status, Status::Approved { .. }))
    })
}
