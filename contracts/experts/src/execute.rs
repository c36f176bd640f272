//! One file per story; this one holds what they share.

mod block;
mod model;
mod setup;

pub(crate) use block::{add, finalize, void};
pub(crate) use model::register;
pub(crate) use setup::{instantiate, set_paused};

use cosmwasm_std::{Addr, Storage};
use lyceum_onchain::permission::ensure_sender;

use crate::error::ContractError;
use crate::state::{CONFIG, Config};

/// The sender is the one allowed, and the network is not paused.
fn ensure(
    storage: &dyn Storage,
    sender: &Addr,
    allowed: impl Fn(&Config) -> &Addr,
) -> Result<(), ContractError> {
    let config = CONFIG.load(storage)?;
    ensure_sender(sender, allowed(&config))?;
    if config.paused { Err(ContractError::Paused) } else { Ok(()) }
}
