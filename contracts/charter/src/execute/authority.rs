//! Set-up and succession: an authority hands over only to an account that answers.
use cosmwasm_std::{DepsMut, MessageInfo, Response};
use lyceum_api::charter::{InstantiateMsg, events};
use lyceum_onchain::permission::ensure_sender;

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;
use crate::event::event;
use crate::state::{
    AUTHORITY, CONTRACTS, Contracts, PACT, PAUSED, PROPOSAL, PROPOSED_AUTHORITY, Proposal, RULES,
};
use crate::validate;

pub fn instantiate(deps: DepsMut<'_>, msg: InstantiateMsg) -> Result<Response, ContractError> {
    validate::rules(&msg.rules)?;
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    let valid = |account: &str| deps.api.addr_validate(account);
    let contracts = Contracts {
        nodes: valid(&msg.contracts.nodes)?,
        datasets: valid(&msg.contracts.datasets)?,
        experts: valid(&msg.contracts.experts)?,
        tasks: valid(&msg.contracts.tasks)?,
        credits: valid(&msg.contracts.credits)?,
        rewards: valid(&msg.contracts.rewards)?,
    };
    AUTHORITY.save(deps.storage, &valid(&msg.authority)?)?;
    CONTRACTS.save(deps.storage, &contracts)?;
    PACT.save(deps.storage, &msg.pact)?;
    PROPOSAL.save(deps.storage, &Proposal::default())?;
    RULES.save(deps.storage, &msg.rules)?;
    PAUSED.save(deps.storage, &false)?;
    Ok(Response::new())
}

pub fn propose(deps: DepsMut<'_>, authority: &str) -> Result<Response, ContractError> {
    let authority = deps.api.addr_validate(authority)?;
    PROPOSED_AUTHORITY.save(deps.storage, &authority)?;
    Ok(Response::new().add_event(event(events::AUTHORITY_PROPOSED).add_attribute("authority", authority)))
}

pub fn accept(deps: DepsMut<'_>, info: &MessageInfo) -> Result<Response, ContractError> {
    let successor = PROPOSED_AUTHORITY.may_load(deps.storage)?.ok_or(ContractError::NoSuccessor)?;
    ensure_sender(&info.sender, &successor)?;
    PROPOSED_AUTHORITY.remove(deps.storage);
    AUTHORITY.save(deps.storage, &successor)?;
    Ok(Response::new().add_event(event(events::AUTHORITY_ACCEPTED).add_attribute("authority", successor)))
}
