//! A node's own stake: in, growing old enough for draws, out.
use cosmwasm_std::{Response, StdError, Uint128};
use cw_utils::must_pay;
use lyceum_api::DENOM;
use lyceum_api::nodes::events;

use super::exit;
use crate::earnings::Earnings;
use crate::error::ContractError;
use crate::event;
use crate::standing::{Ctx, First};

/// The ulyc that came along.
pub fn paid(ctx: &Ctx<'_>) -> Result<Uint128, ContractError> {
    let paid = must_pay(&ctx.info, DENOM)?;
    Ok(Uint128::try_from(paid).map_err(StdError::from)?)
}

pub fn bond(mut ctx: Ctx<'_>) -> Result<Response, ContractError> {
    let amount = paid(&ctx)?;
    let mut standing = ctx.sender()?;
    let shares = standing.add_stake(&ctx, amount)?;
    standing.node.own += shares; // at most all shares
    if !standing.delegated().is_zero() {
        let mut earnings = Earnings::load(ctx.deps.storage, &standing.addr, &standing.node.pool)?;
        earnings.own_joins(shares);
        earnings.save(ctx.deps.storage, &standing.addr)?;
    }
    let event = event::of(events::BONDED, &standing.addr)
        .add_attribute("amount", amount)
        .add_attribute("stake", standing.stake());
    standing.settle(&mut ctx, Response::new().add_event(event))
}

pub fn mature(mut ctx: Ctx<'_>, node: &str) -> Result<Response, ContractError> {
    let mut standing = ctx.named(node)?;
    let addr = standing.addr.clone();
    let amount = standing.mature(ctx.params.maturity_seconds, ctx.now());
    let event = event::of(events::MATURED, &addr)
        .add_attribute("amount", amount)
        .add_attribute("matured", standing.node.matured);
    let response = standing.settle(&mut ctx, Response::new())?;
    if !amount.is_zero() {
        return Ok(response.add_event(event));
    }
    // The only event so far is that of a changed standing.
    if response.events.is_empty() { Err(ContractError::NothingMatured { node: addr }) } else { Ok(response) }
}

pub fn unbond(mut ctx: Ctx<'_>, amount: Uint128) -> Result<Response, ContractError> {
    let mut standing = ctx.sender()?;
    let own = standing.own();
    if amount > own {
        return Err(ContractError::StakeTooLow { required: amount, found: own });
    }
    // Claims rest on all stake, but only the operator, who opened them, is kept by them: a delegator's stake in the
    // queue is slashed for them all the same, and he must not be the hostage of a node that always has one open.
    let (remaining, required) = (standing.stake() - amount, standing.locked_by_claims());
    if standing.node.open_claims > 0 && remaining < required {
        let open_claims = standing.node.open_claims;
        return Err(ContractError::StakeLocked { open_claims, required, remaining });
    }
    let addr = standing.addr.clone();
    let at = exit::enter(&mut ctx, &addr, &addr, amount)?; // refuses nothing
    let burned = standing.remove_stake(standing.node.own, amount, First::Matured);
    standing.node.own -= burned;
    let event = event::of(events::UNBONDING, &addr)
        .add_attribute("amount", amount)
        .add_attribute("stake", standing.stake())
        .add_attribute("at", at.to_string());
    standing.settle(&mut ctx, Response::new().add_event(event))
}

pub fn claim(ctx: Ctx<'_>) -> Result<Response, ContractError> {
    let addr = ctx.sender()?.addr;
    let (amount, payment) = exit::claim(ctx, &addr)?;
    let event = event::of(events::UNBONDED, &addr).add_attribute("amount", amount);
    Ok(Response::new().add_event(event).add_message(payment))
}
