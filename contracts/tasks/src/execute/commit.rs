//! Committing a claim.
use lyceum_api::Hash32;
use lyceum_api::tasks::{ClaimStatus, Event};

use super::take::ensure_open;
use super::unseal::ensure_kept;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{Claim, status_name};

pub fn commit(ctx: &mut Ctx<'_>, id: u64, commit: Hash32) -> Result<(), Refused> {
    let mut claim = ctx.claim(id)?;
    ctx.only(&claim.trainer)?;
    ensure_status(&claim, "taken", claim.status == ClaimStatus::Taken {})?;
    let task = ctx.task(claim.task)?;
    ensure_open(&task)?;
    ctx.before(task.commit_until)?;
    ensure_kept(ctx, claim.task, &task)?;
    claim.commit = Some(commit);
    claim.status = ClaimStatus::Committed {};
    ctx.emit(Event::ClaimCommitted { claim: id });
    ctx.save_claim(&claim)
}

/// The claim must be where the message expects it.
pub fn ensure_status(claim: &Claim, expected: &'static str, holds: bool) -> Result<(), Refused> {
    if holds {
        return Ok(());
    }
    let found = status_name(&claim.status).to_owned();
    Err(ContractError::WrongPhase { what: "the claim", expected, found }.into())
}
