//! Creating and closing panels.
use cosmwasm_std::{Empty, StdResult, Storage, Timestamp};
use lyceum_api::attestation::OpenedState;
use lyceum_api::tasks::{Event, PanelKind, PanelStatus};

use crate::ctx::Ctx;
use crate::error::Refused;
use crate::rounds;
use crate::state::{Cause, Claim, PANEL_COUNT, Panel, SEATS, SPANS, next_id, opening};
use crate::verdict::Opened;

/// What a new panel is to be.
#[derive(Clone)]
pub struct Plan {
    pub kind: PanelKind,
    pub cause: Cause,
    pub tries: u32,
    pub replaces: Option<u64>,
}

impl Plan {
    pub const fn new(kind: PanelKind) -> Self {
        Self { kind, cause: Cause::Regular, tries: 0, replaces: None }
    }

    pub const fn interval(interval: u32, cause: Cause) -> Self {
        Self { kind: PanelKind::Interval { interval }, cause, tries: 0, replaces: None }
    }

    /// Another panel in the place of one that found no quorum.
    pub fn again(panel: &Panel) -> Self {
        let (kind, cause) = (panel.kind, panel.cause.clone());
        Self { kind, cause, tries: panel.tries + 1, replaces: Some(panel.id) }
    }
}

/// Creates a panel that waits for the first round at or after a time. Should a pause move that time, the round
/// only comes out earlier than it must; it is still one that nobody knew now.
pub fn create(
    ctx: &mut Ctx<'_>,
    claim: Option<u64>,
    plan: Plan,
    epoch: u64,
    from: Timestamp,
    second_key: Option<u64>,
) -> Result<u64, Refused> {
    let id = next_id(ctx.storage(), &PANEL_COUNT)?;
    let round = rounds::not_before(&ctx.config.beacon, ctx.clock.on_chain(from));
    rounds::want(ctx.storage(), round)?;
    let panel = Panel {
        id,
        claim,
        kind: plan.kind,
        cause: plan.cause,
        tries: plan.tries,
        replaces: plan.replaces,
        epoch,
        round,
        randomness: None,
        status: PanelStatus::Pending {},
        reveal_seconds: 0,
        seats: vec![],
        guards: vec![],
        heads: vec![],
        reference_head: None,
        opening: None,
        opened: false,
        second_key,
        challenges: vec![],
        frozen_until: ctx.now(),
    };
    ctx.save_panel(&panel)?;
    ctx.emit(Event::PanelCreated { panel: id, claim, kind: plan.kind, round });
    Ok(id)
}

/// Creates a panel of a claim. The caller saves the claim.
pub fn create_for(ctx: &mut Ctx<'_>, claim: &mut Claim, plan: Plan, from: Timestamp) -> Result<u64, Refused> {
    let second_key = match (plan.kind, claim.review.panel) {
        (PanelKind::Interval { interval }, Some(panel)) => {
            let states = opened_states(ctx.deps.storage, claim, panel)?;
            (!Opened::of(&states, interval)?.is_empty()).then_some(panel)
        }
        _ => None,
    };
    let id = create(ctx, Some(claim.id), plan, claim.epoch, from, second_key)?;
    claim.panels.push(id);
    claim.open.push(id);
    Ok(id)
}

/// The same, for the first round after the delay from now.
pub fn create_now(ctx: &mut Ctx<'_>, claim: &mut Claim, plan: Plan) -> Result<u64, Refused> {
    let from = ctx.now().plus_seconds(ctx.params.draw_delay_seconds);
    create_for(ctx, claim, plan, from)
}

/// What a trainer opened under a panel's key, ascending; for the claim panel, bisected spans included.
pub fn opened_states(storage: &dyn Storage, claim: &Claim, panel: u64) -> StdResult<Vec<OpenedState>> {
    let mut states = opening(storage, panel)?.map(|o| o.states).unwrap_or_default();
    if claim.review.panel == Some(panel) {
        states.extend(SPANS.may_load(storage, claim.id)?.unwrap_or_default());
        states.sort_by_key(|s| s.state);
        // A drawn interval within a span was opened twice, the second time with the same sketch (see `span`).
        states.dedup_by_key(|s| s.state);
    }
    Ok(states)
}

/// Closes a panel; its seats are free.
pub fn close(ctx: &mut Ctx<'_>, panel: &mut Panel, outcome: &'static str) -> Result<(), Refused> {
    panel.status = PanelStatus::Closed {};
    for seat in &panel.seats {
        SEATS.remove(ctx.storage(), (&seat.node, panel.id));
    }
    ctx.emit(Event::PanelClosed { panel: panel.id, outcome });
    ctx.save_panel(panel)
}

/// Closes a panel of a claim. The caller saves the claim.
pub fn close_for(
    ctx: &mut Ctx<'_>,
    claim: &mut Claim,
    panel: &mut Panel,
    outcome: &'static str,
) -> Result<(), Refused> {
    claim.open.retain(|open| *open != panel.id);
    close(ctx, panel, outcome)
}

/// Seats drawn for a panel find it in the index of its nodes.
pub fn index_seats(ctx: &mut Ctx<'_>, panel: &Panel) -> Result<(), Refused> {
    for seat in &panel.seats {
        SEATS.save(ctx.storage(), (&seat.node, panel.id), &Empty {})?;
    }
    Ok(())
}
