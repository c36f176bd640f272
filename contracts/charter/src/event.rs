//! Events: every one carries its version.
use cosmwasm_std::Event;
use lyceum_api::charter::events::VERSION;

/// An event under its name.
pub fn event(name: &'static str) -> Event {
    Event::new(name).add_attribute("version", VERSION)
}
