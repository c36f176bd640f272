//! Bisecting a jump: the trainer opens every state of the span, and its largest change is disputed.
//!
//! To hide the interval that jumps, the trainer would have to open a false sketch at one of the disputed interval's
//! ends; the panel sketches them under the same key and finds it.
use lyceum_api::attestation::OpenedState;
use lyceum_api::tasks::{ClaimStatus, Event};

use super::commit::ensure_status;
use super::panels::{self, Plan, opened_states};
use super::settle::advance;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{Cause, Claim, SPANS};
use crate::verdict::largest_change;

/// Asks for a span; one of a single interval is disputed at once.
pub fn bisect(ctx: &mut Ctx<'_>, claim: &mut Claim, from: u32, to: u32) -> Result<(), Refused> {
    if to == from + 1 {
        return dispute(ctx, claim, from, to);
    }
    let until = ctx.now().plus_seconds(ctx.params.answer_seconds);
    claim.status = ClaimStatus::Bisecting { from, to, until };
    ctx.emit(Event::ClaimBisecting { claim: claim.id, from, to, until });
    Ok(())
}

/// Takes every state strictly within the span that is asked for.
pub fn open_span(ctx: &mut Ctx<'_>, id: u64, first: u32, states: Vec<OpenedState>) -> Result<(), Refused> {
    let mut claim = ctx.claim(id)?;
    ctx.only(&claim.trainer)?;
    let ClaimStatus::Bisecting { from, to, until } = claim.status else {
        return ensure_status(&claim, "bisecting", false);
    };
    ctx.before(until)?;
    let expected: Vec<u32> = (from + 1..to).collect(); // at most 9
    if first != from || !states.iter().map(|s| s.state).eq(expected.iter().copied()) {
        return Err(ContractError::WrongStates { expected }.into());
    }
    let panel = claim.review.panel.unwrap_or_default();
    let opened = opened_states(ctx.deps.storage, &claim, panel)?;
    for state in &states {
        state.sketch.values()?;
        // Ends of drawn intervals within the span were opened before: the sketch must be the same.
        if opened.iter().any(|o| o.state == state.state && o != state) {
            return Err(ContractError::WrongOpening.into());
        }
    }
    let mut spans = SPANS.may_load(ctx.deps.storage, id)?.unwrap_or_default();
    spans.extend(states);
    spans.sort_by_key(|s| s.state);
    SPANS.save(ctx.storage(), id, &spans)?;
    dispute(ctx, &mut claim, from, to)?;
    ctx.save_claim(&claim)
}

/// Disputes the largest change of an opened span. If a panel has decided every interval of it, nothing is left to
/// doubt.
fn dispute(ctx: &mut Ctx<'_>, claim: &mut Claim, from: u32, to: u32) -> Result<(), Refused> {
    let panel = claim.review.panel.unwrap_or_default();
    let mut states = opened_states(ctx.deps.storage, claim, panel)?;
    states.retain(|s| (from..=to).contains(&s.state));
    if let Some(interval) = largest_change(&states, &claim.review.disputed)? {
        claim.review.disputed.push(interval);
        panels::create_now(ctx, claim, Plan::interval(interval, Cause::Jump))?;
        ctx.emit(Event::SpanOpened { claim: claim.id, from, interval });
    }
    advance(ctx, claim)
}
