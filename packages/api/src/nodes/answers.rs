//! What `nodes` answers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Binary, Timestamp, Uint128};

use super::{Params, Role};
use crate::Hash32;

/// Answer to [`super::QueryMsg::Config`].
#[cw_serde]
pub struct ConfigResponse {
    /// The charter.
    pub charter: Addr,
    /// `tasks`.
    pub tasks: Addr,
    /// `datasets`.
    pub datasets: Addr,
    /// `rewards`.
    pub rewards: Addr,
    /// Salt of GPU ids.
    pub gpu_salt: Hash32,
    /// Parameters.
    pub params: Params,
    /// Whether paused.
    pub paused: bool,
    /// The sortition epoch now.
    pub epoch: u64,
}

/// Trust level.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum TrustLevel {
    /// 20 claims and uploads a day.
    Newbie,
    /// 200.
    Trusted,
    /// 1000.
    Expert,
}

/// Answer to [`super::QueryMsg::Node`].
#[cw_serde]
pub struct NodeResponse {
    /// The account.
    pub node: Addr,
    /// The declared operator.
    pub operator: String,
    /// The peer's key.
    pub peer_key: Binary,
    /// Roles.
    pub roles: Vec<Role>,
    /// Execution classes.
    pub classes: Vec<String>,
    /// Where peers reach it: libp2p multiaddrs.
    pub addresses: Vec<String>,
    /// Stake, its own and delegated, ulyc.
    pub stake: Uint128,
    /// The part of the stake that is the node's own bond, ulyc.
    pub own: Uint128,
    /// What left it and is still in its queues, its own and its delegators', ulyc.
    pub unbonding: Uint128,
    /// Rewards held for its delegations, ulyc.
    pub rewards: Uint128,
    /// Its part of its delegations' rewards, in hundredths of a percent.
    pub commission: u16,
    /// Stake that counts in draws from the next epoch on.
    pub matured: Uint128,
    /// Whether active.
    pub active: bool,
    /// Until when jailed.
    pub jailed_until: Option<Timestamp>,
    /// Bound GPUs.
    pub gpus: u32,
    /// Power in dataset votes that begin now.
    pub vote_power: u64,
    /// Trust level.
    pub trust: TrustLevel,
    /// Claims open.
    pub open_claims: u32,
    /// Reputation × 10⁻⁶, decayed to now.
    pub reputation: i64,
    /// Claims accepted in all.
    pub accepted: u64,
}

/// Answer to [`super::QueryMsg::Nodes`].
#[cw_serde]
pub struct NodesResponse {
    /// The nodes.
    pub nodes: Vec<NodeResponse>,
}

/// Answer to [`super::QueryMsg::Power`].
#[cw_serde]
pub struct PowerResponse {
    /// Stake, ulyc.
    pub power: Uint128,
}

/// Answer to [`super::QueryMsg::Active`].
#[cw_serde]
pub struct ActiveResponse {
    /// How many nodes are active.
    pub count: u64,
}

/// Answer to [`super::QueryMsg::IsActive`].
#[cw_serde]
pub struct IsActiveResponse {
    /// Whether it is.
    pub active: bool,
}

/// A drawn seat.
#[cw_serde]
pub struct DrawnSeat {
    /// The evaluator.
    pub node: Addr,
    /// Its operator.
    pub operator: String,
}

/// Answer to [`super::QueryMsg::Committee`]; fewer seats than asked for mean that there are no more operators.
#[cw_serde]
pub struct CommitteeResponse {
    /// The seats, in the order drawn.
    pub seats: Vec<DrawnSeat>,
}

/// Answer to [`super::QueryMsg::Gpu`].
#[cw_serde]
pub struct GpuResponse {
    /// The node that holds it.
    pub node: Option<Addr>,
}

/// One entry of the unbonding queue.
#[cw_serde]
pub struct UnbondingEntry {
    /// How much, ulyc; a slash lowers it.
    pub amount: Uint128,
    /// From when it may be claimed.
    pub at: Timestamp,
}

/// Stake that answers for the faults of the node it left as well.
#[cw_serde]
pub struct RedelegationEntry {
    /// The node it left.
    pub from: Addr,
    /// What it is worth after the source's slashes, ulyc.
    pub amount: Uint128,
    /// From when it may be settled.
    pub at: Timestamp,
}

/// Answer to [`super::QueryMsg::Delegation`].
#[cw_serde]
pub struct DelegationResponse {
    /// The node.
    pub node: Addr,
    /// What it is worth now, ulyc; slashes of sources that were not settled yet are not taken off.
    pub amount: Uint128,
    /// What [`super::ExecuteMsg::ClaimRewards`] would pay now, ulyc.
    pub rewards: Uint128,
    /// Its redelegations, oldest first.
    pub redelegations: Vec<RedelegationEntry>,
}

/// Answer to [`super::QueryMsg::Delegations`].
#[cw_serde]
pub struct DelegationsResponse {
    /// The delegations.
    pub delegations: Vec<DelegationResponse>,
}

/// An account's queue of one node.
#[cw_serde]
pub struct NodeUnbonding {
    /// The node.
    pub node: Addr,
    /// The entries, oldest first.
    pub entries: Vec<UnbondingEntry>,
}

/// Answer to [`super::QueryMsg::Unbondings`].
#[cw_serde]
pub struct UnbondingsResponse {
    /// The queues.
    pub unbondings: Vec<NodeUnbonding>,
}

/// Answer to [`super::QueryMsg::Unbonding`].
#[cw_serde]
pub struct UnbondingResponse {
    /// The entries, oldest first.
    pub entries: Vec<UnbondingEntry>,
}
