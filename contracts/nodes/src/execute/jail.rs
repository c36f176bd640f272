//! Jail: a node in it is neither active, nor drawn, nor votes, until it says that it is back.
use cosmwasm_std::{Event, Response};
use lyceum_api::nodes::events;

use crate::error::ContractError;
use crate::event;
use crate::standing::{Ctx, Standing};

/// Jails a node from now; a longer time it is serving already stands.
pub fn jail(standing: &mut Standing, seconds: u64, now: u64) -> Event {
    let until = now.saturating_add(seconds).max(standing.node.jailed_until.unwrap_or(0));
    standing.node.jailed_until = Some(until);
    event::of(events::JAILED, &standing.addr).add_attribute("until", until.to_string())
}

pub fn unjail(mut ctx: Ctx<'_>) -> Result<Response, ContractError> {
    let mut standing = ctx.sender()?;
    let Some(until) = standing.node.jailed_until else {
        return Err(ContractError::NotJailed { node: standing.addr });
    };
    let now = ctx.now();
    if now < until {
        return Err(ContractError::StillJailed { until, now });
    }
    if standing.own() < ctx.params.min_stake {
        return Err(ContractError::StakeTooLow { required: ctx.params.min_stake, found: standing.own() });
    }
    standing.node.jailed_until = None;
    let event = event::of(events::UNJAILED, &standing.addr);
    standing.settle(&mut ctx, Response::new().add_event(event))
}
