//! Unsealing a benchmark.
use lyceum_api::Hash32;
use lyceum_api::tasks::{Event, key_commitment};

use super::take::ensure_open;
use crate::ctx::Ctx;
use crate::error::ContractError;

/// Takes the key, between the commit deadline and the end of the reveal window.
pub fn unseal(ctx: &mut Ctx<'_>, id: u64, key: Hash32) -> Result<(), ContractError> {
    let mut task = ctx.task(id)?;
    ensure_open(&task)?;
    ctx.not_before(task.commit_until)?;
    ctx.before(task.reveal_until)?;
    if task.key.is_some() {
        return Err(ContractError::Repeated { what: "the key" });
    }
    if key_commitment(&key) != task.spec.benchmark.key {
        return Err(ContractError::WrongKey);
    }
    task.key = Some(key);
    ctx.emit(Event::TaskUnsealed { task: id });
    ctx.save_task(id, &task)
}
