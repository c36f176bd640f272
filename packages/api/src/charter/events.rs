//! Names of the charter's events; on a chain each is prefixed with `wasm-`. Every event has the attribute
//! `version` ([`VERSION`]) beside those named here.

/// The version of the events; a reader refuses one it does not know.
pub const VERSION: &str = "1";

/// A successor of the authority was named: `authority`.
pub const AUTHORITY_PROPOSED: &str = "charter_authority_proposed";
/// The successor accepted: `authority`.
pub const AUTHORITY_ACCEPTED: &str = "charter_authority_accepted";
/// Another pact was proposed: `pact`, `proposal` (its number).
pub const PACT_PROPOSED: &str = "charter_pact_proposed";
/// A node acknowledged the proposed pact: `node`, `pact`, `acknowledged` (how many have).
pub const PACT_ACKNOWLEDGED: &str = "charter_pact_acknowledged";
/// The proposed pact is in force: `pact`, `acknowledged`, `active`.
pub const PACT_ADOPTED: &str = "charter_pact_adopted";
/// The rules were replaced: `rules` (how many).
pub const RULES_SET: &str = "charter_rules_set";
/// The network was paused.
pub const PAUSED: &str = "charter_paused";
/// The network goes on.
pub const RESUMED: &str = "charter_resumed";
/// A contract did not take the pause or its end: `contract`, `error`.
pub const PAUSE_FAILED: &str = "charter_pause_failed";
/// The authority acted: `action`.
pub const ACTED: &str = "charter_acted";
