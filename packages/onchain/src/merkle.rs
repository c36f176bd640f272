//! A binary Merkle tree over a fixed list of hashes, such as the salted state hashes r₀ … rₙ of a claim.
//!
//! Leaves and nodes are hashed under different tags, a last node without a sibling moves up unchanged, and the
//! number of leaves is bound into the root, so no list has two shapes.
use crate::hash::{finish, tagged};

/// Longest proof: a tree of at most 2³² leaves.
pub const MAX_PROOF: usize = 32;

fn leaf_hash(leaf: &[u8; 32]) -> [u8; 32] {
    finish(tagged("lyceum/merkle/leaf").update(leaf))
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    finish(tagged("lyceum/merkle/node").update(left).update(right))
}

fn root_hash(count: u32, top: &[u8; 32]) -> [u8; 32] {
    finish(tagged("lyceum/merkle/root").update(&count.to_le_bytes()).update(top))
}

fn parents(level: &[[u8; 32]]) -> Vec<[u8; 32]> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node_hash(left, right),
            [single] => *single,
            _ => unreachable!("chunks of two are never empty"),
        })
        .collect()
}

/// The root of a list of at most 2³² − 1 leaves; of none, it is the root over zeros.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    let mut level: Vec<_> = leaves.iter().map(leaf_hash).collect();
    while level.len() > 1 {
        level = parents(&level);
    }
    root_hash(leaves.len() as u32, level.first().unwrap_or(&[0; 32]))
}

/// The siblings of a leaf from the bottom up, or none if there is no such leaf.
pub fn prove(leaves: &[[u8; 32]], index: u32) -> Option<Vec<[u8; 32]>> {
    let mut at = index as usize;
    leaves.get(at)?;
    let mut level: Vec<_> = leaves.iter().map(leaf_hash).collect();
    let mut proof = Vec::new();
    while level.len() > 1 {
        proof.extend(level.get(at ^ 1));
        level = parents(&level);
        at /= 2;
    }
    Some(proof)
}

/// Whether `leaf` is at `index` of the list of `count` leaves with this root. A proof of any other length than
/// the one that the index needs is refused before anything is hashed.
pub fn verify(root: &[u8; 32], count: u32, index: u32, leaf: &[u8; 32], proof: &[[u8; 32]]) -> bool {
    if index >= count || proof.len() > MAX_PROOF {
        return false;
    }
    let (mut at, mut width) = (index, count);
    let mut sides = Vec::with_capacity(MAX_PROOF);
    while width > 1 {
        if at ^ 1 < width {
            sides.push(at & 1 == 1);
        }
        at /= 2;
        width = width.div_ceil(2);
    }
    if sides.len() != proof.len() {
        return false;
    }
    let top = sides.iter().zip(proof).fold(leaf_hash(leaf), |node, (is_right, sibling)| {
        if *is_right { node_hash(sibling, &node) } else { node_hash(&node, sibling) }
    });
    root_hash(count, &top) == *root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: u8) -> Vec<[u8; 32]> {
        (0..count).map(|i| [i; 32]).collect()
    }

    #[test]
    fn the_root_of_a_list_must_not_change() {
        let golden = |count| hex::encode(root(&leaves(count)));
        assert_eq!(golden(0), "e5be1f47ba04a589227925469a7a431529a87b42f1522862ae1c08a4c5cf36eb");
        assert_eq!(golden(5), "181fce443581e7d020678adcffa5b74261c4cb12198545381a8c277316e5b6b6");
    }

    #[test]
    fn a_node_cannot_pose_as_a_leaf_nor_a_list_as_another() {
        let four = leaves(4);
        let inner = [node_hash(&leaf_hash(&four[0]), &leaf_hash(&four[1])), four[2]];
        assert_ne!(root(&inner), root(&four));
        assert_ne!(root(&four[..3]), root(&[four[0], four[1], four[2], four[2]]));
        assert_ne!(root(&[]), root(&[[0; 32]]));
    }

    proptest! {
        #[test]
        fn every_leaf_is_proven_at_its_place_and_nowhere_else(count in 1u8..70, at: u8, other: u8) {
            let leaves = leaves(count);
            let (root, n) = (root(&leaves), u32::from(count));
            let (at, other) = (u32::from(at) % n, u32::from(other));
            let proof = prove(&leaves, at).unwrap();
            let leaf = leaves[at as usize];
            prop_assert!(verify(&root, n, at, &leaf, &proof));
            prop_assert_eq!(verify(&root, n, other, &leaf, &proof), other == at);
            prop_assert!(!verify(&root, n + 1, at, &leaf, &proof));
            prop_assert!(!verify(&root, n, at, &[255; 32], &proof));
            prop_assert!(prove(&leaves, n).is_none());
        }

        #[test]
        fn a_hostile_proof_is_refused_without_a_panic(
            root: [u8; 32], count: u32, index: u32, leaf: [u8; 32], proof in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        ) {
            prop_assert!(!verify(&root, count, index, &leaf, &proof));
        }
    }
}
