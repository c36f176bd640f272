//! Why a message was refused.
use cosmwasm_std::{Addr, StdError, Uint128};
use cw_utils::PaymentError;
use lyceum_api::Hash32;
use lyceum_economy::EconomyError;
use lyceum_onchain::permission::Unauthorized;
use lyceum_onchain::sortition::SortitionError;
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
    Sortition(#[from] SortitionError),
    #[error(transparent)]
    Economy(#[from] EconomyError),
    #[error("nodes is paused; only exits are open")]
    Paused,
    #[error("{node} is not a node")]
    NotRegistered { node: Addr },
    #[error("{node} is a node already")]
    AlreadyRegistered { node: Addr },
    #[error("{field} has {found} bytes, expected {required}")]
    Length { field: &'static str, found: usize, required: usize },
    #[error("{field} has {found} characters, expected {min} to {max}")]
    TextLength { field: &'static str, found: usize, min: usize, max: usize },
    #[error("{field} holds {found:?}, expected {expected}")]
    TextContent { field: &'static str, found: char, expected: &'static str },
    #[error("{found} {what}, expected at most {max}")]
    TooMany { what: &'static str, found: usize, max: usize },
    #[error("{value} is named twice among {what}")]
    Duplicate { what: &'static str, value: String },
    #[error("{name} is {found}, expected {min} to {max}")]
    Param { name: &'static str, found: Uint128, min: Uint128, max: Uint128 },
    #[error("the peer key belongs to {holder} already")]
    PeerKeyTaken { holder: Addr },
    #[error("the proof is not a signature of this registration by the peer key")]
    BadProof,
    #[error("the stake is {found}, expected at least {required}")]
    StakeTooLow { required: Uint128, found: Uint128 },
    #[error("{open_claims} open claims rest on {required} of stake, {remaining} would remain")]
    StakeLocked { open_claims: u32, required: Uint128, remaining: Uint128 },
    #[error("nothing of {node} has matured, and its standing is up to date")]
    NothingMatured { node: Addr },
    #[error("nothing to unbond, expected a positive amount")]
    Nothing,
    #[error("{found} {what} of {owner} are open at {node}; claim or settle one, or wait")]
    Full { what: &'static str, owner: Addr, node: Addr, found: usize },
    #[error("{what} exceed 128 bits")]
    Overflow { what: &'static str },
    #[error(
        "{delegator} has {found} delegated to {node} that may leave, expected at least {required}; {locked} came by redelegation and stays until it is settled"
    )]
    DelegationTooLow { node: Addr, delegator: Addr, required: Uint128, found: Uint128, locked: Uint128 },
    #[error("{node} can't redelegate to or from itself; it bonds and unbonds its own stake")]
    OwnBond { node: Addr },
    #[error("from and to are both {node}")]
    SameNode { node: Addr },
    #[error("{delegator} has nothing to claim or settle at {node}")]
    NothingToSettle { node: Addr, delegator: Addr },
    #[error("the commission is {found}, expected at most {max}: {why}")]
    Commission { found: u16, max: u16, why: &'static str },
    #[error(
        "state of version {found} holds no shares and can't be migrated; version {required} is instantiated anew"
    )]
    OldState { found: String, required: &'static str },
    #[error("nothing has left the queue; {}", next_leaves(next))]
    NothingUnbonded { next: Option<u64> },
    #[error("{node} is not active: jailed, or below the least stake of {required} with {stake}")]
    NotActive { node: Addr, required: Uint128, stake: Uint128 },
    #[error("GPU {gpu} is bound to {holder}")]
    GpuTaken { gpu: Hash32, holder: Addr },
    #[error("GPU {gpu} is bound to nobody")]
    GpuNotBound { gpu: Hash32 },
    #[error("GPU {gpu} lapses at {at}, now is {now}")]
    GpuNotLapsed { gpu: Hash32, at: u64, now: u64 },
    #[error("{node} is not in jail")]
    NotJailed { node: Addr },
    #[error("jailed until {until}, now is {now}")]
    StillJailed { until: u64, now: u64 },
    #[error("{sender} may not report {event}, expected {expected}")]
    ReportNotAllowed { sender: Addr, event: &'static str, expected: Addr },
    #[error("{node} is not a trainer")]
    NotTrainer { node: Addr },
    #[error("{node} is in quarantine until {until}")]
    Quarantined { node: Addr, until: u64 },
    #[error("{node} has used its quota of {quota} claims today")]
    QuotaUsed { node: Addr, quota: u32 },
    #[error("{node} has {open} claims open; its stake carries {max} of a bond of {bond}")]
    TooManyClaims { node: Addr, open: u32, max: u64, bond: Uint128 },
    #[error("{node} has no claim open")]
    NoOpenClaim { node: Addr },
    #[error("epoch {epoch} has not begun, now is {now}")]
    FutureEpoch { epoch: u64, now: u64 },
    #[error("height {height} has not begun, now is {now}")]
    FutureHeight { height: u64, now: u64 },
}

/// When the next entry of a queue leaves it, Unix seconds, in words.
fn next_leaves(next: &Option<u64>) -> String {
    next.map_or_else(|| "it is empty".to_owned(), |at| format!("its next entry leaves at {at}"))
}
