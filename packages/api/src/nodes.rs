//! Nodes: bonding, delegation, roles, GPU binding, trust, jail, slashing, voting power by height, committees by stake.

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Addr, Binary, Coin, CosmosMsg, QuerierWrapper, StdResult, Uint128};

use crate::Hash32;
use crate::client::{Contract, Interface, only};

mod answers;
pub mod events;
mod parts;

pub use answers::*;
pub use parts::*;

/// Marker of the interface of `nodes`.
#[derive(Debug, Clone)]
pub struct Nodes;

impl Interface for Nodes {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `nodes`.
pub type Client = Contract<Nodes>;

/// What a node does.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Role {
    /// Trains experts and claims rewards.
    Trainer,
    /// Sits on committees.
    Evaluator,
    /// Opens tasks and moves claims along.
    Coordinator,
    /// Keeps blocks.
    Storage,
    /// Serves requests.
    Inference,
}

/// Parameters; the defaults are those of the economy.
#[cw_serde]
pub struct Params {
    /// Least bond of its own of an active node, ulyc.
    pub min_stake: Uint128,
    /// Seconds from unbonding to the claim.
    pub unbonding_seconds: u64,
    /// Seconds until bonded stake counts in committee draws (a day).
    pub maturity_seconds: u64,
    /// Seconds of a sortition epoch (an hour).
    pub epoch_seconds: u64,
    /// Seconds in jail.
    pub jail_seconds: u64,
    /// Seconds of the epoch whose accepted work counts in dataset votes.
    pub work_epoch_seconds: u64,
    /// Seconds after which a GPU binding without accepted work lapses.
    pub gpu_lapse_seconds: u64,
    /// The highest commission, in hundredths of a percent; it caps those set before it was lowered, too.
    pub max_commission: u16,
    /// How far a commission may rise in a day, in hundredths of a percent.
    pub max_commission_change: u16,
}

impl Default for Params {
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            min_stake: Uint128::new(1_000_000_000),
            unbonding_seconds: 21 * DAY,
            maturity_seconds: DAY,
            epoch_seconds: 3_600,
            jail_seconds: DAY,
            work_epoch_seconds: 28 * DAY,
            gpu_lapse_seconds: 28 * DAY,
            max_commission: 2_000,
            max_commission_change: 100,
        }
    }
}

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter.
    pub charter: String,
    /// `tasks`, which reports outcomes.
    pub tasks: String,
    /// `datasets`, which is told voting power and reports auditors.
    pub datasets: String,
    /// `rewards`, which takes slashed stake.
    pub rewards: String,
    /// Salt of GPU ids, the same for the whole network.
    pub gpu_salt: Hash32,
    /// Parameters.
    pub params: Params,
}

/// Why a node loses stake.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum SlashReason {
    /// A claim was shown to be forged: 20 % of stake.
    Fraud,
    /// An attestation was shown to be false: 10 %.
    FalseAttestation,
    /// A committed seat did not reveal: 10 %.
    Unrevealed,
    /// Away when it was needed: 0.1 % and jail.
    Downtime,
}

/// How a claim ended for its trainer's standing.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Outcome {
    /// Accepted and final.
    Accepted {
        /// GPU-seconds of the accepted work.
        work_seconds: u64,
    },
    /// Rejected honestly, or lost to a better claim, or given up.
    Failed,
    /// Void through no fault of the trainer.
    Void,
    /// Caught.
    Fraud,
}

/// What `tasks` and `datasets` report of nodes, in one message per settlement (at most 64 events).
#[cw_serde]
pub enum NodeEvent {
    /// A claim was opened: checks and takes quota, and refuses a node that may not claim.
    ClaimOpened {
        /// The trainer.
        node: String,
        /// The bond locked for it, ulyc.
        bond: Uint128,
    },
    /// A claim ended.
    ClaimClosed {
        /// The trainer.
        node: String,
        /// How.
        outcome: Outcome,
    },
    /// A seat agreed with the verdict (+0.3), or diverged from it (−3.0).
    Seat {
        /// The evaluator.
        node: String,
        /// Whether it agreed.
        agreed: bool,
    },
    /// Take stake. Costs are paid first, then the challenger's part (at most 30 %), the rest to the treasury.
    Slash {
        /// Who loses.
        node: String,
        /// Why.
        reason: SlashReason,
        /// What each of `paid` is owed for the dispute, ulyc.
        cost_each: Uint128,
        /// Dispute seats to be paid, at most 32.
        paid: Vec<String>,
        /// The challenger, if someone challenged.
        challenger: Option<String>,
    },
}

/// What `nodes` executes.
#[cw_serde]
pub enum ExecuteMsg {
    /// By an operator: become a node.
    Register {
        /// Declared operator, one seat per operator and committee; 1 to 64 characters.
        operator: String,
        /// The peer's ed25519 public key, 32 bytes.
        peer_key: Binary,
        /// Signature of [`peer_key_message`] by that key.
        proof: Binary,
        /// Roles.
        roles: Vec<Role>,
        /// Execution classes an evaluator can run, e.g. `fp32`; at most 8.
        classes: Vec<String>,
        /// Where peers reach it: libp2p multiaddrs, at most 4 of at most 128 bytes each.
        addresses: Vec<String>,
    },
    /// By a node: change roles, classes or addresses; draws follow from the next epoch on.
    Update {
        /// Roles.
        roles: Vec<Role>,
        /// Classes.
        classes: Vec<String>,
        /// Addresses, as in [`ExecuteMsg::Register`].
        addresses: Vec<String>,
    },
    /// By a node, with funds: add stake.
    Bond {},
    /// By anyone: let stake that is a day old count in committee draws from the next epoch on, and bring the
    /// node's activity and vote power up to date with the parameters and the work epoch.
    Mature {
        /// The node.
        node: String,
    },
    /// By a node: withdraw stake into the queue, where it stays slashable until it is claimed. Stake that open
    /// claims rest on stays.
    Unbond {
        /// How much, ulyc.
        amount: Uint128,
    },
    /// By a node: take what has left the queue.
    ClaimUnbonded {},
    /// By anyone, with funds: add to a node's stake and share its fate and its rewards. (By the node itself: a
    /// bond.) Rewards of the delegation so far are paid out.
    Delegate {
        /// The node.
        node: String,
    },
    /// By a delegator: withdraw into the queue, where it stays slashable until it is claimed; at most 7 entries
    /// per delegator and node. Stake that came by redelegation stays until it is settled. Rewards are paid out.
    Undelegate {
        /// The node.
        node: String,
        /// How much, ulyc.
        amount: Uint128,
    },
    /// By a delegator: move stake to another node at once. For the time of unbonding, and until it is settled, it
    /// answers for the source's faults as well and can't be moved or withdrawn; at most 7 such moves per delegator
    /// and target. Rewards of both delegations are paid out. A node's own bond can't be redelegated.
    Redelegate {
        /// The node it leaves.
        from: String,
        /// The node it joins.
        to: String,
        /// How much, ulyc.
        amount: Uint128,
    },
    /// By anyone: take from a delegation what its redelegations' sources were slashed meanwhile, and free those
    /// whose time is over.
    Settle {
        /// The node it was moved to.
        node: String,
        /// The delegator.
        delegator: String,
    },
    /// By a delegator: take what has left the queue of a node.
    ClaimUndelegated {
        /// The node.
        node: String,
    },
    /// By a delegator: take the rewards of a delegation.
    ClaimRewards {
        /// The node.
        node: String,
    },
    /// By a node: set its commission. It may be lowered at any time, and raised by at most
    /// [`Params::max_commission_change`] a day.
    SetCommission {
        /// Hundredths of a percent of the rewards.
        commission: u16,
    },
    /// By `rewards`, with the funds if there are any: emission of a node that others delegate to. The node's part
    /// is paid to it, the rest is shared among the delegations that were there at the last complete pull.
    Distribute {
        /// The node.
        node: String,
        /// Whether every learning block sealed so far is in it: delegations made meanwhile share from now on.
        complete: bool,
    },
    /// By a node: bind a GPU; first come, one node per GPU.
    BindGpu {
        /// [`gpu_id`] of its UUID.
        gpu: Hash32,
    },
    /// By the node that holds it: let a GPU go.
    UnbindGpu {
        /// The GPU.
        gpu: Hash32,
    },
    /// By anyone: end a binding that lapsed for want of work.
    LapseGpu {
        /// The GPU.
        gpu: Hash32,
    },
    /// By a jailed node whose time is over.
    Unjail {},
    /// By `tasks`, or by `datasets` for seats and for slashes of attestations: report what happened.
    Report {
        /// The events, at most 64.
        events: Vec<NodeEvent>,
    },
    /// By the charter: replace the parameters. The epoch under way begins anew when its length changes; a changed
    /// least stake reaches a node at its next message, or when anyone sends [`ExecuteMsg::Mature`] for it.
    SetParams {
        /// The new parameters.
        params: Params,
    },
    /// By the charter: pause or resume. Exits (unbonding, undelegation and their claims), rewards and reports stay
    /// open.
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `nodes` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration and parameters.
    #[returns(ConfigResponse)]
    Config {},
    /// One node.
    #[returns(NodeResponse)]
    Node {
        /// Its account.
        node: String,
    },
    /// Nodes by account.
    #[returns(NodesResponse)]
    Nodes {
        /// The account to begin after.
        start_after: Option<String>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// Stake of a node as it stood when a height began: what is written within a height shows from the next on.
    /// A height that has not begun is refused.
    #[returns(PowerResponse)]
    Power {
        /// The node.
        node: String,
        /// The height; absent: now.
        height: Option<u64>,
    },
    /// Active nodes now.
    #[returns(ActiveResponse)]
    Active {},
    /// Whether a node is active (registered, enough stake, not jailed).
    #[returns(IsActiveResponse)]
    IsActive {
        /// The node.
        node: String,
    },
    /// A committee drawn by stake without replacement, one seat per operator, from the weights frozen at the
    /// start of an epoch. Jailed nodes, nodes of reputation below −1 and the excluded ones are passed over, and
    /// so are nodes that were no active evaluators of the class any more when the present epoch began; leaving
    /// later does not help, so nobody steps aside once he knows the seed. An epoch that has not begun is refused.
    #[returns(CommitteeResponse)]
    Committee {
        /// The execution class.
        class: String,
        /// The epoch.
        epoch: u64,
        /// The beacon's seed for this draw.
        seed: Hash32,
        /// Seats, at most 32.
        seats: u32,
        /// Accounts that may not sit, at most 64; nor may other nodes of their operators.
        exclude: Vec<String>,
    },
    /// The owner of a GPU.
    #[returns(GpuResponse)]
    Gpu {
        /// The GPU.
        gpu: Hash32,
    },
    /// A node's own queue of unbonding stake.
    #[returns(UnbondingResponse)]
    Unbonding {
        /// The node.
        node: String,
    },
    /// One delegation; a node's own bond is one, without rewards.
    #[returns(DelegationResponse)]
    Delegation {
        /// The node.
        node: String,
        /// The delegator.
        delegator: String,
    },
    /// An account's delegations by node, without a node's own bond.
    #[returns(DelegationsResponse)]
    Delegations {
        /// The delegator.
        delegator: String,
        /// The node to begin after.
        start_after: Option<String>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// An account's queues by node.
    #[returns(UnbondingsResponse)]
    Unbondings {
        /// The delegator.
        delegator: String,
        /// The node to begin after.
        start_after: Option<String>,
        /// How many nodes, capped.
        limit: Option<u32>,
    },
}

/// The bytes whose ed25519 signature proves that a node holds its peer key.
pub fn peer_key_message(chain: &str, contract: &str, node: &str, peer_key: &[u8]) -> Vec<u8> {
    let mut e = crate::canonical::Encoder::new("lyceum/peer-key", 1);
    e.str(chain).str(contract).str(node).bytes(peer_key);
    e.finish()
}

/// A GPU's id on chain: the hash of the network's salt and the GPU's UUID.
pub fn gpu_id(salt: &Hash32, uuid: &str) -> Hash32 {
    let mut e = crate::canonical::Encoder::new("lyceum/gpu", 1);
    e.hash(salt).str(uuid);
    e.digest()
}

impl Client {
    /// Reports events. A refusal (a node that may not claim) fails the caller's transaction, as it should.
    pub fn report(&self, events: Vec<NodeEvent>) -> StdResult<CosmosMsg> {
        self.send(&only!(Report { events: Vec<NodeEvent> }), vec![])
    }

    /// Shares emission among a node's delegations.
    pub fn distribute(&self, node: &Addr, complete: bool, funds: Vec<Coin>) -> StdResult<CosmosMsg> {
        let node = node.to_string();
        self.send(&only!(Distribute { node: String, complete: bool }), funds)
    }

    /// Draws a committee.
    pub fn committee(
        &self,
        querier: &QuerierWrapper<'_>,
        class: &str,
        epoch: u64,
        seed: Hash32,
        seats: u32,
        exclude: Vec<String>,
    ) -> StdResult<Vec<DrawnSeat>> {
        let class = class.to_owned();
        let msg =
            only!(Committee { class: String, epoch: u64, seed: Hash32, seats: u32, exclude: Vec<String> });
        self.ask::<CommitteeResponse>(querier, &msg).map(|r| r.seats)
    }

    /// The sortition epoch now.
    pub fn epoch(&self, querier: &QuerierWrapper<'_>) -> StdResult<u64> {
        self.ask::<ConfigPart>(querier, &only!(Config {})).map(|part| part.epoch)
    }

    /// One node; an error if it is not registered.
    pub fn node(&self, querier: &QuerierWrapper<'_>, node: &Addr) -> StdResult<NodePart> {
        let node = node.to_string();
        self.ask(querier, &only!(Node { node: String }))
    }

    /// How many nodes are active.
    pub fn active(&self, querier: &QuerierWrapper<'_>) -> StdResult<u64> {
        self.ask::<ActiveResponse>(querier, &only!(Active {})).map(|r| r.count)
    }

    /// Whether an account is an active node.
    pub fn is_active(&self, querier: &QuerierWrapper<'_>, node: &Addr) -> StdResult<bool> {
        let node = node.to_string();
        self.ask::<IsActiveResponse>(querier, &only!(IsActive { node: String })).map(|r| r.active)
    }
}
