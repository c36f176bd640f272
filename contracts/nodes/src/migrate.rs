//! Migration: only from this contract, never to an older version, and never from state without shares.
//!
//! Version 0.2.0 holds stake by shares. Before it stake was one number per node, and nothing was ever deployed with
//! that, so no code is kept to convert it: such state is refused.
use cosmwasm_std::{DepsMut, Response};

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;

/// Checks what is stored before the new code touches it.
pub fn migrate(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    let stored = cw2::get_contract_version(deps.storage)?;
    if stored.contract == NAME && stored.version.starts_with("0.1.") {
        return Err(ContractError::OldState { found: stored.version, required: VERSION });
    }
    cw2::ensure_from_older_version(deps.storage, NAME, VERSION)?;
    Ok(Response::new())
}
