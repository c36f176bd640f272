//! Beacon rounds: which one somebody waits for, and what it gave.
use cosmwasm_std::{Binary, Empty, StdResult, Storage, Timestamp};
use cw_storage_plus::Map;
use lyceum_api::Hash32;
use lyceum_api::tasks::Beacon;
use lyceum_onchain::beacon;

use crate::error::{ContractError, Refused};

/// round → its signature.
pub const POSTED: Map<u64, Binary> = Map::new("rounds_posted");
/// Rounds that somebody waits for and nobody has posted.
pub const WANTED: Map<u64, Empty> = Map::new("rounds_wanted");

/// The first round strictly after a time: nobody knew it then.
pub fn after(config: &Beacon, at: Timestamp) -> u64 {
    beacon::first_round_from(config.genesis, config.period, at.seconds().saturating_add(1))
}

/// The first round at or after a time.
pub fn not_before(config: &Beacon, at: Timestamp) -> u64 {
    let seconds = at.seconds().saturating_add(u64::from(at.subsec_nanos() > 0));
    beacon::first_round_from(config.genesis, config.period, seconds)
}

/// When a round comes out.
pub fn time(config: &Beacon, round: u64) -> Timestamp {
    let seconds = beacon::round_time(config.genesis, config.period, round);
    // A round beyond the clock of nanoseconds never comes out.
    Timestamp::from_seconds(seconds.min(u64::MAX / 1_000_000_000))
}

/// Says that a round is waited for.
pub fn want(storage: &mut dyn Storage, round: u64) -> StdResult<()> {
    if POSTED.has(storage, round) {
        return Ok(());
    }
    WANTED.save(storage, round, &Empty {})
}

/// The randomness that a signature gives.
pub fn random(signature: &Binary) -> Hash32 {
    Hash32(beacon::randomness(signature))
}

/// A round's randomness, which must be posted.
pub fn randomness(storage: &dyn Storage, round: u64) -> Result<Hash32, Refused> {
    let signature = POSTED.may_load(storage, round)?.ok_or(ContractError::RoundUnknown { round })?;
    Ok(random(&signature))
}
