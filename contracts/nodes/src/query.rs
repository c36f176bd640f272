//! Answers.
use std::cell::RefCell;

use cosmwasm_std::{Addr, Binary, Deps, Env, Order, StdResult, Timestamp, to_json_binary};
use cw_storage_plus::Bound;
use lyceum_api::Hash32;
use lyceum_api::nodes::{
    ActiveResponse, CommitteeResponse, ConfigResponse, DrawnSeat, GpuResponse, IsActiveResponse,
    NodeResponse, NodesResponse, Params, PowerResponse, QueryMsg, TrustLevel, UnbondingResponse,
};
use lyceum_economy::trust;
use lyceum_onchain::paging;
use lyceum_onchain::sortition::SortitionError;

use crate::earnings::Earnings;
use crate::error::ContractError;
use crate::execute::share::commission;
use crate::standing::Standing;
use crate::state::{
    ACTIVE, ADDRESSES, CONFIG, DRAW_CLOCK, GPUS, NODES, Node, PARAMS, PAUSED, QUEUED, SORTITION, STAKE,
};

mod stakes;

/// Seats of one committee.
const MAX_SEATS: u32 = 32;
/// Accounts kept out of one committee.
const MAX_EXCLUDED: usize = 64;

pub fn query(deps: Deps<'_>, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let named = |node: &str| deps.api.addr_validate(node);
    Ok(match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps, env)?),
        QueryMsg::Node { node } => {
            let standing = Standing::load(deps.storage, named(&node)?)?;
            let params = PARAMS.load(deps.storage)?;
            to_json_binary(&node_response(deps, env, &params, standing)?)
        }
        QueryMsg::Nodes { start_after, limit } => to_json_binary(&nodes(deps, env, start_after, limit)?),
        QueryMsg::Power { node, height } => to_json_binary(&power(deps, env, &named(&node)?, height)?),
        QueryMsg::Active {} => to_json_binary(&ActiveResponse { count: ACTIVE.load(deps.storage)? }),
        QueryMsg::IsActive { node } => {
            let node = NODES.may_load(deps.storage, &named(&node)?)?;
            to_json_binary(&IsActiveResponse { active: node.is_some_and(|node| node.active) })
        }
        QueryMsg::Committee { class, epoch, seed, seats, exclude } => {
            to_json_binary(&committee(deps, env, &class, epoch, seed, seats, &exclude)?)
        }
        QueryMsg::Gpu { gpu } => {
            let bound = GPUS.may_load(deps.storage, gpu.as_bytes())?;
            to_json_binary(&GpuResponse { node: bound.map(|gpu| gpu.holder) })
        }
        QueryMsg::Unbonding { node } => {
            let node = named(&node)?;
            to_json_binary(&UnbondingResponse { entries: stakes::queue(deps.storage, &node, &node)? })
        }
        QueryMsg::Delegation { node, delegator } => {
            to_json_binary(&stakes::delegation(deps, named(&node)?, &named(&delegator)?)?)
        }
        QueryMsg::Delegations { delegator, start_after, limit } => {
            to_json_binary(&stakes::delegations(deps, &named(&delegator)?, start_after, limit)?)
        }
        QueryMsg::Unbondings { delegator, start_after, limit } => {
            to_json_binary(&stakes::unbondings(deps, &named(&delegator)?, start_after, limit)?)
        }
    }?)
}

fn config(deps: Deps<'_>, env: &Env) -> StdResult<ConfigResponse> {
    let config = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        charter: config.charter,
        tasks: config.tasks,
        datasets: config.datasets,
        rewards: config.rewards,
        gpu_salt: config.gpu_salt,
        params: PARAMS.load(deps.storage)?,
        paused: PAUSED.load(deps.storage)?,
        epoch: DRAW_CLOCK.load(deps.storage)?.epoch(env.block.time.seconds()),
    })
}

fn node_response(deps: Deps<'_>, env: &Env, params: &Params, standing: Standing) -> StdResult<NodeResponse> {
    let (stake, own) = (standing.stake(), standing.own());
    let Standing { addr, node, .. } = standing;
    Ok(NodeResponse {
        addresses: ADDRESSES.may_load(deps.storage, &addr)?.unwrap_or_default(),
        own,
        unbonding: QUEUED.may_load(deps.storage, &addr)?.map(|pool| pool.tokens).unwrap_or_default(),
        rewards: Earnings::load(deps.storage, &addr, &node.pool)?.owed,
        commission: commission(deps.storage, &addr, params)?.rate,
        node: addr,
        operator: node.operator,
        peer_key: node.peer_key,
        roles: node.roles,
        classes: node.classes,
        stake,
        matured: node.matured,
        active: node.active,
        jailed_until: node.jailed_until.map(Timestamp::from_seconds),
        gpus: node.gpus,
        vote_power: node.vote_power,
        trust: match node.trust.level {
            trust::TrustLevel::Newbie => TrustLevel::Newbie,
            trust::TrustLevel::Trusted => TrustLevel::Trusted,
            trust::TrustLevel::Expert => TrustLevel::Expert,
        },
        open_claims: node.open_claims,
        reputation: node.reputation.value_at(env.block.time.seconds()),
        accepted: node.trust.accepted.into(),
    })
}

fn nodes(
    deps: Deps<'_>,
    env: &Env,
    start_after: Option<String>,
    limit: Option<u32>,
) -> StdResult<NodesResponse> {
    let start = start_after.map(|node| deps.api.addr_validate(&node)).transpose()?;
    let params = PARAMS.load(deps.storage)?;
    let nodes = NODES
        .range(deps.storage, start.as_ref().map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|item| {
            let (addr, node) = item?;
            node_response(deps, env, &params, Standing::of(addr, node))
        })
        .collect::<StdResult<_>>()?;
    Ok(NodesResponse { nodes })
}

fn power(
    deps: Deps<'_>,
    env: &Env,
    node: &Addr,
    height: Option<u64>,
) -> Result<PowerResponse, ContractError> {
    let power = match height {
        None => STAKE.may_load(deps.storage, node)?,
        // What later messages of this height may still change is not known yet; a height to come is all unknown.
        Some(height) if height > env.block.height => {
            return Err(ContractError::FutureHeight { height, now: env.block.height });
        }
        Some(height) => STAKE.may_load_at_height(deps.storage, node, height)?,
    };
    Ok(PowerResponse { power: power.unwrap_or_default() })
}

fn committee(
    deps: Deps<'_>,
    env: &Env,
    class: &str,
    epoch: u64,
    seed: Hash32,
    seats: u32,
    exclude: &[String],
) -> Result<CommitteeResponse, ContractError> {
    for (what, found, max) in
        [("seats", seats as usize, MAX_SEATS as usize), ("excluded accounts", exclude.len(), MAX_EXCLUDED)]
    {
        if found > max {
            return Err(ContractError::TooMany { what, found, max });
        }
    }
    let now = env.block.time.seconds();
    let current = DRAW_CLOCK.load(deps.storage)?.epoch(now);
    if epoch > current {
        return Err(ContractError::FutureEpoch { epoch, now: current });
    }
    let excluded = exclude.iter().map(|node| deps.api.addr_validate(node)).collect::<StdResult<Vec<_>>>()?;
    // Who may not sit does not send another of his nodes either: a seat is its operator's.
    let mut barred = Vec::with_capacity(excluded.len());
    for addr in &excluded {
        barred.extend(NODES.may_load(deps.storage, addr)?.map(|node| node.operator));
    }
    // Leaving acts from the next epoch on, as bonding does: who knows the beacon cannot step aside any more and let
    // another be drawn in his place. Only what a node cannot choose is judged as of now.
    let may_sit = |addr: &Addr, node: &Node| -> StdResult<bool> {
        let free = node.jailed_until.is_none() && node.reputation.may_be_drawn(now);
        Ok(free && !SORTITION.weight(deps.storage, class, addr, current)?.is_zero())
    };
    // Kept here as well, since a draw that cannot fill every seat gives none; fewer seats are for the caller to
    // judge. `draw` takes a candidate exactly when this list does.
    let drawn = RefCell::new(Vec::<DrawnSeat>::new());
    let accept = |addr: &Addr| {
        let node = NODES.load(deps.storage, addr)?; // only nodes weigh anything
        if barred.contains(&node.operator) || !may_sit(addr, &node)? {
            return Ok(None);
        }
        let mut drawn = drawn.borrow_mut();
        if !drawn.iter().any(|seat| seat.operator == node.operator) {
            drawn.push(DrawnSeat { node: addr.clone(), operator: node.operator.clone() });
        }
        Ok(Some(node.operator))
    };
    match SORTITION.draw(deps.storage, class, epoch, seed.as_bytes(), seats, &excluded, accept) {
        Ok(_) | Err(SortitionError::TooFew { .. }) => Ok(CommitteeResponse { seats: drawn.into_inner() }),
        Err(error) => Err(error.into()),
    }
}
