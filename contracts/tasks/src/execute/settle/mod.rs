//! Settling panels.
//!
//! The order in which a claim's doubts are settled, one stage after another so that a fraud costs no more seats than
//! it must: the intervals on which a seat and the trainer differ (all at once), then the spans that jump (the
//! three largest, one after another), then the scores, then the verdict and its dispute window.
mod claim;
mod heads;
mod interval;
mod score;

use cosmwasm_std::{Addr, Timestamp, Uint128};
use lyceum_api::nodes::SlashReason;
use lyceum_api::tasks::{ClaimStatus, Event, PanelKind, PanelStatus};
use lyceum_onchain::tally;

pub use heads::record_bests;

use super::panels::{self, Plan};
use super::serve::wrong_stage;
use super::{outcome, span};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{Claim, Panel};
use crate::verdict::rejection;

/// A claim panel that finds no quorum is drawn again at most twice; a wider one once.
const CLAIM_RETRIES: u32 = 2;
const WIDER_RETRIES: u32 = 1;

pub fn settle(ctx: &mut Ctx<'_>, id: u64) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    ensure_complete(ctx, &panel)?;
    match panel.claim {
        None => heads::settle(ctx, &mut panel),
        Some(claim) => {
            let mut claim = ctx.claim(claim)?;
            match panel.kind {
                PanelKind::Claim {} => claim::settle(ctx, &mut panel, &mut claim),
                PanelKind::Score {} => score::settle(ctx, &mut panel, &mut claim),
                PanelKind::Interval { interval } => interval::settle(ctx, &mut panel, &mut claim, interval),
                PanelKind::Heads {} => Err(wrong_stage(&panel.status, "of a claim")),
            }?;
            ctx.save_claim(&claim)
        }
    }
}

/// All who committed have revealed and the trainer has opened, or the time for it is over. A trainer that owes an
/// opening or a tile is not settled but expired.
fn ensure_complete(ctx: &Ctx<'_>, panel: &Panel) -> Result<(), Refused> {
    let now = ctx.now();
    let status = panel.status_at(now);
    let PanelStatus::Revealing { until } = status else {
        return Err(wrong_stage(&status, "revealing"));
    };
    let owed = |at: Timestamp| match panel.claim {
        Some(claim) if now >= at => ContractError::Unanswered { panel: panel.id, claim },
        _ => ContractError::TooEarly { at },
    };
    if let Some(open) = panel.challenges.iter().find(|c| !c.answered) {
        return Err(owed(open.until).into());
    }
    if panel.re_executes() && !panel.opened {
        return Err(owed(until).into());
    }
    let all = panel.seats.iter().all(|s| s.revealed || s.commit.is_none());
    if all || now >= until { Ok(()) } else { Err(ContractError::TooEarly { at: until }.into()) }
}

/// Takes stake of those who did not reveal, and gives whether two thirds did. Without a quorum those who revealed
/// are paid for their work out of that.
pub fn has_quorum(ctx: &mut Ctx<'_>, panel: &Panel, cost_each: Uint128) -> bool {
    let quorum = panel.revealed() >= tally::required(panel.seats.len() as u32) as usize;
    let paid: Vec<Addr> = if quorum {
        vec![]
    } else {
        panel.seats.iter().filter(|s| s.revealed).map(|s| s.node.clone()).collect()
    };
    ctx.out.slash_seats(panel.absent(), SlashReason::Unrevealed, cost_each, &paid);
    quorum
}

/// What a seat of a claim's panels is owed: its part of a fee.
pub fn cost_each(ctx: &Ctx<'_>, claim: &Claim) -> Result<Uint128, Refused> {
    let seats = ctx.domain(claim.domain)?.spec.committee;
    Ok(claim.fee / Uint128::from(seats)) // at least 3 by registration
}

/// A panel found no quorum or no majority: another one takes its place, or the claim is void.
pub fn again_or_void(ctx: &mut Ctx<'_>, panel: &mut Panel, claim: &mut Claim) -> Result<(), Refused> {
    panels::close_for(ctx, claim, panel, "no_quorum")?;
    let retries = if panel.kind == (PanelKind::Claim {}) { CLAIM_RETRIES } else { WIDER_RETRIES };
    if panel.tries >= retries {
        return outcome::void_claim(ctx, claim, "no_quorum");
    }
    let next = panels::create_now(ctx, claim, Plan::again(panel))?;
    for challenge in claim.challenges.iter_mut().filter(|c| c.panel == Some(panel.id)) {
        challenge.panel = Some(next);
    }
    Ok(())
}

/// Takes the next step of a claim whose claim panel is settled.
pub fn advance(ctx: &mut Ctx<'_>, claim: &mut Claim) -> Result<(), Refused> {
    if !claim.open.is_empty() {
        return suspend(claim);
    }
    if let Some(suspended) = claim.suspended.take() {
        let until = ctx.now().plus_nanos(suspended.nanos);
        claim.status = ClaimStatus::Settled { accepted: suspended.accepted, until };
        return Ok(());
    }
    if let Some((from, to)) = claim.review.jumps.pop() {
        return span::bisect(ctx, claim, from, to);
    }
    if claim.review.score_wanted {
        claim.review.score_wanted = false;
        panels::create_now(ctx, claim, Plan::new(PanelKind::Score {}))?;
        return suspend(claim);
    }
    verdict(ctx, claim)
}

fn suspend(claim: &mut Claim) -> Result<(), Refused> {
    claim.status = ClaimStatus::Disputed { panels: claim.open.len() as u32 }; // a few
    Ok(())
}

fn verdict(ctx: &mut Ctx<'_>, claim: &mut Claim) -> Result<(), Refused> {
    outcome::judge(ctx, claim)?;
    let accepted = rejection_of(ctx, claim)?.is_none();
    let until = ctx.now().plus_seconds(ctx.params.dispute_seconds);
    claim.status = ClaimStatus::Settled { accepted, until };
    let gain = claim.measured.as_ref().map_or(0, |m| m.medians.gain);
    ctx.emit(Event::ClaimSettled { claim: claim.id, accepted, gain, until });
    Ok(())
}

/// Why a claim's medians don't make it accepted, if they don't. The bests are those of the verdict's time.
fn rejection_of(ctx: &Ctx<'_>, claim: &mut Claim) -> Result<Option<&'static str>, Refused> {
    let tolerance = ctx.domain(claim.domain)?.spec.tolerance;
    let Some(measured) = &mut claim.measured else { return Ok(Some("unmeasured")) };
    let guards = &measured.medians.guards;
    let bests: Vec<_> =
        guards.iter().map(|g| Ok(ctx.domain(g.domain)?.best)).collect::<Result<_, Refused>>()?;
    let reason = rejection(&measured.medians, tolerance, &bests);
    measured.rejection = reason.map(str::to_owned);
    Ok(reason)
}
