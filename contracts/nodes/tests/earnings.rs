//! Rewards of delegations and the commission.
mod common;

use common::*;
use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{ExecuteMsg, Params, SlashReason};

fn rewards(w: &World, who: &Addr, node: &Addr) -> u128 {
    w.delegation(who, node).rewards.u128()
}

/// A node with a bond of MIN and dora's MIN, joined; no commission.
fn pair() -> (World, Addr, Addr) {
    let mut w = world();
    let (alice, dora) = (w.bonded("alice", MIN), "dora".into_addr());
    w.send(&alice, &ExecuteMsg::SetCommission { commission: 0 }).unwrap();
    w.delegate(&dora, &alice, MIN).unwrap();
    w.distribute(&alice, 0, true).unwrap();
    (w, alice, dora)
}

#[test]
fn emission_is_shared_by_stake_after_the_commission() {
    let mut w = world();
    let (alice, dora, emil) = (w.bonded("alice", MIN), "dora".into_addr(), "emil".into_addr());
    w.delegate(&dora, &alice, MIN).unwrap();
    w.delegate(&emil, &alice, 2 * MIN).unwrap();
    w.distribute(&alice, 0, true).unwrap();
    w.distribute(&alice, 1_000, true).unwrap();
    // 5 % are 50; of 950 a quarter is the node's own.
    assert_eq!(w.balance(&alice), 50 + 237);
    assert_eq!((rewards(&w, &dora, &alice), rewards(&w, &emil, &alice)), (237, 475));
    assert_eq!(w.node(&alice).rewards.u128(), 713);
    w.claim_rewards(&dora, &alice).unwrap();
    refused(w.claim_rewards(&dora, &alice), "nothing to claim");
    assert_eq!((w.balance(&dora), rewards(&w, &dora, &alice)), (237, 0));
    assert_eq!(w.node(&alice).rewards.u128(), 476);
    refused(w.claim_rewards(&"stranger".into_addr(), &alice), "nothing to claim");
}

#[test]
fn a_delegation_shares_from_the_first_complete_pull_on() {
    let (mut w, alice, dora) = pair();
    let emil = "emil".into_addr();
    w.delegate(&emil, &alice, 2 * MIN).unwrap();
    w.distribute(&alice, 1_000, false).unwrap();
    w.distribute(&alice, 1_000, true).unwrap();
    assert_eq!((rewards(&w, &dora, &alice), rewards(&w, &emil, &alice)), (1_000, 0), "accrued before");
    w.distribute(&alice, 1_000, true).unwrap();
    assert_eq!((rewards(&w, &dora, &alice), rewards(&w, &emil, &alice)), (1_250, 500));
    // The operator's own fresh bond waits like any other.
    let before = w.balance(&alice);
    w.bond(&alice, 100 * MIN).unwrap();
    w.distribute(&alice, 1_000, true).unwrap();
    assert_eq!(w.balance(&alice) - before, 250);
    w.distribute(&alice, 104_000, true).unwrap();
    assert_eq!(w.balance(&alice) - before, 250 + 101_000);
}

#[test]
fn rewards_are_paid_out_with_every_change_of_the_delegation() {
    let (mut w, alice, dora) = pair();
    let bob = w.bonded("bob", MIN);
    let earn = |w: &mut World| {
        w.distribute(&alice, 0, true).unwrap();
        w.distribute(&alice, 2_000, true).unwrap();
        rewards(w, &dora, &alice)
    };
    let mut due = earn(&mut w);
    w.delegate(&dora, &alice, MIN).unwrap();
    assert_eq!((due, w.balance(&dora)), (1_000, 1_000));
    due += earn(&mut w);
    w.undelegate(&dora, &alice, MIN).unwrap();
    assert_eq!((due, w.balance(&dora)), (1_000 + 1_334, due));
    due += earn(&mut w);
    w.redelegate(&dora, &alice, &bob, MIN).unwrap();
    assert_eq!(w.balance(&dora), due);
    // With nobody there, everything is the node's.
    let before = w.balance(&alice);
    w.distribute(&alice, 500, true).unwrap();
    assert_eq!(w.balance(&alice) - before, 500);
}

#[test]
fn rewards_is_told_when_the_first_delegation_comes_and_the_last_one_leaves() {
    let (mut w, alice, dora) = pair();
    let (emil, bob) = ("emil".into_addr(), w.bonded("bob", MIN));
    w.delegate(&emil, &alice, MIN).unwrap();
    w.delegate(&dora, &alice, MIN).unwrap();
    w.undelegate(&dora, &alice, 2 * MIN).unwrap();
    assert_eq!(w.told_shared(), [(alice.to_string(), true)]);
    w.redelegate(&emil, &alice, &bob, MIN).unwrap();
    let (a, b) = (alice.to_string(), bob.to_string());
    assert_eq!(w.told_shared(), [(a.clone(), true), (a, false), (b, true)]);
}

#[test]
fn only_rewards_distributes() {
    let (mut w, alice, dora) = pair();
    for sender in [&dora, &alice, &w.charter.clone(), &w.tasks.clone()] {
        let msg = ExecuteMsg::Distribute { node: alice.to_string(), complete: true };
        refused(w.send(sender, &msg), w.rewards.clone().as_str());
    }
}

#[test]
fn a_commission_does_not_rise_twice_around_the_end_of_a_day() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let set = |w: &mut World, commission| w.send(&alice, &ExecuteMsg::SetCommission { commission });
    set(&mut w, 500).unwrap(); // begins a day
    w.pass(DAY - 10);
    set(&mut w, 600).unwrap();
    w.pass(20);
    refused(set(&mut w, 700), "at most 600");
    w.pass(DAY);
    set(&mut w, 700).unwrap();
}

#[test]
fn a_commission_falls_freely_and_rises_by_a_point_a_day_up_to_its_maximum() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let mut set = |days: u64, commission| {
        w.pass(days * DAY);
        let set = w.send(&alice, &ExecuteMsg::SetCommission { commission });
        assert!(set.is_err() || w.node(&alice).commission == commission);
        set
    };
    refused(set(0, 601), "the commission is 601, expected at most 600: the most that it may rise to");
    set(0, 600).unwrap();
    refused(set(0, 601), "at most 600");
    set(1, 700).unwrap();
    set(0, 100).unwrap();
    refused(set(0, 700), "at most 200"); // not lowered only to be raised
    for day in 2..=20 {
        set(1, day * 100).unwrap();
    }
    refused(set(1, 2_001), "at most 2000: the highest of any node");
    w.set_params(Params { max_commission: 300, ..Params::default() }).unwrap();
    assert_eq!(w.node(&alice).commission, 300);
    refused(w.set_params(Params { max_commission: 10_001, ..Params::default() }), "max_commission is 10001");
    refused(w.send(&"stranger".into_addr(), &ExecuteMsg::SetCommission { commission: 1 }), "is not a node");
}

#[test]
fn rewards_of_shares_that_became_void_go_to_who_comes_next() {
    let mut w = world_with(Params { min_stake: 1u128.into(), ..Params::default() });
    let (alice, dora, emil) = (w.bonded("alice", 1), "dora".into_addr(), "emil".into_addr());
    w.send(&alice, &ExecuteMsg::SetCommission { commission: 0 }).unwrap();
    w.delegate(&dora, &alice, 1).unwrap();
    w.distribute(&alice, 0, true).unwrap();
    w.distribute(&alice, 100, true).unwrap();
    assert_eq!(rewards(&w, &dora, &alice), 50);
    for _ in 0..2 {
        w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    }
    assert_eq!((w.worth(&dora, &alice), rewards(&w, &dora, &alice)), (0, 0));
    w.distribute(&alice, 7, true).unwrap();
    assert_eq!(w.balance(&alice), 57, "nobody there: the node's");
    w.delegate(&emil, &alice, MIN).unwrap();
    w.distribute(&alice, 0, true).unwrap();
    w.distribute(&alice, 10, true).unwrap();
    assert_eq!(rewards(&w, &emil, &alice), 60);
    assert_eq!(w.node(&alice).rewards.u128(), 60);
}
