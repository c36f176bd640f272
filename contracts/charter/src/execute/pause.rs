//! The pause switch. It must not be blockable: a contract that fails to pause is reported and the others pause
//! all the same, in a fixed order. Both messages may be repeated until no contract is reported.
use cosmwasm_std::{CosmosMsg, DepsMut, Reply, Response, StdResult, SubMsg, SubMsgResult};
use lyceum_api::charter::events;
use lyceum_api::{credits, datasets, experts, nodes, rewards, tasks};

use crate::error::ContractError;
use crate::event::event;
use crate::state::{CONTRACTS, Contracts, PAUSED};

/// The order of the pushes, first those that move work and money; a reply's id is the place in it.
const ORDER: [&str; 6] = ["tasks", "rewards", "nodes", "datasets", "experts", "credits"];

fn messages(contracts: Contracts, paused: bool) -> StdResult<[CosmosMsg; 6]> {
    let Contracts { nodes: n, datasets: d, experts: e, tasks: t, credits: c, rewards: r } = contracts;
    Ok([
        tasks::Client::new(t).execute(&tasks::ExecuteMsg::SetPaused { paused }, vec![])?,
        rewards::Client::new(r).execute(&rewards::ExecuteMsg::SetPaused { paused }, vec![])?,
        nodes::Client::new(n).execute(&nodes::ExecuteMsg::SetPaused { paused }, vec![])?,
        datasets::Client::new(d).execute(&datasets::ExecuteMsg::SetPaused { paused }, vec![])?,
        experts::Client::new(e).execute(&experts::ExecuteMsg::SetPaused { paused }, vec![])?,
        credits::Client::new(c).execute(&credits::ExecuteMsg::SetPaused { paused }, vec![])?,
    ])
}

fn switch(deps: DepsMut<'_>, paused: bool) -> Result<Response, ContractError> {
    PAUSED.save(deps.storage, &paused)?;
    let messages = messages(CONTRACTS.load(deps.storage)?, paused)?;
    // A failure comes back as a reply and undoes only its own message.
    let pushes = (0..).zip(messages).map(|(id, msg)| SubMsg::reply_on_error(msg, id));
    let name = if paused { events::PAUSED } else { events::RESUMED };
    Ok(Response::new().add_submessages(pushes).add_event(event(name)))
}

pub fn pause(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    switch(deps, true)
}

pub fn resume(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    switch(deps, false)
}

pub fn reply(reply: Reply) -> Result<Response, ContractError> {
    let contract = usize::try_from(reply.id).ok().and_then(|id| ORDER.get(id));
    match (contract, reply.result) {
        (Some(contract), SubMsgResult::Err(error)) => Ok(Response::new().add_event(
            event(events::PAUSE_FAILED).add_attribute("contract", *contract).add_attribute("error", error),
        )),
        _ => Err(ContractError::UnknownReply { id: reply.id }),
    }
}
