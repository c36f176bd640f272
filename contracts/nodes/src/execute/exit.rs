//! The queues: stake on its way out, slashable until it is claimed.
use cosmwasm_std::{Addr, BankMsg, Uint128, coins};
use lyceum_api::DENOM;

use crate::error::ContractError;
use crate::standing::Ctx;
use crate::state::{Exit, MAX_ENTRIES, QUEUED, QUEUES};

/// Adds an owner's stake of a node to his queue and gives when it may be claimed.
pub fn enter(ctx: &mut Ctx<'_>, owner: &Addr, node: &Addr, amount: Uint128) -> Result<u64, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::Nothing);
    }
    let at = ctx.now().saturating_add(ctx.params.unbonding_seconds);
    let storage = &mut *ctx.deps.storage;
    let mut pool = QUEUED.may_load(storage, node)?.unwrap_or_default();
    let mut queue = QUEUES.may_load(storage, (owner, node))?.unwrap_or_default();
    // Those of another era are void; one that a slash left worthless would keep its place for good.
    queue.retain(|exit| {
        let worthless = exit.era == pool.era && pool.worth(exit.shares).is_zero();
        if worthless {
            pool.burn(exit.shares);
        }
        exit.era == pool.era && !worthless
    });
    if queue.len() >= MAX_ENTRIES {
        let (owner, node, found) = (owner.clone(), node.clone(), queue.len());
        return Err(ContractError::Full { what: "unbondings", owner, node, found });
    }
    let shares = pool.add(amount)?;
    queue.push(Exit { shares, era: pool.era, at });
    QUEUES.save(storage, (owner, node), &queue)?;
    QUEUED.save(storage, node, &pool)?;
    Ok(at)
}

/// Takes what has left the sender's queue of a node. A failed payment fails the claim, and the queue stays as it was.
pub fn claim(ctx: Ctx<'_>, node: &Addr) -> Result<(Uint128, BankMsg), ContractError> {
    let (owner, now, storage) = (&ctx.info.sender, ctx.now(), ctx.deps.storage);
    let queue = QUEUES.may_load(storage, (owner, node))?.unwrap_or_default();
    let mut pool = QUEUED.may_load(storage, node)?.unwrap_or_default();
    let (locked, left): (Vec<_>, Vec<_>) = queue.into_iter().partition(|exit| exit.at > now);
    let mut amount = Uint128::zero();
    for exit in left {
        if exit.era == pool.era {
            amount += pool.burn(exit.shares); // at most what is queued
        }
    }
    if amount.is_zero() {
        return Err(ContractError::NothingUnbonded { next: locked.iter().map(|exit| exit.at).min() });
    }
    if locked.is_empty() {
        QUEUES.remove(storage, (owner, node));
    } else {
        QUEUES.save(storage, (owner, node), &locked)?;
    }
    QUEUED.save(storage, node, &pool)?;
    Ok((amount, BankMsg::Send { to_address: owner.to_string(), amount: coins(amount.u128(), DENOM) }))
}
