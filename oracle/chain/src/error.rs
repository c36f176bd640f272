//! What can go wrong with a chain.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ChainError>;

/// Why a chain did not answer or execute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A transaction was refused; nothing of it happened. The contract's own words.
    #[error("refused: {words}")]
    Refused {
        /// What the contract said.
        words: String,
    },
    /// A query failed. The contract's own words.
    #[error("query of {contract}: {words}")]
    Query {
        /// The contract asked.
        contract: String,
        /// What it said.
        words: String,
    },
    /// A message or an answer is not the JSON it should be.
    #[error("JSON: {0}")]
    Json(String),
    /// Events that are no longer kept.
    #[error("events from height {asked} were asked for, the earliest kept are those of {earliest}")]
    Pruned {
        /// From where they were asked for.
        asked: u64,
        /// The earliest height that is kept.
        earliest: u64,
    },
    /// Everybody waits for somebody else, and nobody for a time: nothing will ever happen again.
    #[error("the network stands still at height {height}: every participant waits for a change by another")]
    Stalled {
        /// The height.
        height: u64,
    },
    /// This participant already ended its turn at this height and has not been woken.
    #[error("participant {participant} has already ended its turn")]
    TurnTaken {
        /// The participant's index.
        participant: usize,
    },
    /// The chain is gone.
    #[error("the chain has stopped")]
    Stopped,
    /// The chain could not be brought up.
    #[error("the chain does not come up: {0}")]
    Start(String),
}

impl ChainError {
    /// The stable code shown in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "chain.refused",
            Self::Query { .. } => "chain.query",
            Self::Json(_) => "chain.json",
            Self::Pruned { .. } => "chain.pruned",
            Self::Stalled { .. } => "chain.stalled",
            Self::TurnTaken { .. } => "chain.turn_taken",
            Self::Stopped => "chain.stopped",
            Self::Start(_) => "chain.start",
        }
    }
}
