//! The pact: proposed by the authority, in force once three quarters of the active nodes have acknowledged it.
use cosmwasm_std::{Addr, DepsMut, Empty, Response};
use lyceum_api::Hash32;
use lyceum_api::charter::events;
use lyceum_api::nodes;

use crate::error::ContractError;
use crate::event::event;
use crate::state::{ACKNOWLEDGED, CONTRACTS, PACT, PROPOSAL, Proposal};

/// Share of the active nodes that must have acknowledged a pact.
const PERCENT: u64 = 75;

pub fn propose(deps: DepsMut<'_>, pact: Hash32) -> Result<Response, ContractError> {
    if PACT.load(deps.storage)? == pact {
        return Err(ContractError::SamePact { pact });
    }
    // Numbers are proposals ever made: 2⁶⁴ are not reached.
    let number = PROPOSAL.load(deps.storage)?.number + 1;
    PROPOSAL.save(deps.storage, &Proposal { number, pact: Some(pact), acknowledged: 0 })?;
    Ok(Response::new().add_event(
        event(events::PACT_PROPOSED)
            .add_attribute("pact", pact.to_string())
            .add_attribute("proposal", number.to_string()),
    ))
}

pub fn acknowledge(deps: DepsMut<'_>, node: Addr, pact: Hash32) -> Result<Response, ContractError> {
    let mut proposal = PROPOSAL.load(deps.storage)?;
    let expected = proposal.pact.ok_or(ContractError::NoProposal)?;
    if pact != expected {
        return Err(ContractError::OtherPact { found: pact, expected });
    }
    let nodes = nodes::Client::new(CONTRACTS.load(deps.storage)?.nodes);
    if !nodes.is_active(&deps.querier, &node)? {
        return Err(ContractError::NotActive { node });
    }
    let key = (proposal.number, &node);
    if ACKNOWLEDGED.has(deps.storage, key) {
        return Err(ContractError::AlreadyAcknowledged { node });
    }
    ACKNOWLEDGED.save(deps.storage, key, &Empty {})?;
    proposal.acknowledged += 1; // at most once per account
    PROPOSAL.save(deps.storage, &proposal)?;
    Ok(Response::new().add_event(
        event(events::PACT_ACKNOWLEDGED)
            .add_attribute("node", node)
            .add_attribute("pact", pact.to_string())
            .add_attribute("acknowledged", proposal.acknowledged.to_string()),
    ))
}

pub fn adopt(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    let proposal = PROPOSAL.load(deps.storage)?;
    let pact = proposal.pact.ok_or(ContractError::NoProposal)?;
    let active = nodes::Client::new(CONTRACTS.load(deps.storage)?.nodes).active(&deps.querier)?;
    let acknowledged = proposal.acknowledged;
    // Widened, so that no count overflows. Without active nodes there is nobody to bind.
    if active == 0 || u128::from(acknowledged) * 100 < u128::from(PERCENT) * u128::from(active) {
        return Err(ContractError::TooFewAcknowledged { acknowledged, active, percent: PERCENT });
    }
    PACT.save(deps.storage, &pact)?;
    PROPOSAL.save(deps.storage, &Proposal { pact: None, acknowledged: 0, ..proposal })?;
    Ok(Response::new().add_event(
        event(events::PACT_ADOPTED)
            .add_attribute("pact", pact.to_string())
            .add_attribute("acknowledged", acknowledged.to_string())
            .add_attribute("active", active.to_string()),
    ))
}
