//! Migration: only from this contract, and never to an older version.
use cosmwasm_std::{DepsMut, Response};

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;

/// Checks what is stored before the new code touches it.
pub fn migrate(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    cw2::ensure_from_older_version(deps.storage, NAME, VERSION)?;
    Ok(Response::new())
}
