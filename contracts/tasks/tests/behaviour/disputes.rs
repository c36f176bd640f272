//! Challenges, quorums, and seats that do not show.
use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::canonical::commitment;
use lyceum_api::claim::{CHALLENGE_COMMIT, challenge_content};
use lyceum_api::nodes::{NodeEvent, Outcome, SlashReason};
use lyceum_api::tasks::*;

use crate::mocks::{NODES, REPORTS};
use crate::run::{Run, STEP};
use crate::world::*;

const CHALLENGE: u128 = 50_000_000;

pub fn challenge(w: &mut World, who: &Addr, claim: u64, interval: u32) {
    let chain = w.app.block_info().chain_id;
    let content = challenge_content(claim, interval);
    let contract = w.tasks.as_str();
    let commit = commitment(CHALLENGE_COMMIT, &chain, contract, claim, who.as_str(), &content, SALT);
    w.ok(who, &ExecuteMsg::Challenge { claim, commit }, CHALLENGE);
}

fn reveal(claim: u64, interval: u32) -> ExecuteMsg {
    ExecuteMsg::RevealChallenge { claim, interval, salt: SALT.into() }
}

/// An interval that nobody drew.
fn free(w: &World, claim: u64) -> u32 {
    let drawn = Run::drawn(&w.panel(w.claim(claim).panels[0]));
    (0..200).find(|j| !drawn.contains(j) && j % 10 != 9 && j % 10 != 0).unwrap()
}

#[test]
fn a_challenger_who_is_right_gets_at_most_three_tenths() {
    let mut w = World::new();
    // Too small to be a jump, in an interval that no seat has.
    let (claim, run, panel) = w.drawn(|run| run.forge(73, 2 * STEP));
    assert!(!Run::drawn(&w.panel(panel)).contains(&73));
    w.work(panel, &run, |_, _| {});
    assert!(
        matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }),
        "colluded past them"
    );
    let who = w.stranger();
    challenge(&mut w, &who, claim, 73);
    w.ok(&who, &reveal(claim, 73), 0);
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 1 });
    w.dispute(claim, &run, |_, _| {});
    assert_eq!(w.claim(claim).status, ClaimStatus::Fraud { reason: "interval".into() });
    let bond = w.task(1).bond.u128();
    let reward = (bond - 11_000_000) * 3 / 10;
    assert_eq!(w.credited(&who, "challenge_reward"), reward);
    assert_eq!(w.credited(&who, "challenge_returned"), CHALLENGE);
    assert_eq!(w.treasury(), bond - 11_000_000 - reward);
    let named = |e| matches!(e, NodeEvent::Slash { challenger: Some(c), .. } if c == who.as_str());
    assert!(w.log(&w.nodes, REPORTS).into_iter().any(named));
    w.finalize(claim);
    assert_eq!(w.held(), 0);
}

#[test]
fn a_challenger_who_is_wrong_pays_the_seats_and_the_window_goes_on() {
    let mut w = World::new();
    let (claim, run) = w.settled();
    let ClaimStatus::Settled { until, .. } = w.claim(claim).status else { panic!() };
    let interval = free(&w, claim);
    let who = w.stranger();
    challenge(&mut w, &who, claim, interval);
    let left = until.seconds() - w.now();
    w.ok(&who, &reveal(claim, interval), 0);
    w.dispute(claim, &run, |_, _| {});
    assert_eq!(w.credited(&w.evaluators[5], "dispute_fee"), 1_000_000);
    assert_eq!(w.treasury(), CHALLENGE - 11_000_000);
    let ClaimStatus::Settled { accepted: true, until } = w.claim(claim).status else { panic!() };
    assert_eq!(until.seconds() - w.now(), left, "the window stood still");
    challenge(&mut w, &who, claim, interval);
    w.refused(&who, &reveal(claim, interval), 0, "disputed or decided already");
    w.finalize(claim);
    assert_eq!(w.treasury(), 2 * CHALLENGE - 11_000_000, "an unrevealed challenge is lost");
    assert_eq!(w.held(), 0);
}

#[test]
fn challenges_are_bounded_late_ones_refused_and_copies_worthless() {
    let mut w = World::new();
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    let who = w.stranger();
    let commit = Hash32::of(b"commit");
    let msg = ExecuteMsg::Challenge { claim, commit };
    w.refused(&who, &msg, CHALLENGE, "expected revealed or settled");
    w.commit(claim, &run);
    w.unseal(task);
    w.reveal(claim, &run);
    w.refused(&who, &msg, CHALLENGE - 1, "funds of 50000000");
    w.refused(&w.trainer.clone(), &msg, CHALLENGE, "another sender than the trainer");
    challenge(&mut w, &who, claim, 3);
    w.refused(&who, &msg, CHALLENGE, "pending challenge");
    w.refused(&who, &reveal(claim, 3), 0, "expected settled");
    let panel = w.draw(claim);
    w.work(panel, &run, |_, _| {});
    w.refused(&who, &reveal(claim, 4), 0, "not those of the commitment");
    w.refused(&w.rival.clone(), &reveal(claim, 3), 0, "not those of the commitment");
    w.refused(&who, &reveal(claim, 200), 0, "the interval is 200");
    let short = ExecuteMsg::RevealChallenge { claim, interval: 3, salt: b"short".into() };
    w.refused(&who, &short, 0, "the salt's length");
    w.wait(3_600);
    w.refused(&who, &reveal(claim, 3), 0, "too late");
    w.refused(&w.rival.clone(), &msg, CHALLENGE, "too late");
}

#[test]
fn a_trainers_friends_do_not_shut_out_who_challenges_in_earnest() {
    use cw_multi_test::Executor;
    let mut w = World::new();
    let (claim, _) = w.settled();
    for i in 0..9 {
        let friend = w.app.api().addr_make(&format!("friend{i}"));
        let funds = cosmwasm_std::coins(CHALLENGE, lyceum_api::DENOM);
        w.app.send_tokens(w.stranger(), friend.clone(), &funds).unwrap();
        challenge(&mut w, &friend, claim, 3);
    }
    let who = w.stranger();
    challenge(&mut w, &who, claim, 73);
    w.ok(&who, &reveal(claim, 73), 0);
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 1 });
}

#[test]
fn a_challenge_is_not_revealed_in_its_own_block() {
    let mut w = World::new();
    let (claim, _) = w.settled();
    let who = w.stranger();
    challenge(&mut w, &who, claim, 3);
    // `send` moves the height; go back to the commit's.
    w.app.update_block(|block| block.height -= 1);
    w.refused(&who, &reveal(claim, 3), 0, "a later block");
}

/// Only the first `commits` seats commit, and the first `reveals` of them reveal.
fn partly(w: &mut World, panel: u64, run: &Run, commits: usize, reveals: usize) {
    w.serve(panel, run);
    let seats = w.panel(panel).seats;
    let answers: Vec<_> = (0..commits).map(|i| (seats[i].node.clone(), w.honest(panel, i, run))).collect();
    for (seat, answer) in &answers {
        w.attest(panel, seat, answer);
    }
    if let PanelStatus::Committing { until } = w.panel(panel).status {
        w.until(until.seconds());
    }
    w.open_sketches(panel, run);
    for (seat, answer) in &answers[..reveals] {
        w.reveal_attestation(panel, seat, answer);
    }
}

#[test]
fn who_does_not_reveal_pays_as_who_does_not_commit_and_two_thirds_decide() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    partly(&mut w, panel, &run, 5, 4);
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "too early");
    w.wait(1_800);
    w.settle(panel);
    assert_eq!(w.slashes(), [(w.evaluators[4].clone(), SlashReason::Unrevealed)]);
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
    assert_eq!(w.credited(&w.evaluators[4], "committee_fee"), 0);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 4_900_000 / 4);
}

#[test]
fn without_a_quorum_other_seats_are_drawn_twice_and_then_the_claim_is_void() {
    let mut w = World::new();
    let (claim, run, mut panel) = w.drawn(|run| run);
    for attempt in 0..3usize {
        let seats: Vec<_> = w.panel(panel).seats.into_iter().map(|s| s.node).collect();
        assert_eq!(seats, w.evaluators[5 * attempt..5 * attempt + 5], "nobody sits twice");
        partly(&mut w, panel, &run, 3, 3);
        // Three have revealed, and the two others can't any more.
        w.settle(panel);
        assert_eq!(w.slashes().len(), 2 * (attempt + 1));
        if attempt < 2 {
            assert_eq!(w.claim(claim).status, ClaimStatus::Revealed {});
            panel = w.draw(claim);
        }
    }
    assert_eq!(w.claim(claim).status, ClaimStatus::Void {});
    assert_eq!(w.credited(&w.trainer, "bond_returned"), w.task(1).bond.u128());
    assert_eq!(w.credited(&w.trainer, "fee_returned"), FEE);
    assert_eq!(w.outcomes(), [Outcome::Void]);
    w.finalize(claim);
    assert_eq!(w.held(), 0);
}

#[test]
fn an_interval_panel_without_a_majority_is_drawn_once_more_and_then_the_opener_pays_the_fee_back() {
    let mut w = World::new();
    let (claim, run) = w.settled();
    let who = w.stranger();
    let interval = free(&w, claim);
    challenge(&mut w, &who, claim, interval);
    w.ok(&who, &reveal(claim, interval), 0);
    for attempt in 0..2 {
        let panel = w.draw(claim);
        partly(&mut w, panel, &run, 7, 7);
        assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 1 }, "attempt {attempt}");
        w.settle(panel);
    }
    assert_eq!(w.claim(claim).status, ClaimStatus::Void {});
    assert_eq!(w.credited(&w.trainer, "fee_returned"), FEE);
    assert_eq!(w.credited(&who, "challenge_returned"), CHALLENGE);
    w.finalize(claim);
    assert_eq!(
        w.credited(&w.coordinator, "deposit_returned"),
        DEPOSIT + FEE,
        "one fee of the reserve is gone"
    );
    assert_eq!(w.held(), 0);
}

#[test]
fn a_divided_interval_panel_convicts_nobody() {
    let mut w = World::new();
    let mut setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    setup.evaluators.truncate(25);
    w.set(&w.nodes.clone(), NODES, &setup);
    let (claim, run) = w.settled();
    let who = w.stranger();
    let interval = free(&w, claim);
    challenge(&mut w, &who, claim, interval);
    w.ok(&who, &reveal(claim, interval), 0);
    let panel = w.draw(claim);
    w.serve(panel, &run);
    let seats = w.panel(panel).seats;
    let answers: Vec<_> = (0..10)
        .map(|i| {
            let mut answer = w.honest(panel, i, &run);
            answer.sound = i < 5;
            (seats[i].node.clone(), answer)
        })
        .collect();
    for (seat, answer) in &answers {
        w.attest(panel, seat, answer);
    }
    w.wait(3_600);
    w.open_sketches(panel, &run);
    for (seat, answer) in &answers {
        w.reveal_attestation(panel, seat, answer);
    }
    w.settle(panel);
    assert_eq!(w.slashes(), [(seats[10].node.clone(), SlashReason::Unrevealed)]);
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 1 });
    assert_ne!(w.newest(claim).id, panel);
}

#[test]
fn too_few_evaluators_are_an_error_and_in_the_end_a_void() {
    let mut w = World::new();
    let mut setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    setup.evaluators.truncate(4);
    w.set(&w.nodes.clone(), NODES, &setup);
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    w.commit(claim, &run);
    w.unseal(task);
    w.reveal(claim, &run);
    let panel = w.newest(claim);
    w.refused(&w.stranger(), &ExecuteMsg::Draw { panel: panel.id }, 0, "is not posted");
    w.post(panel.round);
    w.refused(&w.stranger(), &ExecuteMsg::Draw { panel: panel.id }, 0, "4 evaluators can sit, expected 5");
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "too early");
    w.wait(3_600);
    w.ok(&w.stranger(), &ExecuteMsg::Expire { claim }, 0);
    assert_eq!(w.claim(claim).status, ClaimStatus::Void {});
}

#[test]
fn a_wider_panel_sits_with_as_many_as_a_committee_if_there_are_no_more() {
    let mut w = World::new();
    let mut setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    setup.evaluators.truncate(12);
    w.set(&w.nodes.clone(), NODES, &setup);
    let (claim, run) = w.settled();
    let who = w.stranger();
    let interval = free(&w, claim);
    challenge(&mut w, &who, claim, interval);
    w.ok(&who, &reveal(claim, interval), 0);
    let panel = w.draw(claim);
    assert_eq!(w.panel(panel).seats.len(), 7);
    w.work(panel, &run, |_, _| {});
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { .. }));
}
