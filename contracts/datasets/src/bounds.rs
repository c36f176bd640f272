//! Bounds on what comes in.

use lyceum_api::canonical::{MAX_SALT, MIN_SALT};
use lyceum_api::datasets::{AuditReport, DatasetManifest, MAX_DATASET_SHARDS, MAX_SHARD_BYTES, Params};

use crate::error::ContractError;

/// Longest name, licence or class, in characters.
const MAX_TEXT: usize = 64;
/// Most licences that the parameters may list.
const MAX_LICENCES: usize = 64;
/// Most auditors: what `nodes` draws at once.
const MAX_AUDITORS: u64 = 32;
/// Ten years: keeps every sum of times far from overflowing.
const MAX_SECONDS: u64 = 10 * 365 * 86_400;
/// All bytes of a dataset.
const ALL_PPM: u64 = 1_000_000;

fn text(field: &'static str, text: &str) -> Result<(), ContractError> {
    // The byte length bounds the count of characters before it is taken.
    let found = if text.len() > 4 * MAX_TEXT { text.len() } else { text.chars().count() };
    if found == 0 || found > MAX_TEXT {
        return Err(ContractError::TextLength { field, found, min: 1, max: MAX_TEXT });
    }
    match text.chars().find(|c| c.is_control() || (c.is_whitespace() && *c != ' ')) {
        Some(found) => Err(ContractError::TextContent { field, found }),
        None => Ok(()),
    }
}

fn count(what: &'static str, found: usize, min: usize, max: usize) -> Result<(), ContractError> {
    if (min..=max).contains(&found) { Ok(()) } else { Err(ContractError::Count { what, found, min, max }) }
}

fn range(name: &'static str, found: u64, min: u64, max: u64) -> Result<(), ContractError> {
    if (min..=max).contains(&found) {
        Ok(())
    } else {
        Err(ContractError::OutOfRange { name, found, min, max })
    }
}

/// A list of entries, as far as one message of `tasks` or a query may be long.
pub(crate) fn entries(what: &'static str, found: usize) -> Result<(), ContractError> {
    count(what, found, 0, MAX_DATASET_SHARDS)
}

/// A manifest: texts, shards, and a licence that is accepted.
pub(crate) fn manifest(manifest: &DatasetManifest, params: &Params) -> Result<(), ContractError> {
    text("name", &manifest.name)?;
    text("licence", &manifest.licence)?;
    if !params.licences.contains(&manifest.licence) {
        let allowed = params.licences.join(", ");
        return Err(ContractError::Licence { found: manifest.licence.clone(), allowed });
    }
    let shards = &manifest.shards;
    count("shards", shards.len(), 1, MAX_DATASET_SHARDS)?;
    for (at, shard) in shards.iter().enumerate() {
        let root = shard.root;
        if !(1..=MAX_SHARD_BYTES).contains(&shard.bytes) {
            return Err(ContractError::ShardSize { root, found: shard.bytes, max: MAX_SHARD_BYTES });
        }
        if shards[..at].iter().any(|other| other.root == root) {
            return Err(ContractError::ShardTwice { root });
        }
    }
    Ok(())
}

/// An audit's shares: of bytes, so none exceeds the whole.
pub(crate) fn report(report: &AuditReport) -> Result<(), ContractError> {
    range("pii_ppm", report.pii_ppm.into(), 0, ALL_PPM)?;
    range("toxicity_ppm", report.toxicity_ppm.into(), 0, ALL_PPM)?;
    range("duplicates_ppm", report.duplicates_ppm.into(), 0, ALL_PPM)
}

/// A salt that hides a report and is no burden.
pub(crate) fn salt(salt: &[u8]) -> Result<(), ContractError> {
    count("bytes of salt", salt.len(), MIN_SALT, MAX_SALT)
}

/// Parameters under which every phase can be gone through.
pub(crate) fn params(params: &Params) -> Result<(), ContractError> {
    if params.deposit.is_zero() {
        return Err(ContractError::OutOfRange { name: "deposit", found: 0, min: 1, max: u64::MAX });
    }
    range("auditors", params.auditors.into(), 1, MAX_AUDITORS)?;
    let seconds = [
        ("audit_commit_seconds", params.audit_commit_seconds),
        ("audit_reveal_seconds", params.audit_reveal_seconds),
        ("vote_seconds", params.vote_seconds),
        ("extension_seconds", params.extension_seconds),
    ];
    for (name, found) in seconds {
        range(name, found, 1, MAX_SECONDS)?;
    }
    count("licences", params.licences.len(), 1, MAX_LICENCES)?;
    params.licences.iter().try_for_each(|licence| text("licence", licence))?;
    text("class", &params.class)
}
