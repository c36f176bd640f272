//! What `tasks` and `datasets` saw of nodes.
use std::collections::BTreeMap;

use cosmwasm_std::{Addr, Response, Uint128};
use lyceum_api::nodes::{NodeEvent, Outcome, Role, SlashReason, events};
use lyceum_economy::stake::max_open_claims;

use super::slash;
use crate::error::ContractError;
use crate::event;
use crate::standing::{Ctx, Standing};
use crate::state::MAX_EVENTS;

/// Applies the events in their order; each node is written once, at the end.
pub fn report(mut ctx: Ctx<'_>, reported: Vec<NodeEvent>) -> Result<Response, ContractError> {
    if reported.len() > MAX_EVENTS {
        return Err(ContractError::TooMany { what: "events", found: reported.len(), max: MAX_EVENTS });
    }
    let mut touched = BTreeMap::<Addr, Standing>::new();
    let mut response = Response::new();
    for reported in reported {
        ensure_may_report(&ctx, &reported)?;
        let standing = touch(&ctx, &mut touched, subject(&reported))?;
        response = match reported {
            NodeEvent::ClaimOpened { bond, .. } => claim_opened(&ctx, standing, bond, response)?,
            NodeEvent::ClaimClosed { outcome, .. } => claim_closed(&ctx, standing, outcome, response)?,
            NodeEvent::Seat { agreed, .. } => seat(&ctx, standing, agreed, response),
            NodeEvent::Slash { reason, cost_each, paid, challenger, .. } => {
                let recipients = slash::Recipients::new(&ctx, cost_each, paid, challenger)?;
                slash::slash(&mut ctx, standing, reason, recipients, response)?
            }
        };
    }
    touched.into_values().try_fold(response, |response, standing| standing.settle(&mut ctx, response))
}

/// `datasets` knows auditors only: it reports their seats and their false or missing attestations.
fn ensure_may_report(ctx: &Ctx<'_>, event: &NodeEvent) -> Result<(), ContractError> {
    let name = match event {
        NodeEvent::Seat { .. } => return Ok(()),
        NodeEvent::Slash { reason: SlashReason::FalseAttestation | SlashReason::Unrevealed, .. } => {
            return Ok(());
        }
        NodeEvent::Slash { reason, .. } => slash::reason_name(*reason),
        NodeEvent::ClaimOpened { .. } => "claim_opened",
        NodeEvent::ClaimClosed { .. } => "claim_closed",
    };
    let (sender, expected) = (ctx.info.sender.clone(), ctx.config.tasks.clone());
    if sender == expected {
        Ok(())
    } else {
        Err(ContractError::ReportNotAllowed { sender, event: name, expected })
    }
}

fn subject(event: &NodeEvent) -> &str {
    match event {
        NodeEvent::ClaimOpened { node, .. }
        | NodeEvent::ClaimClosed { node, .. }
        | NodeEvent::Seat { node, .. }
        | NodeEvent::Slash { node, .. } => node,
    }
}

fn touch<'t>(
    ctx: &Ctx<'_>,
    touched: &'t mut BTreeMap<Addr, Standing>,
    node: &str,
) -> Result<&'t mut Standing, ContractError> {
    let addr = ctx.deps.api.addr_validate(node)?;
    Ok(match touched.entry(addr.clone()) {
        std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(Standing::load(ctx.deps.storage, addr)?)
        }
    })
}

fn claim_opened(
    ctx: &Ctx<'_>,
    standing: &mut Standing,
    bond: Uint128,
    response: Response,
) -> Result<Response, ContractError> {
    let (now, addr) = (ctx.now(), standing.addr.clone());
    if !standing.has(Role::Trainer) {
        return Err(ContractError::NotTrainer { node: addr });
    }
    standing.ensure_active(&ctx.params)?;
    let stake = standing.stake();
    let node = &mut standing.node;
    // The probe that ends a quarantine whose time is over is the claim itself: a committee re-executes it.
    node.trust = std::mem::take(&mut node.trust).probe_passed(now);
    if let Some(until) = node.trust.quarantined_until {
        return Err(ContractError::Quarantined { node: addr, until });
    }
    if !node.trust.may_claim(now) {
        return Err(ContractError::QuotaUsed { node: addr, quota: node.trust.level.daily_quota() });
    }
    let max = max_open_claims(stake, bond)?;
    if u64::from(node.open_claims) >= max {
        return Err(ContractError::TooManyClaims { node: addr, open: node.open_claims, max, bond });
    }
    // Fewer than the quotas of the days a claim can be open, far from overflowing.
    node.open_claims += 1;
    node.largest_bond = node.largest_bond.max(bond);
    node.trust = std::mem::take(&mut node.trust).claimed(now);
    let event = event::of(events::CLAIM_OPENED, &addr)
        .add_attribute("open_claims", node.open_claims.to_string())
        .add_attribute("quota_left", node.trust.quota_left(now).to_string());
    Ok(response.add_event(event))
}

fn claim_closed(
    ctx: &Ctx<'_>,
    standing: &mut Standing,
    outcome: Outcome,
    response: Response,
) -> Result<Response, ContractError> {
    let now = ctx.now();
    let node = &mut standing.node;
    if node.open_claims == 0 {
        return Err(ContractError::NoOpenClaim { node: standing.addr.clone() });
    }
    node.open_claims -= 1;
    if node.open_claims == 0 {
        node.largest_bond = Uint128::zero();
    }
    let trust = std::mem::take(&mut node.trust);
    let (trust, name) = match outcome {
        Outcome::Accepted { work_seconds } => {
            node.work.add(ctx.work_epoch, work_seconds);
            node.worked_at = now;
            (trust.success(), "accepted")
        }
        Outcome::Failed => (trust.failure(), "failed"),
        Outcome::Void => (trust, "void"),
        Outcome::Fraud => (trust.failure().integrity_failure(now), "fraud"),
    };
    node.trust = trust;
    let event = event::of(events::CLAIM_CLOSED, &standing.addr)
        .add_attribute("outcome", name)
        .add_attribute("trust", format!("{:?}", node.trust.level).to_lowercase())
        .add_attribute("open_claims", node.open_claims.to_string());
    Ok(response.add_event(event))
}

fn seat(ctx: &Ctx<'_>, standing: &mut Standing, agreed: bool, response: Response) -> Response {
    let (now, old) = (ctx.now(), standing.node.reputation);
    standing.node.reputation = if agreed { old.agreed(now) } else { old.diverged(now) };
    response.add_event(
        event::of(events::SEAT, &standing.addr)
            .add_attribute("agreed", agreed.to_string())
            .add_attribute("reputation", standing.node.reputation.value.to_string()),
    )
}
