//! [`Walk`]: which items of a list are worth asking for again.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use lyceum_onchain::paging::MAX_LIMIT;

use crate::Result;

/// How far a list of the chain is known. Ids only grow, and what is over never changes again.
#[derive(Debug, Clone, Default)]
pub(super) struct Walk {
    /// The greatest id seen.
    last: Option<u64>,
    /// Items that are not over.
    open: BTreeSet<u64>,
}

impl Walk {
    /// A list of which everything up to an id is over.
    pub fn after(settled: Option<u64>) -> Self {
        Self { last: settled, open: BTreeSet::new() }
    }

    /// The id up to which everything is over; nothing if the first is not.
    pub fn settled(&self) -> Option<u64> {
        match self.open.first() {
            Some(first) => first.checked_sub(1),
            None => self.last,
        }
    }

    /// The greatest id seen.
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// Takes in an item.
    fn put(&mut self, id: u64, over: bool) {
        self.last = self.last.max(Some(id));
        if over {
            self.open.remove(&id);
        } else {
            self.open.insert(id);
        }
    }

    /// Asks for everything that is not over, and for what is new, page by page, and puts it among the items.
    pub async fn refresh<T, F>(
        &mut self,
        items: &mut BTreeMap<u64, T>,
        id_of: impl Fn(&T) -> u64,
        over: impl Fn(&T) -> bool,
        ask: impl Fn(Option<u64>, u32) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<Vec<T>>>,
    {
        let mut next = self.open.first().copied();
        loop {
            let after = next.map_or(self.last, |id| id.checked_sub(1));
            let page = ask(after, MAX_LIMIT).await?;
            let full = page.len() >= MAX_LIMIT as usize;
            let Some(end) = page.last().map(&id_of) else {
                // An item that was listed once and is not any more would be asked for forever.
                if let Some(gone) = next {
                    self.open.remove(&gone);
                    next = self.open.range(gone..).next().copied();
                    continue;
                }
                return Ok(());
            };
            // A list that does not go on would be asked for forever.
            if after.is_some_and(|after| end <= after) {
                return Ok(());
            }
            for item in page {
                let id = id_of(&item);
                self.put(id, over(&item));
                items.insert(id, item);
            }
            next = self.open.range(end + 1..).next().copied();
            // A page that is not full reached the end of the list.
            if !full {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A list of (id, over), and the questions that it was asked.
    struct List(Vec<(u64, bool)>, RefCell<Vec<Option<u64>>>);

    impl List {
        async fn page(&self, after: Option<u64>, limit: u32) -> Result<Vec<(u64, bool)>> {
            self.1.borrow_mut().push(after);
            let after = after.map_or(0, |a| a + 1);
            Ok(self.0.iter().filter(|i| i.0 >= after).take(limit as usize).copied().collect())
        }
    }

    async fn refreshed(walk: &mut Walk, list: &List) -> (Vec<u64>, Vec<Option<u64>>) {
        let mut items = BTreeMap::new();
        let page = |after, limit| list.page(after, limit);
        walk.refresh(&mut items, |i: &(u64, bool)| i.0, |i| i.1, page).await.unwrap();
        (items.into_keys().collect(), list.1.take())
    }

    #[tokio::test]
    async fn what_is_over_is_not_asked_for_again_even_between_what_is_not() {
        let mut list = List((1..=1_000).map(|id| (id, id != 7)).collect(), RefCell::default());
        let mut walk = Walk::default();
        let (items, asked) = refreshed(&mut walk, &list).await;
        assert_eq!((items.len(), asked.len()), (1_000, 11), "ten full pages, and one that ends the list");
        assert_eq!(walk.settled(), Some(6));
        list.0.push((1_001, false));
        let (items, asked) = refreshed(&mut walk, &list).await;
        assert_eq!(asked, [Some(6), Some(1_000)], "the page of what is open, then what is new");
        assert!(items.contains(&7) && items.contains(&1_001) && items.len() < 200);
        list.0[6].1 = true;
        list.0[1_000].1 = true;
        refreshed(&mut walk, &list).await;
        assert_eq!(walk.settled(), Some(1_001));
        assert_eq!(refreshed(&mut walk, &list).await.1, [Some(1_001)]);
    }

    #[tokio::test]
    async fn a_list_that_loses_or_repeats_items_ends_all_the_same() {
        let mut walk = Walk::default();
        refreshed(&mut walk, &List(vec![(1, false), (2, false)], RefCell::default())).await;
        refreshed(&mut walk, &List(vec![], RefCell::default())).await;
        assert_eq!(walk.settled(), Some(2));
        let mut items = BTreeMap::new();
        let stuck = |_: Option<u64>, _: u32| async { Ok(vec![(1, false); MAX_LIMIT as usize]) };
        Walk::default().refresh(&mut items, |i: &(u64, bool)| i.0, |i| i.1, stuck).await.unwrap();
        assert_eq!(items.len(), 1);
    }
}
