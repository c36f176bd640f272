//! What the contract stores.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty};
use cw_storage_plus::{Item, Map};
use lyceum_api::Hash32;
use lyceum_api::charter::Rule;

/// The contracts under the charter.
#[cw_serde]
pub struct Contracts {
    pub nodes: Addr,
    pub datasets: Addr,
    pub experts: Addr,
    pub tasks: Addr,
    pub credits: Addr,
    pub rewards: Addr,
}

/// The latest proposal of a pact. Acknowledgements are kept under its number, so a new proposal starts from none
/// without clearing any.
#[cw_serde]
#[derive(Default)]
pub struct Proposal {
    pub number: u64,
    /// None once adopted.
    pub pact: Option<Hash32>,
    pub acknowledged: u64,
}

/// The authority.
pub const AUTHORITY: Item<Addr> = Item::new("authority");
/// The successor that has not accepted yet.
pub const PROPOSED_AUTHORITY: Item<Addr> = Item::new("proposed_authority");
/// The pact in force.
pub const PACT: Item<Hash32> = Item::new("pact");
/// The latest proposal of another.
pub const PROPOSAL: Item<Proposal> = Item::new("proposal");
/// Who acknowledged a proposal, by its number.
pub const ACKNOWLEDGED: Map<(u64, &Addr), Empty> = Map::new("acknowledged");
/// The rules, at most `MAX_RULES`.
pub const RULES: Item<Vec<Rule>> = Item::new("rules");
/// Whether the network is paused.
pub const PAUSED: Item<bool> = Item::new("paused");
/// The contracts.
pub const CONTRACTS: Item<Contracts> = Item::new("contracts");
