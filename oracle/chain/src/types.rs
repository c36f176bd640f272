//! What is said to a chain and what it answers.

use cosmwasm_std::{Addr, Binary, Coin, Event, to_json_binary};
use serde::Serialize;

use crate::{ChainError, Result};

/// Where the contracts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contracts {
    /// The charter.
    pub charter: Addr,
    /// Nodes.
    pub nodes: Addr,
    /// Datasets.
    pub datasets: Addr,
    /// Models and expert blocks.
    pub experts: Addr,
    /// Tasks, claims, panels, beacon.
    pub tasks: Addr,
    /// Credits.
    pub credits: Addr,
    /// Treasury and rewards.
    pub rewards: Addr,
}

/// The longest JSON of a message or a query, bytes.
pub const MAX_JSON: usize = 256 * 1024;

/// JSON that is not too long.
pub(crate) fn json(what: &str, value: &impl Serialize) -> Result<Binary> {
    let json = to_json_binary(value).map_err(|e| ChainError::Json(e.to_string()))?;
    if json.len() > MAX_JSON {
        let (bytes, limit) = (json.len() as u64, MAX_JSON as u64);
        return Err(ChainError::TooLarge { what: format!("the JSON of {what}"), bytes, limit });
    }
    Ok(json)
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Msg {
    /// To which contract.
    pub contract: Addr,
    /// What, as JSON.
    pub msg: Binary,
    /// With which funds.
    pub funds: Vec<Coin>,
}

impl Msg {
    /// A message of a contract's own type, of at most [`MAX_JSON`] bytes.
    pub fn new<M: Serialize>(contract: &Addr, msg: &M, funds: Vec<Coin>) -> Result<Self> {
        let msg = json("a message", msg)?;
        Ok(Self { contract: contract.clone(), msg, funds })
    }
}

/// Messages that happen together or not at all, in this order.
pub type Tx = Vec<Msg>;

/// What became of a transaction that was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxResult {
    /// The height at which it was.
    pub height: u64,
    /// Its events.
    pub events: Vec<Event>,
    /// Gas that it used; 0 where gas is not counted.
    pub gas: u64,
}

/// The end of the chain: the height that is open, and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// Height.
    pub height: u64,
    /// Unix seconds.
    pub time: u64,
}

/// The events of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxEvents {
    /// Who sent it; empty for what the chain itself did at the end of a block (say, a proposal that passed).
    pub sender: Addr,
    /// Its events, if it was executed; a refused one has none.
    pub events: Vec<Event>,
    /// What the chain took from the sender for it, ulyc, whether it was executed or refused; 0 where a chain takes
    /// nothing or somebody else paid.
    pub fee: u128,
}

/// The events of one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockEvents {
    /// Height and time.
    pub head: Head,
    /// By transaction, in the order executed.
    pub txs: Vec<TxEvents>,
}

/// What a participant waits for; the first of these to come wakes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Until {
    /// A height.
    pub height: Option<u64>,
    /// A time, Unix seconds.
    pub time: Option<u64>,
    /// Any transaction by anybody.
    pub change: bool,
}

impl Until {
    /// Until a height.
    pub fn height(height: u64) -> Self {
        Self { height: Some(height), ..Self::default() }
    }

    /// Until a time.
    pub fn time(time: u64) -> Self {
        Self { time: Some(time), ..Self::default() }
    }

    /// Until anything changes, or a time if one is given.
    pub fn change_or(time: Option<u64>) -> Self {
        Self { height: None, time, change: true }
    }

    /// Whether the wait is over at a head that was, or was not, preceded by transactions.
    pub(crate) fn over(&self, head: Head, changed: bool) -> bool {
        (self.change && changed)
            || self.height.is_some_and(|h| h <= head.height)
            || self.time.is_some_and(|t| t <= head.time)
    }
}
