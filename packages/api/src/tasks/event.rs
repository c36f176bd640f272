//! What `tasks` emits.

use std::fmt::Display;

use cosmwasm_std::{Addr, Timestamp, Uint128};

use super::PanelKind;
use crate::Hash32;

/// The version every event carries as its attribute `version`.
pub const EVENT_VERSION: &str = "1";

/// An event of `tasks`; on chain its type carries the prefix `wasm-`. Ids are decimal, times Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the attributes are the fields, each named by its word in `docs/protocol.md`
pub enum Event {
    /// `tasks_domain_registered`.
    DomainRegistered { domain: u64, name: String },
    /// `tasks_task_opened`.
    TaskOpened { task: u64, domain: u64, opener: Addr, bond: Uint128, commit_until: Timestamp },
    /// `tasks_task_unsealed`: the benchmark's key is on chain.
    TaskUnsealed { task: u64 },
    /// `tasks_task_voided`: the benchmark was not unsealed in time.
    TaskVoided { task: u64 },
    /// `tasks_task_finalized`: all its claims have ended; `winner` is empty if nothing was accepted.
    TaskFinalized { task: u64, winner: Option<u64> },
    /// `tasks_claim_taken`.
    ClaimTaken { claim: u64, task: u64, trainer: Addr, seed_round: u64 },
    /// `tasks_beacon_posted`.
    BeaconPosted { round: u64 },
    /// `tasks_claim_committed`.
    ClaimCommitted { claim: u64 },
    /// `tasks_claim_revealed`.
    ClaimRevealed { claim: u64, task: u64, root: Hash32 },
    /// `tasks_block_recorded`: the block's id in `experts`.
    BlockRecorded { claim: u64, block: u64 },
    /// `tasks_panel_created`: it waits for `round`. A heads panel has no claim.
    PanelCreated { panel: u64, claim: Option<u64>, kind: PanelKind, round: u64 },
    /// `tasks_panel_drawn`: `seats`, separated by commas.
    PanelDrawn { panel: u64, seats: Vec<Addr> },
    /// `tasks_panel_served`.
    PanelServed { panel: u64 },
    /// `tasks_availability_challenged`.
    AvailabilityChallenged { panel: u64, state: u32, tile: u64, until: Timestamp },
    /// `tasks_availability_answered`.
    AvailabilityAnswered { panel: u64, state: u32, tile: u64 },
    /// `tasks_attestation_committed`.
    AttestationCommitted { panel: u64, seat: Addr },
    /// `tasks_attestation_revealed`.
    AttestationRevealed { panel: u64, seat: Addr },
    /// `tasks_panel_opened`: the trainer opened its sketches.
    PanelOpened { panel: u64 },
    /// `tasks_panel_closed`: `outcome` is `settled`, `honest`, `forged`, `no_quorum`, `failed` or `overtaken`.
    PanelClosed { panel: u64, outcome: &'static str },
    /// `tasks_claim_bisecting`: a jump between two kept states must be opened.
    ClaimBisecting { claim: u64, from: u32, to: u32, until: Timestamp },
    /// `tasks_span_opened`.
    SpanOpened { claim: u64, from: u32, interval: u32 },
    /// `tasks_challenge_committed`.
    ChallengeCommitted { claim: u64, challenger: Addr },
    /// `tasks_challenge_revealed`.
    ChallengeRevealed { claim: u64, challenger: Addr, interval: u32 },
    /// `tasks_claim_settled`: a verdict stands, open to challenges.
    ClaimSettled { claim: u64, accepted: bool, gain: i64, until: Timestamp },
    /// `tasks_claim_ended`: `outcome` is `accepted`, `outbid`, `rejected`, `fraud`, `lost`, `forfeited` or `void`;
    /// `reason` is a stable code or empty.
    ClaimEnded { claim: u64, trainer: Addr, outcome: &'static str, reason: String },
    /// `tasks_learning_block_sealed`.
    LearningBlockSealed { learning_block: u64, weighted_gain: i64, threshold: i64 },
    /// `tasks_params_set`.
    ParamsSet {},
    /// `tasks_paused`.
    Paused { paused: bool },
}

fn optional(id: Option<u64>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

impl PanelKind {
    /// The kind's stable name: `claim`, `score`, `interval` or `heads`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Claim {} => "claim",
            Self::Score {} => "score",
            Self::Interval { .. } => "interval",
            Self::Heads {} => "heads",
        }
    }
}

fn named(name: &str, attributes: &[(&str, &dyn Display)]) -> cosmwasm_std::Event {
    let event = cosmwasm_std::Event::new(["tasks_", name].concat()).add_attribute("version", EVENT_VERSION);
    attributes.iter().fold(event, |event, (key, value)| event.add_attribute(*key, value.to_string()))
}

impl From<Event> for cosmwasm_std::Event {
    fn from(event: Event) -> Self {
        event.write()
    }
}

impl Event {
    fn write(self) -> cosmwasm_std::Event {
        // Displayed in one place: a call of each value's `to_string` here would double the code.
        macro_rules! named {
            ($name:literal $(, $key:ident = $value:expr)*) => {
                named($name, &[$((stringify!($key), &$value as &dyn Display)),*])
            };
        }
        match self {
            Self::DomainRegistered { domain, name } => {
                named!("domain_registered", domain = domain, name = name)
            }
            Self::TaskOpened { task, domain, opener, bond, commit_until } => named!(
                "task_opened",
                task = task,
                domain = domain,
                opener = opener,
                bond = bond,
                commit_until = commit_until.seconds()
            ),
            Self::TaskUnsealed { task } => named!("task_unsealed", task = task),
            Self::TaskVoided { task } => named!("task_voided", task = task),
            Self::TaskFinalized { task, winner } => {
                named!("task_finalized", task = task, winner = optional(winner))
            }
            Self::ClaimTaken { claim, task, trainer, seed_round } => {
                named!("claim_taken", claim = claim, task = task, trainer = trainer, seed_round = seed_round)
            }
            Self::BeaconPosted { round } => named!("beacon_posted", round = round),
            Self::ClaimCommitted { claim } => named!("claim_committed", claim = claim),
            Self::ClaimRevealed { claim, task, root } => {
                named!("claim_revealed", claim = claim, task = task, root = root)
            }
            Self::BlockRecorded { claim, block } => named!("block_recorded", claim = claim, block = block),
            Self::PanelCreated { panel, claim, kind, round } => named!(
                "panel_created",
                panel = panel,
                claim = optional(claim),
                kind = kind.name(),
                round = round
            ),
            Self::PanelDrawn { panel, seats } => {
                let seats: Vec<_> = seats.iter().map(Addr::as_str).collect();
                named!("panel_drawn", panel = panel, seats = seats.join(","))
            }
            Self::PanelServed { panel } => named!("panel_served", panel = panel),
            Self::AvailabilityChallenged { panel, state, tile, until } => named!(
                "availability_challenged",
                panel = panel,
                state = state,
                tile = tile,
                until = until.seconds()
            ),
            Self::AvailabilityAnswered { panel, state, tile } => {
                named!("availability_answered", panel = panel, state = state, tile = tile)
            }
            Self::AttestationCommitted { panel, seat } => {
                named!("attestation_committed", panel = panel, seat = seat)
            }
            Self::AttestationRevealed { panel, seat } => {
                named!("attestation_revealed", panel = panel, seat = seat)
            }
            Self::PanelOpened { panel } => named!("panel_opened", panel = panel),
            Self::PanelClosed { panel, outcome } => named!("panel_closed", panel = panel, outcome = outcome),
            Self::ClaimBisecting { claim, from, to, until } => {
                named!("claim_bisecting", claim = claim, from = from, to = to, until = until.seconds())
            }
            Self::SpanOpened { claim, from, interval } => {
                named!("span_opened", claim = claim, from = from, interval = interval)
            }
            Self::ChallengeCommitted { claim, challenger } => {
                named!("challenge_committed", claim = claim, challenger = challenger)
            }
            Self::ChallengeRevealed { claim, challenger, interval } => {
                named!("challenge_revealed", claim = claim, challenger = challenger, interval = interval)
            }
            Self::ClaimSettled { claim, accepted, gain, until } => {
                named!(
                    "claim_settled",
                    claim = claim,
                    accepted = accepted,
                    gain = gain,
                    until = until.seconds()
                )
            }
            Self::ClaimEnded { claim, trainer, outcome, reason } => {
                named!("claim_ended", claim = claim, trainer = trainer, outcome = outcome, reason = reason)
            }
            Self::LearningBlockSealed { learning_block, weighted_gain, threshold } => named!(
                "learning_block_sealed",
                learning_block = learning_block,
                weighted_gain = weighted_gain,
                threshold = threshold
            ),
            Self::ParamsSet {} => named!("params_set"),
            Self::Paused { paused } => named!("paused", paused = paused),
        }
    }
}
