//! Other people's stake: in, over to another node, out, and its rewards.
use cosmwasm_std::{Response, Uint128};
use lyceum_api::nodes::events;

use super::{bond, exit};
use crate::error::ContractError;
use crate::event;
use crate::position::Position;
use crate::standing::Ctx;
use crate::state::{MAX_ENTRIES, MOVED, Moved};

pub fn delegate(mut ctx: Ctx<'_>, node: &str) -> Result<Response, ContractError> {
    let delegator = ctx.info.sender.clone();
    if node == delegator.as_str() {
        return bond::bond(ctx);
    }
    let (amount, standing) = (bond::paid(&ctx)?, ctx.named(node)?);
    let mut position = Position::open(&mut ctx, standing, delegator)?;
    position.join(&ctx, amount)?;
    let event = event::of(events::DELEGATED, &position.standing.addr)
        .add_attribute("delegator", &ctx.info.sender)
        .add_attribute("amount", amount)
        .add_attribute("stake", position.standing.stake());
    position.close(&mut ctx, Response::new().add_event(event))
}

pub fn undelegate(mut ctx: Ctx<'_>, node: &str, amount: Uint128) -> Result<Response, ContractError> {
    let delegator = ctx.info.sender.clone();
    if node == delegator.as_str() {
        return bond::unbond(ctx, amount);
    }
    let standing = ctx.named(node)?;
    let mut position = Position::open(&mut ctx, standing, delegator.clone())?;
    position.leave(amount)?;
    let at = exit::enter(&mut ctx, &delegator, &position.standing.addr, amount)?;
    let event = event::of(events::UNDELEGATING, &position.standing.addr)
        .add_attribute("delegator", delegator)
        .add_attribute("amount", amount)
        .add_attribute("stake", position.standing.stake())
        .add_attribute("at", at.to_string());
    position.close(&mut ctx, Response::new().add_event(event))
}

pub fn claim(ctx: Ctx<'_>, node: &str) -> Result<Response, ContractError> {
    let (node, owner) = (ctx.named(node)?.addr, ctx.info.sender.clone());
    let (amount, payment) = exit::claim(ctx, &node)?;
    let event = event::of(events::UNDELEGATED, &node)
        .add_attribute("delegator", owner)
        .add_attribute("amount", amount);
    Ok(Response::new().add_event(event).add_message(payment))
}

/// A node's own bond stays where it is: it is what the costs of a dispute and the challenger are paid from at once.
pub fn redelegate(
    mut ctx: Ctx<'_>,
    from: &str,
    to: &str,
    amount: Uint128,
) -> Result<Response, ContractError> {
    let delegator = ctx.info.sender.clone();
    let (source, target) = (ctx.named(from)?, ctx.named(to)?);
    if source.addr == target.addr {
        return Err(ContractError::SameNode { node: source.addr });
    }
    if [&source.addr, &target.addr].contains(&&delegator) {
        return Err(ContractError::OwnBond { node: delegator });
    }
    let mut left = Position::open(&mut ctx, source, delegator.clone())?;
    left.leave(amount)?;
    let mut joined = Position::open(&mut ctx, target, delegator.clone())?;
    let found = joined.delegation.moved.len();
    if found >= MAX_ENTRIES {
        let (owner, node) = (delegator, joined.standing.addr);
        return Err(ContractError::Full { what: "redelegations", owner, node, found });
    }
    let shares = joined.join(&ctx, amount)?;

    let at = ctx.now().saturating_add(ctx.params.unbonding_seconds);
    let from = left.standing.addr.clone();
    let mut pool = MOVED.may_load(ctx.deps.storage, &from)?.unwrap_or_default();
    let exposed = pool.add(amount)?;
    MOVED.save(ctx.deps.storage, &from, &pool)?;
    let (era, worth) = (pool.era, pool.worth(exposed));
    joined.delegation.moved.push(Moved { from: from.clone(), exposed, era, worth, shares, at });

    let event = event::of(events::REDELEGATED, &joined.standing.addr)
        .add_attribute("from", from)
        .add_attribute("delegator", delegator)
        .add_attribute("amount", amount)
        .add_attribute("at", at.to_string());
    let response = left.close(&mut ctx, Response::new().add_event(event))?;
    joined.close(&mut ctx, response)
}

/// Pulls the rewards of a delegation and settles its redelegations, for whoever asks.
pub fn settle(mut ctx: Ctx<'_>, node: &str, delegator: &str) -> Result<Response, ContractError> {
    let (standing, delegator) = (ctx.named(node)?, ctx.deps.api.addr_validate(delegator)?);
    let position = Position::open(&mut ctx, standing, delegator.clone())?;
    if position.due.is_zero() && position.slashed.is_zero() && position.freed == 0 {
        return Err(ContractError::NothingToSettle { node: position.standing.addr, delegator });
    }
    position.close(&mut ctx, Response::new())
}
