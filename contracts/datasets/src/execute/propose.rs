//! A proposal with its deposit.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use cw_utils::must_pay;
use lyceum_api::datasets::{DatasetManifest, Event, Status};
use lyceum_api::{DENOM, nodes, tasks};
use lyceum_onchain::beacon::first_round_from;

use crate::bounds;
use crate::error::ContractError;
use crate::state::{COUNT, Config, DATASETS, Dataset, HeldShard, MANIFESTS, PARAMS, SHARDS, TOTAL_POWER};

pub(crate) fn propose(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    config: &Config,
    manifest: DatasetManifest,
) -> Result<Response, ContractError> {
    let params = PARAMS.load(deps.storage)?;
    let deposit = Uint128::try_from(must_pay(&info, DENOM)?)
        .map_err(|_| ContractError::Overflow { what: "the deposit" })?;
    if deposit != params.deposit {
        return Err(ContractError::Deposit { required: params.deposit, found: deposit });
    }
    bounds::manifest(&manifest, &params)?;
    let id = COUNT.load(deps.storage)?.checked_add(1).ok_or(ContractError::Overflow { what: "ids" })?;
    for shard in &manifest.shards {
        if let Some(held) = SHARDS.may_load(deps.storage, shard.root.0)? {
            return Err(ContractError::ShardTaken { root: shard.root, dataset: held.dataset });
        }
        SHARDS.save(deps.storage, shard.root.0, &HeldShard { dataset: id, bytes: shard.bytes })?;
    }
    let round = drawing_round(&deps, &env, config)?;
    let height = env.block.height;
    let dataset = Dataset {
        proposer: info.sender.clone(),
        deposit,
        status: Status::Proposed { round },
        height,
        epoch: nodes::Client::new(config.nodes.clone()).epoch(&deps.querier)?,
        proposed_at: env.block.time,
        audit: None,
        allowed: None,
        yes: 0,
        no: 0,
        // Whatever else this block writes, a read at its height gives what stood before.
        total_power: TOTAL_POWER.may_load_at_height(deps.storage, height)?.unwrap_or_default(),
    };
    DATASETS.save(deps.storage, id, &dataset)?;
    MANIFESTS.save(deps.storage, id, &manifest)?;
    COUNT.save(deps.storage, &id)?;
    Ok(Response::new().add_event(Event::Proposed { dataset: id, proposer: info.sender, round }))
}

/// The first round that comes out later than now and the delay: one that comes out now may be known already.
fn drawing_round(deps: &DepsMut<'_>, env: &Env, config: &Config) -> Result<u64, ContractError> {
    let tasks = tasks::Client::new(config.tasks.clone()).config(&deps.querier)?;
    let after = env.block.time.seconds().saturating_add(tasks.params.draw_delay_seconds);
    Ok(first_round_from(tasks.beacon.genesis, tasks.beacon.period, after.saturating_add(1)))
}
