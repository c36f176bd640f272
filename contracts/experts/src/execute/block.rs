//! The life of a block: provisional, then final or void.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use lyceum_api::Hash32;
use lyceum_api::experts::{BlockStatus, Event, MAX_PARENTS, NewBlock, block_leaf};
use lyceum_api::manifest::Target;

use super::ensure;
use crate::error::ContractError;
use crate::state::{Block, FINAL, HEADS, HISTORY, LAST_BLOCK, MODELS, blocks, next_id, target_key};

fn load(storage: &dyn Storage, block: u64) -> Result<Block, ContractError> {
    blocks().may_load(storage, block)?.ok_or(ContractError::NoBlock { block })
}

fn load_provisional(storage: &dyn Storage, id: u64) -> Result<Block, ContractError> {
    let block = load(storage, id)?;
    let found = match block.status {
        BlockStatus::Provisional {} => return Ok(block),
        BlockStatus::Final { .. } => "final",
        BlockStatus::Void {} => "void",
    };
    Err(ContractError::NotProvisional { block: id, found })
}

fn validate(storage: &dyn Storage, block: &NewBlock) -> Result<(), ContractError> {
    let model = block.model;
    let experts = MODELS.may_load(storage, model)?.ok_or(ContractError::NoModel { model })?.model.experts;
    if let Target::Expert { index } = block.target
        && index >= experts
    {
        return Err(ContractError::NoExpert { model, experts, index });
    }
    if block.bytes == 0 {
        return Err(ContractError::Empty);
    }
    let found = block.parents.len();
    if found > MAX_PARENTS {
        return Err(ContractError::TooManyParents { found, max: MAX_PARENTS });
    }
    for (at, id) in block.parents.iter().enumerate() {
        let parent = *id;
        if block.parents[..at].contains(id) {
            return Err(ContractError::ParentTwice { parent });
        }
        let of = load(storage, parent)?;
        if of.block.model != model {
            return Err(ContractError::ParentOfAnother { parent, expected: model, found: of.block.model });
        }
        if of.status == (BlockStatus::Void {}) {
            return Err(ContractError::ParentVoid { parent });
        }
    }
    Ok(())
}

pub(crate) fn add(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    block: NewBlock,
) -> Result<Response, ContractError> {
    ensure(deps.storage, &info.sender, |c| &c.tasks)?;
    validate(deps.storage, &block)?;
    let author = deps.api.addr_validate(&block.author)?;
    let NewBlock { model, root, claim, .. } = block;
    let id = next_id(deps.storage, LAST_BLOCK)?;
    let status = BlockStatus::Provisional {};
    let recorded = Block { block, status, score: None, recorded_at: env.block.time };
    blocks().save(deps.storage, id, &recorded)?;
    Ok(Response::new().set_data(id.to_be_bytes()).add_event(Event::BlockAdded {
        block: id,
        model,
        root,
        author,
        claim,
    }))
}

pub(crate) fn finalize(
    deps: DepsMut<'_>,
    info: MessageInfo,
    id: u64,
    score: i64,
    fork: bool,
) -> Result<Response, ContractError> {
    ensure(deps.storage, &info.sender, |c| &c.tasks)?;
    let mut block = load_provisional(deps.storage, id)?;
    // The accumulator holds no block without its ancestors.
    for parent in &block.block.parents {
        if !matches!(load(deps.storage, *parent)?.status, BlockStatus::Final { .. }) {
            return Err(ContractError::ParentNotFinal { block: id, parent: *parent });
        }
    }
    let leaf = block_leaf(id, &block.block, score);
    let (leaf, root) = FINAL.append(deps.storage, leaf.as_bytes())?;
    block.status = BlockStatus::Final { leaf, fork };
    block.score = Some(score);
    blocks().save(deps.storage, id, &block)?;
    let target = target_key(&block.block.target);
    HISTORY.save(deps.storage, (block.block.model, target, id), &())?;
    if !fork {
        HEADS.save(deps.storage, (block.block.model, target), &id)?;
    }
    Ok(Response::new().add_event(Event::BlockFinal { block: id, leaf, fork, accumulator: Hash32(root) }))
}

pub(crate) fn void(deps: DepsMut<'_>, info: MessageInfo, id: u64) -> Result<Response, ContractError> {
    ensure(deps.storage, &info.sender, |c| &c.tasks)?;
    let mut block = load_provisional(deps.storage, id)?;
    block.status = BlockStatus::Void {};
    blocks().save(deps.storage, id, &block)?;
    Ok(Response::new().add_event(Event::BlockVoid { block: id }))
}
