//! What follows when a deadline passes.
use lyceum_api::Hash32;
use lyceum_api::nodes::{Outcome, SlashReason};
use lyceum_api::tasks::*;
use lyceum_tensorblock::tile;

use crate::run::Run;
use crate::world::*;

fn expire(w: &mut World, claim: u64) {
    w.ok(&w.stranger(), &ExecuteMsg::Expire { claim }, 0);
}

#[test]
fn a_claim_without_a_commit_loses_its_fee() {
    let mut w = World::new();
    let task = w.open();
    let claim = w.take(&w.trainer.clone(), task);
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "too early");
    w.until(w.task(task).commit_until.seconds());
    expire(&mut w, claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Lost {});
    assert_eq!(w.credited(&w.trainer, "bond_returned"), w.task(task).bond.u128());
    assert_eq!(w.treasury(), FEE);
    assert_eq!(w.outcomes(), [Outcome::Failed]);
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "waits for nobody");
    w.finalize(claim);
    assert_eq!(w.held(), 0);
}

#[test]
fn a_claim_that_is_not_revealed_forfeits_its_bond() {
    let mut w = World::new();
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    w.commit(claim, &run);
    w.unseal(task);
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "too early");
    w.until(w.task(task).reveal_until.seconds());
    let late = ExecuteMsg::Reveal { claim, content: run.content(), salt: SALT.into() };
    w.refused(&w.trainer.clone(), &late, 0, "too late");
    expire(&mut w, claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Forfeited {});
    assert_eq!(w.treasury(), w.task(task).bond.u128() + FEE);
    assert!(w.slashes().is_empty(), "the bond alone");
}

#[test]
fn a_benchmark_that_stays_sealed_voids_the_task_at_its_openers_cost() {
    let mut w = World::new();
    let task = w.open();
    let (first, run) = w.train(&w.trainer.clone(), task, |run| run);
    let (second, other) = w.train(&w.rival.clone(), task, |run| run);
    w.commit(first, &run);
    w.commit(second, &other);
    w.until(w.task(task).commit_until.seconds());
    w.reveal(first, &run);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "too early");
    w.until(w.task(task).reveal_until.seconds());
    w.refused(&w.coordinator.clone(), &ExecuteMsg::Unseal { task, key: KEY }, 0, "too late");
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim: second }, 0, "send VoidTask");
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim: first }, 0, "send VoidTask");
    w.post(w.newest(first).round);
    let panel = w.newest(first).id;
    w.refused(&w.stranger(), &ExecuteMsg::Draw { panel }, 0, "is sealed");
    w.ok(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0);
    let bond = w.task(task).bond.u128();
    for trainer in [w.trainer.clone(), w.rival.clone()] {
        assert_eq!(w.credited(&trainer, "bond_returned"), bond);
        assert_eq!(w.credited(&trainer, "fee_returned"), FEE);
    }
    assert_eq!(w.treasury(), DEPOSIT + 2 * FEE);
    assert_eq!(w.task(task).status, TaskStatus::Void);
    assert_eq!(w.outcomes(), [Outcome::Void, Outcome::Void]);
    assert_eq!(w.held(), 0);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "expected open");
    w.refused(&w.stranger(), &ExecuteMsg::Finalize { task }, 0, "expected open");
}

#[test]
fn only_a_sealed_task_that_harmed_somebody_is_void() {
    let mut w = World::new();
    let task = w.open();
    w.wait(1_600);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "expected claimed");
    let task = w.open();
    let claim = w.take(&w.trainer.clone(), task);
    w.until(w.task(task).reveal_until.seconds());
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "is not settled");
    expire(&mut w, claim);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "expected claimed");
    w.finalize(claim);
}

#[test]
fn states_that_are_not_served_are_fraud() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "too early");
    w.wait(1_800);
    w.refused(&w.trainer.clone(), &w.serve_msg(panel, &run), 0, "too late");
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "expected revealing");
    expire(&mut w, claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Fraud { reason: "unserved".into() });
    assert_eq!(w.treasury(), w.task(1).bond.u128() + FEE);
    assert_eq!(w.slashes(), [(w.trainer.clone(), SlashReason::Fraud)]);
}

#[test]
fn sketches_that_are_not_opened_are_fraud_and_the_seats_are_paid() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.serve(panel, &run);
    let answers: Vec<_> = (0..5).map(|i| w.honest(panel, i, &run)).collect();
    for (i, answer) in answers.iter().enumerate() {
        w.attest(panel, &w.evaluators[i].clone(), answer);
    }
    for (i, answer) in answers.iter().enumerate().take(4) {
        w.reveal_attestation(panel, &w.evaluators[i].clone(), answer);
    }
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "too early");
    w.wait(1_800);
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "send Expire");
    w.refused(&w.trainer.clone(), &w.open_msg(panel, &run), 0, "too late");
    expire(&mut w, claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Fraud { reason: "unopened".into() });
    let unrevealed = (w.evaluators[4].clone(), SlashReason::Unrevealed);
    assert_eq!(w.slashes(), [unrevealed, (w.trainer.clone(), SlashReason::Fraud)]);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 4_900_000 / 4);
    w.finalize(claim);
    assert_eq!(w.held(), 0);
}

fn ask(panel: u64, state: u32, tile: u64) -> ExecuteMsg {
    ExecuteMsg::ChallengeAvailability { panel, state, tile }
}

fn answer(panel: u64, run: &Run, state: u32, index: u64) -> ExecuteMsg {
    let file = run.file(state);
    let range = tile::tile_range(file.len() as u64, index).unwrap();
    let data = file[range.start as usize..range.end as usize].to_vec();
    let proof = tile::prove(&file, index).unwrap().siblings.into_iter().map(Hash32).collect();
    ExecuteMsg::AnswerAvailability { panel, state, size: file.len() as u64, data: data.into(), proof }
}

#[test]
fn a_tile_that_nobody_has_is_fraud() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.serve(panel, &run);
    let seat = w.evaluators[0].clone();
    w.ok(&seat, &ask(panel, 0, 1), 0);
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "too early");
    w.wait(1_800);
    w.refused(&w.stranger(), &answer(panel, &run, 0, 1), 0, "too late");
    expire(&mut w, claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Fraud { reason: "unavailable".into() });
}

#[test]
fn a_tile_put_on_chain_clears_the_trainer_and_the_seats_get_their_time_back() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.serve(panel, &run);
    let PanelStatus::Committing { until: before } = w.panel(panel).status else { panic!() };
    let (first, second) = (w.evaluators[0].clone(), w.evaluators[1].clone());
    w.ok(&first, &ask(panel, 0, 1), 0);
    // Beyond the end: answered with the last tile, whose proof binds the length.
    w.ok(&second, &ask(panel, 0, 1 << 20), 0);
    let PanelStatus::Committing { until } = w.panel(panel).status else { panic!() };
    assert_eq!(until, before.plus_seconds(1_800), "windows that overlap count once");
    w.refused(&w.stranger(), &answer(panel, &run, 0, 0), 0, "tile 1 has 8192 bytes, not 16384");
    let ExecuteMsg::AnswerAvailability { size, mut data, proof, .. } = answer(panel, &run, 0, 1) else {
        panic!()
    };
    let mut bytes = data.to_vec();
    bytes[3] ^= 1;
    data = bytes.into();
    let corrupt = ExecuteMsg::AnswerAvailability { panel, state: 0, size, data, proof };
    w.refused(&w.stranger(), &corrupt, 0, "does not belong to the root");
    w.refused(&w.stranger(), &answer(panel, &run, 200, 1), 0, "was not asked for");
    w.ok(&w.stranger(), &answer(panel, &run, 0, 1), 0);
    assert!(w.panel(panel).challenges.iter().all(|c| c.answered));
    w.refused(&w.stranger(), &answer(panel, &run, 0, 1), 0, "is answered");
    w.answer(panel, &run, |_, _| {});
    w.settle(panel);
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
}

#[test]
fn availability_challenges_are_for_seats_before_their_commit_and_two_each() {
    let mut w = World::new();
    let (_, run, panel) = w.drawn(|run| run);
    let seat = w.evaluators[0].clone();
    w.refused(&seat, &ask(panel, 0, 0), 0, "expected committing");
    w.serve(panel, &run);
    w.refused(&w.stranger(), &ask(panel, 0, 0), 0, "has no seat");
    w.refused(&seat, &ask(panel, 1, 0), 0, "was not asked for");
    w.refused(&seat, &ask(panel, 0, u64::MAX), 0, "the tile is");
    w.ok(&seat, &ask(panel, 0, 0), 0);
    w.refused(&seat, &ask(panel, 0, 0), 0, "is there already");
    w.ok(&seat, &ask(panel, 0, 1), 0);
    w.refused(&seat, &ask(panel, 200, 1), 0, "at most 2");
    let committed = w.evaluators[1].clone();
    let answer = w.honest(panel, 1, &run);
    w.attest(panel, &committed, &answer);
    w.refused(&committed, &ask(panel, 200, 0), 0, "is there already");
}

#[test]
fn an_unanswered_tile_keeps_a_panel_from_settling() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.serve(panel, &run);
    w.ok(&w.evaluators[0].clone(), &ask(panel, 0, 0), 0);
    w.answer(panel, &run, |_, _| {});
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "too early");
    w.wait(1_800);
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "send Expire");
    expire(&mut w, claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Fraud { reason: "unavailable".into() });
}
