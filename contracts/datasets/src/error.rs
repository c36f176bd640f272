//! Why a message was refused.

use cosmwasm_std::{Addr, StdError, Timestamp, Uint128};
use cw_utils::PaymentError;
use lyceum_api::Hash32;
use lyceum_economy::EconomyError;
use lyceum_onchain::permission::Unauthorized;
use thiserror::Error;

/// Why a message was refused.
#[derive(Debug, Error)]
#[allow(missing_docs)] // each text says what its fields are
pub enum ContractError {
    #[error(transparent)]
    Std(#[from] StdError),
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    #[error(transparent)]
    Economy(#[from] EconomyError),
    #[error("datasets is paused")]
    Paused,
    #[error("there is no dataset {dataset}")]
    UnknownDataset { dataset: u64 },
    #[error("the dataset is {found}, expected one that is {expected}")]
    WrongPhase { expected: &'static str, found: &'static str },
    #[error("the deposit is {required} ulyc, found {found}")]
    Deposit { required: Uint128, found: Uint128 },
    #[error("{name} is {found}, expected {min} to {max}")]
    OutOfRange { name: &'static str, found: u64, min: u64, max: u64 },
    #[error("{field} has {found} characters, expected {min} to {max}")]
    TextLength { field: &'static str, found: usize, min: usize, max: usize },
    #[error("{field} holds {found:?}, expected printable text")]
    TextContent { field: &'static str, found: char },
    #[error("{found} {what}, expected {min} to {max}")]
    Count { what: &'static str, found: usize, min: usize, max: usize },
    #[error("the licence {found:?} is not accepted, expected one of: {allowed}")]
    Licence { found: String, allowed: String },
    #[error("shard {root} has {found} bytes, expected 1 to {max}")]
    ShardSize { root: Hash32, found: u64, max: u64 },
    #[error("shard {root} is listed twice")]
    ShardTwice { root: Hash32 },
    #[error("shard {root} belongs to dataset {dataset} already")]
    ShardTaken { root: Hash32, dataset: u64 },
    #[error("beacon round {round} is not posted yet")]
    RoundUnknown { round: u64 },
    #[error("{sender} is no auditor of dataset {dataset}")]
    NotAuditor { sender: Addr, dataset: u64 },
    #[error("{node} has committed already")]
    AlreadyCommitted { node: Addr },
    #[error("{node} has not committed, so it has nothing to reveal")]
    NotCommitted { node: Addr },
    #[error("{node} has revealed already")]
    AlreadyRevealed { node: Addr },
    #[error("the commits ended at {until}, now is {now}")]
    CommitsOver { until: Timestamp, now: Timestamp },
    #[error("not all have committed: reveals open at {from}, now is {now}")]
    RevealsNotOpen { from: Timestamp, now: Timestamp },
    #[error("the reveals ended at {until}, now is {now}")]
    RevealsOver { until: Timestamp, now: Timestamp },
    #[error("report and salt give {found}, expected the commitment {committed}")]
    WrongReveal { committed: Hash32, found: Hash32 },
    #[error("auditors may reveal until {until}, now is {now}")]
    AuditOpen { until: Timestamp, now: Timestamp },
    #[error("{voter} had no power at the beginning of height {height}")]
    NoPower { voter: Addr, height: u64 },
    #[error("{voter} has voted so already")]
    AlreadyVoted { voter: Addr },
    #[error("the vote ended at {until}, now is {now}")]
    VoteOver { until: Timestamp, now: Timestamp },
    #[error("the vote is open until {until}, now is {now}")]
    VoteOpen { until: Timestamp, now: Timestamp },
    #[error("shard {shard} is not one of an approved dataset {dataset}")]
    NotApproved { dataset: u64, shard: Hash32 },
    #[error("height {height} has not begun, now is {now}")]
    FutureHeight { height: u64, now: u64 },
    #[error("{what} exceeds its type")]
    Overflow { what: &'static str },
}
