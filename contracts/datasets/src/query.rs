//! Answers.

use cosmwasm_std::{Binary, Deps, Env, Order, StdResult, to_json_binary};
use cw_storage_plus::Bound;
use lyceum_api::Hash32;
use lyceum_api::datasets::{
    AuditSeat, AuditsResponse, ConfigResponse, DatasetResponse, DatasetsResponse, PowerResponse, QueryMsg,
    UsedResponse, VoteInfo, VotesResponse,
};
use lyceum_onchain::paging;

use crate::bounds;
use crate::error::ContractError;
use crate::state::{
    AUDITS, CONFIG, DATASETS, Dataset, MANIFESTS, PARAMS, PAUSED, POWER, TOTAL_POWER, USED, VOTES,
};

pub(crate) fn answer(deps: Deps<'_>, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let binary = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Dataset { dataset } => {
            to_json_binary(&response(deps, dataset, Dataset::load(deps.storage, dataset)?)?)
        }
        QueryMsg::Datasets { start_after, limit } => to_json_binary(&datasets(deps, start_after, limit)?),
        QueryMsg::Votes { dataset, start_after, limit } => {
            to_json_binary(&votes(deps, dataset, start_after, limit)?)
        }
        QueryMsg::Audits { dataset } => to_json_binary(&audits(deps, dataset)?),
        QueryMsg::Power { node, height } => to_json_binary(&power(deps, env, &node, height)?),
        QueryMsg::Used { model, epoch, shards } => to_json_binary(&used(deps, model, epoch, &shards)?),
    };
    Ok(binary?)
}

fn config(deps: Deps<'_>) -> StdResult<ConfigResponse> {
    Ok(ConfigResponse {
        charter: CONFIG.load(deps.storage)?.charter,
        params: PARAMS.load(deps.storage)?,
        paused: PAUSED.load(deps.storage)?,
        total_power: TOTAL_POWER.may_load(deps.storage)?.unwrap_or_default(),
    })
}

fn response(deps: Deps<'_>, id: u64, dataset: Dataset) -> StdResult<DatasetResponse> {
    Ok(DatasetResponse {
        id,
        proposer: dataset.proposer,
        manifest: MANIFESTS.load(deps.storage, id)?,
        status: dataset.status,
        height: dataset.height,
        proposed_at: dataset.proposed_at,
        audit: dataset.audit,
        allowed: dataset.allowed,
        yes: dataset.yes,
        no: dataset.no,
        total_power: dataset.total_power,
    })
}

fn datasets(deps: Deps<'_>, start_after: Option<u64>, limit: Option<u32>) -> StdResult<DatasetsResponse> {
    let datasets = DATASETS
        .range(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|item| item.and_then(|(id, dataset)| response(deps, id, dataset)))
        .collect::<StdResult<_>>()?;
    Ok(DatasetsResponse { datasets })
}

fn votes(
    deps: Deps<'_>,
    id: u64,
    start_after: Option<String>,
    limit: Option<u32>,
) -> Result<VotesResponse, ContractError> {
    Dataset::load(deps.storage, id)?;
    let start = start_after.map(|voter| deps.api.addr_validate(&voter)).transpose()?;
    let votes = VOTES
        .prefix(id)
        .range(deps.storage, start.as_ref().map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|item| item.map(|(voter, ballot)| VoteInfo { voter, yes: ballot.yes, power: ballot.power }))
        .collect::<StdResult<_>>()?;
    Ok(VotesResponse { votes })
}

fn audits(deps: Deps<'_>, id: u64) -> Result<AuditsResponse, ContractError> {
    Dataset::load(deps.storage, id)?;
    let seats = AUDITS.may_load(deps.storage, id)?.map(|audit| audit.seats).unwrap_or_default();
    let seats = seats
        .into_iter()
        .map(|seat| AuditSeat { node: seat.node, commit: seat.commit, report: seat.report })
        .collect();
    Ok(AuditsResponse { seats })
}

fn power(deps: Deps<'_>, env: &Env, node: &str, height: Option<u64>) -> Result<PowerResponse, ContractError> {
    let node = deps.api.addr_validate(node)?;
    let now = env.block.height;
    let power = match height {
        None => POWER.may_load(deps.storage, &node)?,
        Some(height) if height > now => return Err(ContractError::FutureHeight { height, now }),
        Some(height) => POWER.may_load_at_height(deps.storage, &node, height)?,
    };
    Ok(PowerResponse { power: power.unwrap_or_default() })
}

fn used(deps: Deps<'_>, model: u64, epoch: u64, shards: &[Hash32]) -> Result<UsedResponse, ContractError> {
    bounds::entries("shards", shards.len())?;
    let used = shards.iter().map(|shard| USED.has(deps.storage, (model, epoch, shard.0))).collect();
    Ok(UsedResponse { used })
}
