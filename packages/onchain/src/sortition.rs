//! Drawing nodes by stake: a sum tree per class, frozen by epochs.
//!
//! A class (such as an execution class) has up to 16⁵ slots, one for every node that ever weighed something in
//! it. A tree node holds the sums of its 16 children and is stored once per epoch in which it changed, under the
//! epoch from which it holds; a draw of epoch e reads the last version not after e. So a weight set during epoch
//! e acts from e + 1 on, and a draw of an epoch gives the same result for ever. A path is 5 reads; drawing k
//! seats costs O(k log n).
use std::collections::BTreeMap;

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Order, StdError, StdResult, Storage, Uint128};
use cw_storage_plus::{Bound, Map};
use thiserror::Error;

use crate::beacon::uniform;

/// Children of a tree node.
const ARITY: u32 = 16;
/// Bits of a child's number.
const ARITY_BITS: u32 = 4;
/// Levels of tree nodes; level 0 is the root.
const LEVELS: u32 = 5;
/// Slots of a class. Each costs a node's minimum stake and an unbonding time, so they last for decades.
pub const MAX_SLOTS: u32 = 1 << (ARITY_BITS * LEVELS);
/// Most seats of one draw.
pub const MAX_SEATS: u32 = 63;
/// Most addresses that one draw may exclude.
pub const MAX_EXCLUDED: usize = 256;

/// Why nothing was drawn or set.
#[derive(Debug, Error)]
pub enum SortitionError {
    /// Storage failed, or the caller's `accept` did.
    #[error(transparent)]
    Std(#[from] StdError),
    /// Fewer nodes than seats qualify.
    #[error("{found} seats could be drawn, expected {required}")]
    TooFew {
        /// Seats that were filled.
        found: u32,
        /// Seats that were asked for.
        required: u32,
    },
    /// A draw out of bounds.
    #[error(
        "a draw of {seats} seats with {excluded} excluded, expected at most {MAX_SEATS} and {MAX_EXCLUDED}"
    )]
    TooLarge {
        /// Seats that were asked for.
        seats: u32,
        /// Addresses that were excluded.
        excluded: usize,
    },
    /// The class ran out of slots.
    #[error("class {class} has no free slot of {MAX_SLOTS}")]
    Full {
        /// The class.
        class: String,
    },
    /// An epoch before one that has already been written.
    #[error("epoch {found} is past, weights are set up to epoch {latest}")]
    PastEpoch {
        /// The epoch that was given.
        found: u64,
        /// The latest in which a weight was set.
        latest: u64,
    },
    /// The weights of a class exceed 128 bits.
    #[error("total weight does not fit 128 bits")]
    Overflow,
}

/// What is known of a class.
#[cw_serde]
#[derive(Default)]
struct ClassState {
    slots: u32,
    latest_epoch: u64,
}

type Sums = [Uint128; ARITY as usize];

/// Where the weights are stored.
pub struct Sortition {
    /// By class, level · 2³² + number within the level, and the epoch from which the sums hold.
    sums: Map<(&'static str, u64, u64), Sums>,
    slots: Map<(&'static str, &'static Addr), u32>,
    nodes: Map<(&'static str, u32), Addr>,
    classes: Map<&'static str, ClassState>,
}

/// The number of the tree node above a slot at a level, and the slot's child within it.
const fn place(slot: u32, level: u32) -> (u32, usize) {
    let below = slot >> (ARITY_BITS * (LEVELS - 1 - level));
    (below >> ARITY_BITS, (below & (ARITY - 1)) as usize)
}

const fn node_key(level: u32, number: u32) -> u64 {
    (level as u64) << 32 | number as u64
}

/// A slot's part of the line from 0 to the total weight.
#[derive(Clone, Copy)]
struct Span {
    start: u128,
    weight: u128,
}

/// One class as of one epoch; every tree node is read at most once.
struct View<'a> {
    sortition: &'a Sortition,
    storage: &'a dyn Storage,
    class: &'a str,
    epoch: u64,
    read: BTreeMap<u64, Sums>,
}

impl View<'_> {
    fn sums(&mut self, level: u32, number: u32) -> StdResult<Sums> {
        let key = node_key(level, number);
        if let Some(sums) = self.read.get(&key) {
            return Ok(*sums);
        }
        let sums = self.sortition.sums_at(self.storage, self.class, key, self.epoch)?;
        self.read.insert(key, sums);
        Ok(sums)
    }

    fn total(&mut self) -> StdResult<u128> {
        Ok(self.sums(0, 0)?.iter().map(|sum| sum.u128()).sum())
    }

    fn span(&mut self, slot: u32) -> StdResult<Span> {
        let mut span = Span { start: 0, weight: 0 };
        for level in 0..LEVELS {
            let (number, child) = place(slot, level);
            let sums = self.sums(level, number)?;
            span.start += sums[..child].iter().map(|sum| sum.u128()).sum::<u128>();
            span.weight = sums[child].u128();
        }
        Ok(span)
    }

    /// The slot at a point below the total.
    fn at(&mut self, point: u128) -> StdResult<(u32, Span)> {
        let (mut slot, mut left, mut weight) = (0u32, point, 0);
        for level in 0..LEVELS {
            let sums = self.sums(level, slot)?;
            let mut child = 0;
            weight = sums[0].u128();
            while left >= weight {
                left -= weight;
                child += 1;
                let sum = sums.get(child).ok_or_else(|| StdError::msg("sum tree is inconsistent"))?;
                weight = sum.u128();
            }
            slot = slot << ARITY_BITS | child as u32; // below 16
        }
        Ok((slot, Span { start: point - left, weight }))
    }
}

/// The line without the parts of those who are out.
#[derive(Default)]
struct Removed {
    /// By start; never overlapping, never empty.
    spans: BTreeMap<u128, u128>,
    weight: u128,
}

impl Removed {
    fn add(&mut self, span: Span) {
        if span.weight > 0 && self.spans.insert(span.start, span.weight).is_none() {
            self.weight += span.weight;
        }
    }

    /// Moves a point of the shortened line past what was removed before it.
    fn lift(&self, mut point: u128) -> u128 {
        for (start, weight) in &self.spans {
            if point < *start {
                break;
            }
            point += weight;
        }
        point
    }
}

impl Sortition {
    /// A sortition under four storage keys of its own.
    pub const fn new(
        sums_key: &'static str,
        slots_key: &'static str,
        nodes_key: &'static str,
        classes_key: &'static str,
    ) -> Self {
        Self {
            sums: Map::new(sums_key),
            slots: Map::new(slots_key),
            nodes: Map::new(nodes_key),
            classes: Map::new(classes_key),
        }
    }

    fn sums_at(&self, storage: &dyn Storage, class: &str, key: u64, epoch: u64) -> StdResult<Sums> {
        let versions = self.sums.prefix((class, key));
        let latest = versions.range(storage, None, Some(Bound::inclusive(epoch)), Order::Descending).next();
        Ok(latest.transpose()?.map(|(_, sums)| sums).unwrap_or_default())
    }

    fn view<'a>(&'a self, storage: &'a dyn Storage, class: &'a str, epoch: u64) -> View<'a> {
        View { sortition: self, storage, class, epoch, read: BTreeMap::new() }
    }

    /// Sets a node's weight in a class. It acts on draws of epochs after `epoch_now`, which never falls.
    pub fn set_weight(
        &self,
        storage: &mut dyn Storage,
        class: &str,
        node: &Addr,
        weight: Uint128,
        epoch_now: u64,
    ) -> Result<(), SortitionError> {
        let mut state = self.classes.may_load(storage, class)?.unwrap_or_default();
        if epoch_now < state.latest_epoch {
            return Err(SortitionError::PastEpoch { found: epoch_now, latest: state.latest_epoch });
        }
        let from = epoch_now.checked_add(1).ok_or(SortitionError::Overflow)?;
        let slot = match self.slots.may_load(storage, (class, node))? {
            Some(slot) => slot,
            None if weight.is_zero() => return Ok(()),
            None if state.slots == MAX_SLOTS => {
                return Err(SortitionError::Full { class: class.to_owned() });
            }
            None => {
                let slot = state.slots;
                state.slots += 1;
                self.slots.save(storage, (class, node), &slot)?;
                self.nodes.save(storage, (class, slot), node)?;
                slot
            }
        };
        let mut view = self.view(storage, class, from);
        let (old, total) = (view.span(slot)?.weight, view.total()?);
        (total - old).checked_add(weight.u128()).ok_or(SortitionError::Overflow)?;
        let mut path = Vec::with_capacity(LEVELS as usize);
        for level in 0..LEVELS {
            let (number, child) = place(slot, level);
            let mut sums = view.sums(level, number)?;
            // Every sum contains the old weight and stays below the total checked above.
            sums[child] = Uint128::new(sums[child].u128() - old + weight.u128());
            path.push((node_key(level, number), sums));
        }
        for (key, sums) in path {
            self.sums.save(storage, (class, key, from), &sums)?;
        }
        state.latest_epoch = epoch_now;
        self.classes.save(storage, class, &state)?;
        Ok(())
    }

    /// The weight of a whole class in draws of an epoch.
    pub fn total(&self, storage: &dyn Storage, class: &str, epoch: u64) -> StdResult<Uint128> {
        self.view(storage, class, epoch).total().map(Uint128::new)
    }

    /// The weight of a node in draws of an epoch.
    pub fn weight(&self, storage: &dyn Storage, class: &str, node: &Addr, epoch: u64) -> StdResult<Uint128> {
        match self.slots.may_load(storage, (class, node))? {
            Some(slot) => self.view(storage, class, epoch).span(slot).map(|span| Uint128::new(span.weight)),
            None => Ok(Uint128::zero()),
        }
    }

    /// Draws `seats` nodes by weight, without replacement, in the order of their seats. Nobody excluded is drawn;
    /// `accept` gives a candidate's operator, or none if it does not qualify, and an operator gets one seat. The
    /// epoch must have begun, or its weights are not frozen yet.
    ///
    /// Those who are out leave the line before the next draw, so nothing is drawn in vain for them; candidates
    /// refused by `accept` are, at most 4 · seats + excluded times in all.
    #[allow(clippy::too_many_arguments)] // each is one word of the sentence above
    pub fn draw(
        &self,
        storage: &dyn Storage,
        class: &str,
        epoch: u64,
        seed: &[u8; 32],
        seats: u32,
        excluded: &[Addr],
        accept: impl Fn(&Addr) -> StdResult<Option<String>>,
    ) -> Result<Vec<Addr>, SortitionError> {
        if seats > MAX_SEATS || excluded.len() > MAX_EXCLUDED {
            return Err(SortitionError::TooLarge { seats, excluded: excluded.len() });
        }
        let mut view = self.view(storage, class, epoch);
        let total = view.total()?;
        let mut removed = Removed::default();
        for node in excluded {
            if let Some(slot) = self.slots.may_load(storage, (class, node))? {
                removed.add(view.span(slot)?);
            }
        }
        let (mut drawn, mut operators) = (Vec::new(), Vec::new());
        let attempts = u64::from(4 * seats) + excluded.len() as u64;
        for attempt in 0..attempts {
            let left = total - removed.weight;
            if drawn.len() == seats as usize || left == 0 {
                break;
            }
            let (slot, span) = view.at(removed.lift(uniform(seed, attempt, left)))?;
            removed.add(span);
            let node = self.nodes.load(storage, (class, slot))?;
            match accept(&node)? {
                Some(operator) if !operators.contains(&operator) => {
                    operators.push(operator);
                    drawn.push(node);
                }
                _ => {}
            }
        }
        let found = drawn.len() as u32; // at most `seats`
        if found < seats { Err(SortitionError::TooFew { found, required: seats }) } else { Ok(drawn) }
    }
}
