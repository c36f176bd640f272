//! Answers.
use cosmwasm_std::{Binary, Deps, StdResult, to_json_binary};
use lyceum_api::charter::{
    AcknowledgedResponse, ActionParam, CharterResponse, Contracts, MAX_ACTION_PARAMS, QueryMsg, Rule,
    RulesResponse, ValidateActionResponse,
};

use crate::error::ContractError;
use crate::state::{ACKNOWLEDGED, AUTHORITY, CONTRACTS, PACT, PAUSED, PROPOSAL, PROPOSED_AUTHORITY, RULES};

pub fn query(deps: Deps<'_>, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Charter {} => to_json_binary(&charter(deps)?),
        QueryMsg::Rules {} => to_json_binary(&RulesResponse { rules: RULES.load(deps.storage)? }),
        QueryMsg::ValidateAction { action, params } => {
            let reason = violation(&RULES.load(deps.storage)?, &action, &params);
            to_json_binary(&ValidateActionResponse { allowed: reason.is_none(), reason })
        }
        QueryMsg::Acknowledged { node } => {
            let (node, proposal) = (deps.api.addr_validate(&node)?, PROPOSAL.load(deps.storage)?);
            let acknowledged =
                proposal.pact.is_some() && ACKNOWLEDGED.has(deps.storage, (proposal.number, &node));
            to_json_binary(&AcknowledgedResponse { acknowledged })
        }
    }?)
}

fn charter(deps: Deps<'_>) -> StdResult<CharterResponse> {
    let contracts = CONTRACTS.load(deps.storage)?;
    let proposal = PROPOSAL.load(deps.storage)?;
    Ok(CharterResponse {
        authority: AUTHORITY.load(deps.storage)?.into(),
        proposed_authority: PROPOSED_AUTHORITY.may_load(deps.storage)?.map(Into::into),
        pact: PACT.load(deps.storage)?,
        proposed_pact: proposal.pact,
        acknowledged: proposal.acknowledged,
        paused: PAUSED.load(deps.storage)?,
        contracts: Contracts {
            nodes: contracts.nodes.into(),
            datasets: contracts.datasets.into(),
            experts: contracts.experts.into(),
            tasks: contracts.tasks.into(),
            credits: contracts.credits.into(),
            rewards: contracts.rewards.into(),
        },
    })
}

/// Why the rules do not allow an action, if they do not. What no rule names is not allowed.
fn violation(rules: &[Rule], action: &str, params: &[ActionParam]) -> Option<String> {
    if params.len() > MAX_ACTION_PARAMS {
        return Some(format!("{} parameters, expected at most {MAX_ACTION_PARAMS}", params.len()));
    }
    let Some(rule) = rules.iter().find(|rule| rule.action == action) else {
        return Some(format!("no rule allows {:?}", action.chars().take(64).collect::<String>()));
    };
    rule.limits.iter().find_map(|limit| {
        let mut values = params.iter().filter(|param| param.name == limit.name);
        let (Some(param), None) = (values.next(), values.next()) else {
            return Some(format!("{} must be given once", limit.name));
        };
        let (value, min, max) = (param.value, limit.min, limit.max);
        let outside = value < min || value > max;
        outside.then(|| format!("{} is {value}, expected {min} to {max}", limit.name))
    })
}
