//! What can go wrong in a node.

use lyceum_api::Hash32;
use lyceum_api::canonical::DecodeError;
use lyceum_chain::ChainError;
use lyceum_learn::LearnError;
use lyceum_store::StoreError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, AgentError>;

/// Why a node could not do something.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The chain.
    #[error("chain: {0}")]
    Chain(#[from] ChainError),
    /// Learning.
    #[error("learn: {0}")]
    Learn(#[from] LearnError),
    /// The node's store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// Nobody has a blob, or nobody sends it as it should be.
    #[error("{what} {root} cannot be had from any of {sources} sources{last}")]
    Unavailable {
        /// What it is.
        what: &'static str,
        /// Its root.
        root: Hash32,
        /// How many were asked.
        sources: usize,
        /// What the last one said.
        last: String,
    },
    /// A blob larger than what it claims to be may be.
    #[error("{what} {root} has {found} bytes, at most {most} are taken")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its root.
        root: Hash32,
        /// Its size.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// A hashed value that does not decode.
    #[error("{what}: {source}")]
    Decode {
        /// What it is.
        what: &'static str,
        /// Why.
        source: DecodeError,
    },
    /// The chain names something that it does not list.
    #[error("{what} {id} is not on chain")]
    Unknown {
        /// What.
        what: &'static str,
        /// Its id.
        id: u64,
    },
    /// A state that was rederived is not the one that was committed to.
    #[error("state {state} was rederived as {found}, committed as {expected}")]
    Diverged {
        /// The state.
        state: u32,
        /// The root recorded during the run.
        expected: Hash32,
        /// The root now.
        found: Hash32,
    },
    /// The node's folder.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No room is left for the node's folder.
    #[error("{path}: the disk is full; make room, the node goes on by itself")]
    DiskFull {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The chain is behind what this node has seen of it.
    #[error(
        "the chain is at height {found}, this node has seen {seen}: an endpoint lags behind, or the chain began anew \
         (then give the node a new folder)"
    )]
    OldHeight {
        /// What was seen.
        seen: u64,
        /// What it says now.
        found: u64,
    },
    /// The journal does not read.
    #[error("journal {path}: {reason}")]
    Journal {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// Stopped from outside.
    #[error("cancelled")]
    Cancelled,
    /// A worker panicked; the job is lost and tried again.
    #[error("a worker ended without an answer: {0}")]
    Worker(String),
}

impl AgentError {
    /// The stable code shown in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Chain(e) => e.code(),
            Self::Learn(e) => e.code(),
            Self::Store(_) => "agent.store",
            Self::Unavailable { .. } => "agent.unavailable",
            Self::TooLarge { .. } => "agent.too_large",
            Self::Decode { .. } => "agent.decode",
            Self::Unknown { .. } => "agent.unknown",
            Self::Diverged { .. } => "agent.diverged",
            Self::Io { .. } => "agent.io",
            Self::DiskFull { .. } => "agent.disk_full",
            Self::OldHeight { .. } => "agent.old_height",
            Self::Journal { .. } => "agent.journal",
            Self::Cancelled => "agent.cancelled",
            Self::Worker(_) => "agent.worker",
        }
    }

    /// Whether the same may succeed later with nothing changed by anybody: a node waits for that.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Chain(e) => e.is_transient(),
            Self::OldHeight { .. } => true,
            _ => false,
        }
    }

    /// Whether the contracts and this program do not understand each other: only an operator can mend that.
    pub fn is_misfit(&self) -> bool {
        matches!(self, Self::Chain(e) if e.is_misfit())
    }

    /// Whether no later try could be better, on a real chain either.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::Chain(e) => {
                matches!(e, ChainError::Stalled { .. } | ChainError::Stopped | ChainError::TurnTaken { .. })
            }
            _ => false,
        }
    }
}
