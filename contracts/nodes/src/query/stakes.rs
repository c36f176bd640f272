//! Delegations and queues.
use cosmwasm_std::{Addr, Deps, Order, StdError, StdResult, Storage, Timestamp, Uint128};
use cw_storage_plus::{Bound, Map};
use lyceum_api::nodes::{
    DelegationResponse, DelegationsResponse, NodeUnbonding, RedelegationEntry, UnbondingEntry,
    UnbondingsResponse,
};
use lyceum_onchain::paging;

use crate::earnings::Earnings;
use crate::error::ContractError;
use crate::standing::Standing;
use crate::state::{DELEGATIONS, Delegation, MOVED, Moved, QUEUED, QUEUES};

pub fn delegation(deps: Deps<'_>, node: Addr, delegator: &Addr) -> Result<DelegationResponse, ContractError> {
    let standing = Standing::load(deps.storage, node)?;
    if standing.addr == *delegator {
        let (amount, node) = (standing.own(), standing.addr);
        return Ok(DelegationResponse { node, amount, rewards: Uint128::zero(), redelegations: vec![] });
    }
    let delegation = DELEGATIONS.may_load(deps.storage, (delegator, &standing.addr))?;
    Ok(response(deps, standing, delegation.unwrap_or_default())?)
}

fn response(deps: Deps<'_>, standing: Standing, delegation: Delegation) -> StdResult<DelegationResponse> {
    let (pool, node) = (standing.node.pool, standing.addr);
    let Delegation { mut stake, moved } = delegation;
    if stake.era != pool.era {
        return Ok(DelegationResponse {
            node,
            amount: Uint128::zero(),
            rewards: Uint128::zero(),
            redelegations: vec![],
        });
    }
    let rewards = Earnings::load(deps.storage, &node, &pool)?.pull(deps.storage, &node, &mut stake)?;
    let entry = |moved: Moved| {
        let pool = MOVED.may_load(deps.storage, &moved.from)?.unwrap_or_default();
        let amount = pool.worth_of(moved.exposed, moved.era);
        Ok(RedelegationEntry { from: moved.from, amount, at: Timestamp::from_seconds(moved.at) })
    };
    let redelegations = moved.into_iter().map(entry).collect::<StdResult<_>>()?;
    Ok(DelegationResponse { amount: pool.worth(stake.shares), node, rewards, redelegations })
}

/// A page of what an account has at nodes.
fn page<T>(
    deps: Deps<'_>,
    map: Map<(&Addr, &Addr), T>,
    owner: &Addr,
    start_after: Option<String>,
    limit: Option<u32>,
) -> StdResult<Vec<(Addr, T)>>
where
    T: cosmwasm_schema::serde::Serialize + cosmwasm_schema::serde::de::DeserializeOwned,
{
    let start = start_after.map(|node| deps.api.addr_validate(&node)).transpose()?;
    map.prefix(owner)
        .range(deps.storage, start.as_ref().map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .collect()
}

pub fn delegations(
    deps: Deps<'_>,
    delegator: &Addr,
    start_after: Option<String>,
    limit: Option<u32>,
) -> StdResult<DelegationsResponse> {
    let delegations = page(deps, DELEGATIONS, delegator, start_after, limit)?
        .into_iter()
        .map(|(node, delegation)| {
            let standing = Standing::load(deps.storage, node).map_err(StdError::from)?;
            response(deps, standing, delegation)
        })
        .collect::<StdResult<_>>()?;
    Ok(DelegationsResponse { delegations })
}

/// An owner's queue of a node; void entries are left out.
pub fn queue(storage: &dyn Storage, owner: &Addr, node: &Addr) -> StdResult<Vec<UnbondingEntry>> {
    let pool = QUEUED.may_load(storage, node)?.unwrap_or_default();
    let exits = QUEUES.may_load(storage, (owner, node))?.unwrap_or_default();
    let entries = exits.into_iter().map(|exit| UnbondingEntry {
        amount: pool.worth_of(exit.shares, exit.era),
        at: Timestamp::from_seconds(exit.at),
    });
    Ok(entries.filter(|entry| !entry.amount.is_zero()).collect())
}

pub fn unbondings(
    deps: Deps<'_>,
    owner: &Addr,
    start_after: Option<String>,
    limit: Option<u32>,
) -> StdResult<UnbondingsResponse> {
    let unbondings = page(deps, QUEUES, owner, start_after, limit)?
        .into_iter()
        .map(|(node, _)| Ok(NodeUnbonding { entries: queue(deps.storage, owner, &node)?, node }))
        .collect::<StdResult<_>>()?;
    Ok(UnbondingsResponse { unbondings })
}
