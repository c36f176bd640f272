//! What is stored, and the arithmetic that keeps the balances together.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, Env, StdResult, Storage, Timestamp, Uint128};
use cw_storage_plus::{Item, Map};
use lyceum_api::rewards::{Pool, TrailEntry};

use crate::error::ContractError;

/// Who may do what.
#[cw_serde]
pub(crate) struct Config {
    pub charter: Addr,
    pub tasks: Addr,
    pub datasets: Addr,
    pub nodes: Addr,
    pub paused: bool,
}

/// The balances. Each method moves an amount from one to another, so their sum only changes by funds.
#[cw_serde]
pub(crate) struct Treasury {
    pub free: Uint128,
    pub accrued: Uint128,
    pub paid: Uint128,
    pub open: u64,
    pub last_seal: Timestamp,
}

/// A learning block's share of one pool.
#[cw_serde]
pub(crate) struct Share {
    /// Its part of the emission; zero until sealed.
    pub amount: Uint128,
    /// Sum of weights.
    pub weight: Uint128,
    /// What of the amount was not pulled yet.
    pub unpaid: Uint128,
    /// The weights that were not settled yet.
    pub unsettled: Uint128,
}

/// A sealed learning block.
#[cw_serde]
pub(crate) struct Sealed {
    pub at: Timestamp,
    pub emission: Uint128,
}

pub(crate) const CONFIG: Item<Config> = Item::new("config");
pub(crate) const TREASURY: Item<Treasury> = Item::new("treasury");
/// Credited payments by account; no zeros.
pub(crate) const CREDITED: Map<&Addr, Uint128> = Map::new("credited");
/// What each account ever pulled.
pub(crate) const PAID: Map<&Addr, Uint128> = Map::new("paid");
/// Nodes whose emission is shared with those who delegate to them.
pub(crate) const SHARED: Map<&Addr, Empty> = Map::new("shared");
pub(crate) const SEALED: Map<u64, Sealed> = Map::new("sealed");
/// (learning block, pool) → its share.
pub(crate) const SHARES: Map<(u64, u8), Share> = Map::new("shares");
/// (account, learning block, pool) → weight; deleted when settled, so a claim touches only what is owed.
pub(crate) const WEIGHTS: Map<(&Addr, u64, u8), Uint128> = Map::new("weights");
pub(crate) const TRAIL: Map<u64, TrailEntry> = Map::new("trail");
pub(crate) const TRAIL_LENGTH: Item<u64> = Item::new("trail_length");

/// The pools in the order of their keys.
pub(crate) const POOLS: [Pool; 4] = [Pool::Trainers, Pool::Data, Pool::Evaluators, Pool::Service];

/// A pool's key. Stored: never renumber.
pub(crate) const fn pool_key(pool: Pool) -> u8 {
    match pool {
        Pool::Trainers => 0,
        Pool::Data => 1,
        Pool::Evaluators => 2,
        Pool::Service => 3,
    }
}

/// A sum, or which one is too large.
pub(crate) fn add(a: Uint128, b: Uint128, what: &'static str) -> Result<Uint128, ContractError> {
    a.checked_add(b).map_err(|_| ContractError::Overflow { what })
}

fn take(a: Uint128, b: Uint128, what: &'static str) -> Result<Uint128, ContractError> {
    a.checked_sub(b).map_err(|_| ContractError::Overflow { what })
}

impl Treasury {
    /// Funds came.
    pub fn fund(&mut self, amount: Uint128) -> Result<(), ContractError> {
        self.free = add(self.free, amount, "the treasury")?;
        Ok(())
    }

    /// Free → accrued.
    pub fn promise(&mut self, amount: Uint128) -> Result<(), ContractError> {
        self.free = take(self.free, amount, "a promise beyond the treasury")?;
        self.accrued = add(self.accrued, amount, "what is accrued")?;
        Ok(())
    }

    /// Accrued → free.
    pub fn release(&mut self, amount: Uint128) -> Result<(), ContractError> {
        self.accrued = take(self.accrued, amount, "a release beyond what is accrued")?;
        self.free = add(self.free, amount, "the treasury")?;
        Ok(())
    }

    /// Accrued → paid.
    pub fn pay(&mut self, amount: Uint128) -> Result<(), ContractError> {
        self.accrued = take(self.accrued, amount, "a payment beyond what is accrued")?;
        self.paid = add(self.paid, amount, "what is paid")?;
        Ok(())
    }
}

impl Share {
    /// A pool of the open learning block without weights.
    pub const fn empty() -> Self {
        Self {
            amount: Uint128::zero(),
            weight: Uint128::zero(),
            unpaid: Uint128::zero(),
            unsettled: Uint128::zero(),
        }
    }
}

/// Appends to the audit trail.
pub(crate) fn record(
    storage: &mut dyn Storage,
    env: &Env,
    kind: &str,
    account: &Addr,
    amount: Uint128,
    detail: String,
) -> StdResult<()> {
    let id = TRAIL_LENGTH.may_load(storage)?.unwrap_or_default() + 1;
    let account = account.clone();
    let entry = TrailEntry { id, at: env.block.time, kind: kind.to_owned(), account, amount, detail };
    TRAIL.save(storage, id, &entry)?;
    TRAIL_LENGTH.save(storage, &id)
}
