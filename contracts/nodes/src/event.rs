//! Events: every one carries its version.
use cosmwasm_std::{Addr, Event};
use lyceum_api::nodes::events::VERSION;

/// An event of the contract as a whole.
pub fn plain(name: &'static str) -> Event {
    Event::new(name).add_attribute("version", VERSION)
}

/// An event of one node.
pub fn of(name: &'static str, node: &Addr) -> Event {
    plain(name).add_attribute("node", node)
}
