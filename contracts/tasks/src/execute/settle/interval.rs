//! An interval panel: 2k + 1 seats re-execute one interval, and that is final.
use cosmwasm_std::{Addr, Uint128};
use lyceum_api::attestation::Attestation;
use lyceum_api::nodes::SlashReason;

use super::claim::{bound, differing, leads_there};
use super::{advance, again_or_void, cost_each, has_quorum};
use crate::ctx::Ctx;
use crate::error::Refused;
use crate::execute::{outcome, panels};
use crate::state::{Cause, Claim, Domain, Panel, opening};
use crate::verdict::{Ends, Opened, ends_in};

pub fn settle(ctx: &mut Ctx<'_>, panel: &mut Panel, claim: &mut Claim, interval: u32) -> Result<(), Refused> {
    let cost = cost_each(ctx, claim)?;
    if !has_quorum(ctx, panel, cost) {
        return again_or_void(ctx, panel, claim);
    }
    let domain = ctx.domain(claim.domain)?;
    let opened = opened_ends(ctx, panel, claim, interval)?;
    let answers = panel.attestations(ctx.deps.storage)?;
    let (mut honest, mut forged) = (vec![], vec![]);
    for (seat, answer) in &answers {
        let side = if confirms(answer, &opened, &domain)? { &mut honest } else { &mut forged };
        side.push(seat.clone());
    }
    // An even number of seats can be divided: nobody is guilty then.
    if honest.len() == forged.len() {
        return again_or_void(ctx, panel, claim);
    }
    let is_forged = forged.len() > honest.len();
    let (majority, minority) = if is_forged { (forged, honest) } else { (honest, forged) };
    for seat in &majority {
        ctx.out.judge_seat(seat, true);
        ctx.out.reward_seat(seat, claim.id);
    }

    let mut false_seats = first_false(ctx, claim, interval, is_forged, &domain)?;
    outcome::set_diverged(claim, &false_seats);
    if claim.review.judged {
        // Their part of the claim was reported as agreement; it was not.
        false_seats.iter().for_each(|seat| ctx.out.judge_seat(seat, false));
    }
    minority.iter().for_each(|seat| ctx.out.judge_seat(seat, false));
    false_seats.extend(minority);

    let outcome = if is_forged { "forged" } else { "honest" };
    panels::close_for(ctx, claim, panel, outcome)?;
    if is_forged {
        ctx.out.slash_seats(false_seats.iter(), SlashReason::FalseAttestation, Uint128::zero(), &[]);
        let (reason, challenger) = match panel.cause.clone() {
            Cause::Jump => ("jump", None),
            Cause::Challenge { challenger } => ("interval", Some(challenger)),
            _ => ("interval", None),
        };
        return outcome::fraud(ctx, claim, reason, majority, challenger);
    }
    // The trainer was honest: who said otherwise pays those who had to look again.
    let unpaid = outcome::forfeit_challenge(ctx, claim, panel.id, &majority, cost);
    let owed = if unpaid { cost } else { Uint128::zero() };
    ctx.out.slash_seats(false_seats.iter(), SlashReason::FalseAttestation, owed, &majority);
    advance(ctx, claim)
}

/// What the trainer opened of the interval, in the order of the entries asked for: both ends under the panel's own
/// key, and under the claim panel's whatever it showed there. So a sketch that was false there, of a kept state or of
/// a drawn interval's end, is found by a dispute of an interval beside it.
fn opened_ends(ctx: &Ctx<'_>, panel: &Panel, claim: &Claim, interval: u32) -> Result<Vec<Opened>, Refused> {
    let keys = std::iter::once(panel.id).chain(panel.second_key);
    keys.map(|key| {
        let states = panels::opened_states(ctx.deps.storage, claim, key)?;
        Ok(Opened::of(&states, interval)?)
    })
    .collect()
}

/// Whether a seat saw, under every key, what the trainer opened. One that says "unsound" did not.
fn confirms(answer: &Attestation, opened: &[Opened], domain: &Domain) -> Result<bool, Refused> {
    if !answer.sound || answer.intervals.len() != opened.len() {
        return Ok(false);
    }
    for (seen, opened) in answer.intervals.iter().zip(opened) {
        if !opened.agrees(&Ends::try_from(seen)?, bound(domain)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The seats of the claim panel that answered for this interval, and falsely: their sketches differed though the trainer
/// was honest, or they confirmed a forged one in sketch and in root. A seat whose root alone is another is never at
/// fault: it came to the sketch that was opened and not to the state that was committed to, which is what a trainer
/// brings about that lies after the draw.
fn first_false(
    ctx: &Ctx<'_>,
    claim: &Claim,
    interval: u32,
    is_forged: bool,
    domain: &Domain,
) -> Result<Vec<Addr>, Refused> {
    let Some(first) = claim.review.panel else { return Ok(vec![]) };
    let states = panels::opened_states(ctx.deps.storage, claim, first)?;
    let Some(opened) = ends_in(&states, interval)? else { return Ok(vec![]) };
    let answers = ctx.panel(first)?.attestations(ctx.deps.storage)?;
    let differing = differing(&answers, interval, &opened, domain)?;
    let ends = opening(ctx.deps.storage, first)?.map(|o| o.ends).unwrap_or_default();
    let is_false = |seat: &(Addr, Attestation)| match (differing.contains(&seat.0), is_forged) {
        (differs, false) => differs,
        (differs, true) => !differs && leads_there(std::slice::from_ref(seat), interval, &ends),
    };
    let answered = answers.iter().filter(|(_, a)| a.intervals.iter().any(|i| i.interval == interval));
    Ok(answered.filter(|seat| is_false(seat)).map(|(seat, _)| seat.clone()).collect())
}
