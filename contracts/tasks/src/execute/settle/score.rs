//! A score panel: 2k + 1 seats say whether the claim is sound and what it gains. Their medians are final.
use cosmwasm_std::Addr;
use lyceum_api::attestation::Attestation;

use super::claim::sound_scores;
use super::{advance, again_or_void, cost_each, has_quorum};
use crate::ctx::Ctx;
use crate::error::Refused;
use crate::execute::{outcome, panels};
use crate::state::{Claim, Measured, Panel};
use crate::verdict::medians;

pub fn settle(ctx: &mut Ctx<'_>, panel: &mut Panel, claim: &mut Claim) -> Result<(), Refused> {
    let cost = cost_each(ctx, claim)?;
    if !has_quorum(ctx, panel, cost) {
        return again_or_void(ctx, panel, claim);
    }
    let answers = panel.attestations(ctx.deps.storage)?;
    let unsound = answers.iter().filter(|(_, a)| !a.sound).count();
    let forged = 2 * unsound > answers.len();
    let first = claim.review.panel.map(|first| ctx.panel(first)).transpose()?;
    let first_answers = first.map(|p| p.attestations(ctx.deps.storage)).transpose()?.unwrap_or_default();
    let tolerance = ctx.domain(claim.domain)?.spec.tolerance;

    // The sound seats are half of those who revealed at least, unless the claim is forged.
    let found = medians(&sound_scores(&answers));
    let gain = found.as_ref().map(|m| m.gain);
    let diverges = |answer: &Attestation| {
        let scored = answer.scored.as_ref().filter(|_| !forged);
        let apart = scored.zip(gain).is_some_and(|(s, gain)| s.gain.abs_diff(gain) > tolerance);
        answer.sound == forged || apart
    };
    for (seat, answer) in &answers {
        reward_or_diverge(ctx, claim, seat, diverges(answer));
    }
    let diverging: Vec<Addr> =
        first_answers.iter().filter(|(_, a)| diverges(a)).map(|(seat, _)| seat.clone()).collect();
    outcome::set_diverged(claim, &diverging);
    if forged {
        panels::close_for(ctx, claim, panel, "forged")?;
        let paid = answers.into_iter().filter(|(_, a)| !a.sound).map(|(seat, _)| seat).collect();
        return outcome::fraud(ctx, claim, "unsound", paid, None);
    }
    panels::close_for(ctx, claim, panel, "settled")?;
    claim.measured =
        found.map(|medians| Measured { medians, reference_head: panel.reference_head, rejection: None });
    advance(ctx, claim)
}

fn reward_or_diverge(ctx: &mut Ctx<'_>, claim: &Claim, seat: &Addr, diverges: bool) {
    ctx.out.judge_seat(seat, !diverges);
    if !diverges {
        ctx.out.reward_seat(seat, claim.id);
    }
}
