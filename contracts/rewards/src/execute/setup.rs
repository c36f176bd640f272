//! Birth, and the pause switch.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use cw_utils::nonpayable;
use lyceum_api::rewards::{Event, InstantiateMsg};
use lyceum_onchain::permission::ensure_sender;

use super::maybe_paid;
use crate::contract::{NAME, VERSION};
use crate::error::ContractError;
use crate::state::{CONFIG, Config, TREASURY, Treasury, record};

pub(crate) fn instantiate(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    let valid = |address: &str| deps.api.addr_validate(address);
    let config = Config {
        charter: valid(&msg.charter)?,
        tasks: valid(&msg.tasks)?,
        datasets: valid(&msg.datasets)?,
        nodes: valid(&msg.nodes)?,
        paused: false,
    };
    CONFIG.save(deps.storage, &config)?;
    let free = maybe_paid(&info)?;
    let zero = Uint128::zero();
    let treasury = Treasury { free, accrued: zero, paid: zero, open: 0, last_seal: env.block.time };
    TREASURY.save(deps.storage, &treasury)?;
    if free.is_zero() {
        return Ok(Response::new());
    }
    record(deps.storage, &env, "fund", &info.sender, free, "genesis".to_owned())?;
    Ok(Response::new().add_event(Event::Funded { from: info.sender, amount: free }))
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
