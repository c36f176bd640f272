//! Votes: frozen power, changes, quorum, tiers, and the deposit.

use lyceum_api::credits::{self, Award, Reason};
use lyceum_api::datasets::{Params, Status, Tier};
use lyceum_api::rewards;
use lyceum_datasets::ContractError;

use cw_multi_test::IntoAddr;

use crate::world::{DEPOSIT, WEALTH, World, clean, refused};

fn voting(world: &mut World, name: &str) -> u64 {
    let id = world.propose(name);
    world.audit(id, &vec![clean(); 5]);
    id
}

fn tally(world: &World, id: u64) -> (u64, u64, u64) {
    let found = world.dataset(id);
    (found.yes, found.no, found.total_power)
}

#[test]
fn power_counts_as_it_stood_before_the_block_of_the_proposal() {
    let mut world = World::new();
    // In the block of the proposal, before and after it: neither counts.
    world.power("fresh", 1_000).unwrap();
    world.power("v-50", 1).unwrap();
    let id = world.propose("text");
    let height = world.app.block_info().height;
    world.power("late", 1_000).unwrap();
    world.power("v-30", 500).unwrap();
    world.pass(1);
    world.power("later", 1_000).unwrap();
    world.power("v-15", 0).unwrap();
    world.audit(id, &vec![clean(); 5]);
    for name in ["fresh", "late", "later"] {
        let error = ContractError::NoPower { voter: name.into_addr(), height };
        refused(world.vote(id, name, true), &error);
    }
    assert_eq!(tally(&world, id), (0, 0, 100));
    world.vote(id, "v-50", true).unwrap();
    world.vote(id, "v-30", false).unwrap();
    world.vote(id, "v-15", false).unwrap();
    assert_eq!(tally(&world, id), (50, 45, 100));
    // The next proposal sees all of it.
    let next = voting(&mut world, "other text");
    assert_eq!(tally(&world, next).2, 1_000 + 1 + 1_000 + 500 + 1_000 + 5);
}

#[test]
fn a_vote_may_be_changed_until_the_end_and_counts_once() {
    let mut world = World::new();
    let id = voting(&mut world, "text");
    world.vote(id, "v-50", true).unwrap();
    world.vote(id, "v-30", true).unwrap();
    assert_eq!(tally(&world, id), (80, 0, 100));
    world.vote(id, "v-50", false).unwrap();
    assert_eq!(tally(&world, id), (30, 50, 100));
    let error = ContractError::AlreadyVoted { voter: "v-50".into_addr() };
    refused(world.vote(id, "v-50", false), &error);
    world.vote(id, "v-50", true).unwrap();
    assert_eq!(tally(&world, id), (80, 0, 100));
}

#[test]
fn a_change_of_power_after_the_vote_does_not_change_the_vote() {
    let mut world = World::new();
    let id = voting(&mut world, "text");
    world.vote(id, "v-50", true).unwrap();
    world.power("v-50", 7).unwrap();
    world.pass(1);
    world.vote(id, "v-50", false).unwrap();
    assert_eq!(tally(&world, id), (0, 50, 100));
}

#[test]
fn gold_returns_the_deposit_and_earns_credits() {
    let mut world = World::new();
    let id = world.approved("text", &["v-50", "v-30"]);
    assert_eq!(world.status(id), Status::Approved { tier: Tier::Gold });
    assert_eq!((world.balance(&world.ann), world.balance(&world.datasets)), (WEALTH, 0));
    let award = Award { account: world.ann.to_string(), reason: Reason::GoldDataset {}, subject: id };
    let heard: Vec<credits::ExecuteMsg> = world.heard(&world.credits);
    assert_eq!(heard, [credits::ExecuteMsg::Award { awards: vec![award] }]);
    assert!(world.heard::<rewards::ExecuteMsg>(&world.rewards).is_empty());
}

#[test]
fn the_share_of_yes_makes_the_tier_and_below_gold_nothing_is_awarded() {
    let mut world = World::new();
    for (name, yes, tier) in [
        ("a", &["v-50", "v-15"][..], Tier::Silver),
        ("b", &["v-50"][..], Tier::Experimental),
        ("c", &["v-30", "v-15"][..], Tier::Experimental),
    ] {
        let id = world.approved(name, yes);
        assert_eq!(world.status(id), Status::Approved { tier });
    }
    assert_eq!(world.balance(&world.ann), WEALTH);
    assert!(world.heard::<credits::ExecuteMsg>(&world.credits).is_empty());
}

#[test]
fn no_vote_lifts_a_dataset_above_what_its_audit_allows() {
    let mut world = World::new();
    let id = world.propose("text");
    world.audit(id, &vec![lyceum_api::datasets::AuditReport { gain: -1, ..clean() }; 5]);
    world.vote(id, "v-50", true).unwrap();
    world.end_vote(id);
    assert_eq!(world.status(id), Status::Approved { tier: Tier::Experimental });
}

#[test]
fn a_dataset_that_most_refuse_loses_its_deposit() {
    let mut world = World::new();
    let id = voting(&mut world, "text");
    world.vote(id, "v-30", true).unwrap();
    world.vote(id, "v-50", false).unwrap();
    world.end_vote(id);
    assert_eq!(world.reason(id), "vote_refused");
    assert_eq!((world.balance(&world.ann), world.balance(&world.rewards)), (WEALTH - DEPOSIT, DEPOSIT));
    world.propose("text");
}

#[test]
fn low_turnout_extends_once_from_now_on_and_then_returns_the_deposit() {
    let mut world = World::new();
    let id = voting(&mut world, "text");
    world.vote(id, "v-5", true).unwrap();
    world.pass(Params::default().vote_seconds + 1_000);
    world.close_vote(id).unwrap();
    let until = world.now().plus_seconds(Params::default().extension_seconds);
    assert_eq!(world.status(id), Status::Voting { until, extended: true });
    world.end_vote(id);
    assert_eq!(world.reason(id), "vote_quorum");
    assert_eq!((world.balance(&world.ann), world.balance(&world.rewards)), (WEALTH, 0));
}

#[test]
fn votes_in_the_extension_count() {
    let mut world = World::new();
    let id = voting(&mut world, "text");
    world.vote(id, "v-5", true).unwrap();
    world.end_vote(id);
    world.vote(id, "v-15", true).unwrap();
    world.end_vote(id);
    assert_eq!(world.status(id), Status::Approved { tier: Tier::Gold });
}

#[test]
fn without_any_power_there_is_no_quorum() {
    let mut world = World::new();
    for (voter, _) in crate::world::VOTERS {
        world.power(voter, 0).unwrap();
    }
    world.pass(1);
    let id = voting(&mut world, "text");
    assert_eq!(tally(&world, id), (0, 0, 0));
    world.end_vote(id);
    world.end_vote(id);
    assert_eq!(world.reason(id), "vote_quorum");
}
