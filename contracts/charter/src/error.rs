//! Why a message was refused.
use cosmwasm_std::{Addr, StdError, Uint128};
use cw_utils::PaymentError;
use lyceum_api::Hash32;
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
    #[error("no successor of the authority is proposed")]
    NoSuccessor,
    #[error("no pact is proposed")]
    NoProposal,
    #[error("pact {pact} is in force already")]
    SamePact { pact: Hash32 },
    #[error("pact {found} is not the proposed one, {expected}")]
    OtherPact { found: Hash32, expected: Hash32 },
    #[error("{node} is not an active node")]
    NotActive { node: Addr },
    #[error("{node} has acknowledged this proposal already")]
    AlreadyAcknowledged { node: Addr },
    #[error("{acknowledged} of {active} active nodes have acknowledged, expected {percent} %")]
    TooFewAcknowledged { acknowledged: u64, active: u64, percent: u64 },
    #[error("{found} {what}, expected at most {max}")]
    TooMany { what: &'static str, found: usize, max: usize },
    #[error("{what} {found:?} has {length} bytes, expected 1 to {max} of [a-z0-9_./-]")]
    Name { what: &'static str, found: String, length: usize, max: usize },
    #[error("{what} {name} is named twice")]
    Duplicate { what: &'static str, name: String },
    #[error("limit {name} of {action} runs from {min} to {max}, which allows nothing")]
    EmptyLimit { action: String, name: String, min: Uint128, max: Uint128 },
    #[error("a reply {id} answers nothing that was asked")]
    UnknownReply { id: u64 },
}
