//! Benchmarks under timelock encryption: sealing a key to a round when a task opens, and taking it out again with
//! the round's signature, which any node can do.

use lyceum_api::Hash32;
use lyceum_api::tasks::{ExecuteMsg, NewTask, TaskResponse, TaskStatus, key_commitment};
use lyceum_learn::timelock;
use lyceum_onchain::beacon;

use crate::attempts::Attempts;
use crate::{Action, Observation, View};

/// The task with its key sealed to a round that comes out within the reveal window, should it be opened soon: a
/// quarter of the window is left for that, the rest for unsealing. Nothing where the beacon's public key is none.
pub(super) fn sealed(view: &View, task: &NewTask, key: &Hash32) -> Option<NewTask> {
    let (config, params) = (&view.config.beacon, &view.config.params);
    let out = view.time.saturating_add(task.commit_seconds).saturating_add(params.reveal_seconds / 4);
    let round = beacon::first_round_from(config.genesis, config.period, out);
    let mut task = task.clone();
    task.benchmark.round = round;
    task.benchmark.sealed_key = timelock::lock(&config.public_key, round, key).ok()?.into();
    Some(task)
}

/// Whether the key of a task's benchmark is waited for now.
pub(super) fn is_ripe(task: &TaskResponse, now: u64) -> bool {
    task.status == TaskStatus::Open
        && task.key.is_none()
        && !task.exposed
        && task.commit_until.seconds() < now
        && now < task.reveal_until.seconds()
}

/// The key of a task's benchmark: what its round's signature opens, if the round is posted and the opener sealed what
/// it committed to.
pub(super) fn key_of(view: &View, task: &TaskResponse) -> Option<Hash32> {
    let benchmark = &task.task.benchmark;
    let signature = view.signatures.get(&benchmark.round)?;
    let key = timelock::unlock(signature, &benchmark.sealed_key).ok()?;
    (key_commitment(&key) == benchmark.key).then_some(key)
}

/// Unseals what nobody has unsealed although half of the time for it is over. Coordinators do it at once; the others
/// step in for them, so that not all pay for the same message.
pub(super) fn step_in(seen: &Observation, attempts: &mut Attempts, actions: &mut Vec<Action>) {
    let (now, view, me) = (seen.now(), &seen.view, &seen.me);
    for task in view.tasks.values().filter(|t| is_ripe(t, now)) {
        let out = view.round_time(task.task.benchmark.round);
        let half = out.midpoint(task.reveal_until.seconds());
        if task.claims.is_empty() || !view.signatures.contains_key(&task.task.benchmark.round) {
            continue;
        }
        if now < half {
            actions.push(Action::Wake { at: half });
        } else if let Some(key) = key_of(view, task) {
            let name = format!("unseal/{}", task.id);
            if attempts.begin_shared(&name, seen) {
                let unseal = ExecuteMsg::Unseal { task: task.id, key };
                actions.push(Action::Send { key: name, tx: me.tx(&me.contracts.tasks, &unseal) });
            }
        }
    }
}
