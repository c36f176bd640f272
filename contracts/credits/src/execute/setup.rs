//! Birth, and the pause switch.

use cosmwasm_std::{DepsMut, MessageInfo, Response, Uint128};
use cw_utils::nonpayable;
use lyceum_api::credits::{Event, InstantiateMsg};
use lyceum_onchain::permission::ensure_sender;

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;
use crate::state::{CONFIG, Config, TOTAL};

pub(crate) fn instantiate(
    deps: DepsMut<'_>,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    let valid = |address: &str| deps.api.addr_validate(address);
    let config = Config {
        charter: valid(&msg.charter)?,
        tasks: valid(&msg.tasks)?,
        datasets: valid(&msg.datasets)?,
        paused: false,
    };
    CONFIG.save(deps.storage, &config)?;
    TOTAL.save(deps.storage, &Uint128::zero())?;
    Ok(Response::new())
}

pub(crate) fn set_paused(
    deps: DepsMut<'_>,
    info: MessageInfo,
    paused: bool,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let mut config = CONFIG.load(deps.storage)?;
    ensure_sender(&info.sender, &config.charter)?;
    config.paused = paused;
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new().add_event(Event::Paused { paused }))
}
