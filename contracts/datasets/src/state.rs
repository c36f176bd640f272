//! What is stored.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, Storage, Timestamp, Uint128};
use cw_storage_plus::{Item, Map, SnapshotItem, SnapshotMap, Strategy};
use lyceum_api::Hash32;
use lyceum_api::datasets::{AuditReport, DatasetManifest, Params, Status, Tier};

use crate::error::ContractError;

/// The siblings.
#[cw_serde]
pub(crate) struct Config {
    pub charter: Addr,
    pub nodes: Addr,
    pub tasks: Addr,
    pub credits: Addr,
    pub rewards: Addr,
}

/// A dataset without its manifest, which is large and which a vote does not read.
#[cw_serde]
pub(crate) struct Dataset {
    pub proposer: Addr,
    /// What the proposer paid; the parameter may change before it is returned.
    pub deposit: Uint128,
    pub status: Status,
    /// The height whose beginning froze the power.
    pub height: u64,
    /// The sortition epoch whose weights draw the auditors.
    pub epoch: u64,
    pub proposed_at: Timestamp,
    pub audit: Option<AuditReport>,
    pub allowed: Option<Tier>,
    pub yes: u64,
    pub no: u64,
    /// Power of all nodes at the beginning of the height.
    pub total_power: u64,
}

/// One auditor.
#[cw_serde]
pub(crate) struct Seat {
    pub node: Addr,
    pub commit: Option<Hash32>,
    pub report: Option<AuditReport>,
}

/// A drawn committee.
#[cw_serde]
pub(crate) struct Audit {
    pub drawn_at: Timestamp,
    /// Seats that the quorum is counted of: those asked for, even if fewer could be drawn.
    pub wanted: u32,
    pub seats: Vec<Seat>,
}

/// A vote, with the power it was cast with.
#[cw_serde]
pub(crate) struct Ballot {
    pub yes: bool,
    pub power: u64,
}

/// A shard of a dataset that was not rejected.
#[cw_serde]
pub(crate) struct HeldShard {
    pub dataset: u64,
    pub bytes: u64,
}

pub(crate) const CONFIG: Item<Config> = Item::new("config");
pub(crate) const PARAMS: Item<Params> = Item::new("params");
pub(crate) const PAUSED: Item<bool> = Item::new("paused");
/// When the last pause ended: windows ran through it although nobody could send anything.
pub(crate) const RESUMED: Item<Timestamp> = Item::new("resumed");
/// How many datasets were ever proposed; ids begin at 1.
pub(crate) const COUNT: Item<u64> = Item::new("count");
pub(crate) const DATASETS: Map<u64, Dataset> = Map::new("datasets");
pub(crate) const MANIFESTS: Map<u64, DatasetManifest> = Map::new("manifests");
/// Dataset → its auditors, at most 32.
pub(crate) const AUDITS: Map<u64, Audit> = Map::new("audits");
/// (dataset, voter) → vote.
pub(crate) const VOTES: Map<(u64, &Addr), Ballot> = Map::new("votes");
/// Shard root → the one dataset that holds it.
pub(crate) const SHARDS: Map<[u8; 32], HeldShard> = Map::new("shards");
/// (model, epoch, shard root): used already.
pub(crate) const USED: Map<(u64, u64, [u8; 32]), Empty> = Map::new("used");
/// Voting power by node. A read at a height gives what stood before the first write of that height, so the height
/// of a proposal is the one to read at: power of the proposal's own block does not count (cw-storage-plus, issue
/// 90).
pub(crate) const POWER: SnapshotMap<&Addr, u64> =
    SnapshotMap::new("power", "power__checkpoints", "power__changelog", Strategy::EveryBlock);
/// Sum of the power of all nodes.
pub(crate) const TOTAL_POWER: SnapshotItem<u64> = SnapshotItem::new(
    "total_power",
    "total_power__checkpoints",
    "total_power__changelog",
    Strategy::EveryBlock,
);

impl Dataset {
    pub fn load(storage: &dyn Storage, id: u64) -> Result<Self, ContractError> {
        DATASETS.may_load(storage, id)?.ok_or(ContractError::UnknownDataset { dataset: id })
    }

    /// The refusal of a message that belongs to another phase.
    pub fn wrong_phase(&self, expected: &'static str) -> ContractError {
        let found = match self.status {
            Status::Proposed { .. } => "proposed",
            Status::Auditing { .. } => "auditing",
            Status::Voting { .. } => "voting",
            Status::Approved { .. } => "approved",
            Status::Rejected { .. } => "rejected",
        };
        ContractError::WrongPhase { expected, found }
    }
}
