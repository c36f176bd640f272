//! States, sketches, tiles and blocks that are withheld, changed, corrupt or malformed.

use lyceum_tensorblock::tile::{self, TileError, TileProof};
use lyceum_tensorblock::{Block, Dtype, Tensor, encode, root_of};
use lyceum_testing::anyhow::Result;
use lyceum_testing::api::Hash32;
use lyceum_testing::api::attestation::{Opening, SKETCH_BOUND, STATE_SKETCH, StateSketch, opening_root};
use lyceum_testing::api::canonical::{Canonical, commitment};
use lyceum_testing::api::claim::CLAIM_COMMIT;
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg};

use crate::arena::{Arena, GAIN, STAKE, refused};

fn fraud(reason: &str) -> ClaimStatus {
    ClaimStatus::Fraud { reason: reason.to_owned() }
}

#[test]
fn aborting_after_an_unlucky_draw_costs_as_much_as_being_caught() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "forger", |run| run.forged(|_, change| change.fill(0)))?;
    let before = arena.worth(&claim.trainer)?;
    let panel = arena.first_panel(&claim)?;
    arena.network.draw_panel(panel)?;
    // It sees which intervals were drawn, and serves nothing.
    assert_eq!(arena.expire_after(1_800, &claim)?, fraud("unserved"));
    assert_eq!(before - arena.worth(&claim.trainer)?, STAKE / 5, "beside bond and fee");
    Ok(())
}

#[test]
fn sketches_that_stay_hidden_are_fraud_and_their_seats_are_paid() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "forger", |run| run.forged(|_, change| change.fill(0)))?;
    let before = arena.worth(&claim.trainer)?;
    let info = arena.seated(&claim)?;
    let seat = info.seats[0].node.clone();
    let seat_before = arena.worth(&seat)?;
    for seat in &info.seats {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.commit_attestation(info.id, &seat.node, &said)?;
    }
    for seat in &info.seats {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.reveal_attestation(info.id, &seat.node, said)?;
    }
    // What the seats saw is public. Other sketches than those it bound itself to are refused.
    let mut opening = claim.run.opening(&opened(&arena, &claim)?, &ends(&arena, &claim)?);
    for state in &mut opening.states {
        state.sketch = claim.run.seen(state.state.saturating_sub(1)).end;
    }
    let open = ExecuteMsg::Open { panel: info.id, opening, salt: claim.opening_salt(info.id) };
    refused(arena.send(&claim.trainer, &open, 0), "not those that the trainer bound itself to");
    assert_eq!(arena.expire_after(1_800, &claim)?, fraud("unopened"));
    assert_eq!(before - arena.worth(&claim.trainer)?, STAKE / 5);
    assert!(arena.worth(&seat)? > seat_before);
    Ok(())
}

/// The end states that a claim's trainer proves when it opens.
fn ends(arena: &Arena, claim: &lyceum_testing::Claimed) -> Result<Vec<u32>> {
    let info = arena.network.panel(arena.first_panel(claim)?)?;
    let mut states: Vec<u32> = info.seats.iter().flat_map(|s| s.intervals.iter().map(|j| j + 1)).collect();
    states.sort_unstable();
    states.dedup();
    Ok(states)
}

/// The states that a claim's trainer opens.
fn opened(arena: &Arena, claim: &lyceum_testing::Claimed) -> Result<Vec<u32>> {
    let info = arena.network.panel(arena.first_panel(claim)?)?;
    let drawn = info.seats.iter().flat_map(|s| s.intervals.iter().flat_map(|j| [*j, *j + 1]));
    let mut states: Vec<u32> = drawn.chain((0..=claim.run.intervals()).step_by(10)).collect();
    states.sort_unstable();
    states.dedup();
    Ok(states)
}

#[test]
fn a_state_that_cannot_be_had_is_asked_for_on_chain_and_corrupt_tiles_do_not_answer() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "hoarder", |run| run)?;
    let before = arena.worth(&claim.trainer)?;
    let info = arena.seated(&claim)?;
    let (seat, panel, state) = (info.seats[0].node.clone(), info.id, info.seats[0].intervals[0]);
    arena.send(&seat, &ExecuteMsg::ChallengeAvailability { panel, state, tile: 0 }, 0)?;
    let answer = |size: u64, data: Vec<u8>, proof: Vec<Hash32>| ExecuteMsg::AnswerAvailability {
        panel,
        state,
        size,
        data: data.into(),
        proof,
    };
    let trainer = claim.trainer.clone();
    refused(arena.send(&trainer, &answer(16_384, vec![7; 16_384], vec![]), 0), "does not belong to the root");
    let levels = vec![Hash32([0; 32]); 1];
    refused(arena.send(&trainer, &answer(20_000, vec![7; 16_384], levels), 0), "does not belong to the root");
    refused(arena.send(&trainer, &answer(16_385, vec![7; 16_385], vec![]), 0), "the tile's bytes");
    refused(
        arena.send(&trainer, &answer(16, vec![7; 16], vec![Hash32([0; 32]); 35]), 0),
        "the proof's length",
    );
    refused(arena.send(&trainer, &answer(u64::MAX, vec![], vec![]), 0), "is longer than");
    assert_eq!(arena.expire_after(1_800, &claim)?, fraud("unavailable"));
    assert_eq!(before - arena.worth(&trainer)?, STAKE / 5);
    Ok(())
}

#[test]
fn no_corrupt_moved_or_resized_tile_passes_its_proof() {
    let file: Vec<u8> = (0..5 * 16_384 - 100u32).map(|i| (i * 7 + i / 251) as u8).collect();
    let (root, len) = (root_of(&file), file.len() as u64);
    for index in 0..tile::tile_count(len) {
        let range = tile::tile_range(len, index).unwrap();
        let bytes = &file[range.start as usize..range.end as usize];
        let proof = tile::prove(&file, index).unwrap();
        assert_eq!(tile::verify(&root, len, bytes, &proof), Ok(()));
        for at in [0, 1, 4_097, bytes.len() - 1] {
            let mut corrupt = bytes.to_vec();
            corrupt[at] ^= 1 << (at % 8);
            assert_eq!(tile::verify(&root, len, &corrupt, &proof), Err(TileError::WrongRoot { index }));
        }
        let short = tile::verify(&root, len, &bytes[1..], &proof);
        assert!(matches!(short, Err(TileError::TileLength { .. })));
        let moved = TileProof { index: (index + 1) % 4, ..proof.clone() };
        assert!(tile::verify(&root, len, bytes, &moved).is_err());
        let mut forged = proof.clone();
        forged.siblings[0][31] ^= 1;
        assert_eq!(tile::verify(&root, len, bytes, &forged), Err(TileError::WrongRoot { index }));
        forged.siblings.pop();
        assert!(matches!(tile::verify(&root, len, bytes, &forged), Err(TileError::ProofLength { .. })));
    }
}

#[test]
fn truncated_inflated_and_flipped_blocks_are_no_blocks() {
    let data: Vec<u8> = (0..4_096u32).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let tensor = |name| Tensor { name, dtype: Dtype::Fp32, shape: vec![64, 64], data: &data };
    let file = encode(&[tensor("layers.0.w1"), tensor("layers.0.w2")]).unwrap();
    let head = file.len() - 2 * data.len();
    assert!(Block::parse(&file[..]).is_ok());
    for cut in [0, 7, 127, 128, head, file.len() - 1] {
        assert!(Block::parse(&file[..cut]).is_err(), "cut at {cut}");
    }
    assert!(Block::parse([&file[..], &[0]].concat()).is_err(), "a byte too many");
    // Header and table say each thing in one way: what still parses is the one encoding of other tensors.
    for at in 0..head {
        for value in [0xff, file[at] ^ 1, file[at].wrapping_add(0x40)] {
            let mut changed = file.clone();
            changed[at] = value;
            let Ok(block) = Block::parse(&changed[..]) else { continue };
            let tensors: Vec<Tensor<'_>> = block
                .tensors()
                .map(|t| Tensor { name: t.name, dtype: t.dtype, shape: t.shape.to_vec(), data: t.data })
                .collect();
            assert_eq!(encode(&tensors).as_deref(), Ok(&changed[..]), "byte {at}");
        }
    }
}

#[test]
fn a_block_of_no_or_too_many_bytes_cannot_be_revealed_and_costs_the_bond() -> Result<()> {
    for bytes in [0, (1 << 40) + 1] {
        let mut arena = Arena::new()?;
        let task = arena.task(1, 0)?;
        let trainer = arena.trainer("giant")?;
        let claim = arena.network.take_task(&trainer, task, GAIN)?;
        let before = arena.worth(&trainer)?;
        let mut content = claim.run.content();
        content.block_bytes = bytes;
        let (chain, tasks) = (arena.network.app.block_info().chain_id, arena.network.at.tasks.clone());
        let salt = [7; 16];
        let (hash, tasks) = (content.hash(), tasks.as_str());
        let commit = commitment(CLAIM_COMMIT, &chain, tasks, task, trainer.as_str(), &hash, &salt);
        arena.send(&trainer, &ExecuteMsg::Commit { claim: claim.id, commit }, 0)?;
        arena.network.wait_for_commits(task)?;
        arena.network.unseal(task)?;
        let reveal = ExecuteMsg::Reveal { claim: claim.id, content, salt: salt.to_vec().into() };
        refused(arena.send(&trainer, &reveal, 0), "the block's bytes");
        assert_eq!(arena.expire_after(600, &claim)?, ClaimStatus::Forfeited {});
        assert_eq!(arena.worth(&trainer)?, before, "bond and fee are gone");
    }
    Ok(())
}

#[test]
fn a_block_that_seats_find_malformed_is_fraud_once_a_wider_panel_agrees() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "sloppy", |run| run)?;
    let before = arena.worth(&claim.trainer)?;
    let verdict = arena.judge_with(&claim, |_, _, said| {
        (said.sound, said.scored) = (false, None);
        said.intervals.clear();
    })?;
    assert_eq!(verdict, fraud("unsound"));
    assert_eq!(before - arena.worth(&claim.trainer)?, STAKE / 5);
    Ok(())
}

#[test]
fn malformed_sketches_cannot_be_opened() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "overflow", |run| run)?;
    let panel = arena.first_panel(&claim)?;
    let info = arena.network.draw_panel(panel)?;
    let states: Vec<u32> = opened(&arena, &claim)?;
    let mut opening = claim.run.opening(&states, &ends(&arena, &claim)?);
    // As large as would overflow the comparison.
    opening.states[3].sketch = StateSketch::new(&[SKETCH_BOUND; STATE_SKETCH]);
    let salt = claim.opening_salt(panel);
    let bound = opening_root(&salt, &opening);
    let mut served: Vec<u32> = info.seats.iter().flat_map(|s| s.intervals.clone()).collect();
    served.extend([0, claim.run.intervals()]);
    served.sort_unstable();
    served.dedup();
    let served = served.into_iter().map(|j| claim.run.serve(j).unwrap()).collect();
    arena.send(&claim.trainer, &ExecuteMsg::Serve { panel, opening: bound, states: served }, 0)?;
    let info = arena.network.panel(panel)?;
    for seat in &info.seats {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.commit_attestation(panel, &seat.node, &said)?;
    }
    let open = |opening: Opening| ExecuteMsg::Open { panel, opening, salt };
    refused(arena.send(&claim.trainer, &open(opening.clone()), 0), "sketch");
    // Nor fewer states than are asked for, nor others.
    opening.states.pop();
    refused(arena.send(&claim.trainer, &open(opening), 0), "the states are not");
    assert_eq!(arena.expire_after(1_800, &claim)?, fraud("unopened"));
    Ok(())
}
