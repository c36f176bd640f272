//! What `credits` emits. Beside the named attributes every event carries `version`.

use cosmwasm_std::{Addr, Uint128};

use super::Reason;

/// An event of `credits`; on chain its type carries the prefix `wasm-`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `credits_awarded`: one award.
    Awarded {
        /// Who earned them.
        account: Addr,
        /// Micro-credits.
        credits: Uint128,
        /// Why, as its code: `expert_accepted`, `gold_dataset`, `attestation`.
        reason: Reason,
        /// The claim or dataset.
        subject: u64,
    },
    /// `credits_paused`: the pause switch was set.
    Paused {
        /// Whether paused.
        paused: bool,
    },
}

impl Reason {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ExpertAccepted { .. } => "expert_accepted",
            Self::GoldDataset {} => "gold_dataset",
            Self::Attestation {} => "attestation",
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
        match event {
            Event::Awarded { account, credits, reason, subject } => named("credits_awarded")
                .add_attribute("account", account)
                .add_attribute("credits", credits)
                .add_attribute("reason", reason.code())
                .add_attribute("subject", subject.to_string()),
            Event::Paused { paused } => named("credits_paused").add_attribute("paused", paused.to_string()),
        }
    }
}
