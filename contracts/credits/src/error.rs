//! Why a message is refused.

use cosmwasm_std::StdError;
use cw_utils::PaymentError;
use lyceum_onchain::permission::Unauthorized;
use thiserror::Error;

/// Why `credits` refuses.
#[derive(Debug, Error)]
pub enum ContractError {
    /// Storage, an address or an encoding.
    #[error(transparent)]
    Std(#[from] StdError),
    /// A sender that may not.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// Unwanted funds.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The network is paused.
    #[error("credits is paused")]
    Paused,
    /// A list beyond its bound.
    #[error("{found} awards, expected at most {max}")]
    TooMany {
        /// How many came.
        found: usize,
        /// How many may.
        max: usize,
    },
    /// A sum beyond its type.
    #[error("{what} exceeds 128 bits")]
    Overflow {
        /// What was summed.
        what: &'static str,
    },
}
