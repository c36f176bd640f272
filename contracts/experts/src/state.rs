//! What is stored: models, the DAG of blocks with its indexes, heads, histories and the accumulator.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, StdResult, Storage, Timestamp};
use cw_storage_plus::{Index, IndexList, IndexedMap, Item, Map, MultiIndex};
use lyceum_api::experts::{BlockStatus, NewBlock, NewModel};
use lyceum_api::manifest::Target;
use lyceum_onchain::accumulator::Accumulator;

/// Who may do what.
#[cw_serde]
pub(crate) struct Config {
    pub charter: Addr,
    pub tasks: Addr,
    pub paused: bool,
}

/// A registered model.
#[cw_serde]
pub(crate) struct Model {
    pub model: NewModel,
    pub registered_at: Timestamp,
}

/// A recorded block.
#[cw_serde]
pub(crate) struct Block {
    pub block: NewBlock,
    pub status: BlockStatus,
    pub score: Option<i64>,
    pub recorded_at: Timestamp,
}

/// Blocks are also found by their model and by their content root; neither ever changes.
pub(crate) struct BlockIndexes<'a> {
    pub model: MultiIndex<'a, u64, Block, u64>,
    pub root: MultiIndex<'a, Vec<u8>, Block, u64>,
}

impl IndexList<Block> for BlockIndexes<'_> {
    fn get_indexes(&'_ self) -> Box<dyn Iterator<Item = &'_ dyn Index<Block>> + '_> {
        let all: [&dyn Index<Block>; 2] = [&self.model, &self.root];
        Box::new(all.into_iter())
    }
}

/// Blocks by id.
pub(crate) const fn blocks<'a>() -> IndexedMap<u64, Block, BlockIndexes<'a>> {
    IndexedMap::new(
        "blocks",
        BlockIndexes {
            model: MultiIndex::new(|_, b| b.block.model, "blocks", "blocks__model"),
            root: MultiIndex::new(|_, b| b.block.root.0.to_vec(), "blocks", "blocks__root"),
        },
    )
}

pub(crate) const CONFIG: Item<Config> = Item::new("config");
pub(crate) const MODELS: Map<u64, Model> = Map::new("models");
/// (name, version) → model.
pub(crate) const NAMES: Map<(&str, &str), u64> = Map::new("names");
pub(crate) const LAST_MODEL: Item<u64> = Item::new("last_model");
pub(crate) const LAST_BLOCK: Item<u64> = Item::new("last_block");
/// (model, target) → block.
pub(crate) const HEADS: Map<(u64, u64), u64> = Map::new("heads");
/// (model, target, block): the final blocks of a target.
pub(crate) const HISTORY: Map<(u64, u64, u64), ()> = Map::new("history");
pub(crate) const FINAL: Accumulator = Accumulator::new("final_count", "final_nodes");

/// The key of the first expert; base and router stand before it. Stored: never renumber.
pub(crate) const FIRST_EXPERT: u64 = 2;

/// A target's key.
pub(crate) fn target_key(target: &Target) -> u64 {
    match target {
        Target::Base {} => 0,
        Target::Router {} => 1,
        Target::Expert { index } => FIRST_EXPERT + u64::from(*index),
    }
}

/// The next of a row of ids, from 1.
pub(crate) fn next_id(storage: &mut dyn Storage, last: Item<u64>) -> StdResult<u64> {
    let id = last.may_load(storage)?.unwrap_or_default() + 1;
    last.save(storage, &id)?;
    Ok(id)
}
