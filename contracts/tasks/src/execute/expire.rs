//! What follows when a trainer lets a deadline pass, or a panel cannot be drawn.
use cosmwasm_std::Timestamp;
use lyceum_api::nodes::{Outcome, SlashReason};
use lyceum_api::tasks::{ClaimStatus, PanelStatus};

use super::draw::Bench;
use super::outcome;
use super::settle::cost_each;
use super::unseal::ensure_kept;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds::{self, POSTED};
use crate::state::{Claim, Panel};

pub fn expire(ctx: &mut Ctx<'_>, id: u64) -> Result<(), Refused> {
    let mut claim = ctx.claim(id)?;
    let task = ctx.task(claim.task)?;
    match claim.status {
        ClaimStatus::Taken {} => {
            ensure_kept(ctx, claim.task, &task)?;
            ctx.not_before(task.commit_until)?;
            let trainer = claim.trainer.clone();
            ctx.out.pay(&trainer, claim.bond, "bond_returned");
            lose_fee(ctx, &mut claim);
            outcome::end(ctx, &mut claim, ClaimStatus::Lost {}, "uncommitted");
        }
        ClaimStatus::Committed {} => {
            ctx.not_before(task.reveal_until)?;
            if task.is_unsealed_late(ctx.now()) {
                return Err(ContractError::MustVoid { task: claim.task }.into());
            }
            // Aborting costs as much as being caught.
            let bond = claim.bond;
            ctx.out.give_treasury(bond);
            lose_fee(ctx, &mut claim);
            outcome::end(ctx, &mut claim, ClaimStatus::Forfeited {}, "unrevealed");
        }
        ClaimStatus::Bisecting { until, .. } => {
            ctx.not_before(until)?;
            outcome::fraud(ctx, &mut claim, "jump", vec![], None)?;
        }
        ClaimStatus::Revealed {} | ClaimStatus::Disputed { .. } => {
            if task.is_unsealed_late(ctx.now()) {
                return Err(ContractError::MustVoid { task: claim.task }.into());
            }
            overdue(ctx, &mut claim)?;
        }
        _ => return Err(ContractError::NothingToExpire { claim: id }.into()),
    }
    ctx.save_claim(&claim)
}

fn lose_fee(ctx: &mut Ctx<'_>, claim: &mut Claim) {
    claim.fee_held = false;
    ctx.out.give_treasury(claim.fee);
    ctx.out.close_claim(&claim.trainer, Outcome::Failed);
}

/// What a trainer owes a panel, and until when.
fn owed(panel: &Panel, now: Timestamp) -> Option<(Timestamp, &'static str)> {
    if let PanelStatus::Serving { until } = panel.status {
        return Some((until, "unserved"));
    }
    let asked = panel.challenges.iter().filter(|c| !c.answered).map(|c| c.until).min();
    if let Some(until) = asked {
        return Some((until, "unavailable"));
    }
    match panel.status_at(now) {
        PanelStatus::Revealing { until } if panel.re_executes() && !panel.opened => Some((until, "unopened")),
        _ => None,
    }
}

fn overdue(ctx: &mut Ctx<'_>, claim: &mut Claim) -> Result<(), Refused> {
    let now = ctx.now();
    let mut next: Option<Timestamp> = None;
    let wait = |next: &mut Option<Timestamp>, at: Timestamp| *next = Some(next.map_or(at, |n| n.min(at)));
    for id in claim.open.clone() {
        let panel = ctx.panel(id)?;
        match owed(&panel, now) {
            Some((until, reason)) if now >= until => return default_of(ctx, claim, &panel, reason),
            Some((until, _)) => wait(&mut next, until),
            None => {}
        }
        if panel.status == (PanelStatus::Pending {}) && POSTED.has(ctx.deps.storage, panel.round) {
            let patience = ctx.params.dispute_seconds;
            let drawable = ctx.clock.open_from(rounds::time(&ctx.config.beacon, panel.round));
            let left = drawable.plus_seconds(patience).nanos().saturating_sub(ctx.clock.chain().nanos());
            if left > 0 {
                wait(&mut next, now.plus_nanos(left));
            } else if is_short(ctx, &panel, claim)? {
                return outcome::void_claim(ctx, claim, "no_evaluators");
            }
        }
    }
    match next {
        Some(at) => Err(ContractError::TooEarly { at }.into()),
        None => Err(ContractError::NothingToExpire { claim: claim.id }.into()),
    }
}

/// The weights of the claim's epoch are frozen: if too few evaluators can sit now, no more ever will.
fn is_short(ctx: &Ctx<'_>, panel: &Panel, claim: &Claim) -> Result<bool, Refused> {
    let randomness = rounds::randomness(ctx.deps.storage, panel.round)?;
    Bench::of(ctx, panel, Some(claim))?.is_short(ctx, panel, &randomness)
}

/// The trainer did not do what it owed: fraud. Seats that revealed are paid out of the fee or the bond, those that
/// did not are slashed.
fn default_of(
    ctx: &mut Ctx<'_>,
    claim: &mut Claim,
    panel: &Panel,
    reason: &'static str,
) -> Result<(), Refused> {
    let mut worked = vec![];
    if reason == "unopened" {
        worked = panel.seats.iter().filter(|s| s.revealed).map(|s| s.node.clone()).collect();
        let cost = cost_each(ctx, claim)?;
        ctx.out.slash_seats(panel.absent(), SlashReason::Unrevealed, cost, &[]);
    }
    if claim.review.panel.is_none() {
        claim.review.agreed = std::mem::take(&mut worked);
    } else {
        for seat in &worked {
            ctx.out.judge_seat(seat, true);
            ctx.out.reward_seat(seat, claim.id);
        }
    }
    outcome::fraud(ctx, claim, reason, worked, None)
}
