//! Entry points: who may send a message, and where it is handled.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response};
use cw_utils::nonpayable;
use lyceum_api::datasets::{ExecuteMsg, InstantiateMsg, QueryMsg};
use lyceum_onchain::permission::ensure_sender;

use crate::error::ContractError;
use crate::state::{CONFIG, PAUSED};
use crate::{execute, migrate, query};

pub(crate) const NAME: &str = env!("CARGO_PKG_NAME");
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Validates the siblings' addresses and the parameters; takes no funds.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    deps: DepsMut<'_>,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    execute::instantiate(deps, msg)
}

/// Executes a message. Only [`ExecuteMsg::Propose`] takes funds.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    if !matches!(msg, ExecuteMsg::Propose { .. }) {
        nonpayable(&info)?;
    }
    let config = CONFIG.load(deps.storage)?;
    let paused = PAUSED.load(deps.storage)?;
    let open = || if paused { Err(ContractError::Paused) } else { Ok(()) };
    match msg {
        // anyone with the deposit, unless paused
        ExecuteMsg::Propose { manifest } => {
            open()?;
            execute::propose(deps, env, info, &config, manifest)
        }
        // anyone, unless paused
        ExecuteMsg::DrawAuditors { dataset } => {
            open()?;
            execute::draw(deps, env, &config, dataset)
        }
        // an auditor of the dataset, unless paused
        ExecuteMsg::CommitAudit { dataset, commit } => {
            open()?;
            execute::commit(deps, env, info, dataset, commit)
        }
        // an auditor that committed, unless paused
        ExecuteMsg::RevealAudit { dataset, report, salt } => {
            open()?;
            execute::reveal(deps, env, info, dataset, report, &salt)
        }
        // anyone, unless paused
        ExecuteMsg::CloseAudit { dataset } => {
            open()?;
            execute::close_audit(deps, env, &config, dataset)
        }
        // a node that had power when the proposal was made, unless paused
        ExecuteMsg::Vote { dataset, yes } => {
            open()?;
            execute::vote(deps, env, info, dataset, yes)
        }
        // anyone, unless paused
        ExecuteMsg::CloseVote { dataset } => {
            open()?;
            execute::close_vote(deps, env, &config, dataset)
        }
        // `nodes`, always
        ExecuteMsg::SetPower { node, power } => {
            ensure_sender(&info.sender, &config.nodes)?;
            execute::set_power(deps, env, &node, power)
        }
        // `tasks`, always
        ExecuteMsg::RecordUse { learning_block, model, epoch, improvement, uses } => {
            ensure_sender(&info.sender, &config.tasks)?;
            execute::record_use(deps, &config, learning_block, model, epoch, improvement, &uses)
        }
        // the charter, always
        ExecuteMsg::SetParams { params } => {
            ensure_sender(&info.sender, &config.charter)?;
            execute::set_params(deps, &params)
        }
        // the charter, always
        ExecuteMsg::SetPaused { paused } => {
            ensure_sender(&info.sender, &config.charter)?;
            execute::set_paused(deps, env, paused)
        }
    }
}

/// Answers a query.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps<'_>, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    query::answer(deps, &env, msg)
}

/// Moves to this code from the same or an older version of it.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut<'_>, _env: Env, _msg: Empty) -> Result<Response, ContractError> {
    migrate::migrate(deps)
}
