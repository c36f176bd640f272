//! What the contract stores.
use cosmwasm_schema::cw_serde;
use cosmwasm_schema::serde::{Deserialize, Serialize};
use cosmwasm_std::{Addr, Binary, Uint128};
use cw_storage_plus::{Item, Map, SnapshotMap, Strategy};
use lyceum_api::Hash32;
use lyceum_api::nodes::{Params, Role};
use lyceum_economy::reputation::Reputation;
use lyceum_economy::trust::TrustState;
use lyceum_onchain::sortition::Sortition;

use crate::clock::Clock;
use crate::earnings::Stake;
use crate::packed::packed;
use crate::pool::Pool;

/// Entries of bonded stake that are too young for draws; it bounds a node's list.
pub const MAX_MATURING: usize = 16;
/// Entries of one owner's queue of one node, and redelegations of one delegation.
pub const MAX_ENTRIES: usize = 7;
/// GPUs of one node.
pub const MAX_GPUS: u32 = 256;
/// Events of one report.
pub const MAX_EVENTS: usize = 64;

/// Fixed at instantiation.
#[cw_serde]
pub struct Config {
    pub charter: Addr,
    pub tasks: Addr,
    pub datasets: Addr,
    pub rewards: Addr,
    pub gpu_salt: Hash32,
}

/// Stake that is too young for draws.
#[cw_serde]
pub struct Maturing {
    pub amount: Uint128,
    /// The sortition epoch in which it was bonded.
    pub epoch: u64,
    /// When it was bonded, in seconds.
    pub at: u64,
}

/// GPU-seconds of accepted work, by work epoch.
#[cw_serde]
#[derive(Default)]
pub struct Work {
    epoch: u64,
    current: u64,
    previous: u64,
}

impl Work {
    /// GPU-seconds accepted in the whole epoch before this one.
    pub fn of_last_epoch(&self, epoch: u64) -> u64 {
        match epoch.saturating_sub(self.epoch) {
            0 => self.previous,
            1 => self.current,
            _ => 0,
        }
    }

    /// Adds GPU-seconds accepted now.
    pub fn add(&mut self, epoch: u64, seconds: u64) {
        if epoch > self.epoch {
            *self = Self { epoch, current: 0, previous: self.of_last_epoch(epoch) };
        }
        self.current = self.current.saturating_add(seconds);
    }
}

/// A node, without what few messages need: its addresses, commission, exits and earnings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde")]
pub struct Node {
    pub operator: String,
    pub peer_key: Binary,
    pub roles: Vec<Role>,
    pub classes: Vec<String>,
    /// All stake, its own and delegated.
    pub pool: Pool,
    /// Shares of the pool that are its own bond.
    pub own: Uint128,
    /// The part of the stake that is old enough; `matured` and `maturing` sum to the stake.
    pub matured: Uint128,
    /// The rest, oldest first, at most [`MAX_MATURING`] entries.
    pub maturing: Vec<Maturing>,
    /// Set until the node unjails itself, which it may from then on (seconds).
    pub jailed_until: Option<u64>,
    pub trust: TrustState,
    pub reputation: Reputation,
    pub open_claims: u32,
    /// The largest bond since the node last had no open claim.
    pub largest_bond: Uint128,
    pub work: Work,
    /// When work was last accepted, in seconds.
    pub worked_at: u64,
    pub gpus: u32,
    /// As counted in [`ACTIVE`].
    pub active: bool,
    /// As last set in [`SORTITION`], in every class of the node.
    pub weight: Uint128,
    /// As last pushed to `datasets`.
    pub vote_power: u64,
}

/// A node's part of its delegations' rewards, in hundredths of a percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde", into = "Vec<Uint128>", try_from = "Vec<Uint128>")]
pub struct Commission {
    pub rate: u16,
    /// The lowest it was since `since`: what a rise is measured from.
    pub base: u16,
    /// When the day of the rises began, in seconds.
    pub since: u64,
}

packed!(Commission: rate, base, since);

/// A part of [`QUEUED`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde", into = "Vec<Uint128>", try_from = "Vec<Uint128>")]
pub struct Exit {
    pub shares: Uint128,
    pub era: u32,
    /// From when it may be claimed, in seconds.
    pub at: u64,
}

packed!(Exit: shares, era, at);

/// A redelegation, kept with the delegation that it joined.
#[cw_serde]
pub struct Moved {
    pub from: Addr,
    /// The part of [`MOVED`] of `from`.
    pub exposed: Uint128,
    pub era: u32,
    /// What `exposed` was worth when this was last settled.
    pub worth: Uint128,
    /// The shares of this delegation that came so.
    pub shares: Uint128,
    /// From when it may be freed, in seconds.
    pub at: u64,
}

/// A delegation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde")]
pub struct Delegation {
    pub stake: Stake,
    /// Oldest first, at most [`MAX_ENTRIES`].
    pub moved: Vec<Moved>,
}

impl Delegation {
    /// The shares that no redelegation holds.
    pub fn free(&self) -> Uint128 {
        self.stake.shares - self.moved.iter().map(|m| m.shares).sum::<Uint128>()
    }
}

/// A bound GPU.
#[cw_serde]
pub struct Gpu {
    pub holder: Addr,
    /// When it was bound, in seconds.
    pub since: u64,
}

/// Fixed configuration.
pub const CONFIG: Item<Config> = Item::new("config");
/// Parameters.
pub const PARAMS: Item<Params> = Item::new("params");
/// Whether paused.
pub const PAUSED: Item<bool> = Item::new("paused");
/// Epochs of the draw.
pub const DRAW_CLOCK: Item<Clock> = Item::new("draw_clock");
/// Epochs of accepted work.
pub const WORK_CLOCK: Item<Clock> = Item::new("work_clock");
/// How many nodes are active.
pub const ACTIVE: Item<u64> = Item::new("active");
/// Nodes by account.
pub const NODES: Map<&Addr, Node> = Map::new("nodes");
/// The stake of [`Node::pool`] by account and height. A read at a height gives what stood when that height began, whatever was
/// written within it (cw-storage-plus issue 90): this is what queries promise.
pub const STAKE: SnapshotMap<&Addr, Uint128> =
    SnapshotMap::new("stake", "stake__check", "stake__change", Strategy::EveryBlock);
/// Who holds a peer key.
pub const PEER_KEYS: Map<&[u8], Addr> = Map::new("peer_keys");
/// Bound GPUs by id.
pub const GPUS: Map<&[u8], Gpu> = Map::new("gpus");
/// Where peers reach a node: libp2p multiaddrs; none stored if there are none.
pub const ADDRESSES: Map<&Addr, Vec<String>> = Map::new("addresses");
/// Commissions that were ever set.
pub const COMMISSIONS: Map<&Addr, Commission> = Map::new("commissions");
/// What left a node and is in queues: it still answers for it.
pub const QUEUED: Map<&Addr, Pool> = Map::new("queued");
/// What was redelegated from a node. Its ulyc are in the pools of the nodes it went to; this one only keeps, by the
/// price of its shares, what is left of it after the slashes since.
pub const MOVED: Map<&Addr, Pool> = Map::new("moved");
/// (delegator, node) → his delegation; none of a node to itself.
pub const DELEGATIONS: Map<(&Addr, &Addr), Delegation> = Map::new("delegations");
/// (owner, node) → his stake on its way out, oldest first, at most [`MAX_ENTRIES`].
pub const QUEUES: Map<(&Addr, &Addr), Vec<Exit>> = Map::new("queues");
/// Weights of draws, by class.
pub const SORTITION: Sortition = Sortition::new("sums", "slots", "slot_nodes", "classes");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_of_the_epoch_just_past_counts() {
        let mut work = Work::default();
        work.add(7, 10);
        work.add(7, 5);
        assert_eq!((work.of_last_epoch(7), work.of_last_epoch(8), work.of_last_epoch(9)), (0, 15, 0));
        work.add(8, 1);
        assert_eq!((work.of_last_epoch(8), work.of_last_epoch(9)), (15, 1));
        work.add(10, 2);
        assert_eq!((work.of_last_epoch(10), work.of_last_epoch(11)), (0, 2));
    }
}
