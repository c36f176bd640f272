//! One file per story.
pub mod admin;
pub mod attest;
pub mod availability;
pub mod beacon;
pub mod challenge;
pub mod commit;
pub mod domain;
pub mod draw;
pub mod expire;
pub mod finalize;
pub mod heads;
pub mod open;
pub mod open_sketches;
pub mod outcome;
pub mod panels;
pub mod reveal;
pub mod serve;
pub mod settle;
pub mod span;
pub mod take;
pub mod unseal;
pub mod void;

use crate::error::{ContractError, Refused};

/// Checks bounds, both inclusive.
pub(crate) fn ensure_range(what: &'static str, found: u64, min: u64, max: u64) -> Result<(), Refused> {
    if (min..=max).contains(&found) {
        Ok(())
    } else {
        Err(ContractError::OutOfRange { what, found, min, max }.into())
    }
}

/// Checks the length of a salt.
pub(crate) fn ensure_salt(salt: &[u8]) -> Result<(), Refused> {
    use lyceum_api::canonical::{MAX_SALT, MIN_SALT};
    ensure_range("the salt's length", salt.len() as u64, MIN_SALT as u64, MAX_SALT as u64)
}
