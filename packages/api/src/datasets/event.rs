//! What `datasets` emits. Beside the named attributes every event carries `version`.

use cosmwasm_std::{Addr, Timestamp};

use super::Tier;

/// An event of `datasets`; on chain its type carries the prefix `wasm-`. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `datasets_proposed`: a proposal waits for its auditors.
    Proposed {
        /// The dataset.
        dataset: u64,
        /// Who proposed it.
        proposer: Addr,
        /// The beacon round that draws its auditors; somebody has to post it.
        round: u64,
    },
    /// `datasets_auditors_drawn`: the audit began.
    AuditorsDrawn {
        /// The dataset.
        dataset: u64,
        /// How many.
        seats: u64,
        /// End of their commits.
        commit_until: Timestamp,
        /// End of their reveals.
        reveal_until: Timestamp,
    },
    /// `datasets_audit_committed`: an auditor committed.
    AuditCommitted {
        /// The dataset.
        dataset: u64,
        /// The auditor.
        node: Addr,
    },
    /// `datasets_audit_revealed`: an auditor revealed.
    AuditRevealed {
        /// The dataset.
        dataset: u64,
        /// The auditor.
        node: Addr,
    },
    /// `datasets_vote_opened`: the audit passed.
    VoteOpened {
        /// The dataset.
        dataset: u64,
        /// The best tier that the audit allows.
        allowed: Tier,
        /// End of the vote.
        until: Timestamp,
    },
    /// `datasets_voted`: a vote, or a changed one.
    Voted {
        /// The dataset.
        dataset: u64,
        /// The voter.
        voter: Addr,
        /// Whether in favour.
        yes: bool,
        /// Its power.
        power: u64,
    },
    /// `datasets_vote_extended`: too few voted.
    VoteExtended {
        /// The dataset.
        dataset: u64,
        /// The new end.
        until: Timestamp,
    },
    /// `datasets_approved`: a dataset got its tier, its proposer the deposit.
    Approved {
        /// The dataset.
        dataset: u64,
        /// The tier.
        tier: Tier,
    },
    /// `datasets_rejected`: a dataset was refused.
    Rejected {
        /// The dataset.
        dataset: u64,
        /// Why: the code of [`super::Status::Rejected`].
        reason: String,
        /// Whether the deposit went back to the proposer.
        returned: bool,
    },
    /// `datasets_power_set`: a node's voting power changed.
    PowerSet {
        /// The node.
        node: Addr,
        /// Its power from the next height on.
        power: u64,
    },
    /// `datasets_use_recorded`: a final block's use of shards.
    UseRecorded {
        /// The model.
        model: u64,
        /// The epoch.
        epoch: u64,
        /// Shards used for the first time.
        first: u64,
        /// Shards used before, which earn nothing.
        again: u64,
    },
    /// `datasets_params_set`: the parameters were replaced.
    ParamsSet {},
    /// `datasets_paused`: the pause switch was set.
    Paused {
        /// Whether paused.
        paused: bool,
    },
}

impl Tier {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Experimental => "experimental",
            Self::Silver => "silver",
            Self::Gold => "gold",
        }
    }
}

/// The version of the events; a reader refuses one it does not know.
pub const EVENT_VERSION: &str = "1";

fn named(name: &str) -> cosmwasm_std::Event {
    cosmwasm_std::Event::new(name).add_attribute("version", EVENT_VERSION)
}

impl From<Event> for cosmwasm_std::Event {
    fn from(event: Event) -> Self {
        let of = |name: &str, dataset: u64| named(name).add_attribute("dataset", dataset.to_string());
        let seconds = |at: Timestamp| at.seconds().to_string();
        match event {
            Event::Proposed { dataset, proposer, round } => of("datasets_proposed", dataset)
                .add_attribute("proposer", proposer)
                .add_attribute("round", round.to_string()),
            Event::AuditorsDrawn { dataset, seats, commit_until, reveal_until } => {
                of("datasets_auditors_drawn", dataset)
                    .add_attribute("seats", seats.to_string())
                    .add_attribute("commit_until", seconds(commit_until))
                    .add_attribute("reveal_until", seconds(reveal_until))
            }
            Event::AuditCommitted { dataset, node } => {
                of("datasets_audit_committed", dataset).add_attribute("node", node)
            }
            Event::AuditRevealed { dataset, node } => {
                of("datasets_audit_revealed", dataset).add_attribute("node", node)
            }
            Event::VoteOpened { dataset, allowed, until } => of("datasets_vote_opened", dataset)
                .add_attribute("allowed", allowed.code())
                .add_attribute("until", seconds(until)),
            Event::Voted { dataset, voter, yes, power } => of("datasets_voted", dataset)
                .add_attribute("voter", voter)
                .add_attribute("yes", yes.to_string())
                .add_attribute("power", power.to_string()),
            Event::VoteExtended { dataset, until } => {
                of("datasets_vote_extended", dataset).add_attribute("until", seconds(until))
            }
            Event::Approved { dataset, tier } => {
                of("datasets_approved", dataset).add_attribute("tier", tier.code())
            }
            Event::Rejected { dataset, reason, returned } => of("datasets_rejected", dataset)
                .add_attribute("reason", reason)
                .add_attribute("returned", returned.to_string()),
            Event::PowerSet { node, power } => named("datasets_power_set")
                .add_attribute("node", node)
                .add_attribute("power", power.to_string()),
            Event::UseRecorded { model, epoch, first, again } => named("datasets_use_recorded")
                .add_attribute("model", model.to_string())
                .add_attribute("epoch", epoch.to_string())
                .add_attribute("first", first.to_string())
                .add_attribute("again", again.to_string()),
            Event::ParamsSet {} => named("datasets_params_set"),
            Event::Paused { paused } => named("datasets_paused").add_attribute("paused", paused.to_string()),
        }
    }
}
