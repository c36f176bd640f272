//! Slashing and jail.
mod common;

use common::*;
use cosmwasm_std::{Addr, Uint128};
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{ExecuteMsg, NodeEvent, Params, SlashReason};

fn slash(
    node: &Addr,
    reason: SlashReason,
    cost_each: u128,
    paid: &[Addr],
    challenger: Option<&Addr>,
) -> NodeEvent {
    NodeEvent::Slash {
        node: node.to_string(),
        reason,
        cost_each: cost_each.into(),
        paid: paid.iter().map(Addr::to_string).collect(),
        challenger: challenger.map(Addr::to_string),
    }
}

/// What one deposit credited to an account, for a reason.
fn credited(w: &World, deposit: usize, account: &Addr, reason: &str) -> u128 {
    let payments = &w.deposits()[deposit].0;
    let of = payments.iter().filter(|p| p.account == account.as_str() && p.reason == reason);
    of.map(|p| p.amount.u128()).sum()
}

#[test]
fn a_slash_takes_its_share_of_stake_and_queue_in_proportion() {
    for (reason, ppm) in [
        (SlashReason::Fraud, 200_000),
        (SlashReason::FalseAttestation, 100_000),
        (SlashReason::Unrevealed, 100_000),
        (SlashReason::Downtime, 1_000),
    ] {
        let mut w = world();
        let alice = w.bonded("alice", 4 * MIN);
        w.unbond(&alice, MIN).unwrap();
        w.report(vec![slashed(&alice, reason)]).unwrap();
        let kept = |amount: u128| amount - amount * ppm / 1_000_000;
        assert_eq!(w.node(&alice).stake.u128(), kept(3 * MIN), "{reason:?}");
        assert_eq!(w.queue(&alice)[0].amount.u128(), kept(MIN), "{reason:?}");
        assert_eq!(w.balance(&w.rewards), 4 * MIN * ppm / 1_000_000);
        assert_eq!(w.balance(&w.nodes), kept(4 * MIN));
    }
}

#[test]
fn costs_are_paid_first_then_at_most_three_tenths_to_the_challenger() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let seats = ["one", "two", "three"].map(IntoAddr::into_addr);
    let challenger = "challenger".into_addr();
    w.report(vec![slash(&alice, SlashReason::Fraud, 20 * LYC, &seats, Some(&challenger))]).unwrap();
    let (payments, funds) = w.deposits().remove(0);
    assert_eq!((payments.len(), funds.u128()), (4, 200 * LYC));
    for seat in &seats {
        assert_eq!(credited(&w, 0, seat, "dispute_cost"), 20 * LYC);
    }
    assert_eq!(credited(&w, 0, &challenger, "challenge"), 42 * LYC);
}

#[test]
fn costs_that_a_slash_does_not_cover_are_shared_equally() {
    let mut w = world();
    let alice = w.bonded("alice", 1_000);
    let seats = ["one", "two", "three"].map(IntoAddr::into_addr);
    let challenger = "challenger".into_addr();
    w.report(vec![slash(&alice, SlashReason::Fraud, u128::MAX, &seats, Some(&challenger))]).unwrap();
    assert_eq!(w.deposits()[0].1.u128(), 200);
    for seat in &seats {
        assert_eq!(credited(&w, 0, seat, "dispute_cost"), 66);
    }
    assert_eq!(credited(&w, 0, &challenger, "challenge"), 0);
}

#[test]
fn a_node_with_nothing_left_does_not_stop_a_settlement() {
    let mut w = world();
    let alice = w.registered("alice");
    let seats = ["one".into_addr()];
    w.report(vec![slash(&alice, SlashReason::Fraud, LYC, &seats, Some(&seats[0]))]).unwrap();
    assert!(w.deposits().is_empty());
    assert!(w.node(&alice).jailed_until.is_some());
}

#[test]
fn unbonding_stake_stays_slashable_until_it_is_claimed() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.unbond(&alice, MIN).unwrap();
    w.pass(22 * DAY);
    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    w.send(&alice, &ExecuteMsg::ClaimUnbonded {}).unwrap();
    assert_eq!((w.balance(&alice), w.balance(&w.rewards)), (MIN / 10 * 8, MIN / 10 * 2));
}

#[test]
fn a_slash_lowers_the_weight_in_draws() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.pass(DAY);
    w.mature(&alice).unwrap();
    w.bond(&alice, MIN).unwrap();
    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.matured.u128()), (1_600 * LYC, 600 * LYC));
}

#[test]
fn every_slash_jails_and_a_longer_time_stands() {
    for reason in
        [SlashReason::Fraud, SlashReason::FalseAttestation, SlashReason::Unrevealed, SlashReason::Downtime]
    {
        let mut w = world();
        let alice = w.bonded("alice", 2 * MIN);
        assert_eq!(w.active(), 1);
        w.report(vec![slashed(&alice, reason)]).unwrap();
        let until = w.app.block_info().time.plus_seconds(DAY).seconds();
        assert_eq!(w.node(&alice).jailed_until.map(|t| t.seconds()), Some(until));
        assert_eq!((w.active(), w.node(&alice).active), (0, false));
        w.set_params(Params { jail_seconds: 1, ..Params::default() }).unwrap();
        w.report(vec![slashed(&alice, reason)]).unwrap();
        assert_eq!(w.node(&alice).jailed_until.map(|t| t.seconds()), Some(until));
    }
}

#[test]
fn a_node_leaves_jail_after_its_time_with_enough_stake() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    refused(w.send(&alice, &ExecuteMsg::Unjail {}), "is not in jail");
    refused(w.send(&"stranger".into_addr(), &ExecuteMsg::Unjail {}), "is not a node");
    w.report(vec![slashed(&alice, SlashReason::FalseAttestation)]).unwrap();
    w.pass(DAY - 1);
    refused(w.send(&alice, &ExecuteMsg::Unjail {}), "jailed until");
    w.pass(1);
    refused(w.send(&alice, &ExecuteMsg::Unjail {}), "the stake is 900000000, expected at least 1000000000");
    w.bond(&alice, 100 * LYC).unwrap();
    assert_eq!(w.active(), 0, "enough stake alone does not free");
    w.send(&alice, &ExecuteMsg::Unjail {}).unwrap();
    assert_eq!((w.active(), w.node(&alice).jailed_until), (1, None));
}

#[test]
fn several_slashes_of_one_report_follow_one_another() {
    let mut w = world();
    let (alice, bob) = (w.bonded("alice", MIN), w.bonded("bob", MIN));
    let fraud = SlashReason::Fraud;
    w.report(vec![slashed(&alice, fraud), slashed(&bob, fraud), slashed(&alice, fraud)]).unwrap();
    assert_eq!(w.node(&alice).stake.u128(), 640 * LYC);
    assert_eq!(w.node(&bob).stake.u128(), 800 * LYC);
    assert_eq!(w.deposits().iter().map(|d| d.1).sum::<Uint128>().u128(), 560 * LYC);
}
