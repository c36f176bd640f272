//! No window runs while the contract is paused: nobody is late who could not act.
use lyceum_api::tasks::*;

use crate::mocks::NODES;
use crate::world::*;

const MONTH: u64 = 30 * 86_400;

fn set_paused(w: &mut World, paused: bool) {
    w.ok(&w.charter.clone(), &ExecuteMsg::SetPaused { paused }, 0);
}

/// A month in which nobody could do anything; the charter repeats its message, as it may.
fn pause(w: &mut World) {
    set_paused(w, true);
    w.wait(MONTH / 2);
    set_paused(w, true);
    w.wait(MONTH / 2);
    set_paused(w, false);
    set_paused(w, false);
}

fn expire(claim: u64) -> ExecuteMsg {
    ExecuteMsg::Expire { claim }
}

#[test]
fn a_task_outlives_a_pause_in_every_phase_with_its_windows_unspent() {
    let mut w = World::new();
    // A benchmark whose round comes out late in the reveal window outlives a short pause of the commits.
    let mut late = w.timed(new_task());
    late.benchmark.round += 190;
    let task = w.open_exactly(late);
    let left = |w: &World| w.task(task).commit_until.seconds() - w.now();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    let before = left(&w);
    set_paused(&mut w, true);
    w.wait(500);
    assert_eq!(left(&w), before, "also seen from within the pause");
    set_paused(&mut w, false);
    assert_eq!(left(&w), before);
    w.refused(&w.stranger(), &expire(claim), 0, &format!("not before {}", w.now() + before));
    w.commit(claim, &run);
    w.unseal(task);
    pause(&mut w);
    w.refused(&w.stranger(), &expire(claim), 0, "too early");
    w.reveal(claim, &run);
    pause(&mut w);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "too early");
    let panel = w.draw(claim);
    pause(&mut w);
    w.refused(&w.stranger(), &expire(claim), 0, "too early");
    w.serve(panel, &run);
    w.work_through_a_pause(panel, &run);
    let ClaimStatus::Settled { accepted: true, until } = w.claim(claim).status else { panic!() };
    let left = until.seconds() - w.now();
    pause(&mut w);
    let ClaimStatus::Settled { until, .. } = w.claim(claim).status else { panic!() };
    assert_eq!(until.seconds() - w.now(), left);
    w.refused(&w.stranger(), &ExecuteMsg::Finalize { task }, 0, "too early");
    w.finalize(claim);
    assert_eq!(w.claim(claim).status, ClaimStatus::Accepted {});
    assert!(w.slashes().is_empty(), "nobody was late");
    assert_eq!(w.held(), 0);
}

impl World {
    /// Seats commit, then comes a pause, then they reveal; before the last of them commits, another pause.
    fn work_through_a_pause(&mut self, panel: u64, run: &crate::run::Run) {
        let seats: Vec<_> = self.panel(panel).seats.into_iter().map(|s| s.node).collect();
        let answers: Vec<_> = (0..seats.len()).map(|i| self.honest(panel, i, run)).collect();
        for (i, (seat, answer)) in seats.iter().zip(&answers).enumerate() {
            if i == 4 {
                pause(self);
                assert!(matches!(self.panel(panel).status, PanelStatus::Committing { .. }));
            }
            self.attest(panel, seat, answer);
        }
        pause(self);
        self.refused(&self.stranger(), &ExecuteMsg::Settle { panel }, 0, "too early");
        self.open_sketches(panel, run);
        for (seat, answer) in seats.iter().zip(&answers) {
            self.reveal_attestation(panel, seat, answer);
        }
        self.settle(panel);
    }
}

#[test]
fn a_tile_asked_for_before_a_pause_may_be_answered_after_it() {
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run);
    w.serve(panel, &run);
    let ask = ExecuteMsg::ChallengeAvailability { panel, state: 0, tile: 0 };
    w.ok(&w.evaluators[0].clone(), &ask, 0);
    let left = |w: &World| w.panel(panel).challenges[0].until.seconds() - w.now();
    let before = left(&w);
    pause(&mut w);
    assert_eq!(left(&w), before);
    w.refused(&w.stranger(), &expire(claim), 0, "too early");
    w.wait(before);
    w.ok(&w.stranger(), &expire(claim), 0);
    assert_eq!(w.claim(claim).status, ClaimStatus::Fraud { reason: "unavailable".into() });
}

#[test]
fn a_claim_is_not_void_for_evaluators_who_could_not_come_back_during_a_pause() {
    let mut w = World::new();
    let setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    let mut short = setup.clone();
    short.evaluators.truncate(4);
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    w.commit(claim, &run);
    w.unseal(task);
    w.reveal(claim, &run);
    w.post(w.newest(claim).round);
    w.set(&w.nodes.clone(), NODES, &short);
    pause(&mut w);
    w.refused(&w.stranger(), &expire(claim), 0, &format!("not before {}", w.now() + 3_600));
    w.set(&w.nodes.clone(), NODES, &setup);
    let panel = w.draw(claim);
    w.work(panel, &run, |_, _| {});
    assert!(matches!(w.claim(claim).status, ClaimStatus::Settled { accepted: true, .. }));
}

#[test]
fn a_pause_is_no_drought_of_learning_blocks() {
    let mut w = World::new();
    let block = |w: &World| w.ask::<OpenLearningBlockResponse>(&QueryMsg::OpenLearningBlock {}).threshold;
    w.wait(1_200);
    assert_eq!(block(&w), 500_000);
    pause(&mut w);
    assert_eq!(block(&w), 500_000);
}

#[test]
fn after_a_pause_the_beacon_is_still_on_the_chains_time() {
    let mut w = World::new();
    pause(&mut w);
    let task = w.open();
    let claim = w.take(&w.trainer.clone(), task);
    let round = w.claim(claim).seed_round;
    let time = lyceum_onchain::beacon::round_time(START - 3_000, 3, round);
    assert!((1..=3).contains(&(time + 3 - w.now())), "the first after the take, not of a month ago");
    let run = crate::run::Run::honest(w.claim(claim).seed.unwrap());
    w.commit(claim, &run);
    w.unseal(task);
    w.reveal(claim, &run);
    let due = lyceum_onchain::beacon::round_time(START - 3_000, 3, w.newest(claim).round);
    assert!(due >= w.task(task).reveal_until.seconds() + 30);
    w.refused(
        &w.stranger(),
        &ExecuteMsg::PostBeacon {
            round: w.newest(claim).round,
            signature: w.signature(w.newest(claim).round),
        },
        0,
        "comes out at",
    );
}

#[test]
fn a_benchmark_that_a_pause_let_out_before_the_commits_end_voids_its_task_at_nobodys_cost() {
    let mut w = World::new();
    let task = w.open();
    let (trainer, rival) = (w.trainer.clone(), w.rival.clone());
    let (committed, run) = w.train(&trainer, task, |run| run);
    let taken = w.take(&rival, task);
    w.commit(committed, &run);
    assert!(!w.task(task).exposed);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "too early");
    pause(&mut w);
    assert!(w.task(task).exposed, "everybody can have the benchmark, and the commit window is still open");
    let commit = w.commit_of(&rival, task, &run);
    w.refused(&rival, &ExecuteMsg::Commit { claim: taken, commit }, 0, "send VoidTask");
    w.until(w.task(task).commit_until.seconds());
    w.refused(&w.coordinator.clone(), &ExecuteMsg::Unseal { task, key: KEY }, 0, "send VoidTask");
    w.refused(&w.stranger(), &expire(taken), 0, "send VoidTask");
    pause(&mut w);
    assert!(w.task(task).exposed);
    w.ok(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0);
    let bond = w.task(task).bond.u128();
    for trainer in [&trainer, &rival] {
        assert_eq!(w.credited(trainer, "bond_returned"), bond);
        assert_eq!(w.credited(trainer, "fee_returned"), FEE);
    }
    assert_eq!(w.credited(&w.coordinator, "reserve_returned"), DEPOSIT + 2 * FEE);
    assert_eq!((w.treasury(), w.held()), (0, 0));
    assert_eq!(w.task(task).status, TaskStatus::Void);
}

#[test]
fn a_pause_after_the_commits_end_exposes_nothing() {
    let mut w = World::new();
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    w.commit(claim, &run);
    w.until(w.task(task).commit_until.seconds());
    pause(&mut w);
    assert!(!w.task(task).exposed);
    w.refused(&w.stranger(), &ExecuteMsg::VoidTask { task }, 0, "too early");
    w.post(w.task(task).task.benchmark.round);
    w.unseal(task);
    w.reveal(claim, &run);
}

#[test]
fn the_round_of_a_benchmark_is_wanted_once_somebody_takes_the_task_and_its_signature_stays() {
    let mut w = World::new();
    let task = w.open();
    let round = w.task(task).task.benchmark.round;
    let wanted = |w: &World| w.ask::<RoundsResponse>(&QueryMsg::WantedRounds { limit: None }).rounds;
    assert!(!wanted(&w).contains(&round));
    w.take(&w.trainer.clone(), task);
    assert!(wanted(&w).contains(&round));
    w.post(round);
    assert!(!wanted(&w).contains(&round));
    let posted: BeaconResponse = w.ask(&QueryMsg::Beacon { round });
    assert_eq!(posted.signature, Some(w.signature(round)));
    let random = lyceum_onchain::beacon::randomness(&w.signature(round));
    assert_eq!(posted.randomness.map(|r| r.0), Some(random));
}
