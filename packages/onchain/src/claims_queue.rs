//! The queue of what is being unbonded: locked until it matures, slashable until then.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, StdError, StdResult, Storage, Uint128};
use cw_storage_plus::Map;
use thiserror::Error;

/// Most entries of one owner: it bounds every loop here.
pub const MAX_ENTRIES: usize = 32;

/// Why the queue did not take an entry.
#[derive(Debug, Error)]
pub enum QueueError {
    /// Storage failed.
    #[error(transparent)]
    Std(#[from] StdError),
    /// The owner must claim something first, or wait.
    #[error("the queue of {owner} is full with {MAX_ENTRIES} entries")]
    Full {
        /// Whose queue.
        owner: Addr,
    },
    /// Nothing to unbond.
    #[error("nothing to unbond, expected a positive amount")]
    Nothing,
    /// The sum of the entries does not fit its type.
    #[error("the queue of {owner} exceeds 128 bits")]
    Overflow {
        /// Whose queue.
        owner: Addr,
    },
}

/// One amount that is on its way out.
#[cw_serde]
#[derive(Eq)]
pub struct Entry {
    /// What can be claimed, after slashes.
    pub amount: Uint128,
    /// The time from which on it can be claimed.
    pub matures_at: u64,
}

/// Where the queues are stored, one per owner.
pub struct ClaimsQueue {
    entries: Map<&'static Addr, Vec<Entry>>,
}

fn sum<'a>(entries: impl Iterator<Item = &'a Entry>) -> Uint128 {
    // `push` keeps the whole queue within 128 bits.
    entries.map(|entry| entry.amount).sum()
}

impl ClaimsQueue {
    /// A queue under a storage key of its own.
    pub const fn new(key: &'static str) -> Self {
        Self { entries: Map::new(key) }
    }

    /// The entries of an owner, at most [`MAX_ENTRIES`], in the order in which they came.
    pub fn entries(&self, storage: &dyn Storage, owner: &Addr) -> StdResult<Vec<Entry>> {
        Ok(self.entries.may_load(storage, owner)?.unwrap_or_default())
    }

    fn store(&self, storage: &mut dyn Storage, owner: &Addr, entries: &Vec<Entry>) -> StdResult<()> {
        if entries.is_empty() {
            self.entries.remove(storage, owner);
            return Ok(());
        }
        self.entries.save(storage, owner, entries)
    }

    /// Adds an amount that matures at a time.
    pub fn push(
        &self,
        storage: &mut dyn Storage,
        owner: &Addr,
        amount: Uint128,
        matures_at: u64,
    ) -> Result<(), QueueError> {
        if amount.is_zero() {
            return Err(QueueError::Nothing);
        }
        let mut entries = self.entries(storage, owner)?;
        if entries.len() >= MAX_ENTRIES {
            return Err(QueueError::Full { owner: owner.clone() });
        }
        if sum(entries.iter()).checked_add(amount).is_err() {
            return Err(QueueError::Overflow { owner: owner.clone() });
        }
        entries.push(Entry { amount, matures_at });
        Ok(self.store(storage, owner, &entries)?)
    }

    /// Removes what has matured and gives its sum, which may be zero.
    pub fn claim(&self, storage: &mut dyn Storage, owner: &Addr, now: u64) -> StdResult<Uint128> {
        let (locked, matured): (Vec<_>, Vec<_>) =
            self.entries(storage, owner)?.into_iter().partition(|entry| entry.matures_at > now);
        self.store(storage, owner, &locked)?;
        Ok(sum(matured.iter()))
    }

    /// What is still locked, hence slashable.
    pub fn locked(&self, storage: &dyn Storage, owner: &Addr, now: u64) -> StdResult<Uint128> {
        Ok(sum(self.entries(storage, owner)?.iter().filter(|entry| entry.matures_at > now)))
    }

    /// Takes an amount from the locked entries, each in proportion, and gives what was taken: the amount, or all
    /// that is locked. Each entry's part is rounded up, the last ones give what is left to take.
    pub fn slash(
        &self,
        storage: &mut dyn Storage,
        owner: &Addr,
        amount: Uint128,
        now: u64,
    ) -> StdResult<Uint128> {
        let mut entries = self.entries(storage, owner)?;
        let locked = sum(entries.iter().filter(|entry| entry.matures_at > now));
        let taken = amount.min(locked);
        let mut left = taken;
        for entry in entries.iter_mut().filter(|entry| entry.matures_at > now) {
            // locked > 0 here unless the entry is empty; ⌈a · t / l⌉ ≤ a as t ≤ l.
            let part = entry.amount.mul_ceil((taken, locked.max(Uint128::one()))).min(left);
            entry.amount -= part;
            left -= part;
        }
        entries.retain(|entry| !entry.amount.is_zero());
        self.store(storage, owner, &entries)?;
        Ok(taken)
    }
}
