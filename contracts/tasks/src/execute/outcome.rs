//! How claims end, and who is paid.
use cosmwasm_std::{Addr, Uint128};
use lyceum_api::nodes::{NodeEvent, Outcome, SlashReason};
use lyceum_api::tasks::{ClaimStatus, Event};
use lyceum_economy::service::coordinator_cut;
use lyceum_economy::stake::split_slash;

use super::panels;
use super::settle::cost_each;
use crate::ctx::Ctx;
use crate::error::Refused;
use crate::state::{Claim, status_name};

/// Ends a claim in this contract and says so. The caller saves it.
pub fn end(ctx: &mut Ctx<'_>, claim: &mut Claim, status: ClaimStatus, reason: &str) {
    claim.status = status;
    let (outcome, trainer) = (status_name(&claim.status), claim.trainer.clone());
    ctx.emit(Event::ClaimEnded { claim: claim.id, trainer, outcome, reason: reason.to_owned() });
}

/// Says that seats of the claim panel were wrong.
pub fn set_diverged(claim: &mut Claim, seats: &[Addr]) {
    claim.review.agreed.retain(|seat| !seats.contains(seat));
    for seat in seats {
        if !claim.review.diverged.contains(seat) {
            claim.review.diverged.push(seat.clone());
        }
    }
}

/// Judges the claim panel's answers, once, when it is clear who was right: reputations, and the fee. It goes to the
/// seats that agreed in equal parts, 2 % to the task's opener, and what is left to the treasury; whatever the
/// verdict is. Where no panel got so far, the treasury takes it.
pub fn judge(ctx: &mut Ctx<'_>, claim: &mut Claim) -> Result<(), Refused> {
    if claim.review.judged {
        return Ok(());
    }
    claim.review.judged = true;
    for (seats, agreed) in [(&claim.review.agreed, true), (&claim.review.diverged, false)] {
        seats.iter().for_each(|seat| ctx.out.judge_seat(seat, agreed));
    }
    claim.fee_held = false;
    let fee = claim.fee;
    let seats = &claim.review.agreed;
    if seats.is_empty() {
        ctx.out.give_treasury(fee);
        return Ok(());
    }
    let cut = coordinator_cut(fee)?;
    let each = (fee - cut) / Uint128::from(seats.len() as u128);
    seats.iter().for_each(|seat| ctx.out.pay(seat, each, "committee_fee"));
    ctx.out.give_treasury(fee - cut - each * Uint128::from(seats.len() as u128));
    let opener = ctx.task(claim.task)?.opener;
    ctx.out.pay(&opener, cut, "coordinator_fee");
    Ok(())
}

/// A fraud: the bond pays the seats that showed it, then the challenger, the rest goes to the treasury; stake is
/// slashed, the block falls, and whatever else was under way is closed. The caller saves the claim.
pub fn fraud(
    ctx: &mut Ctx<'_>,
    claim: &mut Claim,
    reason: &str,
    dispute: Vec<Addr>,
    challenger: Option<Addr>,
) -> Result<(), Refused> {
    judge(ctx, claim)?;
    let cost = cost_each(ctx, claim)? * Uint128::from(dispute.len() as u128);
    let split = split_slash(claim.bond, cost, claim.bond, challenger.is_some());
    if !dispute.is_empty() {
        let each = split.costs / Uint128::from(dispute.len() as u128);
        dispute.iter().for_each(|seat| ctx.out.pay(seat, each, "dispute_fee"));
        ctx.out.give_treasury(split.costs - each * Uint128::from(dispute.len() as u128));
    }
    if let Some(challenger) = &challenger {
        ctx.out.pay(challenger, split.challenger, "challenge_reward");
    }
    ctx.out.give_treasury(split.treasury);
    ctx.out.report(NodeEvent::Slash {
        node: claim.trainer.to_string(),
        reason: SlashReason::Fraud,
        // The bond has paid the costs already.
        cost_each: Uint128::zero(),
        paid: vec![],
        challenger: challenger.map(|c| c.to_string()),
    });
    ctx.out.close_claim(&claim.trainer, Outcome::Fraud);
    drop_work(ctx, claim)?;
    return_challenges(ctx, claim);
    end(ctx, claim, ClaimStatus::Fraud { reason: reason.to_owned() }, reason);
    Ok(())
}

/// A void: bond and fee go back. A fee that was paid to a committee already is paid back by the task's opener.
pub fn void_claim(ctx: &mut Ctx<'_>, claim: &mut Claim, reason: &str) -> Result<(), Refused> {
    if claim.review.panel.is_some() {
        judge(ctx, claim)?;
    }
    if !claim.fee_held {
        let mut task = ctx.task(claim.task)?;
        // The reserve holds one fee for every claim.
        task.reserve -= claim.fee;
        ctx.save_task(claim.task, &task)?;
    }
    claim.fee_held = false;
    let trainer = claim.trainer.clone();
    ctx.out.pay(&trainer, claim.bond, "bond_returned");
    ctx.out.pay(&trainer, claim.fee, "fee_returned");
    ctx.out.close_claim(&trainer, Outcome::Void);
    drop_work(ctx, claim)?;
    return_challenges(ctx, claim);
    end(ctx, claim, ClaimStatus::Void {}, reason);
    Ok(())
}

/// The block falls, and open panels are overtaken.
fn drop_work(ctx: &mut Ctx<'_>, claim: &mut Claim) -> Result<(), Refused> {
    if let Some(block) = claim.block {
        let message = ctx.config.experts().void(block)?;
        ctx.out.send_last(message);
    }
    // At most a panel for each of 13 drawn intervals.
    for id in std::mem::take(&mut claim.open) {
        let mut panel = ctx.panel(id)?;
        panels::close(ctx, &mut panel, "overtaken")?;
    }
    Ok(())
}

/// Deposits of challenges that are not decided go back.
fn return_challenges(ctx: &mut Ctx<'_>, claim: &mut Claim) {
    for challenge in claim.challenges.iter_mut() {
        let deposit = std::mem::take(&mut challenge.deposit);
        ctx.out.pay(&challenge.challenger, deposit, "challenge_returned");
    }
}

/// Challenges that were never revealed lose their deposits.
pub fn forfeit_unrevealed(ctx: &mut Ctx<'_>, claim: &mut Claim) {
    for challenge in claim.challenges.iter_mut() {
        ctx.out.give_treasury(std::mem::take(&mut challenge.deposit));
    }
}

/// The deposit of a challenge that was wrong pays the seats of its panel, as far as it goes; the rest is the
/// treasury's. Gives whether the seats are unpaid, because nobody challenged.
pub fn forfeit_challenge(
    ctx: &mut Ctx<'_>,
    claim: &mut Claim,
    panel: u64,
    seats: &[Addr],
    cost_each: Uint128,
) -> bool {
    let Some(challenge) = claim.challenges.iter_mut().find(|c| c.panel == Some(panel)) else { return true };
    let deposit = std::mem::take(&mut challenge.deposit);
    let count = Uint128::from(seats.len().max(1) as u128);
    let each = cost_each.min(deposit / count);
    seats.iter().for_each(|seat| ctx.out.pay(seat, each, "dispute_fee"));
    ctx.out.give_treasury(deposit - each * Uint128::from(seats.len() as u128));
    false
}
