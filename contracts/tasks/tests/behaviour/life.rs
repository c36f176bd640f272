//! Honest lives.
use cosmwasm_std::Uint128;
use lyceum_api::credits::Reason;
use lyceum_api::datasets::ExecuteMsg as DatasetsMsg;
use lyceum_api::experts::ExecuteMsg as ExpertsMsg;
use lyceum_api::nodes::{NodeEvent, Outcome};
use lyceum_api::rewards::Pool;
use lyceum_api::tasks::*;

use crate::mocks::{ACCRUALS, AWARDS, BLOCKS, HEAD, REPORTS, USES};
use crate::run::Run;
use crate::world::*;

#[test]
fn an_honest_claim_lives_from_the_open_task_to_its_rewards() {
    let mut w = World::new();
    let before = w.held();
    let (claim, _) = w.settled();
    let ClaimStatus::Settled { accepted: true, .. } = w.claim(claim).status else { panic!() };
    assert_eq!(w.claim(claim).gain, Some(5_000_000));
    assert_eq!(w.claim(claim).block, Some(100));
    // The fee is paid whatever follows: 2 % to the opener, the rest in five parts.
    assert_eq!(w.credited(&w.coordinator, "coordinator_fee"), 100_000);
    assert_eq!(w.credited(&w.evaluators[0], "committee_fee"), 980_000);

    w.finalize(claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Accepted {});
    let task = w.task(1);
    assert_eq!((task.status, task.winner), (TaskStatus::Done, Some(claim)));
    assert_eq!(w.credited(&w.trainer, "bond_returned"), task.bond.u128());
    assert_eq!(w.credited(&w.coordinator, "deposit_returned"), DEPOSIT + 2 * FEE);
    assert_eq!(w.held(), before, "nothing stays here");
    assert_eq!(w.outcomes(), [Outcome::Accepted { work_seconds: 400 }]);
    assert!(w.slashes().is_empty());

    let blocks = w.log(&w.experts, BLOCKS);
    assert!(matches!(blocks[1], ExpertsMsg::Finalize { block: 100, score: 2_850_000, fork: false }));
    let awards = w.log(&w.credits, AWARDS);
    assert_eq!(awards.iter().filter(|a| a.reason == Reason::Attestation {}).count(), 5);
    let expert = awards.iter().find(|a| a.account == w.trainer.as_str()).unwrap();
    assert_eq!(expert.reason, Reason::ExpertAccepted { gain: 5_000_000, mean_gain: 0 });
    // −ln(0.95) · 10⁶ · 10⁶, gold, curated 1.2, first improvement 1.5.
    let accruals = w.log(&w.rewards, ACCRUALS);
    let (_, trainer) = accruals.iter().find(|(_, a)| a.pool == Pool::Trainers).unwrap();
    assert_eq!(trainer.weight, Uint128::new(51_293 * 1_800_000));
    assert_eq!(accruals.iter().filter(|(_, a)| a.pool == Pool::Evaluators).count(), 5);
    let uses = w.log(&w.datasets, USES);
    let [DatasetsMsg::RecordUse { learning_block: 0, improvement: 5_000_000, uses, .. }] = &uses[..] else {
        panic!("{uses:?}")
    };
    assert_eq!(uses[0].bytes, 400 * 4 * 256);
    let block: OpenLearningBlockResponse = w.ask(&QueryMsg::OpenLearningBlock {});
    assert_eq!((block.weighted_gain, block.claims), (5_000_000, 1));
    assert_eq!(w.ask::<DomainResponse>(&QueryMsg::Domain { domain: 1 }).mean_gain, 5_000_000);
}

#[test]
fn seats_are_told_apart_by_agreement_and_the_claim_is_reported_open_first() {
    let mut w = World::new();
    w.settled();
    let reports = w.log(&w.nodes, REPORTS);
    assert!(matches!(&reports[0], NodeEvent::ClaimOpened { bond, .. } if *bond == w.task(1).bond));
    let agreed = reports.iter().filter(|e| matches!(e, NodeEvent::Seat { agreed: true, .. })).count();
    assert_eq!(agreed, 5);
}

#[test]
fn of_two_accepted_claims_the_better_one_wins_and_the_other_gets_its_bond_back() {
    let mut w = World::new();
    let task = w.open();
    let (first, run) = w.train(&w.trainer.clone(), task, |run| run);
    let (second, other) = w.train(&w.rival.clone(), task, |run| run);
    w.commit(first, &run);
    w.commit(second, &other);
    w.unseal(task);
    w.reveal(first, &run);
    w.reveal(second, &other);
    for (claim, run, extra) in [(first, &run, 0), (second, &other, 100_000)] {
        let panel = w.draw(claim);
        w.work(panel, run, |_, answer| answer.scored.as_mut().unwrap().gain += extra);
    }
    w.finalize(second);
    assert_eq!(w.task(task).winner, Some(second));
    assert_eq!(w.claim(first).status, ClaimStatus::Outbid {});
    let bond = w.task(task).bond.u128();
    assert_eq!(w.credited(&w.trainer, "bond_returned"), bond);
    assert_eq!(w.credited(&w.rival, "bond_returned"), bond);
    let blocks = w.log(&w.experts, BLOCKS);
    assert!(blocks.contains(&ExpertsMsg::Void { block: 100 }), "{blocks:?}");
    assert_eq!(w.held(), 0);
}

#[test]
fn a_claim_without_gain_is_rejected_honestly() {
    let rejected = |change: fn(&mut lyceum_api::attestation::Scored), reason: &str| {
        let mut w = World::new();
        let (claim, run, panel) = w.drawn(|run| run);
        w.work(panel, &run, |_, answer| change(answer.scored.as_mut().unwrap()));
        let ClaimStatus::Settled { accepted: false, .. } = w.claim(claim).status else { panic!() };
        w.finalize(claim);
        assert_eq!(w.claim(claim).status, ClaimStatus::Rejected { reason: reason.into() });
        assert_eq!(w.credited(&w.trainer, "bond_returned"), w.task(1).bond.u128());
        assert_eq!(w.outcomes(), [Outcome::Failed]);
        assert_eq!(w.credited(&w.evaluators[4], "committee_fee"), 980_000);
        assert_eq!((w.task(1).winner, w.held()), (None, 0));
    };
    rejected(|s| s.gain = 0, "no_gain");
    rejected(|s| s.synthetic_gain = -500_001, "synthetic");
    rejected(|s| s.guards[0].score = 3_031_000, "guard");
}

#[test]
fn a_head_that_moved_since_the_draw_makes_a_fork_that_earns_nothing() {
    let mut w = World::new();
    let (claim, _) = w.settled();
    w.set(&w.experts.clone(), HEAD, &Some((55, lyceum_api::Hash32::of(b"other"))));
    w.finalize(claim);
    assert!(matches!(w.log(&w.experts, BLOCKS)[1], ExpertsMsg::Finalize { fork: true, .. }));
    assert!(w.log(&w.rewards, ACCRUALS).iter().all(|(_, a)| a.pool == Pool::Evaluators));
    assert_eq!(w.ask::<OpenLearningBlockResponse>(&QueryMsg::OpenLearningBlock {}).weighted_gain, 0);
}

#[test]
fn consumed_data_earns_its_trainer_nothing() {
    let mut w = World::new();
    let (claim, _) = w.settled();
    let mut setup = crate::mocks::DATASETS.load(&*w.app.contract_storage(&w.datasets)).unwrap();
    setup.used = vec![shard()];
    w.set(&w.datasets.clone(), crate::mocks::DATASETS, &setup);
    w.finalize(claim);
    assert!(w.log(&w.rewards, ACCRUALS).iter().all(|(_, a)| a.pool == Pool::Evaluators));
}

#[test]
fn a_task_that_nobody_takes_gives_the_deposit_back() {
    let mut w = World::new();
    let task = w.open();
    w.refused(&w.stranger(), &ExecuteMsg::Finalize { task }, 0, "too early");
    w.wait(1_000);
    w.ok(&w.stranger(), &ExecuteMsg::Finalize { task }, 0);
    assert_eq!(w.credited(&w.coordinator, "deposit_returned"), DEPOSIT + 2 * FEE);
    w.refused(&w.stranger(), &ExecuteMsg::Finalize { task }, 0, "expected open");
}

#[test]
fn committee_and_intervals_follow_the_design() {
    let mut w = World::new();
    let (_, _, panel) = w.drawn(|run| run);
    let panel = w.panel(panel);
    assert_eq!(panel.seats.len(), 5);
    assert_eq!(Run::drawn(&panel).len(), 7);
    assert!(panel.seats.iter().all(|s| s.intervals.len() == 2));
    assert_eq!(panel.guards.len(), 2);
    assert!(!panel.guards.contains(&1));
    let seats: PanelsResponse =
        w.ask(&QueryMsg::Seats { node: w.evaluators[0].to_string(), start_after: None, limit: None });
    assert_eq!(seats.panels.len(), 1);
    let rounds: RoundsResponse = w.ask(&QueryMsg::WantedRounds { limit: None });
    // Who unsealed had the key; whoever has not waits for the round.
    assert_eq!(rounds.rounds, [w.task(1).task.benchmark.round]);
}
