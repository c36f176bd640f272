//! What is stored. Ids begin at 1.
mod claim;
mod panel;
mod sketches;
mod task;

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, StdResult, Storage, Timestamp};
use cw_storage_plus::{Item, Map};
use lyceum_api::tasks::{Beacon, LearningBlockInfo, Params};
use lyceum_api::{credits, datasets, experts, nodes, rewards};

pub use claim::*;
pub use panel::*;
pub use sketches::*;
pub use task::*;

/// Who is who.
#[cw_serde]
pub struct Config {
    pub charter: Addr,
    pub nodes: Addr,
    pub datasets: Addr,
    pub experts: Addr,
    pub credits: Addr,
    pub rewards: Addr,
    pub beacon: Beacon,
}

impl Config {
    pub fn nodes(&self) -> nodes::Client {
        nodes::Client::new(self.nodes.clone())
    }

    pub fn datasets(&self) -> datasets::Client {
        datasets::Client::new(self.datasets.clone())
    }

    pub fn experts(&self) -> experts::Client {
        experts::Client::new(self.experts.clone())
    }

    pub fn credits(&self) -> credits::Client {
        credits::Client::new(self.credits.clone())
    }

    pub fn rewards(&self) -> rewards::Client {
        rewards::Client::new(self.rewards.clone())
    }
}

/// The learning block that accepted claims fill. Its number is the one that is open in `rewards`; both count
/// from 0 and move together, with `Seal`.
#[cw_serde]
pub struct OpenBlock {
    pub number: u64,
    /// Percent × 10⁻⁶ at which it seals, before time lowers it.
    pub threshold: u64,
    pub weighted_gain: u64,
    pub claims: u32,
    pub last_seal: Timestamp,
    /// The heads panel at work.
    pub panel: Option<u64>,
    /// A check that failed is not repeated before.
    pub check_after: Timestamp,
}

pub const CONFIG: Item<Config> = Item::new("config");
pub const PARAMS: Item<Params> = Item::new("params");
pub const OPEN_BLOCK: Item<OpenBlock> = Item::new("open_block");
/// Sealed learning blocks by number.
pub const SEALED: Map<u64, LearningBlockInfo> = Map::new("sealed");

/// The next id of a counter.
pub fn next_id(storage: &mut dyn Storage, counter: &Item<u64>) -> StdResult<u64> {
    let id = counter.may_load(storage)?.unwrap_or_default() + 1;
    counter.save(storage, &id)?;
    Ok(id)
}
