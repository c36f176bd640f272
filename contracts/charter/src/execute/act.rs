//! What the authority does to the other contracts.
use cosmwasm_std::{DepsMut, Response};
use lyceum_api::charter::{Action, events};
use lyceum_api::{datasets, experts, nodes, rewards, tasks};

use crate::error::ContractError;
use crate::event::event;
use crate::state::CONTRACTS;

/// Forwards an action; what the contract refuses fails the message.
pub fn act(deps: DepsMut<'_>, action: Action) -> Result<Response, ContractError> {
    let contracts = CONTRACTS.load(deps.storage)?;
    let (name, msg) = match action {
        Action::SetNodes { params } => {
            let client = nodes::Client::new(contracts.nodes);
            ("set_nodes", client.execute(&nodes::ExecuteMsg::SetParams { params }, vec![])?)
        }
        Action::SetDatasets { params } => {
            let client = datasets::Client::new(contracts.datasets);
            ("set_datasets", client.execute(&datasets::ExecuteMsg::SetParams { params }, vec![])?)
        }
        Action::SetTasks { params } => {
            let client = tasks::Client::new(contracts.tasks);
            ("set_tasks", client.execute(&tasks::ExecuteMsg::SetParams { params }, vec![])?)
        }
        Action::RegisterModel { model } => {
            let client = experts::Client::new(contracts.experts);
            ("register_model", client.execute(&experts::ExecuteMsg::RegisterModel { model }, vec![])?)
        }
        Action::RegisterDomain { domain } => {
            let client = tasks::Client::new(contracts.tasks);
            ("register_domain", client.execute(&tasks::ExecuteMsg::RegisterDomain { domain }, vec![])?)
        }
        Action::Grant { to, amount, reason } => {
            let client = rewards::Client::new(contracts.rewards);
            ("grant", client.execute(&rewards::ExecuteMsg::Grant { to, amount, reason }, vec![])?)
        }
    };
    Ok(Response::new().add_message(msg).add_event(event(events::ACTED).add_attribute("action", name)))
}
