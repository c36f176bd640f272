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

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockStorage;
    use proptest::prelude::*;

    use super::*;

    const QUEUE: ClaimsQueue = ClaimsQueue::new("queue");

    fn owner() -> Addr {
        Addr::unchecked("owner")
    }

    fn queue(amounts: &[u128]) -> MockStorage {
        let mut storage = MockStorage::new();
        for (at, amount) in (1..).zip(amounts) {
            QUEUE.push(&mut storage, &owner(), (*amount).into(), at * 10).unwrap();
        }
        storage
    }

    #[test]
    fn only_what_has_matured_is_claimed_and_only_once() {
        let mut storage = queue(&[5, 7, 9]);
        let mut claim = |now| QUEUE.claim(&mut storage, &owner(), now).unwrap().u128();
        assert_eq!([claim(9), claim(20), claim(20), claim(30), claim(99)], [0, 12, 0, 9, 0]);
        assert!(QUEUE.entries(&storage, &owner()).unwrap().is_empty());
    }

    #[test]
    fn a_slash_takes_from_locked_entries_in_proportion() {
        let mut storage = queue(&[100, 100, 300]);
        assert_eq!(QUEUE.slash(&mut storage, &owner(), 40u128.into(), 10).unwrap().u128(), 40);
        let left: Vec<_> =
            QUEUE.entries(&storage, &owner()).unwrap().iter().map(|e| e.amount.u128()).collect();
        assert_eq!(left, [100, 90, 270], "the first had matured");
        assert_eq!(QUEUE.slash(&mut storage, &owner(), Uint128::MAX, 10).unwrap().u128(), 360);
        assert_eq!(QUEUE.entries(&storage, &owner()).unwrap().len(), 1);
        assert_eq!(QUEUE.slash(&mut storage, &Addr::unchecked("other"), Uint128::MAX, 0).unwrap().u128(), 0);
    }

    #[test]
    fn a_queue_is_bounded_in_number_and_in_sum() {
        let mut storage = queue(&[1; MAX_ENTRIES]);
        let more = QUEUE.push(&mut storage, &owner(), 1u128.into(), 1);
        assert!(matches!(more, Err(QueueError::Full { .. })));
        let mut storage = queue(&[1]);
        assert!(matches!(
            QUEUE.push(&mut storage, &owner(), Uint128::MAX, 1),
            Err(QueueError::Overflow { .. })
        ));
        assert!(matches!(QUEUE.push(&mut storage, &owner(), 0u128.into(), 1), Err(QueueError::Nothing)));
    }

    proptest! {
        #[test]
        fn nothing_appears_or_vanishes(
            amounts in prop::collection::vec(1u128..1 << 120, 1..20), slash in 0u128..1 << 122, now in 0u64..250,
        ) {
            let mut storage = queue(&amounts);
            let locked = QUEUE.locked(&storage, &owner(), now).unwrap();
            let taken = QUEUE.slash(&mut storage, &owner(), slash.into(), now).unwrap();
            prop_assert_eq!(taken, locked.min(slash.into()));
            prop_assert_eq!(QUEUE.locked(&storage, &owner(), now).unwrap(), locked - taken);
            let claimed = QUEUE.claim(&mut storage, &owner(), u64::MAX).unwrap();
            prop_assert_eq!((claimed + taken).u128(), amounts.iter().sum::<u128>());
        }
    }
}
