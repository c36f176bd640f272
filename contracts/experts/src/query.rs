//! Answers.

use cosmwasm_std::{Binary, Deps, Order, StdError, StdResult, to_json_binary};
use cw_storage_plus::Bound;
use lyceum_api::Hash32;
use lyceum_api::experts::{
    AccumulatorResponse, BlockResponse, BlockStatus, BlocksResponse, ConfigResponse, Head, HeadResponse,
    HeadsResponse, ModelResponse, ModelsResponse, ProofResponse, QueryMsg, block_leaf,
};
use lyceum_api::manifest::Target;
use lyceum_onchain::paging;

use crate::error::ContractError;
use crate::state::{Block, CONFIG, FINAL, FIRST_EXPERT, HEADS, HISTORY, MODELS, Model, blocks, target_key};

pub(crate) fn answer(deps: Deps<'_>, msg: QueryMsg) -> StdResult<Binary> {
    match msg {
        QueryMsg::Config {} => {
            let config = CONFIG.load(deps.storage)?;
            let (charter, tasks, paused) = (config.charter, config.tasks, config.paused);
            to_json_binary(&ConfigResponse { charter, tasks, paused })
        }
        QueryMsg::Model { model } => {
            let found = MODELS.may_load(deps.storage, model)?.ok_or(ContractError::NoModel { model })?;
            to_json_binary(&model_response(model, found))
        }
        QueryMsg::Models { start_after, limit } => to_json_binary(&models(deps, start_after, limit)?),
        QueryMsg::Block { block } => to_json_binary(&block_response(block, load(deps, block)?)),
        QueryMsg::Blocks { model, start_after, limit } => {
            to_json_binary(&blocks_of(deps, model, start_after, limit)?)
        }
        QueryMsg::BlocksByRoot { root, limit } => to_json_binary(&blocks_by_root(deps, &root, limit)?),
        QueryMsg::History { model, target, start_before, limit } => {
            to_json_binary(&history(deps, model, &target, start_before, limit)?)
        }
        QueryMsg::Heads { model, start_after, limit } => {
            to_json_binary(&heads(deps, model, start_after, limit)?)
        }
        QueryMsg::Head { model, target } => {
            let head = HEADS.may_load(deps.storage, (model, target_key(&target)))?;
            let head = head.map(|block| head_of(deps, block)).transpose()?;
            to_json_binary(&HeadResponse { head })
        }
        QueryMsg::Accumulator {} => to_json_binary(&AccumulatorResponse {
            root: Hash32(FINAL.root(deps.storage)?),
            count: FINAL.count(deps.storage)?,
        }),
        QueryMsg::Proof { block } => to_json_binary(&proof(deps, block)?),
    }
}

fn load(deps: Deps<'_>, block: u64) -> StdResult<Block> {
    Ok(blocks().may_load(deps.storage, block)?.ok_or(ContractError::NoBlock { block })?)
}

fn model_response(id: u64, found: Model) -> ModelResponse {
    ModelResponse { id, model: found.model, registered_at: found.registered_at }
}

fn block_response(id: u64, found: Block) -> BlockResponse {
    let Block { block, status, score, recorded_at } = found;
    BlockResponse { id, block, status, score, recorded_at }
}

fn head_of(deps: Deps<'_>, id: u64) -> StdResult<Head> {
    let found = load(deps, id)?.block;
    Ok(Head { target: found.target, block: id, root: found.root })
}

fn models(deps: Deps<'_>, start_after: Option<u64>, limit: Option<u32>) -> StdResult<ModelsResponse> {
    let models = MODELS
        .range(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|entry| entry.map(|(id, found)| model_response(id, found)))
        .collect::<StdResult<_>>()?;
    Ok(ModelsResponse { models })
}

fn blocks_of(
    deps: Deps<'_>,
    model: u64,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> StdResult<BlocksResponse> {
    let map = blocks();
    let blocks = map
        .idx
        .model
        .prefix(model)
        .range(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|entry| entry.map(|(id, found)| block_response(id, found)))
        .collect::<StdResult<_>>()?;
    Ok(BlocksResponse { blocks })
}

fn blocks_by_root(deps: Deps<'_>, root: &Hash32, limit: Option<u32>) -> StdResult<BlocksResponse> {
    let map = blocks();
    let blocks = map
        .idx
        .root
        .prefix(root.0.to_vec())
        .range(deps.storage, None, None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|entry| entry.map(|(id, found)| block_response(id, found)))
        .collect::<StdResult<_>>()?;
    Ok(BlocksResponse { blocks })
}

fn history(
    deps: Deps<'_>,
    model: u64,
    target: &Target,
    start_before: Option<u64>,
    limit: Option<u32>,
) -> StdResult<BlocksResponse> {
    let blocks = HISTORY
        .prefix((model, target_key(target)))
        .keys(deps.storage, None, start_before.map(Bound::exclusive), Order::Descending)
        .take(paging::limit(limit))
        .map(|id| id.and_then(|id| Ok(block_response(id, load(deps, id)?))))
        .collect::<StdResult<_>>()?;
    Ok(BlocksResponse { blocks })
}

fn heads(
    deps: Deps<'_>,
    model: u64,
    start_after: Option<u32>,
    limit: Option<u32>,
) -> StdResult<HeadsResponse> {
    let after = start_after.map(|index| FIRST_EXPERT + u64::from(index));
    // The first page carries base and router beside its experts.
    let extra = if after.is_none() {
        HEADS
            .prefix(model)
            .range(deps.storage, None, Some(Bound::exclusive(FIRST_EXPERT)), Order::Ascending)
            .count()
    } else {
        0
    };
    let heads = HEADS
        .prefix(model)
        .range(deps.storage, after.map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit) + extra)
        .map(|entry| entry.and_then(|(_, block)| head_of(deps, block)))
        .collect::<StdResult<_>>()?;
    Ok(HeadsResponse { heads })
}

fn proof(deps: Deps<'_>, id: u64) -> StdResult<ProofResponse> {
    let found = load(deps, id)?;
    let (BlockStatus::Final { leaf, .. }, Some(score)) = (found.status, found.score) else {
        return Err(StdError::msg(format!("block {id} is not final")));
    };
    let hashes = |list: Vec<[u8; 32]>| list.into_iter().map(Hash32).collect();
    let proof = FINAL.proof(deps.storage, leaf)?;
    Ok(ProofResponse {
        leaf: block_leaf(id, &found.block, score),
        index: leaf,
        siblings: hashes(proof.siblings),
        peaks: hashes(proof.peaks),
        root: Hash32(FINAL.root(deps.storage)?),
        count: FINAL.count(deps.storage)?,
    })
}
