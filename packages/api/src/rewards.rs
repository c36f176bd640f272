//! Treasury, emission to learning blocks, accruals and pull claims.

mod event;

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Addr, Coin, CosmosMsg, StdResult, Timestamp, Uint128};

use crate::client::{Contract, Interface, only};

pub use event::{EVENT_VERSION, Event};

/// Marker of the interface of `rewards`.
#[derive(Debug, Clone)]
pub struct Rewards;

impl Interface for Rewards {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `rewards`.
pub type Client = Contract<Rewards>;

/// Who shares a learning block's emission.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum Pool {
    /// 60 %.
    Trainers,
    /// 20 %.
    Data,
    /// 12 %.
    Evaluators,
    /// 5 %.
    Service,
}

/// A weight within a pool of the learning block that is open.
#[cw_serde]
pub struct Accrual {
    /// The pool.
    pub pool: Pool,
    /// Who earns.
    pub account: String,
    /// The weight; shares are weight / sum of weights.
    pub weight: Uint128,
}

/// An amount somebody may pull at once (fees of committees, returned deposits).
#[cw_serde]
pub struct Payment {
    /// Who.
    pub account: String,
    /// How much, ulyc.
    pub amount: Uint128,
    /// Why: a stable code such as `committee_fee`, `bond_returned`.
    pub reason: String,
}

/// Instantiation; funds sent along open the treasury.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter.
    pub charter: String,
    /// `tasks`, which accrues and seals.
    pub tasks: String,
    /// `datasets`, which accrues contributors' shares.
    pub datasets: String,
    /// `nodes`, which pays out of slashes.
    pub nodes: String,
}

/// What `rewards` executes.
#[cw_serde]
pub enum ExecuteMsg {
    /// By anyone, with funds, paused or not: they join the treasury. (Coins sent without a message count for
    /// nothing.)
    Fund {},
    /// By `tasks`, `nodes` or `datasets`, paused or not, with funds of at least the sum: credit the payments, the
    /// rest joins the treasury. Zero payments are passed over.
    Deposit {
        /// The payments, at most 64.
        payments: Vec<Payment>,
    },
    /// By `tasks` or `datasets`: weights in the learning block that is open, at most 64. Zero weights are passed
    /// over.
    Accrue {
        /// The learning block; must be the open one.
        learning_block: u64,
        /// The weights.
        accruals: Vec<Accrual>,
    },
    /// By `tasks`: the learning block is sealed; its emission is shared and the next one opens. Learning blocks
    /// are numbered from 0.
    Seal {
        /// The learning block; must be the open one.
        learning_block: u64,
    },
    /// By anyone for himself, paused or not: pull what was credited, and shares of at most `limit` sealed
    /// learning blocks. Refused if there is nothing to settle.
    ///
    /// Of a node that others delegate to ([`ExecuteMsg::SetShared`]) the shares of the trainers', evaluators' and
    /// service pools go to `nodes` instead, which pays the node's part and shares the rest.
    Claim {
        /// How many learning blocks to settle, capped.
        limit: Option<u32>,
    },
    /// By anyone, paused or not: do the part of a shared node's [`ExecuteMsg::Claim`] that goes to `nodes`, so that
    /// no operator can withhold it. It goes through with nothing to share as well: delegations made since the last
    /// time share from the next one on.
    Share {
        /// The node.
        node: String,
        /// How many learning blocks to settle, capped.
        limit: Option<u32>,
    },
    /// By `nodes`, paused or not: whether a node has delegations.
    SetShared {
        /// The node.
        node: String,
        /// Whether its emission is shared.
        shared: bool,
    },
    /// By the charter: pay a grant out of the treasury.
    Grant {
        /// The receiver.
        to: String,
        /// How much, ulyc.
        amount: Uint128,
        /// Why.
        reason: String,
    },
    /// By the charter (claims stay open while paused).
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `rewards` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration.
    #[returns(ConfigResponse)]
    Config {},
    /// Balances: free treasury, accrued and unpaid, paid.
    #[returns(TreasuryResponse)]
    Treasury {},
    /// What an account may pull now, over at most `limit` learning blocks.
    #[returns(ClaimableResponse)]
    Claimable {
        /// The account.
        account: String,
        /// How many learning blocks, capped.
        limit: Option<u32>,
    },
    /// One learning block's emission and pools.
    #[returns(LearningBlockResponse)]
    LearningBlock {
        /// Its number.
        learning_block: u64,
    },
    /// Everything an account ever pulled, ulyc.
    #[returns(PaidResponse)]
    Paid {
        /// The account.
        account: String,
    },
    /// The audit trail, oldest first.
    #[returns(TrailResponse)]
    Trail {
        /// The entry to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
}

/// Answer to [`QueryMsg::Config`].
#[cw_serde]
pub struct ConfigResponse {
    /// The charter.
    pub charter: Addr,
    /// `tasks`.
    pub tasks: Addr,
    /// `datasets`.
    pub datasets: Addr,
    /// `nodes`.
    pub nodes: Addr,
    /// Whether paused.
    pub paused: bool,
}

/// Answer to [`QueryMsg::Treasury`]; free + accrued is what the contract holds of all it was funded with.
#[cw_serde]
pub struct TreasuryResponse {
    /// Not promised to anybody, ulyc.
    pub free: Uint128,
    /// Promised and not yet pulled, ulyc.
    pub accrued: Uint128,
    /// Pulled and granted, ulyc.
    pub paid: Uint128,
    /// The learning block that is open; the first is 0.
    pub open_block: u64,
    /// When the last one sealed; before that, when the contract was instantiated.
    pub last_seal: Timestamp,
}

/// Answer to [`QueryMsg::Claimable`].
#[cw_serde]
pub struct ClaimableResponse {
    /// What would be paid to the account, ulyc.
    pub amount: Uint128,
    /// What would go to `nodes`, to be shared by the account and its delegators, ulyc.
    pub shared: Uint128,
    /// Whether more learning blocks remain beyond the limit.
    pub more: bool,
}

/// One pool of a learning block.
#[cw_serde]
pub struct PoolInfo {
    /// The pool.
    pub pool: Pool,
    /// Its part of the emission, ulyc; what shares leave over by rounding goes back to the treasury once the last
    /// one is pulled.
    pub amount: Uint128,
    /// Sum of weights.
    pub weight: Uint128,
}

/// Answer to [`QueryMsg::LearningBlock`].
#[cw_serde]
pub struct LearningBlockResponse {
    /// When it sealed, if it did.
    pub sealed_at: Option<Timestamp>,
    /// Its emission, ulyc.
    pub emission: Uint128,
    /// Its pools.
    pub pools: Vec<PoolInfo>,
}

/// Answer to [`QueryMsg::Paid`].
#[cw_serde]
pub struct PaidResponse {
    /// ulyc.
    pub amount: Uint128,
}

/// One entry of the audit trail.
#[cw_serde]
pub struct TrailEntry {
    /// Its number.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// What: `fund`, `deposit`, `emission`, `grant`, `claim`, `share`.
    pub kind: String,
    /// Who sent or received.
    pub account: Addr,
    /// ulyc.
    pub amount: Uint128,
    /// Detail: a reason or a learning block.
    pub detail: String,
}

/// Answer to [`QueryMsg::Trail`].
#[cw_serde]
pub struct TrailResponse {
    /// The entries.
    pub entries: Vec<TrailEntry>,
}

impl Client {
    /// Funds that join the treasury.
    pub fn fund(&self, funds: Vec<Coin>) -> StdResult<CosmosMsg> {
        self.send(&only!(Fund {}), funds)
    }

    /// Credits payments with funds; what exceeds their sum joins the treasury.
    pub fn deposit(&self, payments: Vec<Payment>, funds: Vec<Coin>) -> StdResult<CosmosMsg> {
        self.send(&only!(Deposit { payments: Vec<Payment> }), funds)
    }

    /// Says whether a node's emission is shared.
    pub fn set_shared(&self, node: &Addr, shared: bool) -> StdResult<CosmosMsg> {
        let node = node.to_string();
        self.send(&only!(SetShared { node: String, shared: bool }), vec![])
    }

    /// Adds weights to the open learning block.
    pub fn accrue(&self, learning_block: u64, accruals: Vec<Accrual>) -> StdResult<CosmosMsg> {
        self.send(&only!(Accrue { learning_block: u64, accruals: Vec<Accrual> }), vec![])
    }

    /// Seals the open learning block.
    pub fn seal(&self, learning_block: u64) -> StdResult<CosmosMsg> {
        self.send(&only!(Seal { learning_block: u64 }), vec![])
    }
}
