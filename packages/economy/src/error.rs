use thiserror::Error;

/// The result of this crate's arithmetic.
pub type Result<T> = core::result::Result<T, EconomyError>;

/// Why a computation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EconomyError {
    /// The exact result does not fit the type of its amount.
    #[error("{what} does not fit its type")]
    Overflow {
        /// The quantity that was being computed.
        what: &'static str,
    },
    /// A divisor was zero.
    #[error("{what} must not be zero")]
    Zero {
        /// The quantity that was zero.
        what: &'static str,
    },
    /// An argument lies outside of the range that the formula is defined on.
    #[error("{what} is {found}, expected {min} to {max}")]
    OutOfRange {
        /// The quantity that was given.
        what: &'static str,
        /// What was given.
        found: i128,
        /// The smallest value that is allowed.
        min: i128,
        /// The largest value that is allowed.
        max: i128,
    },
}

impl EconomyError {
    /// The stable code that machine-readable output shows.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overflow { .. } => "economy/overflow",
            Self::Zero { .. } => "economy/zero",
            Self::OutOfRange { .. } => "economy/out-of-range",
        }
    }
}
