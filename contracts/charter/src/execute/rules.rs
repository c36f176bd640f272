//! The rules that `ValidateAction` answers by.
use cosmwasm_std::{DepsMut, Response};
use lyceum_api::charter::{Rule, events};

use crate::error::ContractError;
use crate::event::event;
use crate::state::RULES;
use crate::validate;

pub fn set(deps: DepsMut<'_>, rules: Vec<Rule>) -> Result<Response, ContractError> {
    validate::rules(&rules)?;
    RULES.save(deps.storage, &rules)?;
    let event = event(events::RULES_SET).add_attribute("rules", rules.len().to_string());
    Ok(Response::new().add_event(event))
}
