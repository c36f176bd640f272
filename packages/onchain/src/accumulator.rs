//! An append-only accumulator: a Merkle mountain range with O(log n) append and inclusion proof.
//!
//! The n leaves stand under one perfect tree ("mountain") per set bit of n, largest first. The root hashes n and
//! the mountains' peaks, so the number of leaves is bound. Leaves, nodes and root have tags of their own.
use cosmwasm_std::{Binary, StdError, StdResult, Storage};
use cw_storage_plus::{Item, Map};

use crate::hash::{finish, tagged};

/// Most siblings, and most peaks, of a proof.
pub const MAX_PROOF: usize = 64;

/// Where an accumulator is stored.
pub struct Accumulator {
    count: Item<u64>,
    /// By height (0 = leaf hashes) and position within the height; only complete nodes.
    nodes: Map<(u8, u64), Binary>,
}

/// That a leaf is in the accumulator. How it travels is `lyceum-api`'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Siblings within the leaf's mountain, from the bottom up.
    pub siblings: Vec<[u8; 32]>,
    /// Peaks of the other mountains, largest first.
    pub peaks: Vec<[u8; 32]>,
}

fn leaf_hash(leaf: &[u8; 32]) -> [u8; 32] {
    finish(tagged("lyceum/accumulator/leaf").update(leaf))
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    finish(tagged("lyceum/accumulator/node").update(left).update(right))
}

fn root_hash<'a>(count: u64, peaks: impl Iterator<Item = &'a [u8; 32]>) -> [u8; 32] {
    let mut hasher = tagged("lyceum/accumulator/root");
    hasher.update(&count.to_le_bytes());
    for peak in peaks {
        hasher.update(peak);
    }
    finish(&hasher)
}

/// Mountains of a count, largest first: (height, position of the peak at that height, leaves before it).
fn mountains(count: u64) -> impl Iterator<Item = (u8, u64, u64)> {
    (0..64u8).rev().filter(move |height| count >> height & 1 == 1).map(move |height| {
        // Leaves under larger mountains: the bits of the count above this height.
        let before = count & !(u64::MAX >> (63 - height));
        (height, before >> height, before)
    })
}

impl Accumulator {
    /// An accumulator under two storage keys of its own.
    pub const fn new(count_key: &'static str, nodes_key: &'static str) -> Self {
        Self { count: Item::new(count_key), nodes: Map::new(nodes_key) }
    }

    fn node(&self, storage: &dyn Storage, height: u8, position: u64) -> StdResult<[u8; 32]> {
        self.nodes.load(storage, (height, position))?.to_array()
    }

    /// The number of leaves.
    pub fn count(&self, storage: &dyn Storage) -> StdResult<u64> {
        Ok(self.count.may_load(storage)?.unwrap_or_default())
    }

    /// Adds a leaf; gives its index and the new root.
    pub fn append(&self, storage: &mut dyn Storage, leaf: &[u8; 32]) -> StdResult<(u64, [u8; 32])> {
        let index = self.count(storage)?;
        let count = index.checked_add(1).ok_or_else(|| StdError::msg("accumulator is full"))?;
        let (mut hash, mut height, mut position) = (leaf_hash(leaf), 0u8, index);
        self.nodes.save(storage, (height, position), &Binary::from(hash))?;
        while position & 1 == 1 {
            hash = node_hash(&self.node(storage, height, position - 1)?, &hash);
            (height, position) = (height + 1, position >> 1);
            self.nodes.save(storage, (height, position), &Binary::from(hash))?;
        }
        self.count.save(storage, &count)?;
        Ok((index, self.root(storage)?))
    }

    /// The root over all leaves.
    pub fn root(&self, storage: &dyn Storage) -> StdResult<[u8; 32]> {
        let count = self.count(storage)?;
        let peaks: Vec<_> =
            mountains(count).map(|(h, at, _)| self.node(storage, h, at)).collect::<StdResult<_>>()?;
        Ok(root_hash(count, peaks.iter()))
    }

    /// A proof for the leaf at an index under the present root.
    pub fn proof(&self, storage: &dyn Storage, index: u64) -> StdResult<Proof> {
        let count = self.count(storage)?;
        if index >= count {
            return Err(StdError::msg(format!("no leaf {index} among {count}")));
        }
        let mut proof = Proof { siblings: Vec::new(), peaks: Vec::new() };
        for (height, at, before) in mountains(count) {
            if index >= before && (index - before) >> height == 0 {
                for level in 0..height {
                    proof.siblings.push(self.node(storage, level, index >> level ^ 1)?);
                }
            } else {
                proof.peaks.push(self.node(storage, height, at)?);
            }
        }
        Ok(proof)
    }
}

/// Whether `leaf` is at `index` of the `count` leaves under this root. A proof whose lengths are not those that
/// the count and the index need is refused before anything is hashed.
pub fn verify(root: &[u8; 32], count: u64, index: u64, leaf: &[u8; 32], proof: &Proof) -> bool {
    let own = mountains(count)
        .enumerate()
        .find(|(_, (height, _, before))| index >= *before && (index - before) >> height == 0);
    let Some((place, (height, ..))) = own else { return false };
    let others = count.count_ones() as usize - 1;
    if proof.siblings.len() != usize::from(height) || proof.peaks.len() != others {
        return false;
    }
    let peak = proof.siblings.iter().enumerate().fold(leaf_hash(leaf), |node, (level, sibling)| {
        if index >> level & 1 == 1 { node_hash(sibling, &node) } else { node_hash(&node, sibling) }
    });
    let (larger, smaller) = proof.peaks.split_at(place);
    root_hash(count, larger.iter().chain([&peak]).chain(smaller)) == *root
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockStorage;
    use proptest::prelude::*;

    use super::*;

    const ACCUMULATOR: Accumulator = Accumulator::new("count", "nodes");

    fn filled(count: u8) -> (MockStorage, [u8; 32]) {
        let mut storage = MockStorage::new();
        for i in 0..count {
            let (index, root) = ACCUMULATOR.append(&mut storage, &[i; 32]).unwrap();
            assert_eq!(index, u64::from(i));
            assert_eq!(root, ACCUMULATOR.root(&storage).unwrap());
        }
        let root = ACCUMULATOR.root(&storage).unwrap();
        (storage, root)
    }

    #[test]
    fn the_root_of_leaves_must_not_change() {
        assert_eq!(
            hex::encode(filled(0).1),
            "e1c386ad8c3a474d9c037eb2fb81a02fba15662d0ff3bd47e77f20fb15f5d199"
        );
        assert_eq!(
            hex::encode(filled(7).1),
            "3b6fd5643f8c0c741b933e11c1e34ede44c76eea10947c8961c460a57aba0c02"
        );
    }

    #[test]
    fn the_root_is_the_peaks_under_the_count() {
        let leaf = |i: u8| leaf_hash(&[i; 32]);
        let pair = node_hash(&leaf(0), &leaf(1));
        assert_eq!(filled(3).1, root_hash(3, [pair, leaf(2)].iter()));
        let four = node_hash(&pair, &node_hash(&leaf(2), &leaf(3)));
        assert_eq!(filled(4).1, root_hash(4, [four].iter()));
    }

    #[test]
    fn mountains_of_extreme_counts_do_not_overflow() {
        let all: Vec<_> = mountains(u64::MAX).collect();
        assert_eq!((all.len(), all[0], all[63].2), (64, (63, 0, 0), u64::MAX - 1));
        assert_eq!(mountains(0).count(), 0);
    }

    #[test]
    fn a_proof_of_a_leaf_that_is_not_there_is_an_error() {
        let (storage, _) = filled(3);
        assert!(ACCUMULATOR.proof(&storage, 3).is_err());
    }

    proptest! {
        #[test]
        fn every_leaf_is_proven_at_its_place_and_nowhere_else(count in 1u8..70, at: u8, other in 0u64..80) {
            let (storage, root) = filled(count);
            let (at, n) = (at % count, u64::from(count));
            let proof = ACCUMULATOR.proof(&storage, at.into()).unwrap();
            let (leaf, index) = ([at; 32], u64::from(at));
            prop_assert!(verify(&root, n, index, &leaf, &proof));
            prop_assert!(proof.siblings.len() + proof.peaks.len() < 2 * 7);
            prop_assert_eq!(verify(&root, n, other, &leaf, &proof), other == index);
            prop_assert!(!verify(&root, n + 1, index, &leaf, &proof));
            prop_assert!(!verify(&root, n, index, &[255; 32], &proof));
            let mut longer = proof;
            longer.peaks.push([0; 32]);
            prop_assert!(!verify(&root, n, index, &leaf, &longer));
        }

        #[test]
        fn a_hostile_proof_is_refused_without_a_panic(
            root: [u8; 32], count: u64, index: u64, leaf: [u8; 32],
            siblings in prop::collection::vec(any::<[u8; 32]>(), 0..70),
            peaks in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        ) {
            let proof = Proof { siblings, peaks };
            prop_assert!(!verify(&root, count, index, &leaf, &proof));
        }
    }
}
