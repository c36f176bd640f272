//! Unsealing a benchmark.
use cosmwasm_std::{StdResult, Storage};
use lyceum_api::Hash32;
use lyceum_api::tasks::{Beacon, Event, key_commitment};

use super::take::ensure_open;
use crate::clock::Clock;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds;
use crate::state::Task;

/// Whether a pause moved the commit deadline behind the benchmark's round. Beacon rounds don't wait: everybody can
/// then have the benchmark while trainers still commit, so nothing of the task may count.
pub fn is_exposed(storage: &dyn Storage, beacon: &Beacon, clock: &Clock, task: &Task) -> StdResult<bool> {
    Ok(rounds::time(beacon, task.spec.benchmark.round) < clock.was_on_chain(storage, task.commit_until)?)
}

/// The task's benchmark must not be [`is_exposed`].
pub fn ensure_kept(ctx: &Ctx<'_>, id: u64, task: &Task) -> Result<(), Refused> {
    if is_exposed(ctx.deps.storage, &ctx.config.beacon, &ctx.clock, task)? {
        return Err(ContractError::MustVoid { task: id }.into());
    }
    Ok(())
}

/// Takes the key, between the commit deadline and the end of the reveal window.
pub fn unseal(ctx: &mut Ctx<'_>, id: u64, key: Hash32) -> Result<(), Refused> {
    let mut task = ctx.task(id)?;
    ensure_open(&task)?;
    ensure_kept(ctx, id, &task)?;
    ctx.not_before(task.commit_until)?;
    ctx.before(task.reveal_until)?;
    if task.key.is_some() {
        return Err(ContractError::Repeated { what: "the key" }.into());
    }
    if key_commitment(&key) != task.spec.benchmark.key {
        return Err(ContractError::WrongKey.into());
    }
    task.key = Some(key);
    ctx.emit(Event::TaskUnsealed { task: id });
    ctx.save_task(id, &task)
}
