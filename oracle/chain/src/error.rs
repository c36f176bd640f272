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
    /// A deployment file that can't be used.
    #[error("deployment file {path}: {reason}")]
    Deployment {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A deployment file of another chain.
    #[error("deployment file {path} is of the chain {found}, not of {expected}; give that chain's own file")]
    OtherDeployment {
        /// The file.
        path: String,
        /// The chain that is used.
        expected: String,
        /// The chain it is of.
        found: String,
    },
    /// A setting of the client that can't be used.
    #[error("setting {name}: {reason}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong with it and what it should be.
        reason: String,
    },
    /// A key, mnemonic or signature that is not one.
    #[error("key: {0}")]
    Key(String),
    /// A key file that can't be read or written.
    #[error("key file {path}: {reason}")]
    KeyFile {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A key file that the passphrase does not open.
    #[error("key file {path}: this passphrase does not open it; give the one it was saved with")]
    Passphrase {
        /// The file.
        path: String,
    },
    /// An address that is none, or one of another chain.
    #[error("address {address:?}: {reason}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An address with another chain's prefix.
    #[error(
        "address {address} begins with {found:?}, this chain's with {expected:?}; give the account's address on this chain"
    )]
    Prefix {
        /// The address.
        address: String,
        /// The prefix of the chain.
        expected: String,
        /// The prefix of the address.
        found: String,
    },
    /// An endpoint of another chain.
    #[error("{endpoint} serves the chain {found}, expected {expected}; correct the endpoint or the chain id")]
    WrongChain {
        /// The endpoint.
        endpoint: String,
        /// The chain that was configured.
        expected: String,
        /// The chain it serves.
        found: String,
    },
    /// No endpoint answers; may pass.
    #[error("no endpoint answers: {}; is the chain up, and is the address right?", tried(.endpoint, .reason))]
    Unreachable {
        /// The last endpoint that was tried.
        endpoint: String,
        /// What happened, for every endpoint that was tried.
        reason: String,
    },
    /// Endpoints answer, and none with what can be used; may pass.
    #[error(
        "no endpoint gives an answer that can be used: {reason}; try again later, or name another endpoint"
    )]
    Unusable {
        /// What each that was tried says.
        reason: String,
    },
    /// Endpoints answer, and their words can't all be right; may pass.
    #[error(
        "{reason}; add another endpoint or leave out the one that is wrong, and see that this machine's clock is right"
    )]
    Disagree {
        /// Who says what, or what does not fit what was heard before.
        reason: String,
    },
    /// The account can't pay.
    #[error("{account} cannot pay: {words}; send it funds, or use a fee granter")]
    InsufficientFunds {
        /// The account.
        account: String,
        /// The chain's own words.
        words: String,
    },
    /// There is no contract at an address.
    #[error("there is no contract at {address} on this chain; is the deployment file this chain's?")]
    UnknownContract {
        /// The address.
        address: String,
    },
    /// A contract is not the one that the deployment file says it is.
    #[error(
        "the deployment file has {address} as contracts.{name}, {reason}; two of its addresses may be exchanged, or one \
         is of another network: take the file that the network publishes"
    )]
    OtherContract {
        /// Its name in the file.
        name: &'static str,
        /// Its address there.
        address: String,
        /// What the chain says instead.
        reason: String,
    },
    /// A transaction needs more gas than the settings allow; it was not sent.
    #[error("needs {needed} gas, the ceiling is {ceiling}; send fewer messages at once or raise gas_ceiling")]
    GasAboveCeiling {
        /// With the adjustment.
        needed: u64,
        /// What is allowed.
        ceiling: u64,
    },
    /// A transaction ran out of gas every time; nothing of it happened.
    #[error("ran out of gas: {wanted} allowed, {used} used; raise gas_adjustment")]
    OutOfGas {
        /// What was allowed.
        wanted: u64,
        /// What was used.
        used: u64,
    },
    /// The chain's nodes want a higher fee.
    #[error(
        "the fee is too low at a gas price of {gas_price}: {words}; raise chain.gas_price in node.toml, or say \
         --gas-price"
    )]
    FeeTooLow {
        /// Units of the denom per gas, as the settings have it.
        gas_price: String,
        /// The chain's own words.
        words: String,
    },
    /// The chain did not take a transaction, for a reason that is not a contract's; nothing of it happened.
    #[error("the chain does not take the transaction: {words} ({codespace} {code})")]
    NotTaken {
        /// The module that said so.
        codespace: String,
        /// Its code.
        code: u32,
        /// Its words.
        words: String,
    },
    /// A transaction was not included before its timeout height, again and again; it never will be.
    #[error(
        "transaction {hash} was not included up to height {height}; it never will be, and may be sent again"
    )]
    NotIncluded {
        /// Its hash.
        hash: String,
        /// Its timeout height.
        height: u64,
    },
    /// What became of a transaction can't be found out any more: it may have been executed.
    #[error(
        "whether transaction {hash} was executed cannot be told: {reason}; look for its effect before sending it again"
    )]
    Undecided {
        /// Its hash.
        hash: String,
        /// Why.
        reason: String,
    },
    /// Something is longer than is allowed.
    #[error("{what} has {bytes} bytes or more, {limit} are allowed")]
    TooLarge {
        /// What.
        what: String,
        /// Its length, or how much of it was seen.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The state of a height is no longer kept; ask about a later one.
    #[error("the state of height {height} is not kept any more; ask for the head again")]
    StateGone {
        /// The height.
        height: u64,
    },
}

/// The endpoint's name stands before the reason unless the reason names it already.
fn tried(endpoint: &str, reason: &str) -> String {
    if endpoint.is_empty() || reason.contains(endpoint) {
        reason.to_owned()
    } else {
        format!("{endpoint}: {reason}")
    }
}

impl ChainError {
    /// No endpoint gives an answer that can be used; what was answered instead.
    pub fn unusable(reason: impl Into<String>) -> Self {
        Self::Unusable { reason: reason.into() }
    }

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
            Self::Deployment { .. } => "chain.deployment",
            Self::OtherDeployment { .. } => "chain.other_deployment",
            Self::Setting { .. } => "chain.setting",
            Self::Key(_) => "chain.key",
            Self::KeyFile { .. } => "chain.key_file",
            Self::Passphrase { .. } => "chain.passphrase",
            Self::Address { .. } => "chain.address",
            Self::Prefix { .. } => "chain.prefix",
            Self::WrongChain { .. } => "chain.wrong_chain",
            Self::Unreachable { .. } => "chain.unreachable",
            Self::Unusable { .. } => "chain.unusable",
            Self::Disagree { .. } => "chain.disagree",
            Self::InsufficientFunds { .. } => "chain.insufficient_funds",
            Self::UnknownContract { .. } => "chain.unknown_contract",
            Self::OtherContract { .. } => "chain.other_contract",
            Self::GasAboveCeiling { .. } => "chain.gas_above_ceiling",
            Self::OutOfGas { .. } => "chain.out_of_gas",
            Self::FeeTooLow { .. } => "chain.fee_too_low",
            Self::NotTaken { .. } => "chain.not_taken",
            Self::NotIncluded { .. } => "chain.not_included",
            Self::Undecided { .. } => "chain.undecided",
            Self::TooLarge { .. } => "chain.too_large",
            Self::StateGone { .. } => "chain.state_gone",
        }
    }

    /// Whether the same call may succeed later with nothing changed: the trouble is the chain's or the way to it.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Unusable { .. }
                | Self::Disagree { .. }
                | Self::NotIncluded { .. }
                | Self::StateGone { .. }
        )
    }

    /// Whether a contract and this program do not understand each other, which no waiting mends: the deployment is of
    /// another version, or of another network.
    pub fn is_misfit(&self) -> bool {
        match self {
            Self::Json(_) | Self::UnknownContract { .. } | Self::OtherContract { .. } => true,
            // How contracts say that they know no such question.
            Self::Query { words, .. } => words.contains("Error parsing into type"),
            _ => false,
        }
    }

    /// Whether it concerns one transaction alone, of which nothing happened: those beside it are not affected.
    pub fn is_of_one_transaction(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::InsufficientFunds { .. }
                | Self::UnknownContract { .. }
                | Self::GasAboveCeiling { .. }
                | Self::OutOfGas { .. }
                | Self::NotTaken { .. }
                | Self::NotIncluded { .. }
                | Self::TooLarge { .. }
        )
    }
}
