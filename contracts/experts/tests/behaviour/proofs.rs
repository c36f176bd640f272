//! The accumulator over final blocks, checked with nothing but its root.

use lyceum_api::Hash32;
use lyceum_api::experts::{AccumulatorResponse, ProofResponse, QueryMsg, block_leaf};
use lyceum_onchain::accumulator::{Proof, verify};
use proptest::prelude::*;

use crate::world::{World, block, expert};

fn bytes(hashes: &[Hash32]) -> Vec<[u8; 32]> {
    hashes.iter().map(|hash| hash.0).collect()
}

fn holds(of: &ProofResponse, root: &Hash32, leaf: &Hash32) -> bool {
    let proof = Proof { siblings: bytes(&of.siblings), peaks: bytes(&of.peaks) };
    verify(&root.0, of.count, of.index, &leaf.0, &proof)
}

#[test]
fn a_block_that_is_not_final_has_no_proof() {
    let mut world = World::new();
    let [provisional, fallen] = [(); 2].map(|()| world.add(block(expert(0), &[])));
    world.void(fallen).unwrap();
    for id in [provisional, fallen, 99] {
        let answer = world
            .app
            .wrap()
            .query_wasm_smart::<ProofResponse>(&world.experts, &QueryMsg::Proof { block: id });
        assert!(answer.is_err(), "{id}");
    }
    let none: AccumulatorResponse = world.ask(&QueryMsg::Accumulator {});
    assert_eq!(none.count, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_final_block_is_proven_under_the_root_and_no_other(fates in prop::collection::vec(0..4u8, 1..24)) {
        let mut world = World::new();
        let mut accepted = vec![];
        for fate in fates {
            let id = world.add(block(expert(u32::from(fate)), &[]));
            match fate {
                0 => drop(world.void(id).unwrap()),
                1 => (),
                _ => {
                    world.finalize(id, fate == 3).unwrap();
                    accepted.push(id);
                }
            }
        }
        let accumulator: AccumulatorResponse = world.ask(&QueryMsg::Accumulator {});
        prop_assert_eq!(accumulator.count, accepted.len() as u64);
        for (index, id) in accepted.iter().enumerate() {
            let proof: ProofResponse = world.ask(&QueryMsg::Proof { block: *id });
            prop_assert_eq!(proof.index, index as u64);
            let found = world.block(*id);
            let leaf = block_leaf(*id, &found.block, found.score.unwrap());
            prop_assert!(holds(&proof, &accumulator.root, &leaf));
            let other = block_leaf(*id, &found.block, found.score.unwrap() - 1);
            prop_assert!(!holds(&proof, &accumulator.root, &other), "a better score is not under the root");
            prop_assert!(!holds(&proof, &Hash32::of(b"other"), &leaf));
        }
    }
}
