//! Entry points: who may send a message, and where it is handled.
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response};
use cw_utils::nonpayable;
use lyceum_api::tasks::{ExecuteMsg, InstantiateMsg, QueryMsg};

use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::execute::{
    admin, attest, availability, beacon, challenge, commit, domain, draw, expire, finalize, heads, open,
    open_sketches, reveal, serve, settle, span, take, unseal, void,
};
use crate::{migrate as migration, query as queries};

/// The contract's name in cw2.
pub const NAME: &str = "lyceum/tasks";
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
    admin::instantiate(deps, &env, msg).map_err(Refused::reason)
}

/// Executes a message. Funds come with `OpenTask`, `Take` and `Challenge` alone; while paused, only the charter
/// is heard.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    use ExecuteMsg::*;
    if !matches!(msg, OpenTask { .. } | Take { .. } | Challenge { .. }) {
        nonpayable(&info)?;
    }
    let by_charter = matches!(msg, SetParams { .. } | SetPaused { .. } | RegisterDomain { .. });
    let mut ctx = Ctx::load(deps, env, info).map_err(Refused::reason)?;
    if by_charter {
        ctx.only(&ctx.config.charter).map_err(Refused::reason)?;
    } else if ctx.clock.is_paused() {
        return Err(ContractError::Paused);
    }
    let clock = ctx.clock;
    let c = &mut ctx;
    let handled = match msg {
        // the charter, also while paused
        RegisterDomain { domain } => domain::register(c, domain),
        SetParams { params } => admin::set_params(c, params),
        SetPaused { paused } => admin::set_paused(c, paused),
        // an active coordinator
        OpenTask { task } => open::open(c, task),
        // an active trainer that is not of the opener's operator
        Take { task, recipe } => take::take(c, task, recipe),
        // the claim's trainer
        Commit { claim, commit } => commit::commit(c, claim, commit),
        Reveal { claim, content, salt } => reveal::reveal(c, claim, content, &salt),
        Serve { panel, opening, states } => serve::serve(c, panel, opening, states),
        Open { panel, opening, salt } => open_sketches::open(c, panel, opening, salt),
        OpenSpan { claim, from, states } => span::open_span(c, claim, from, states),
        // a seat of the panel
        ChallengeAvailability { panel, state, tile } => availability::ask(c, panel, state, tile),
        Attest { panel, commit } => attest::commit(c, panel, commit),
        RevealAttestation { panel, attestation, salt } => attest::reveal(c, panel, attestation, &salt),
        // anyone but the claim's trainer, then the same one
        Challenge { claim, commit } => challenge::commit(c, claim, commit),
        RevealChallenge { claim, interval, salt } => challenge::reveal(c, claim, interval, &salt),
        // anyone
        PostBeacon { round, signature } => beacon::post(c, round, &signature),
        Unseal { task, key } => unseal::unseal(c, task, key),
        Draw { panel } => draw::draw(c, panel),
        AnswerAvailability { panel, state, size, data, proof } => {
            availability::answer(c, panel, state, size, &data, proof)
        }
        Settle { panel } => settle::settle(c, panel),
        Expire { claim } => expire::expire(c, claim),
        VoidTask { task } => void::void_task(c, task),
        Finalize { task } => finalize::finalize(c, task),
        CheckHeads {} => heads::check(c),
    };
    handled.map_err(|error| clock.error(error.reason()))?;
    ctx.finish().map_err(Refused::reason)
}

/// Takes the answer of `experts`: the id of a block it recorded.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut<'_>, _env: Env, msg: Reply) -> Result<Response, ContractError> {
    reveal::block_recorded(deps, msg).map_err(Refused::reason)
}

/// Answers a query.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps<'_>, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, &env, msg).map_err(Refused::reason)
}

/// Migrates from an older version of this contract.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut<'_>, _env: Env, _msg: Empty) -> Result<Response, ContractError> {
    migration::migrate(deps).map_err(Refused::reason)
}
