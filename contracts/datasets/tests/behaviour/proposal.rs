//! Proposals and the draw of their auditors.

use cw_multi_test::IntoAddr;
use lyceum_api::datasets::{AuditsResponse, ExecuteMsg, Params, QueryMsg, Status};
use lyceum_api::{Hash32, tasks};
use lyceum_onchain::beacon::{derive, first_round_from, round_time};

use crate::mocks::{EPOCH, GENESIS, PERIOD, order, randomness};
use crate::world::{DEPOSIT, WEALTH, World, clean, evaluators, manifest, ulyc};

#[test]
fn a_proposal_pays_its_deposit_and_waits_for_a_round_nobody_knows() {
    let mut world = World::new();
    let now = world.now();
    let id = world.propose("text");
    let found = world.dataset(id);
    let after = now.seconds() + tasks::Params::default().draw_delay_seconds;
    let round = first_round_from(GENESIS, PERIOD, after + 1);
    assert!(round_time(GENESIS, PERIOD, round) > after);
    assert_eq!(found.status, Status::Proposed { round });
    assert_eq!((found.id, found.proposer, found.manifest), (1, world.ann.clone(), manifest("text")));
    assert_eq!((found.height, found.proposed_at), (world.app.block_info().height, now));
    assert_eq!((found.total_power, found.yes, found.no), (100, 0, 0));
    assert_eq!(world.balance(&world.datasets), DEPOSIT);
    assert_eq!(world.balance(&world.ann), WEALTH - DEPOSIT);
    assert_eq!(world.audits(id), AuditsResponse { seats: vec![] });
    assert_eq!(world.propose("more text"), 2);
}

#[test]
fn a_round_that_comes_out_at_this_very_second_is_not_taken() {
    let mut world = World::new();
    let delay = tasks::Params::default().draw_delay_seconds;
    // Now plus the delay is a round's own time.
    let round = first_round_from(GENESIS, PERIOD, world.now().seconds() + delay + PERIOD);
    let at = round_time(GENESIS, PERIOD, round) - delay;
    world.pass_until(cosmwasm_std::Timestamp::from_seconds(at));
    let id = world.propose("text");
    assert_eq!(world.status(id), Status::Proposed { round: round + 1 });
}

#[test]
fn auditors_are_drawn_by_the_beacon_from_the_epoch_of_the_proposal_without_the_proposer() {
    let mut world = World::new();
    let proposer = "evaluator-0".into_addr();
    let epoch = world.now().seconds() / EPOCH;
    let propose = ExecuteMsg::Propose { manifest: manifest("text") };
    world.send(&proposer, &propose, &ulyc(DEPOSIT)).unwrap();
    let Status::Proposed { round } = world.status(1) else { panic!() };
    // Epochs go by: the draw still uses the one of the proposal.
    world.pass(5 * EPOCH);
    world.try_draw(1).unwrap();
    let seed = Hash32(derive("lyceum/auditors", &randomness(round).0, &[&1u64.to_le_bytes()]));
    let expected: Vec<_> =
        order(evaluators(8), epoch, seed).into_iter().filter(|node| *node != proposer).take(5).collect();
    assert_eq!(world.auditors(1), expected);
    let Params { audit_commit_seconds, audit_reveal_seconds, .. } = Params::default();
    let commit_until = world.now().plus_seconds(audit_commit_seconds);
    let reveal_until = commit_until.plus_seconds(audit_reveal_seconds);
    assert_eq!(world.status(1), Status::Auditing { commit_until, reveal_until });
}

#[test]
fn too_few_evaluators_for_a_quorum_end_the_proposal_and_return_its_deposit() {
    let mut world = World::with(3, Params::default());
    let id = world.propose("text");
    world.draw(id);
    assert_eq!(world.reason(id), "audit_quorum");
    assert_eq!((world.balance(&world.ann), world.balance(&world.datasets)), (WEALTH, 0));
}

#[test]
fn the_quorum_counts_the_seats_asked_for_and_not_only_those_filled() {
    // Of 5 seats 4 are filled; 3 of 4 would be two thirds, of 5 they are not.
    let mut world = World::with(4, Params::default());
    let id = world.propose("text");
    world.draw(id);
    let auditors = world.auditors(id);
    assert_eq!(auditors.len(), 4);
    for node in &auditors[..3] {
        world.commit(id, node, &clean()).unwrap();
    }
    world.pass(Params::default().audit_commit_seconds);
    for node in &auditors[..3] {
        world.reveal(id, node, &clean()).unwrap();
    }
    world.close_audit(id).unwrap();
    assert_eq!(world.reason(id), "audit_quorum");
}

#[test]
fn the_shards_of_a_rejected_dataset_may_be_proposed_again() {
    let mut world = World::with(3, Params::default());
    let id = world.propose("text");
    assert!(world.try_propose(manifest("text")).is_err());
    world.draw(id);
    assert_eq!(world.reason(id), "audit_quorum");
    assert_eq!(world.propose("text"), id + 1);
}

#[test]
fn a_proposal_keeps_the_deposit_it_paid_when_the_parameter_changes() {
    let mut world = World::with(3, Params::default());
    let id = world.propose("text");
    let params = Params { deposit: (2 * DEPOSIT).into(), ..Params::default() };
    let charter = world.charter.clone();
    world.send(&charter, &ExecuteMsg::SetParams { params: params.clone() }, &[]).unwrap();
    let config: lyceum_api::datasets::ConfigResponse = world.ask(&QueryMsg::Config {});
    assert_eq!(config.params, params);
    world.draw(id);
    assert_eq!((world.balance(&world.ann), world.balance(&world.datasets)), (WEALTH, 0));
}
