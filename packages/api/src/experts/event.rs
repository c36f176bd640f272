//! What `experts` emits. Beside the named attributes every event carries `version`.

use cosmwasm_std::Addr;

use crate::Hash32;

/// An event of `experts`; on chain its type carries the prefix `wasm-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `experts_model_registered`: a model.
    ModelRegistered {
        /// Its id.
        model: u64,
        /// Its name.
        name: String,
        /// Its version; as an attribute `model_version`.
        version: String,
    },
    /// `experts_block_added`: a provisional block.
    BlockAdded {
        /// Its id.
        block: u64,
        /// The model.
        model: u64,
        /// Content root.
        root: Hash32,
        /// Its author.
        author: Addr,
        /// The claim that brought it.
        claim: u64,
    },
    /// `experts_block_final`: a block entered the accumulator.
    BlockFinal {
        /// Its id.
        block: u64,
        /// Its leaf's index.
        leaf: u64,
        /// Whether it joined as a fork.
        fork: bool,
        /// The accumulator's new root.
        accumulator: Hash32,
    },
    /// `experts_block_void`: a provisional block fell.
    BlockVoid {
        /// Its id.
        block: u64,
    },
    /// `experts_paused`: the pause switch was set.
    Paused {
        /// Whether paused.
        paused: bool,
    },
}

/// The version of the events; a reader refuses one it does not know.
pub const EVENT_VERSION: &str = "1";

fn named(name: &str) -> cosmwasm_std::Event {
    cosmwasm_std::Event::new(name).add_attribute("version", EVENT_VERSION)
}

impl From<Event> for cosmwasm_std::Event {
    fn from(event: Event) -> Self {
        match event {
            Event::ModelRegistered { model, name, version } => named("experts_model_registered")
                .add_attribute("model", model.to_string())
                .add_attribute("name", name)
                .add_attribute("model_version", version),
            Event::BlockAdded { block, model, root, author, claim } => named("experts_block_added")
                .add_attribute("block", block.to_string())
                .add_attribute("model", model.to_string())
                .add_attribute("root", root.to_string())
                .add_attribute("author", author)
                .add_attribute("claim", claim.to_string()),
            Event::BlockFinal { block, leaf, fork, accumulator } => named("experts_block_final")
                .add_attribute("block", block.to_string())
                .add_attribute("leaf", leaf.to_string())
                .add_attribute("fork", fork.to_string())
                .add_attribute("accumulator", accumulator.to_string()),
            Event::BlockVoid { block } => {
                named("experts_block_void").add_attribute("block", block.to_string())
            }
            Event::Paused { paused } => named("experts_paused").add_attribute("paused", paused.to_string()),
        }
    }
}
