//! Entry points: who may send a message, and where it is handled.
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response};
use cw_utils::nonpayable;
use lyceum_api::nodes::{ExecuteMsg, InstantiateMsg, QueryMsg};
use lyceum_onchain::permission::{ensure_one_of, ensure_sender};

use crate::error::ContractError;
use crate::execute::register::Profile;
use crate::execute::{admin, bond, delegate, gpu, jail, register, report, share};
use crate::standing::Ctx;
use crate::state::PAUSED;
use crate::{migrate as migration, query as queries};

/// The contract's name in cw2.
pub const NAME: &str = "lyceum/nodes";
/// The contract's version in cw2.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sets the contract up; takes no funds.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    admin::instantiate(deps, &env, msg)
}

/// Executes a message. Only [`ExecuteMsg::Bond`], [`ExecuteMsg::Delegate`] and [`ExecuteMsg::Distribute`] take funds.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    let pays =
        matches!(msg, ExecuteMsg::Bond {} | ExecuteMsg::Delegate { .. } | ExecuteMsg::Distribute { .. });
    if !pays {
        nonpayable(&info)?;
    }
    let ctx = Ctx::load(deps, env, info)?;
    let (sender, config) = (&ctx.info.sender, &ctx.config);
    let paused = PAUSED.load(ctx.deps.storage)?;
    let open = || if paused { Err(ContractError::Paused) } else { Ok(()) };
    match msg {
        // anyone, once, unless paused
        ExecuteMsg::Register { operator, peer_key, proof, roles, classes, addresses } => {
            open()?;
            register::register(ctx, operator, peer_key, proof, Profile { roles, classes, addresses })
        }
        // a node, unless paused
        ExecuteMsg::Update { roles, classes, addresses } => {
            open()?;
            register::update(ctx, Profile { roles, classes, addresses })
        }
        // a node, unless paused
        ExecuteMsg::Bond {} => {
            open()?;
            bond::bond(ctx)
        }
        // anyone for any node, unless paused
        ExecuteMsg::Mature { node } => {
            open()?;
            bond::mature(ctx, &node)
        }
        // a node, always
        ExecuteMsg::Unbond { amount } => bond::unbond(ctx, amount),
        // a node, always
        ExecuteMsg::ClaimUnbonded {} => bond::claim(ctx),
        // anyone, unless paused
        ExecuteMsg::Delegate { node } => {
            open()?;
            delegate::delegate(ctx, &node)
        }
        // anyone of what he delegated, always
        ExecuteMsg::Undelegate { node, amount } => delegate::undelegate(ctx, &node, amount),
        // anyone of what he delegated, unless paused
        ExecuteMsg::Redelegate { from, to, amount } => {
            open()?;
            delegate::redelegate(ctx, &from, &to, amount)
        }
        // anyone for any delegation, always
        ExecuteMsg::Settle { node, delegator } => delegate::settle(ctx, &node, &delegator),
        // anyone of what he undelegated, always
        ExecuteMsg::ClaimUndelegated { node } => delegate::claim(ctx, &node),
        // anyone of what he delegated, always
        ExecuteMsg::ClaimRewards { node } => {
            let delegator = ctx.info.sender.to_string();
            delegate::settle(ctx, &node, &delegator)
        }
        // a node, unless paused
        ExecuteMsg::SetCommission { commission } => {
            open()?;
            share::set_commission(ctx, commission)
        }
        // `rewards`, always
        ExecuteMsg::Distribute { node, complete } => {
            ensure_sender(sender, &config.rewards)?;
            share::distribute(ctx, &node, complete)
        }
        // an active node, unless paused
        ExecuteMsg::BindGpu { gpu } => {
            open()?;
            gpu::bind(ctx, gpu)
        }
        // the node that holds it, unless paused
        ExecuteMsg::UnbindGpu { gpu } => {
            open()?;
            gpu::unbind(ctx, gpu)
        }
        // anyone, unless paused
        ExecuteMsg::LapseGpu { gpu } => {
            open()?;
            gpu::lapse(ctx, gpu)
        }
        // a jailed node, unless paused
        ExecuteMsg::Unjail {} => {
            open()?;
            jail::unjail(ctx)
        }
        // `tasks`; `datasets` for some events; always
        ExecuteMsg::Report { events } => {
            ensure_one_of(sender, &[&config.tasks, &config.datasets])?;
            report::report(ctx, events)
        }
        // the charter, always
        ExecuteMsg::SetParams { params } => {
            ensure_sender(sender, &config.charter)?;
            admin::set_params(ctx, params)
        }
        // the charter, always
        ExecuteMsg::SetPaused { paused } => {
            ensure_sender(sender, &config.charter)?;
            admin::set_paused(ctx, paused)
        }
    }
}

/// Answers a query.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps<'_>, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, &env, msg)
}

/// Migrates from an older version of this contract.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut<'_>, _env: Env, _msg: Empty) -> Result<Response, ContractError> {
    migration::migrate(deps)
}
