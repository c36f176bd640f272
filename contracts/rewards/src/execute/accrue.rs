//! Weights in the open learning block, and its seal.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use cw_utils::nonpayable;
use lyceum_api::rewards::{Accrual, Event, Pool};
use lyceum_economy::learning_block::{emission, split_emission};
use lyceum_onchain::permission::{ensure_one_of, ensure_sender};

use super::{ensure_at_most, ensure_running};
use crate::error::ContractError;
use crate::state::{
    CONFIG, POOLS, SEALED, SHARES, Sealed, Share, TREASURY, Treasury, WEIGHTS, add, pool_key, record,
};

fn ensure_open(treasury: &Treasury, found: u64) -> Result<(), ContractError> {
    let open = treasury.open;
    if found == open { Ok(()) } else { Err(ContractError::NotOpen { open, found }) }
}

pub(crate) fn accrue(
    deps: DepsMut<'_>,
    info: MessageInfo,
    learning_block: u64,
    accruals: Vec<Accrual>,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let config = CONFIG.load(deps.storage)?;
    ensure_one_of(&info.sender, &[&config.tasks, &config.datasets])?;
    ensure_running(&config)?;
    ensure_at_most("accruals", accruals.len())?;
    ensure_open(&TREASURY.load(deps.storage)?, learning_block)?;
    let count = accruals.len() as u64;
    for Accrual { pool, account, weight } in accruals {
        // A gain too small to weigh anything must not stop the settlement that reports it.
        if weight.is_zero() {
            continue;
        }
        let account = deps.api.addr_validate(&account)?;
        let pool = pool_key(pool);
        let mut share = SHARES.may_load(deps.storage, (learning_block, pool))?.unwrap_or(Share::empty());
        share.weight = add(share.weight, weight, "the weights of a pool")?;
        share.unsettled = share.weight;
        SHARES.save(deps.storage, (learning_block, pool), &share)?;
        let key = (&account, learning_block, pool);
        let before = WEIGHTS.may_load(deps.storage, key)?.unwrap_or_default();
        // At most the sum just checked.
        WEIGHTS.save(deps.storage, key, &(before + weight))?;
    }
    Ok(Response::new().add_event(Event::Accrued { learning_block, by: info.sender, accruals: count }))
}

/// Emission is what time since the last seal allows, and never more than the treasury has free. A pool in which
/// nobody has weight leaves its part in the treasury.
pub(crate) fn seal(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    learning_block: u64,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let config = CONFIG.load(deps.storage)?;
    ensure_sender(&info.sender, &config.tasks)?;
    ensure_running(&config)?;
    let mut treasury = TREASURY.load(deps.storage)?;
    ensure_open(&treasury, learning_block)?;
    let elapsed = env.block.time.seconds().saturating_sub(treasury.last_seal.seconds());
    let emission = emission(learning_block, elapsed).min(treasury.free);
    let parts = split_emission(emission)?;
    let mut shared = Uint128::zero();
    for pool in POOLS {
        let key = (learning_block, pool_key(pool));
        let Some(mut share) = SHARES.may_load(deps.storage, key)? else { continue };
        share.amount = match pool {
            Pool::Trainers => parts.trainers,
            Pool::Data => parts.data,
            Pool::Evaluators => parts.evaluators,
            Pool::Service => parts.service,
        };
        share.unpaid = share.amount;
        SHARES.save(deps.storage, key, &share)?;
        shared = add(shared, share.amount, "the shares")?;
    }
    treasury.promise(shared)?;
    treasury.open =
        learning_block.checked_add(1).ok_or(ContractError::Overflow { what: "learning blocks" })?;
    treasury.last_seal = env.block.time;
    TREASURY.save(deps.storage, &treasury)?;
    SEALED.save(deps.storage, learning_block, &Sealed { at: env.block.time, emission })?;
    record(deps.storage, &env, "emission", &info.sender, shared, learning_block.to_string())?;
    Ok(Response::new().add_event(Event::Sealed { learning_block, emission, shared }))
}
