//! Messages and commits that are sent again, by others, or elsewhere.

use lyceum_testing::PeerKey;
use lyceum_testing::anyhow::Result;
use lyceum_testing::api::Hash32;
use lyceum_testing::api::canonical::commitment;
use lyceum_testing::api::claim::CLAIM_COMMIT;
use lyceum_testing::api::nodes::{ExecuteMsg as Nodes, Role};
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg};

use crate::arena::{Arena, GAIN, refused};

#[test]
fn every_step_of_a_claim_is_taken_once() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    refused(arena.network.commit_claim(&claim), "expected taken");
    refused(arena.network.reveal_claim(&claim), "expected committed");
    refused(arena.network.unseal(task), "is there already");
    let info = arena.seated(&claim)?;
    let panel = info.id;
    refused(arena.anyone(&ExecuteMsg::Draw { panel }), "expected pending");
    refused(arena.network.serve_panel(&claim, panel), "expected serving");
    for seat in &info.seats {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.commit_attestation(panel, &seat.node, &said)?;
        assert!(arena.network.commit_attestation(panel, &seat.node, &said).is_err());
    }
    for seat in &info.seats {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.reveal_attestation(panel, &seat.node, said.clone())?;
        refused(arena.network.reveal_attestation(panel, &seat.node, said), "is there already");
    }
    arena.network.open_sketches(&claim, panel)?;
    refused(arena.network.open_sketches(&claim, panel), "is there already");
    arena.anyone(&ExecuteMsg::Settle { panel })?;
    refused(arena.anyone(&ExecuteMsg::Settle { panel }), "expected revealing");
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    let worth = arena.worth(&claim.trainer)?;
    refused(arena.network.finalize_task(task), "expected open");
    refused(arena.anyone(&ExecuteMsg::Expire { claim: claim.id }), "waits for nobody");
    refused(arena.anyone(&ExecuteMsg::VoidTask { task }), "expected open");
    assert_eq!(arena.worth(&claim.trainer)?, worth);
    Ok(())
}

#[test]
fn a_commit_is_good_for_one_chain_contract_task_and_sender() -> Result<()> {
    let mut arena = Arena::new()?;
    let (one, two) = (arena.task(1, 0)?, arena.task(1, 1)?);
    let trainer = arena.trainer("trainer")?;
    let first = arena.network.take_task(&trainer, one, GAIN)?;
    let second = arena.network.take_task(&trainer, two, GAIN)?;
    arena.network.commit_claim(&first)?;
    // The same commit for the second task, whose reveal then is the first one's.
    let commit = arena.network.claim(first.id)?.commit.unwrap();
    arena.send(&trainer, &ExecuteMsg::Commit { claim: second.id, commit }, 0)?;
    arena.network.wait_for_commits(two)?;
    arena.network.reveal_claim(&first)?;
    let salt = Hash32::of(format!("claim {}", first.id).as_bytes()).0;
    let replay =
        ExecuteMsg::Reveal { claim: second.id, content: first.run.content(), salt: salt.to_vec().into() };
    refused(arena.send(&trainer, &replay, 0), "not those of the commitment");

    let content = Hash32::of(b"content");
    let bound = |chain: &str, contract: &str, subject, sender: &str| {
        commitment(CLAIM_COMMIT, chain, contract, subject, sender, &content, &salt)
    };
    let here = bound("lyceum", "tasks", 1, "alice");
    for elsewhere in [
        bound("lyceum-2", "tasks", 1, "alice"),
        bound("lyceum", "tasks2", 1, "alice"),
        bound("lyceum", "tasks", 2, "alice"),
        bound("lyceum", "tasks", 1, "bob"),
        // Lengths are part of it: nothing moves from one field to the next.
        bound("lyceumt", "asks", 1, "alice"),
    ] {
        assert_ne!(here, elsewhere);
    }
    Ok(())
}

#[test]
fn a_short_salt_does_not_hide_and_is_refused() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let trainer = arena.trainer("trainer")?;
    let claim = arena.network.take_task(&trainer, task, GAIN)?;
    arena.network.commit_claim(&claim)?;
    arena.network.wait_for_commits(task)?;
    for length in [0, 15, 65] {
        let salt = vec![1; length].into();
        let reveal = ExecuteMsg::Reveal { claim: claim.id, content: claim.run.content(), salt };
        refused(arena.send(&trainer, &reveal, 0), "the salt's length");
    }
    Ok(())
}

#[test]
fn a_round_is_posted_once_by_its_own_signature_and_not_before_its_time() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let round = arena.network.panel(arena.first_panel(&claim)?)?.round;
    let post = |round, by| ExecuteMsg::PostBeacon { round, signature: by };
    let (own, other) = (arena.network.beacon.sign(round), arena.network.beacon.sign(round - 1));
    refused(arena.anyone(&post(round, own.clone())), "comes out at");
    let out = arena.network.beacon.time_of(round);
    arena.network.travel_to(lyceum_testing::cosmwasm_std::Timestamp::from_seconds(out));
    refused(arena.anyone(&post(round, other)), "not the beacon's signature");
    arena.anyone(&post(round, own.clone()))?;
    refused(arena.anyone(&post(round, own)), "is posted");
    Ok(())
}

#[test]
fn a_proof_of_a_peer_key_does_not_register_another_account() -> Result<()> {
    let mut arena = Arena::new()?;
    let (alice, thief) = (arena.network.account("alice"), arena.network.account("thief"));
    let key = PeerKey::of("alice's peer");
    let chain = arena.network.app.block_info().chain_id;
    let proof = key.prove(&chain, &arena.network.at.nodes, &alice);
    let elsewhere = key.prove("another chain", &arena.network.at.nodes, &alice);
    let register = |proof: &lyceum_testing::cosmwasm_std::Binary| Nodes::Register {
        operator: "somebody".to_owned(),
        peer_key: key.public(),
        proof: proof.clone(),
        roles: vec![Role::Trainer],
        classes: vec![],
        addresses: vec![],
    };
    refused(arena.tell_nodes(&thief, &register(&proof)), "not a signature of this registration");
    refused(arena.tell_nodes(&alice, &register(&elsewhere)), "not a signature of this registration");
    arena.tell_nodes(&alice, &register(&proof))?;
    refused(arena.tell_nodes(&alice, &register(&proof)), "is a node already");
    Ok(())
}
