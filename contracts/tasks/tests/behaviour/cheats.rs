//! Every way to cheat, and what it costs.
use lyceum_api::Hash32;
use lyceum_api::attestation::{Attestation, ItemSketch, Opening};
use lyceum_api::experts::ExecuteMsg as ExpertsMsg;
use lyceum_api::nodes::{NodeEvent, Outcome, SlashReason};
use lyceum_api::tasks::*;

use crate::mocks::{BLOCKS, REPORTS};
use crate::run::{N, Run, STEP, key};
use crate::world::*;

/// A run of half the steps.
fn half(mut run: Run) -> Run {
    run.values.iter_mut().zip(0..).for_each(|(v, j): (_, i64)| *v -= j * STEP / 2);
    run.opened = run.values.clone();
    run
}

fn fraud(reason: &str) -> ClaimStatus {
    ClaimStatus::Fraud { reason: reason.into() }
}

/// Whether seats were reported to have agreed or diverged, in order.
fn judged(w: &World, seat: &cosmwasm_std::Addr) -> Vec<bool> {
    let own = |event| match event {
        NodeEvent::Seat { node, agreed } if node == seat.as_str() => Some(agreed),
        _ => None,
    };
    w.log(&w.nodes, REPORTS).into_iter().filter_map(own).collect()
}

#[test]
fn a_trainer_that_trained_half_its_steps_loses_bond_and_stake() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(half);
    w.work(panel, &run, |_, _| {});
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 7 }, "every drawn interval differs");
    let first = w.claim(claim).panels[1];
    w.draw_panel(first);
    assert_eq!(w.panel(first).seats.len(), 11);
    assert!(w.panel(first).seats.iter().all(|s| !w.evaluators[..5].contains(&s.node)), "other seats");
    w.work(first, &run, |_, _| {});

    assert_eq!(w.claim(claim).status, fraud("interval"));
    assert_eq!(w.slashes(), [(w.trainer.clone(), SlashReason::Fraud)]);
    assert_eq!(w.outcomes(), [Outcome::Fraud]);
    // A dispute seat is paid as one of the committee; the rest of the bond is the treasury's.
    let bond = w.task(1).bond.u128();
    assert_eq!(w.credited(&w.evaluators[5], "dispute_fee"), 1_000_000);
    assert_eq!(w.treasury(), bond - 11_000_000);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 980_000, "paid whatever the verdict");
    assert_eq!(w.log(&w.experts, BLOCKS)[1], ExpertsMsg::Void { block: 100 });
    for panel in w.claim(claim).panels {
        assert_eq!(w.panel(panel).status, PanelStatus::Closed {});
    }
    w.finalize(claim);
    assert_eq!((w.task(1).winner, w.held()), (None, 0));
}

#[test]
fn a_single_jump_is_bisected_and_found() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run.forge(73, 50 * STEP));
    assert!(!Run::drawn(&w.panel(panel)).contains(&73), "not by luck of the draw");
    w.work(panel, &run, |_, _| {});
    let ClaimStatus::Bisecting { from: 70, to: 80, .. } = w.claim(claim).status else { panic!() };
    let key = key(&w.panel(panel));
    let states = (71..80).map(|j| run.open_state(&key, j)).collect();
    w.ok(&w.trainer.clone(), &ExecuteMsg::OpenSpan { claim, from: 70, states }, 0);
    assert_eq!(w.newest(claim).kind, PanelKind::Interval { interval: 73 });
    assert_eq!(w.newest(claim).second_key, Some(panel));
    w.dispute(claim, &run, |_, _| {});
    assert_eq!(w.claim(claim).status, fraud("jump"));
}

#[test]
fn a_jump_spread_over_its_span_by_false_sketches_is_found_under_the_first_key() {
    let mut w = World::new();
    let (claim, mut run, panel) = w.drawn(|run| run.forge(73, 50 * STEP));
    w.work(panel, &run, |_, _| {});
    for j in 71..80 {
        run.opened[j] = run.values[70] + (run.values[80] - run.values[70]) * (j as i64 - 70) / 10;
    }
    let key = key(&w.panel(panel));
    let states = (71..80).map(|j| run.open_state(&key, j)).collect();
    w.ok(&w.trainer.clone(), &ExecuteMsg::OpenSpan { claim, from: 70, states }, 0);
    // Under the new panel's key it tells the truth.
    run.opened = run.values.clone();
    w.dispute(claim, &run, |_, _| {});
    assert_eq!(w.claim(claim).status, fraud("jump"));
}

#[test]
fn a_jump_that_its_trainer_does_not_open_is_fraud() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run.forge(73, 50 * STEP));
    w.work(panel, &run, |_, _| {});
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "too early");
    let key = key(&w.panel(panel));
    let states: Vec<_> = (71..79).map(|j| run.open_state(&key, j)).collect();
    let msg = |from, states| ExecuteMsg::OpenSpan { claim, from, states };
    w.refused(&w.trainer.clone(), &msg(70, states.clone()), 0, "the states are not");
    w.refused(&w.stranger(), &msg(70, states.clone()), 0, "may not send");
    w.wait(1_800);
    w.refused(&w.trainer.clone(), &msg(70, states), 0, "too late");
    w.ok(&w.stranger(), &ExecuteMsg::Expire { claim }, 0);
    assert_eq!(w.claim(claim).status, fraud("jump"));
    assert_eq!(w.treasury(), w.task(1).bond.u128());
}

#[test]
fn an_honest_jump_is_cleared_and_the_claim_goes_on() {
    let mut w = World::new();
    // Training really leads there: the seats come to the same, so only the rule speaks against it.
    let (claim, run, panel) = w.drawn(|run| {
        let mut run = run.forge(73, 50 * STEP);
        run.training[73] = 51 * STEP;
        run
    });
    assert!(!Run::drawn(&w.panel(panel)).contains(&73));
    w.work(panel, &run, |_, _| {});
    let key = key(&w.panel(panel));
    let states = (71..80).map(|j| run.open_state(&key, j)).collect();
    w.ok(&w.trainer.clone(), &ExecuteMsg::OpenSpan { claim, from: 70, states }, 0);
    w.dispute(claim, &run, |_, _| {});
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
    assert!(w.slashes().is_empty());
}

#[test]
fn a_lazy_evaluator_is_found_out_by_the_trainers_opening_and_pays_the_dispute() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    let guess = |seat: usize, answer: &mut Attestation| {
        if seat == 2 {
            // It copies the start for the interval that it alone has.
            answer.intervals[0].end = answer.intervals[0].start.clone();
        }
    };
    w.work(panel, &run, guess);
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 1 });
    w.dispute(claim, &run, |_, _| {});
    let lazy = w.evaluators[2].clone();
    assert_eq!(w.slashes(), [(lazy.clone(), SlashReason::FalseAttestation)]);
    let paid = w.log(&w.nodes, REPORTS).into_iter().find_map(|e| match e {
        NodeEvent::Slash { cost_each, paid, .. } => Some((cost_each.u128(), paid.len())),
        _ => None,
    });
    assert_eq!(paid, Some((1_000_000, 11)));
    assert_eq!(judged(&w, &lazy), [false]);
    assert_eq!(w.credited(&lazy, "committee_fee"), 0);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 4_900_000 / 4);
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
    w.finalize(claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Accepted {});
    assert_eq!(w.held(), 0);
}

#[test]
fn a_seat_that_confirms_a_forged_interval_is_slashed_with_the_trainer() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(half);
    let shared = w.panel(panel).seats[0].intervals[1];
    // Seat 0 colludes: it answers what the trainer will open.
    w.work(panel, &run, |seat, answer| {
        if seat == 0 {
            for seen in &mut answer.intervals {
                let ends = seen.end.values().unwrap();
                let starts = seen.start.values().unwrap();
                let half = std::array::from_fn(|i| (starts[i] + ends[i]) / 2);
                seen.end = lyceum_api::attestation::StateSketch::new(&half);
                seen.end_root = run.tensors(seen.interval + 1);
            }
        }
    });
    let of = |w: &World, id: &u64| w.panel(*id).kind == PanelKind::Interval { interval: shared };
    let dispute = *w.claim(claim).panels.iter().find(|id| of(&w, id)).unwrap();
    w.draw_panel(dispute);
    // One of the dispute's seats colludes as well, and is alone.
    w.work(dispute, &run, |seat, answer| {
        if seat == 4 {
            answer.sound = true;
            for seen in &mut answer.intervals {
                let ends = seen.end.values().unwrap();
                let starts = seen.start.values().unwrap();
                let half = std::array::from_fn(|i| (starts[i] + ends[i]) / 2);
                seen.end = lyceum_api::attestation::StateSketch::new(&half);
            }
        }
    });
    assert_eq!(w.claim(claim).status, fraud("interval"));
    let false_one = SlashReason::FalseAttestation;
    let (first, other) = (w.evaluators[0].clone(), w.panel(dispute).seats[4].node.clone());
    assert_eq!(
        w.slashes(),
        [(first.clone(), false_one), (other, false_one), (w.trainer.clone(), SlashReason::Fraud)]
    );
    assert_eq!(w.credited(&first, "committee_fee"), 0);
}

#[test]
fn a_claim_that_most_of_a_wider_panel_find_unsound_is_fraud() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    let unsound = |answer: &mut Attestation| {
        *answer = Attestation { sound: false, intervals: vec![], scored: None, heads: vec![] };
    };
    w.work(panel, &run, |seat, answer| {
        if seat < 2 {
            unsound(answer)
        }
    });
    assert_eq!(w.newest(claim).kind, PanelKind::Score {});
    let score = w.draw(claim);
    assert_eq!(w.panel(score).guards, w.panel(panel).guards, "the same question");
    w.work(score, &run, |seat, answer| {
        if seat < 6 {
            unsound(answer)
        }
    });
    assert_eq!(w.claim(claim).status, fraud("unsound"));
    assert_eq!(judged(&w, &w.evaluators[0]), [true]);
    assert_eq!(judged(&w, &w.evaluators[4]), [false]);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 2_450_000);
}

#[test]
fn a_false_cry_of_unsound_costs_its_author_reputation_and_fee() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.work(panel, &run, |seat, answer| {
        if seat == 0 {
            *answer = Attestation { sound: false, intervals: vec![], scored: None, heads: vec![] };
        }
    });
    w.dispute(claim, &run, |_, _| {});
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
    assert_eq!(judged(&w, &w.evaluators[0]), [false]);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 0);
    assert!(w.slashes().is_empty());
}

#[test]
fn scores_or_items_too_far_apart_are_scored_by_a_wider_panel() {
    let far: [fn(&mut Attestation); 2] = [
        |answer| answer.scored.as_mut().unwrap().gain += 600_000,
        |answer| answer.scored.as_mut().unwrap().items = ItemSketch::new(&[1 << 41; 32]),
    ];
    for change in far {
        let mut w = World::new();
        let (claim, run, panel) = w.drawn(|run| run);
        w.work(panel, &run, |seat, answer| {
            if seat == 3 {
                change(answer)
            }
        });
        assert_eq!(w.newest(claim).kind, PanelKind::Score {});
        w.dispute(claim, &run, |_, _| {});
        assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
        assert_eq!(w.claim(claim).gain, Some(5_000_000));
    }
}

#[test]
fn a_copied_commit_cannot_be_revealed_by_another_trainer() {
    let mut w = World::new();
    let task = w.open();
    let (first, run) = w.train(&w.trainer.clone(), task, |run| run);
    let (second, _) = w.train(&w.rival.clone(), task, |run| run);
    let commit = w.commit_of(&w.trainer.clone(), task, &run);
    w.commit(first, &run);
    w.ok(&w.rival.clone(), &ExecuteMsg::Commit { claim: second, commit }, 0);
    w.unseal(task);
    let copied = ExecuteMsg::Reveal { claim: second, content: run.content(), salt: SALT.into() };
    w.refused(&w.rival.clone(), &copied, 0, "not those of the commitment");
}

#[test]
fn states_of_another_seed_cannot_be_served() {
    let mut w = World::new();
    let (_, run, panel) = w.drawn(|run| run);
    let mut other = run.clone();
    other.seed = lyceum_api::Hash32::of(b"another");
    w.refused(&w.trainer.clone(), &w.serve_msg(panel, &other), 0, "state 0 is not proven");
    let ExecuteMsg::Serve { opening, mut states, panel } = w.serve_msg(panel, &run) else { panic!() };
    states.pop();
    let msg = ExecuteMsg::Serve { panel, opening, states };
    w.refused(&w.trainer.clone(), &msg, 0, "the states are not");
    assert_eq!(run.values.len(), N as usize + 1);
}

/// A stranger challenges an interval, and eleven seats look at it.
fn challenged(w: &mut World, claim: u64, interval: u32, run: &Run) {
    let who = w.stranger();
    crate::disputes::challenge(w, &who, claim, interval);
    w.ok(&who, &ExecuteMsg::RevealChallenge { claim, interval, salt: SALT.into() }, 0);
    assert!(w.newest(claim).second_key.is_some(), "it was opened under the first key");
    w.dispute(claim, run, |_, _| {});
}

#[test]
fn a_jump_spread_by_false_sketches_of_kept_states_passes_the_rule_and_falls_to_a_challenger() {
    let mut w = World::new();
    let (claim, mut run, panel) = w.drawn(|run| run.forge(73, 50 * STEP));
    let drawn = Run::drawn(&w.panel(panel));
    // Between the verified ends of two drawn intervals it opens what it likes: the jump in even parts.
    let from = drawn.iter().map(|j| j + 1).filter(|j| *j < 73).max().unwrap_or(0) as usize;
    let to = drawn.iter().copied().find(|j| *j > 73).unwrap_or(N) as usize;
    let truth = run.clone();
    for j in from..to {
        let part = (run.values[to] - run.values[from]) * (j - from) as i64 / (to - from) as i64;
        run.opened[j] = run.values[from] + part;
    }
    w.work(panel, &run, |_, _| {});
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }), "the limit");
    // Whoever runs on from the served start before it reaches another state than the one shown.
    let kept = (from / 10 + 1) * 10;
    assert!(kept <= 73 && truth.values[kept] != run.opened[kept]);
    challenged(&mut w, claim, kept as u32, &truth);
    assert_eq!(w.claim(claim).status, fraud("interval"));
}

#[test]
fn ends_that_do_not_belong_to_the_committed_states_are_found_although_they_are_opened_honestly() {
    let mut w = World::new();
    let (claim, mut run, panel) = w.drawn(half);
    // The starts are what it committed to; the ends it computes once it knows the draw, and opens those.
    let honest_ends = |run: &mut Run, drawn: &[u32]| {
        for j in drawn {
            run.opened[*j as usize + 1] = run.values[*j as usize] + STEP;
        }
    };
    honest_ends(&mut run, &Run::drawn(&w.panel(panel)));
    w.work(panel, &run, |_, _| {});
    // Every sketch agrees, and no seat came to the state that was committed to.
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 7 });
    // It would open an honest end again; the dispute's seats are shown the state itself.
    w.dispute(claim, &run, |_, _| {});
    assert_eq!(w.claim(claim).status, fraud("interval"));
    assert_eq!(w.slashes(), [(w.trainer.clone(), SlashReason::Fraud)]);
}

#[test]
fn an_end_that_was_not_committed_to_cannot_be_proven_when_opening() {
    let mut w = World::new();
    let (_, run, panel) = w.drawn(|run| run);
    w.serve(panel, &run);
    let ExecuteMsg::Open { opening, .. } = w.open_msg(panel, &run) else { panic!() };
    let open = |opening: Opening| ExecuteMsg::Open { panel, opening, salt: OPENING_SALT };
    for seat in 0..w.panel(panel).seats.len() {
        let node = w.panel(panel).seats[seat].node.clone();
        let answer = w.honest(panel, seat, &run);
        let commit = w.attest_msg(panel, &node, &answer);
        w.ok(&node, &commit, 0);
    }
    let mut fewer = opening.clone();
    fewer.ends.pop();
    w.refused(&w.trainer.clone(), &open(fewer), 0, "the states are not");
    let mut other = opening.clone();
    other.ends[0].tensors = Hash32::of(b"other");
    w.refused(&w.trainer.clone(), &open(other), 0, "is not proven");
    w.ok(&w.trainer.clone(), &open(opening), 0);
}

#[test]
fn a_machine_whose_last_bits_differ_brings_a_dispute_and_nobody_is_slashed() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.work(panel, &run, |seat, answer| {
        if seat == 1 {
            answer.intervals.iter_mut().for_each(|seen| seen.end_root = Hash32::of(b"other bits"));
        }
    });
    assert_eq!(w.claim(claim).status, ClaimStatus::Disputed { panels: 2 });
    w.dispute(claim, &run, |_, _| {});
    let second = w.claim(claim).panels[1..].iter().copied().find(|p| w.panel(*p).seats.is_empty()).unwrap();
    w.draw_panel(second);
    w.work(second, &run, |_, _| {});
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
    assert!(w.slashes().is_empty());
    assert_eq!(judged(&w, &w.evaluators[1]), [true]);
}
