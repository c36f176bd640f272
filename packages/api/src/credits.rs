//! Proof-of-learning credits: earned, never bought or transferred.

mod event;

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Addr, CosmosMsg, StdResult, Timestamp, Uint128};

use crate::client::{Contract, Interface, only};

pub use event::{EVENT_VERSION, Event};

/// Marker of the interface of `credits`.
#[derive(Debug, Clone)]
pub struct Credits;

impl Interface for Credits {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `credits`.
pub type Client = Contract<Credits>;

/// Why credits were earned.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Reason {
    /// An expert block became final: 100 × its share of the domain's mean gain, at most 2.
    ExpertAccepted {
        /// Its gain, percent × 10⁻⁶.
        gain: i64,
        /// The domain's mean gain.
        mean_gain: i64,
    },
    /// A dataset became gold: 50.
    GoldDataset {},
    /// An attestation agreed with the verdict: 25.
    Attestation {},
}

/// One award; its amount follows from the reason.
#[cw_serde]
pub struct Award {
    /// Who earned it.
    pub account: String,
    /// Why.
    pub reason: Reason,
    /// The claim or dataset it was for.
    pub subject: u64,
}

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter.
    pub charter: String,
    /// `tasks`, which awards experts and attestations.
    pub tasks: String,
    /// `datasets`, which awards gold datasets.
    pub datasets: String,
}

/// What `credits` executes. There is no transfer.
#[cw_serde]
pub enum ExecuteMsg {
    /// By `tasks` (experts, attestations) or `datasets` (gold datasets): at most 64 awards.
    Award {
        /// The awards.
        awards: Vec<Award>,
    },
    /// By the charter.
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `credits` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration.
    #[returns(ConfigResponse)]
    Config {},
    /// An account's balance, micro-credits.
    #[returns(BalanceResponse)]
    Balance {
        /// The account.
        account: String,
    },
    /// Balances by account.
    #[returns(BalancesResponse)]
    Balances {
        /// The account to begin after.
        start_after: Option<String>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// An account's awards, oldest first.
    #[returns(HistoryResponse)]
    History {
        /// The account.
        account: String,
        /// The entry to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// All credits ever awarded, micro-credits.
    #[returns(BalanceResponse)]
    Total {},
}

/// Answer to [`QueryMsg::Config`].
#[cw_serde]
pub struct ConfigResponse {
    /// The charter.
    pub charter: Addr,
    /// Whether paused.
    pub paused: bool,
}

/// Answer to [`QueryMsg::Balance`] and [`QueryMsg::Total`].
#[cw_serde]
pub struct BalanceResponse {
    /// Micro-credits: 1 credit is 10⁶.
    pub credits: Uint128,
}

/// One account's balance.
#[cw_serde]
pub struct AccountBalance {
    /// The account.
    pub account: Addr,
    /// Micro-credits.
    pub credits: Uint128,
}

/// Answer to [`QueryMsg::Balances`].
#[cw_serde]
pub struct BalancesResponse {
    /// The balances.
    pub balances: Vec<AccountBalance>,
}

/// One past award.
#[cw_serde]
pub struct HistoryEntry {
    /// Its number within the account.
    pub id: u64,
    /// Why.
    pub reason: Reason,
    /// The claim or dataset.
    pub subject: u64,
    /// Micro-credits.
    pub credits: Uint128,
    /// When.
    pub at: Timestamp,
}

/// Answer to [`QueryMsg::History`].
#[cw_serde]
pub struct HistoryResponse {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
}

impl Client {
    /// Awards credits.
    pub fn award(&self, awards: Vec<Award>) -> StdResult<CosmosMsg> {
        self.send(&only!(Award { awards: Vec<Award> }), vec![])
    }
}
