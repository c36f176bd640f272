//! Names of the events of `nodes`; on a chain each is prefixed with `wasm-`. Every event has the attribute
//! `version` ([`VERSION`]) beside those named here; amounts are ulyc, times are seconds since the Unix epoch.

/// The version of the events; a reader refuses one it does not know.
pub const VERSION: &str = "1";

/// An account became a node: `node`, `operator`, `peer_key` (hex).
pub const REGISTERED: &str = "node_registered";
/// Roles, classes or addresses changed: `node`, `roles`, `classes` (comma-separated).
pub const UPDATED: &str = "node_updated";
/// Stake was added: `node`, `amount`, `stake`.
pub const BONDED: &str = "node_bonded";
/// Stake was delegated: `node`, `delegator`, `amount`, `stake`.
pub const DELEGATED: &str = "node_delegated";
/// Delegated stake went into the queue: `node`, `delegator`, `amount`, `stake`, `at`.
pub const UNDELEGATING: &str = "node_undelegating";
/// Delegated stake left the queue: `node`, `delegator`, `amount`.
pub const UNDELEGATED: &str = "node_undelegated";
/// Stake moved to `node`: `node`, `from`, `delegator`, `amount`, `at` (until when it answers for `from` as well).
pub const REDELEGATED: &str = "node_redelegated";
/// A delegation was brought up to date with its sources: `node`, `delegator`, `slashed`, `freed` (entries).
pub const SETTLED: &str = "node_settled";
/// Rewards of a delegation were paid: `node`, `delegator`, `amount`.
pub const REWARDED: &str = "node_rewarded";
/// Emission was shared: `node`, `amount`, and its parts `paid` (to the node) and `shared` (by delegations).
pub const DISTRIBUTED: &str = "node_distributed";
/// A commission was set: `node`, `commission` (hundredths of a percent).
pub const COMMISSION_SET: &str = "node_commission_set";
/// Stake began to count in draws: `node`, `amount`, `matured`.
pub const MATURED: &str = "node_matured";
/// Stake went into the queue: `node`, `amount`, `stake`, `at` (when it may be claimed).
pub const UNBONDING: &str = "node_unbonding";
/// Stake left the queue: `node`, `amount`.
pub const UNBONDED: &str = "node_unbonded";
/// What follows from all else changed: `node`, `active`, `weight` (in draws of its classes), `vote_power`.
pub const STANDING: &str = "node_standing";
/// A GPU was bound: `node`, `gpu`.
pub const GPU_BOUND: &str = "node_gpu_bound";
/// A binding ended: `node`, `gpu`, `lapsed`.
pub const GPU_UNBOUND: &str = "node_gpu_unbound";
/// A claim was opened: `node`, `open_claims`, `quota_left`.
pub const CLAIM_OPENED: &str = "node_claim_opened";
/// A claim ended: `node`, `outcome` (`accepted`, `failed`, `void`, `fraud`), `trust`, `open_claims`.
pub const CLAIM_CLOSED: &str = "node_claim_closed";
/// A seat was compared with the verdict: `node`, `agreed`, `reputation` (× 10⁻⁶).
pub const SEAT: &str = "node_seat";
/// Stake was taken: `node`, `reason` (`fraud`, `false_attestation`, `unrevealed`, `downtime`), `amount`, and its
/// parts `costs`, `challenger`, `treasury`.
pub const SLASHED: &str = "node_slashed";
/// A node was jailed: `node`, `until`.
pub const JAILED: &str = "node_jailed";
/// A node left jail: `node`.
pub const UNJAILED: &str = "node_unjailed";
/// The parameters were replaced.
pub const PARAMS_SET: &str = "nodes_params_set";
/// The contract was paused or resumed: `paused`.
pub const PAUSED: &str = "nodes_paused";
