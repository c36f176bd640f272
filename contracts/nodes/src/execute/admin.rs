//! Set-up, and what the charter decides.
use cosmwasm_std::{DepsMut, Env, Response};
use lyceum_api::nodes::{InstantiateMsg, Params, events};

use crate::clock::Clock;
use crate::contract::{NAME, VERSION};
use crate::error::ContractError;
use crate::standing::Ctx;
use crate::state::{ACTIVE, CONFIG, Config, DRAW_CLOCK, PARAMS, PAUSED, WORK_CLOCK};
use crate::{event, validate};

pub fn instantiate(deps: DepsMut<'_>, env: &Env, msg: InstantiateMsg) -> Result<Response, ContractError> {
    validate::params(&msg.params)?;
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    let config = Config {
        charter: deps.api.addr_validate(&msg.charter)?,
        tasks: deps.api.addr_validate(&msg.tasks)?,
        datasets: deps.api.addr_validate(&msg.datasets)?,
        rewards: deps.api.addr_validate(&msg.rewards)?,
        gpu_salt: msg.gpu_salt,
    };
    let now = env.block.time.seconds();
    CONFIG.save(deps.storage, &config)?;
    PARAMS.save(deps.storage, &msg.params)?;
    PAUSED.save(deps.storage, &false)?;
    ACTIVE.save(deps.storage, &0)?;
    DRAW_CLOCK.save(deps.storage, &Clock::new(now, msg.params.epoch_seconds))?;
    WORK_CLOCK.save(deps.storage, &Clock::new(now, msg.params.work_epoch_seconds))?;
    Ok(Response::new())
}

pub fn set_params(ctx: Ctx<'_>, params: Params) -> Result<Response, ContractError> {
    validate::params(&params)?;
    let (now, storage) = (ctx.now(), ctx.deps.storage);
    let draw = DRAW_CLOCK.load(storage)?.with_length(now, params.epoch_seconds);
    let work = WORK_CLOCK.load(storage)?.with_length(now, params.work_epoch_seconds);
    DRAW_CLOCK.save(storage, &draw)?;
    WORK_CLOCK.save(storage, &work)?;
    PARAMS.save(storage, &params)?;
    Ok(Response::new().add_event(event::plain(events::PARAMS_SET)))
}

pub fn set_paused(ctx: Ctx<'_>, paused: bool) -> Result<Response, ContractError> {
    PAUSED.save(ctx.deps.storage, &paused)?;
    let event = event::plain(events::PAUSED).add_attribute("paused", paused.to_string());
    Ok(Response::new().add_event(event))
}
