//! Why a helper failed: typed, inside an [`anyhow::Error`] (`downcast_ref::<NetworkError>()`).

use cosmwasm_std::{Addr, StdError};

/// Why the network refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A transaction was refused and undone.
    #[error("{sender} is refused: {words}")]
    Refused {
        /// Who sent it.
        sender: Addr,
        /// The contract's own words.
        words: String,
    },
    /// A query failed.
    #[error("query of {contract}: {words}")]
    Query {
        /// The contract.
        contract: Addr,
        /// Its words.
        words: String,
    },
    /// The App itself failed.
    #[error("{0}")]
    App(String),
}

/// The words of an error, without the kinds that cosmwasm-std wraps around them.
pub fn words(error: &StdError) -> String {
    let mut text = error.to_string();
    while let Some(rest) = text.strip_prefix("kind: ").and_then(|t| t.split_once(", error: ")) {
        text = rest.1.to_owned();
    }
    text
}

pub(crate) fn app(error: StdError) -> NetworkError {
    NetworkError::App(words(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_contracts_own() {
        let wrapped = StdError::msg(StdError::msg("StakeTooLow { required: 2, found: 1 }"));
        assert_eq!(words(&wrapped), "StakeTooLow { required: 2, found: 1 }");
    }
}
