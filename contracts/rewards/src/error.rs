//! Why a message is refused.

use cosmwasm_std::{Addr, StdError, Uint128};
use cw_utils::PaymentError;
use lyceum_economy::EconomyError;
use lyceum_onchain::permission::Unauthorized;
use thiserror::Error;

/// Why `rewards` refuses.
#[derive(Debug, Error)]
pub enum ContractError {
    /// Storage, an address or an encoding.
    #[error(transparent)]
    Std(#[from] StdError),
    /// A sender that may not.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// Missing, foreign or unwanted funds.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// A computation without an answer.
    #[error(transparent)]
    Economy(#[from] EconomyError),
    /// The network is paused.
    #[error("rewards is paused")]
    Paused,
    /// A learning block that is not the open one.
    #[error("learning block {found} is not open, expected {open}")]
    NotOpen {
        /// The open one.
        open: u64,
        /// The one named.
        found: u64,
    },
    /// Payments beyond the funds.
    #[error("payments sum to {required} ulyc, found funds of {found}")]
    FundsTooLow {
        /// Sum of the payments.
        required: Uint128,
        /// Funds sent.
        found: Uint128,
    },
    /// A grant beyond the free treasury.
    #[error("the treasury has {found} ulyc free, the grant needs {required}")]
    TreasuryTooLow {
        /// The grant.
        required: Uint128,
        /// What is free.
        found: Uint128,
    },
    /// A list beyond its bound.
    #[error("{found} {what}, expected at most {max}")]
    TooMany {
        /// What is listed.
        what: &'static str,
        /// How many came.
        found: usize,
        /// How many may.
        max: usize,
    },
    /// A reason that is empty or too long.
    #[error("a reason of {found} bytes, expected 1 to {max}")]
    Reason {
        /// Its length.
        found: usize,
        /// The greatest length.
        max: usize,
    },
    /// An amount of zero where one is needed.
    #[error("the amount is zero, expected a positive one")]
    ZeroAmount,
    /// A sum beyond its type.
    #[error("{what} exceeds 128 bits")]
    Overflow {
        /// What was summed.
        what: &'static str,
    },
    /// A node to which nobody delegates.
    #[error("{node} has no delegations; it claims its rewards itself")]
    NotShared {
        /// The node.
        node: Addr,
    },
    /// The sender has neither a balance nor a share of a sealed learning block.
    #[error("nothing to claim")]
    NothingToClaim,
}
