//! What `rewards` emits. Beside the named attributes every event carries `version`.

use cosmwasm_std::{Addr, Uint128};

/// An event of `rewards`; on chain its type carries the prefix `wasm-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `rewards_funded`: funds joined the treasury.
    Funded {
        /// Who sent them.
        from: Addr,
        /// How much, ulyc.
        amount: Uint128,
    },
    /// `rewards_deposited`: payments were credited.
    Deposited {
        /// Who sent the funds.
        from: Addr,
        /// What came, ulyc.
        amount: Uint128,
        /// What of it was credited; the rest joined the treasury.
        credited: Uint128,
    },
    /// `rewards_accrued`: weights were added.
    Accrued {
        /// The learning block.
        learning_block: u64,
        /// Who said so.
        by: Addr,
        /// How many weights.
        accruals: u64,
    },
    /// `rewards_sealed`: a learning block's emission was shared.
    Sealed {
        /// The learning block.
        learning_block: u64,
        /// Its emission, ulyc.
        emission: Uint128,
        /// What of it went to pools; the rest stayed in the treasury.
        shared: Uint128,
    },
    /// `rewards_claimed`: somebody pulled.
    Claimed {
        /// Who.
        account: Addr,
        /// How much, ulyc.
        amount: Uint128,
        /// Learning blocks settled.
        learning_blocks: u32,
    },
    /// `rewards_shared`: a node's emission went to `nodes`.
    Shared {
        /// The node.
        node: Addr,
        /// How much, ulyc.
        amount: Uint128,
        /// Whether every learning block sealed so far was settled.
        complete: bool,
    },
    /// `rewards_granted`: the charter paid a grant.
    Granted {
        /// The receiver.
        to: Addr,
        /// How much, ulyc.
        amount: Uint128,
        /// Why.
        reason: String,
    },
    /// `rewards_paused`: the pause switch was set.
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
            Event::Funded { from, amount } => {
                named("rewards_funded").add_attribute("from", from).add_attribute("amount", amount)
            }
            Event::Deposited { from, amount, credited } => named("rewards_deposited")
                .add_attribute("from", from)
                .add_attribute("amount", amount)
                .add_attribute("credited", credited),
            Event::Accrued { learning_block, by, accruals } => named("rewards_accrued")
                .add_attribute("learning_block", learning_block.to_string())
                .add_attribute("by", by)
                .add_attribute("accruals", accruals.to_string()),
            Event::Sealed { learning_block, emission, shared } => named("rewards_sealed")
                .add_attribute("learning_block", learning_block.to_string())
                .add_attribute("emission", emission)
                .add_attribute("shared", shared),
            Event::Claimed { account, amount, learning_blocks } => named("rewards_claimed")
                .add_attribute("account", account)
                .add_attribute("amount", amount)
                .add_attribute("learning_blocks", learning_blocks.to_string()),
            Event::Shared { node, amount, complete } => named("rewards_shared")
                .add_attribute("node", node)
                .add_attribute("amount", amount)
                .add_attribute("complete", complete.to_string()),
            Event::Granted { to, amount, reason } => named("rewards_granted")
                .add_attribute("to", to)
                .add_attribute("amount", amount)
                .add_attribute("reason", reason),
            Event::Paused { paused } => named("rewards_paused").add_attribute("paused", paused.to_string()),
        }
    }
}
