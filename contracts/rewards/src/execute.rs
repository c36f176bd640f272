//! One file per story; this one holds what they share.

mod accrue;
mod claim;
mod setup;
mod treasury;

pub(crate) use accrue::{accrue, seal};
pub(crate) use claim::{claim, set_shared, settle, share};
pub(crate) use setup::{instantiate, set_paused};
pub(crate) use treasury::{deposit, fund, grant};

use cosmwasm_std::{MessageInfo, Uint128};
use cw_utils::{may_pay, must_pay};
use lyceum_api::DENOM;

use crate::error::ContractError;
use crate::state::Config;

/// The most payments, or weights, of one message.
pub(crate) const MAX_ENTRIES: usize = 64;
/// The longest reason, in bytes.
pub(crate) const MAX_REASON: usize = 128;

fn ensure_running(config: &Config) -> Result<(), ContractError> {
    if config.paused { Err(ContractError::Paused) } else { Ok(()) }
}

fn ensure_at_most(what: &'static str, found: usize) -> Result<(), ContractError> {
    if found > MAX_ENTRIES {
        return Err(ContractError::TooMany { what, found, max: MAX_ENTRIES });
    }
    Ok(())
}

fn ensure_reason(reason: &str) -> Result<(), ContractError> {
    if reason.is_empty() || reason.len() > MAX_REASON {
        return Err(ContractError::Reason { found: reason.len(), max: MAX_REASON });
    }
    Ok(())
}

/// The one coin that must come along.
fn paid(info: &MessageInfo) -> Result<Uint128, ContractError> {
    let amount = must_pay(info, DENOM)?;
    amount.try_into().map_err(|_| ContractError::Overflow { what: "the funds" })
}

/// The one coin that may come along.
fn maybe_paid(info: &MessageInfo) -> Result<Uint128, ContractError> {
    let amount = may_pay(info, DENOM)?;
    amount.try_into().map_err(|_| ContractError::Overflow { what: "the funds" })
}
