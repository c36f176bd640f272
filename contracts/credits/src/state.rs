//! What is stored.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Timestamp, Uint128};
use cw_storage_plus::{Item, Map};
use lyceum_api::credits::Reason;

/// Who may do what.
#[cw_serde]
pub(crate) struct Config {
    pub charter: Addr,
    pub tasks: Addr,
    pub datasets: Addr,
    pub paused: bool,
}

/// One award of an account.
#[cw_serde]
pub(crate) struct Earned {
    pub reason: Reason,
    pub subject: u64,
    pub credits: Uint128,
    pub at: Timestamp,
}

/// What an account has.
#[cw_serde]
#[derive(Default)]
pub(crate) struct Account {
    pub credits: Uint128,
    /// Awards so far; also the number of the last one.
    pub awards: u64,
}

pub(crate) const CONFIG: Item<Config> = Item::new("config");
pub(crate) const TOTAL: Item<Uint128> = Item::new("total");
pub(crate) const ACCOUNTS: Map<&Addr, Account> = Map::new("accounts");
/// (account, number from 1) → award.
pub(crate) const HISTORY: Map<(&Addr, u64), Earned> = Map::new("history");
