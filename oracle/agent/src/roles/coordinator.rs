//! [`Coordinator`]: opens planned tasks, unseals their benchmarks, and keeps everything moving.

use lyceum_api::Hash32;
use lyceum_api::tasks::{ExecuteMsg, NewTask, TaskStatus, key_commitment};
use serde::{Deserialize, Serialize};

use super::housekeeping;
use crate::attempts::Attempts;
use crate::{Action, Observation};

/// A task to open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The task. Its benchmark must be sealed under `key`, which differs from that of every other task.
    pub task: NewTask,
    /// The key of its benchmark.
    pub key: Hash32,
    /// Entries of the plan, by index, that must be over before it opens.
    pub after: Vec<usize>,
}

/// Heads that were found harmed are not better for being checked again: so often, until a claim changes them.
const MOST_CHECKS: u32 = 3;

/// A coordinator with its plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coordinator {
    plan: Vec<Planned>,
    /// How often it had the heads checked for the open learning block as it stands: (number, claims, times).
    checks: (u64, u32, u32),
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

impl Coordinator {
    /// A coordinator that opens these tasks, in this order, as soon as their datasets are approved.
    pub fn new(plan: Vec<Planned>) -> Self {
        Self { plan, ..Self::default() }
    }

    /// The id of the task that an entry of the plan became.
    pub fn opened(&self, seen: &Observation, entry: usize) -> Option<u64> {
        let wanted = self.plan.get(entry)?.task.benchmark.key;
        let mine = |t: &&lyceum_api::tasks::TaskResponse| {
            t.opener == seen.me.account && t.task.benchmark.key == wanted
        };
        seen.view.tasks.values().find(mine).map(|t| t.id)
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        let (now, view, me) = (seen.now(), &seen.view, &seen.me);
        let params = &view.config.params;
        let mut actions = Vec::new();
        let over = |entry: usize| {
            self.opened(seen, entry)
                .and_then(|id| view.tasks.get(&id))
                .is_some_and(|t| t.status != TaskStatus::Open)
        };
        for (entry, planned) in self.plan.iter().enumerate() {
            let key = format!("open/{entry}");
            if self.opened(seen, entry).is_some()
                || !planned.after.iter().all(|e| over(*e))
                || !self.shards_approved(seen, &planned.task)
                || !next.attempts.begin(&key, now)
            {
                continue;
            }
            let fees = params.claim_fee.u128().saturating_mul(u128::from(planned.task.max_claims));
            let funds = params.opener_deposit.u128().saturating_add(fees);
            let open = ExecuteMsg::OpenTask { task: planned.task.clone() };
            actions.push(Action::Send { key, tx: me.paid_tx(&me.contracts.tasks, &open, funds) });
        }
        for task in view.tasks.values().filter(|t| t.opener == me.account && t.status == TaskStatus::Open) {
            let ripe = task.commit_until.seconds() < now && now < task.reveal_until.seconds();
            let planned = self.plan.iter().find(|p| key_commitment(&p.key) == task.task.benchmark.key);
            let key = format!("unseal/{}", task.id);
            if let Some(planned) = planned.filter(|_| ripe && task.key.is_none())
                && next.attempts.begin(&key, now)
            {
                let unseal = ExecuteMsg::Unseal { task: task.id, key: planned.key };
                actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &unseal) });
            }
        }
        let learning = &view.learning;
        if (next.checks.0, next.checks.1) != (learning.number, learning.claims) {
            next.checks = (learning.number, learning.claims, 0);
        }
        for (key, tx) in housekeeping(view, me) {
            let check = key.starts_with("check-heads/");
            if check && next.checks.2 >= MOST_CHECKS || !next.attempts.begin(&key, now) {
                continue;
            }
            next.checks.2 += u32::from(check);
            actions.push(Action::Send { key, tx });
        }
        actions.extend(next.attempts.next(now).map(|at| Action::Wake { at }));
        if learning.weighted_gain > 0 && learning.panel.is_none() && next.checks.2 < MOST_CHECKS {
            // The threshold falls with time: worth another look.
            actions.push(Action::Wake { at: now + (params.learning_block_seconds / 2).max(1) });
        }
        (next, actions)
    }

    fn shards_approved(&self, seen: &Observation, task: &NewTask) -> bool {
        use lyceum_api::datasets::Status;
        task.shards.iter().all(|s| {
            let dataset = seen.view.datasets.get(&s.dataset);
            dataset.is_some_and(|d| matches!(d.status, Status::Approved { .. }))
        })
    }
}
