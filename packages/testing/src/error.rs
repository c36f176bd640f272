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

/// The words of an error, without what cosmwasm-std and cw-multi-test wrap around them: the kind of every error,
/// and the message in which it happened.
pub fn words(error: &StdError) -> String {
    unwrapped(&error.to_string()).to_owned()
}

pub(crate) fn unwrapped(text: &str) -> &str {
    let mut words = text;
    loop {
        if let Some((_, rest)) = words.strip_prefix("kind: ").and_then(|t| t.split_once(", error: ")) {
            words = rest;
        } else if words.starts_with("Error executing ")
            && let Some((_, rest)) = words.split_once("\nkind: ").and_then(|(_, t)| t.split_once(", error: "))
        {
            words = rest;
        } else {
            return words;
        }
    }
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
        let executed =
            StdError::msg(format!("Error executing WasmMsg:\n  sender: a\n  Execute {{ }}\n{wrapped}"));
        assert_eq!(words(&executed), "StakeTooLow { required: 2, found: 1 }");
    }
}
