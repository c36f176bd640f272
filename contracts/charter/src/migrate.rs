//! Migration: only from this contract, and never to an older version.
use cosmwasm_std::{DepsMut, Response};
use lyceum_onchain::version;

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;

/// Checks what is stored before the new code touches it.
pub fn migrate(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    version::take_over(deps.storage, NAME, VERSION)?;
    Ok(Response::new())
}
