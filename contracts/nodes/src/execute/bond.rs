//! Stake: in, growing old enough for draws, out.
use cosmwasm_std::{BankMsg, Response, StdError, Uint128, coins};
use cw_utils::must_pay;
use lyceum_api::DENOM;
use lyceum_api::nodes::events;

use crate::error::ContractError;
use crate::event;
use crate::standing::Ctx;
use crate::state::UNBONDING;

pub fn bond(mut ctx: Ctx<'_>) -> Result<Response, ContractError> {
    let paid = must_pay(&ctx.info, DENOM)?;
    let amount = Uint128::try_from(paid).map_err(StdError::from)?;
    let mut standing = ctx.sender()?;
    let (now, epoch) = (ctx.now(), ctx.epoch);
    standing.add_stake(amount, epoch, now)?;
    standing.mature(ctx.params.maturity_seconds, now);
    let event = event::of(events::BONDED, &standing.addr)
        .add_attribute("amount", amount)
        .add_attribute("stake", standing.stake);
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
    if amount > standing.stake {
        return Err(ContractError::StakeTooLow { required: amount, found: standing.stake });
    }
    let (remaining, required) = (standing.stake - amount, standing.locked_by_claims());
    if standing.node.open_claims > 0 && remaining < required {
        let open_claims = standing.node.open_claims;
        return Err(ContractError::StakeLocked { open_claims, required, remaining });
    }
    let at = ctx.now().saturating_add(ctx.params.unbonding_seconds);
    UNBONDING.push(ctx.deps.storage, &standing.addr, amount, at)?; // refuses nothing
    standing.remove_stake(amount);
    let event = event::of(events::UNBONDING, &standing.addr)
        .add_attribute("amount", amount)
        .add_attribute("stake", standing.stake)
        .add_attribute("at", at.to_string());
    standing.settle(&mut ctx, Response::new().add_event(event))
}

pub fn claim(ctx: Ctx<'_>) -> Result<Response, ContractError> {
    let standing = ctx.sender()?;
    let now = ctx.now();
    let amount = UNBONDING.claim(ctx.deps.storage, &standing.addr, now)?;
    if amount.is_zero() {
        let entries = UNBONDING.entries(ctx.deps.storage, &standing.addr)?;
        let next = entries.iter().map(|entry| entry.matures_at).min();
        return Err(ContractError::NothingUnbonded { next });
    }
    let to_address = standing.addr.to_string();
    let event = event::of(events::UNBONDED, &standing.addr).add_attribute("amount", amount);
    // A failed payment fails the claim, and the queue stays as it was.
    let payment = BankMsg::Send { to_address, amount: coins(amount.u128(), DENOM) };
    Ok(Response::new().add_event(event).add_message(payment))
}
