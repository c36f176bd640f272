//! A claim panel: does every seat see what the trainer opened, and do the seats measure the same?
use cosmwasm_std::Addr;
use lyceum_api::attestation::{Attestation, Opening, SKETCH_DIM, Scored};
use lyceum_api::tasks::{ClaimStatus, ServedState};

use super::{advance, again_or_void, cost_each, has_quorum};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::execute::commit::ensure_status;
use crate::execute::panels::{self, Plan};
use crate::state::{Cause, Claim, Domain, Measured, Panel, opening};
use crate::verdict::{Ends, agrees, ends_in, items_apart, jumping, medians, spread};

pub fn settle(ctx: &mut Ctx<'_>, panel: &mut Panel, claim: &mut Claim) -> Result<(), Refused> {
    ensure_status(claim, "revealed", claim.status == ClaimStatus::Revealed {})?;
    let cost = cost_each(ctx, claim)?;
    if !has_quorum(ctx, panel, cost) {
        return again_or_void(ctx, panel, claim);
    }
    let domain = ctx.domain(claim.domain)?;
    let answers = panel.attestations(ctx.deps.storage)?;
    let Opening { states, ends } = opening(ctx.deps.storage, panel.id)?.ok_or(ContractError::WrongOpening)?;
    panels::close_for(ctx, claim, panel, "settled")?;

    let review = &mut claim.review;
    review.panel = Some(panel.id);
    review.agreed = answers.iter().map(|(seat, _)| seat.clone()).collect();
    review.jumps = jumping(&states, ctx.task(claim.task)?.spec.intervals)?;
    review.score_wanted = wants_score(&answers, &domain)?;
    let scored: Vec<_> = sound_scores(&answers);
    claim.measured = medians(&scored).map(|medians| Measured {
        medians,
        reference_head: panel.reference_head,
        rejection: None,
    });

    for interval in panel.drawn() {
        let opened = ends_in(&states, interval)?.ok_or(ContractError::WrongOpening)?;
        if differing(&answers, interval, &opened, &domain)?.is_empty()
            && leads_there(&answers, interval, &ends)
        {
            continue;
        }
        claim.review.disputed.push(interval);
        panels::create_now(ctx, claim, Plan::interval(interval, Cause::Differs))?;
    }
    advance(ctx, claim)
}

/// The seats whose sketches of an interval are not those that were opened.
pub fn differing(
    answers: &[(Addr, Attestation)],
    interval: u32,
    opened: &Ends,
    domain: &Domain,
) -> Result<Vec<Addr>, Refused> {
    let mut differing = vec![];
    for (seat, answer) in answers {
        for seen in answer.intervals.iter().filter(|seen| seen.interval == interval) {
            if !agrees(opened, &Ends::try_from(seen)?, bound(domain)) {
                differing.push(seat.clone());
            }
        }
    }
    Ok(differing)
}

/// Whether every seat that re-executed an interval came to the very state that the trainer committed to before the draw.
/// Roots and not sketches are compared, since a trainer that knows the draw can open any sketch. Machines whose
/// arithmetic differs in the last bit come to other roots: then the interval's panel, which is served both ends, looks
/// at the distance, and nobody is at fault.
pub fn leads_there(answers: &[(Addr, Attestation)], interval: u32, ends: &[ServedState]) -> bool {
    let committed = ends.iter().find(|end| end.state == interval + 1).map(|end| end.tensors);
    let seen = answers.iter().flat_map(|(_, answer)| &answer.intervals);
    seen.filter(|seen| seen.interval == interval).all(|seen| Some(seen.end_root) == committed)
}

/// A domain's bound; registration keeps it far below 32 bits.
pub fn bound(domain: &Domain) -> u32 {
    u32::try_from(domain.spec.bound_ppm).unwrap_or(u32::MAX)
}

/// What the seats that found the claim sound scored.
pub fn sound_scores(answers: &[(Addr, Attestation)]) -> Vec<&Scored> {
    answers.iter().filter(|(_, a)| a.sound).filter_map(|(_, a)| a.scored.as_ref()).collect()
}

/// Whether a wider panel must score: somebody says the claim is unsound, the gains are too far apart, or two seats
/// measured different losses of the same items.
fn wants_score(answers: &[(Addr, Attestation)], domain: &Domain) -> Result<bool, Refused> {
    let scored = sound_scores(answers);
    if answers.iter().any(|(_, a)| !a.sound) || spread(&scored) > domain.spec.tolerance {
        return Ok(true);
    }
    let items: Vec<[i64; SKETCH_DIM]> = scored.iter().map(|s| s.items.values()).collect::<Result<_, _>>()?;
    let bound = bound(domain);
    // At most 9 seats: 36 pairs.
    Ok((0..items.len()).any(|i| items[i + 1..].iter().any(|other| items_apart(&items[i], other, bound))))
}
