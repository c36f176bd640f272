//! Voiding a task whose benchmark was not unsealed, or came out too early.
use lyceum_api::tasks::{ClaimStatus, Event, TaskStatus};

use super::outcome;
use super::take::ensure_open;
use super::unseal::is_exposed;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};

/// Bonds and fees of committed and revealed claims go back. The opener loses its deposit and a fee for each of
/// them; what is left of its reserve returns. Claims that were never committed are lost as ever.
///
/// A benchmark that a pause exposed is nobody's fault: everybody gets everything back.
pub fn void_task(ctx: &mut Ctx<'_>, id: u64) -> Result<(), Refused> {
    let mut task = ctx.task(id)?;
    ensure_open(&task)?;
    let exposed = is_exposed(ctx.deps.storage, &ctx.config.beacon, &ctx.clock, &task)?;
    if !exposed {
        ctx.not_before(task.reveal_until)?;
    }
    if task.key.is_some() {
        return Err(ContractError::WrongPhase {
            what: "the task",
            expected: "sealed",
            found: "unsealed".into(),
        }
        .into());
    }
    let mut voided = 0u32;
    for claim in &task.claims {
        let mut claim = ctx.claim(*claim)?;
        let harmed = match claim.status {
            ClaimStatus::Committed {} | ClaimStatus::Revealed {} => true,
            ClaimStatus::Taken {} => exposed,
            _ => false,
        };
        if harmed {
            // No panel of it can have been drawn without the key, so its fee is still here.
            outcome::void_claim(ctx, &mut claim, if exposed { "exposed" } else { "unsealed" })?;
            ctx.save_claim(&claim)?;
            voided += 1;
        }
        if claim.status == (ClaimStatus::Taken {}) {
            return Err(ContractError::Unsettled { claim: claim.id }.into());
        }
    }
    if voided == 0 && !exposed {
        // Nobody was harmed: the task is finalized.
        return Err(ContractError::WrongPhase {
            what: "the task",
            expected: "claimed",
            found: "unclaimed".into(),
        }
        .into());
    }
    let opener = task.opener.clone();
    if exposed {
        ctx.out.pay(&opener, task.deposit + task.reserve, "reserve_returned");
    } else {
        let penalty = task.fee * cosmwasm_std::Uint128::from(voided);
        ctx.out.give_treasury(task.deposit + penalty);
        ctx.out.pay(&opener, task.reserve - penalty, "reserve_returned");
    }
    task.status = TaskStatus::Void;
    ctx.emit(Event::TaskVoided { task: id });
    ctx.save_task(id, &task)
}
