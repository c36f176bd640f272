//! Domains and tasks.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Timestamp, Uint128};
use cw_storage_plus::{Item, Map};
use lyceum_api::Hash32;
use lyceum_api::datasets::{Source, Tier};
use lyceum_api::manifest::Target;
use lyceum_api::tasks::{NewDomain, NewTask, TaskStatus};

#[cw_serde]
pub struct Domain {
    pub spec: NewDomain,
    pub mean_gain: i64,
    /// Best score on the public held-out bytes in `best_epoch`.
    pub best: i64,
    pub best_epoch: u64,
    pub accepted: u64,
}

#[cw_serde]
pub struct Task {
    pub opener: Addr,
    pub spec: NewTask,
    pub model: u64,
    pub base: Hash32,
    pub parent: Option<u64>,
    pub parent_root: Hash32,
    pub heads: Vec<(u32, Hash32)>,
    pub tiers: Vec<Tier>,
    /// The source of all its shards, if it is the same.
    pub source: Option<Source>,
    pub bond: Uint128,
    pub fee: Uint128,
    /// The opener's deposit, and what it put up for fees to be paid back.
    pub deposit: Uint128,
    pub reserve: Uint128,
    pub opened_at: Timestamp,
    pub commit_until: Timestamp,
    pub reveal_until: Timestamp,
    pub key: Option<Hash32>,
    pub status: TaskStatus,
    /// At most `spec.max_claims`.
    pub claims: Vec<u64>,
    pub winner: Option<u64>,
}

impl Task {
    /// Steps of a run.
    pub fn steps(&self) -> u64 {
        u64::from(self.spec.intervals) * u64::from(self.spec.steps_per_interval)
    }

    /// Whether the reveal window passed without the key.
    pub fn is_unsealed_late(&self, now: Timestamp) -> bool {
        self.key.is_none() && now >= self.reveal_until
    }
}

/// A target as a storage key: 0 the base, 1 the router, 2 + index an expert.
pub const fn target_key(target: Target) -> u64 {
    match target {
        Target::Base {} => 0,
        Target::Router {} => 1,
        Target::Expert { index } => 2 + index as u64,
    }
}

pub const DOMAIN_COUNT: Item<u64> = Item::new("domain_count");
pub const DOMAINS: Map<u64, Domain> = Map::new("domains");
pub const DOMAIN_NAMES: Map<&str, u64> = Map::new("domain_names");
pub const TASK_COUNT: Item<u64> = Item::new("task_count");
pub const TASKS: Map<u64, Task> = Map::new("tasks");
/// (model, [`target_key`]) → the epoch of its last accepted improvement.
pub const IMPROVED: Map<(u64, u64), u64> = Map::new("improved");
