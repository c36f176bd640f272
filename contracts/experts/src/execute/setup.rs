//! Birth, and the pause switch.

use cosmwasm_std::{DepsMut, MessageInfo, Response};
use cw_utils::nonpayable;
use lyceum_api::experts::{Event, InstantiateMsg};
use lyceum_onchain::permission::ensure_sender;

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;
use crate::state::{CONFIG, Config};

pub(crate) fn instantiate(
    deps: DepsMut<'_>,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    let charter = deps.api.addr_validate(&msg.charter)?;
    let tasks = deps.api.addr_validate(&msg.tasks)?;
    CONFIG.save(deps.storage, &Config { charter, tasks, paused: false })?;
    Ok(Response::new())
}

pub(crate) fn set_paused(
    deps: DepsMut<'_>,
    info: MessageInfo,
    paused: bool,
) -> Result<Response, ContractError> {
    let mut config = CONFIG.load(deps.storage)?;
    ensure_sender(&info.sender, &config.charter)?;
    config.paused = paused;
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new().add_event(Event::Paused { paused }))
}
