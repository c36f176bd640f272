//! Entry points: who may send a message, and where it is handled.
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response};
use cw_utils::nonpayable;
use lyceum_api::charter::{ExecuteMsg, InstantiateMsg, QueryMsg};
use lyceum_onchain::permission::ensure_sender;

use crate::error::ContractError;
use crate::execute::{act, authority, pact, pause, rules};
use crate::state::AUTHORITY;
use crate::{migrate as migration, query as queries};

/// The contract's name in cw2.
pub const NAME: &str = "lyceum/charter";
/// The contract's version in cw2.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sets the contract up; takes no funds.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    deps: DepsMut<'_>,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    authority::instantiate(deps, msg)
}

/// Executes a message; none takes funds.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(
    deps: DepsMut<'_>,
    _env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let authority = AUTHORITY.load(deps.storage)?;
    let by_authority = || ensure_sender(&info.sender, &authority);
    match msg {
        // the authority
        ExecuteMsg::ProposeAuthority { authority } => {
            by_authority()?;
            authority::propose(deps, &authority)
        }
        // the named successor
        ExecuteMsg::AcceptAuthority {} => authority::accept(deps, &info),
        // the authority
        ExecuteMsg::ProposePact { pact } => {
            by_authority()?;
            pact::propose(deps, pact)
        }
        // an active node, once
        ExecuteMsg::Acknowledge { pact } => pact::acknowledge(deps, info.sender, pact),
        // anyone
        ExecuteMsg::AdoptPact {} => pact::adopt(deps),
        // the authority
        ExecuteMsg::SetRules { rules } => {
            by_authority()?;
            rules::set(deps, rules)
        }
        // the authority
        ExecuteMsg::Pause {} => {
            by_authority()?;
            pause::pause(deps)
        }
        // the authority
        ExecuteMsg::Resume {} => {
            by_authority()?;
            pause::resume(deps)
        }
        // the authority
        ExecuteMsg::Act { action } => {
            by_authority()?;
            act::act(deps, action)
        }
    }
}

/// Answers a query.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps<'_>, _env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, msg)
}

/// Hears of contracts that did not take a pause.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(_deps: DepsMut<'_>, _env: Env, reply: Reply) -> Result<Response, ContractError> {
    pause::reply(reply)
}

/// Migrates from an older version of this contract.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut<'_>, _env: Env, _msg: Empty) -> Result<Response, ContractError> {
    migration::migrate(deps)
}
