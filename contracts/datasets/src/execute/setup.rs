//! Birth, parameters, and the pause switch.

use cosmwasm_std::{DepsMut, Env, Response};
use lyceum_api::datasets::{Event, InstantiateMsg, Params};

use crate::bounds;
use crate::contract::{NAME, VERSION};
use crate::error::ContractError;
use crate::state::{CONFIG, COUNT, Config, PARAMS, PAUSED, RESUMED};

pub(crate) fn instantiate(deps: DepsMut<'_>, msg: InstantiateMsg) -> Result<Response, ContractError> {
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    bounds::params(&msg.params)?;
    let valid = |address: &str| deps.api.addr_validate(address);
    let config = Config {
        charter: valid(&msg.charter)?,
        nodes: valid(&msg.nodes)?,
        tasks: valid(&msg.tasks)?,
        credits: valid(&msg.credits)?,
        rewards: valid(&msg.rewards)?,
    };
    CONFIG.save(deps.storage, &config)?;
    PARAMS.save(deps.storage, &msg.params)?;
    PAUSED.save(deps.storage, &false)?;
    COUNT.save(deps.storage, &0)?;
    Ok(Response::new())
}

/// Proposals that are open keep the deposit they paid and the windows that have begun.
pub(crate) fn set_params(deps: DepsMut<'_>, params: &Params) -> Result<Response, ContractError> {
    bounds::params(params)?;
    PARAMS.save(deps.storage, params)?;
    Ok(Response::new().add_event(Event::ParamsSet {}))
}

pub(crate) fn set_paused(deps: DepsMut<'_>, env: Env, paused: bool) -> Result<Response, ContractError> {
    if PAUSED.load(deps.storage)? && !paused {
        RESUMED.save(deps.storage, &env.block.time)?;
    }
    PAUSED.save(deps.storage, &paused)?;
    Ok(Response::new().add_event(Event::Paused { paused }))
}
