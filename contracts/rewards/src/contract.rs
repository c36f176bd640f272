//! Entry points: they dispatch, and nothing else.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdResult};
use lyceum_api::rewards::{ExecuteMsg, InstantiateMsg, QueryMsg};

use crate::error::ContractError;
use crate::{execute, migrate, query};

pub(crate) const NAME: &str = env!("CARGO_PKG_NAME");
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Validates the siblings' addresses and opens the treasury with the funds sent along.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    execute::instantiate(deps, env, info, msg)
}

/// Executes a message; who may send it stands beside it in `lyceum_api::rewards`.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    match msg {
        ExecuteMsg::Fund {} => execute::fund(deps, env, info),
        ExecuteMsg::Deposit { payments } => execute::deposit(deps, env, info, payments),
        ExecuteMsg::Accrue { learning_block, accruals } => {
            execute::accrue(deps, info, learning_block, accruals)
        }
        ExecuteMsg::Seal { learning_block } => execute::seal(deps, env, info, learning_block),
        ExecuteMsg::Claim { limit } => execute::claim(deps, env, info, limit),
        ExecuteMsg::Share { node, limit } => execute::share(deps, env, info, &node, limit),
        ExecuteMsg::SetShared { node, shared } => execute::set_shared(deps, info, &node, shared),
        ExecuteMsg::Grant { to, amount, reason } => execute::grant(deps, env, info, to, amount, reason),
        ExecuteMsg::SetPaused { paused } => execute::set_paused(deps, info, paused),
    }
}

/// Answers a query.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps<'_>, _env: Env, msg: QueryMsg) -> StdResult<Binary> {
    query::answer(deps, msg)
}

/// Moves to this code from the same or an older version of it.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut<'_>, _env: Env, _msg: Empty) -> Result<Response, ContractError> {
    migrate::migrate(deps)
}
