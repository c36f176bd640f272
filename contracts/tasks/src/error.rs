//! Why a message was refused.
use cosmwasm_std::{Addr, StdError, Timestamp, Uint128};
use cw_utils::PaymentError;
use lyceum_api::Hash32;
use lyceum_api::canonical::DecodeError;
use lyceum_economy::EconomyError;
use lyceum_onchain::intervals::IntervalsError;
use lyceum_onchain::permission::Unauthorized;
use lyceum_tensorblock::tile::TileError;
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
    Economy(#[from] EconomyError),
    #[error(transparent)]
    Intervals(#[from] IntervalsError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Tile(#[from] TileError),
    #[error("tasks is paused")]
    Paused,
    #[error("no {what} {id}")]
    NotFound { what: &'static str, id: u64 },
    #[error("{what} is {found}, expected {min} to {max}")]
    OutOfRange { what: &'static str, found: u64, min: u64, max: u64 },
    #[error("{what} is refused: {expected}")]
    Refused { what: &'static str, expected: &'static str },
    #[error("the name {name:?} is taken by domain {domain}")]
    NameTaken { name: String, domain: u64 },
    #[error("domain of model {found}, expected model {expected}: all domains share one model")]
    AnotherModel { expected: u64, found: u64 },
    #[error("funds of {required} ulyc and nothing else are required, found {found}")]
    WrongFunds { required: Uint128, found: String },
    #[error("{sender} is not an active {role}")]
    NotActive { sender: Addr, role: &'static str },
    #[error("the opener of a task may not take it, nor may another node of its operator")]
    OpenerMayNotTake,
    #[error("{trainer} has taken task {task} already")]
    AlreadyTaken { trainer: Addr, task: u64 },
    #[error("task {task} has all its {max} claims")]
    TaskFull { task: u64, max: u32 },
    #[error("dataset {dataset} is not approved")]
    NotApproved { dataset: u64 },
    #[error("shard {shard} is not of dataset {dataset}, or is named twice")]
    WrongShard { dataset: u64, shard: Hash32 },
    #[error("{what} is {found}, expected {expected}")]
    WrongPhase { what: &'static str, expected: &'static str, found: String },
    #[error("too early: not before {at} (Unix seconds)", at = .at.seconds())]
    TooEarly { at: Timestamp },
    #[error("too late: the window closed at {until} (Unix seconds)", until = .until.seconds())]
    TooLate { until: Timestamp },
    #[error("round {round} comes out at {time}, it is {now}")]
    FutureRound { round: u64, time: u64, now: u64 },
    #[error("round {round} is posted")]
    RoundPosted { round: u64 },
    #[error("round {round} is not posted")]
    RoundUnknown { round: u64 },
    #[error("this is not the beacon's signature of round {round}")]
    BadSignature { round: u64 },
    #[error("{what} is there already")]
    Repeated { what: &'static str },
    #[error("content, salt and sender are not those of the commitment")]
    WrongCommitment,
    #[error("this key is not the one that the task committed to")]
    WrongKey,
    #[error("the benchmark of task {task} is sealed")]
    NotUnsealed { task: u64 },
    #[error("{sender} has no seat in panel {panel}")]
    NotSeated { sender: Addr, panel: u64 },
    #[error("{found} evaluators can sit, expected {required}")]
    NotEnoughEvaluators { required: u32, found: u32 },
    #[error("the states are not {expected:?}")]
    WrongStates { expected: Vec<u32> },
    #[error("state {state} is not proven to be the committed one")]
    WrongState { state: u32 },
    #[error("these sketches are not those that the trainer bound itself to")]
    WrongOpening,
    #[error("the attestation's {what} are not those asked for")]
    WrongAttestation { what: &'static str },
    #[error("{what}: at most {max}")]
    TooMany { what: &'static str, max: usize },
    #[error("availability of state {state}, tile {tile} was not asked for, or is answered")]
    NotAsked { state: u32, tile: u64 },
    #[error("panel {panel} waits for its trainer: send Expire for claim {claim} once its time is over")]
    Unanswered { panel: u64, claim: u64 },
    #[error("interval {interval} is disputed or decided already")]
    AlreadyDisputed { interval: u32 },
    #[error("a challenge is revealed in a later block than {height}")]
    SameBlock { height: u64 },
    #[error("claim {claim} waits for nobody")]
    NothingToExpire { claim: u64 },
    #[error("task {task} was not unsealed in time, or a pause let its benchmark out early: send VoidTask")]
    MustVoid { task: u64 },
    #[error("claim {claim} of the task is not settled")]
    Unsettled { claim: u64 },
    #[error("learning block {number} has {found} of {required} (percent x 10^-6)")]
    BelowThreshold { number: u64, required: u64, found: u64 },
    #[error("panel {panel} checks the heads")]
    HeadsUnderCheck { panel: u64 },
}

/// A [`ContractError`] on its way out: one word, so that passing it on costs a contract little code.
#[derive(Debug)]
pub struct Refused(Box<ContractError>);

impl<E> From<E> for Refused
where
    ContractError: From<E>,
{
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

impl Refused {
    /// What a caller is told.
    pub fn reason(self) -> ContractError {
        *self.0
    }
}
