//! Stake: in, ageing, out, and as it stood at a height.
mod common;

use common::*;
use cosmwasm_std::coins;
use cw_multi_test::{Executor, IntoAddr};
use lyceum_api::nodes::{ExecuteMsg, IsActiveResponse, Params, PowerResponse, QueryMsg, SlashReason};

#[test]
fn a_node_with_the_least_stake_is_active_and_counted() {
    let mut w = world();
    let alice = w.bonded("alice", MIN - 1);
    assert_eq!((w.active(), w.node(&alice).active), (0, false));
    w.bond(&alice, 1).unwrap();
    assert_eq!((w.active(), w.node(&alice).active), (1, true));
    let node = alice.to_string();
    assert!(w.query::<IsActiveResponse>(&QueryMsg::IsActive { node }).unwrap().active);
    w.bonded("bob", MIN);
    assert_eq!(w.active(), 2);
    w.unbond(&alice, 1).unwrap();
    assert_eq!((w.active(), w.node(&alice).active), (1, false));
}

#[test]
fn bonds_are_of_one_coin_and_by_nodes_only() {
    let mut w = world();
    refused(w.bond(&"stranger".into_addr(), MIN), "is not a node");
    let alice = w.registered("alice");
    let bare = w.send(&alice, &ExecuteMsg::Bond {});
    refused(bare, "No funds sent");
    let other = coins(5, "other");
    w.app
        .sudo(cw_multi_test::SudoMsg::Bank(cw_multi_test::BankSudo::Mint {
            to_address: alice.to_string(),
            amount: other.clone(),
        }))
        .unwrap();
    let paid = w.app.execute_contract(alice, w.nodes.clone(), &ExecuteMsg::Bond {}, &other);
    refused(paid, "Must send reserve token 'ulyc'");
}

#[test]
fn stake_counts_in_draws_once_it_is_a_day_old() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.pass(DAY - 1);
    refused(w.mature(&alice), "nothing of");
    w.pass(1);
    w.mature(&alice).unwrap();
    assert_eq!(w.node(&alice).matured.u128(), MIN);
    assert!(w.committee(w.epoch(), 1, 1, &[]).is_empty(), "only from the next epoch on");
    w.pass(HOUR);
    assert_eq!(w.committee(w.epoch(), 1, 1, &[]), std::slice::from_ref(&alice));
    refused(w.mature(&alice), "nothing of");
    refused(w.mature(&"stranger".into_addr()), "is not a node");
}

#[test]
fn young_entries_are_merged_and_bounded_and_never_count_early() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    // One a minute for a day: 24 epochs, but at most 16 entries, so the youngest waits on.
    for _ in 0..(DAY / 60) {
        w.pass(60);
        w.bond(&alice, LYC).unwrap();
    }
    let stake = w.node(&alice).stake.u128();
    assert_eq!(stake, MIN + 1440 * LYC);
    assert!(w.node(&alice).matured.u128() < stake / 2 + MIN);
    w.pass(DAY - 60);
    let _ = w.mature(&alice);
    assert!(w.node(&alice).matured.u128() < stake, "the youngest entry is younger than a day");
    w.pass(60);
    w.mature(&alice).unwrap();
    assert_eq!(w.node(&alice).matured.u128(), stake);
}

#[test]
fn unbonding_lowers_what_counts_first_and_pays_after_its_time() {
    let mut w = world();
    let alice = w.bonded("alice", 2 * MIN);
    w.pass(DAY);
    w.mature(&alice).unwrap();
    w.bond(&alice, MIN).unwrap();
    w.unbond(&alice, MIN).unwrap();
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.matured.u128()), (2 * MIN, MIN));
    w.unbond(&alice, MIN + 1).unwrap();
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.matured.u128(), node.active), (MIN - 1, 0, false));

    assert_eq!(w.queue(&alice).len(), 2);
    refused(w.send(&alice, &ExecuteMsg::ClaimUnbonded {}), "nothing has left the queue");
    w.pass(21 * DAY - 1);
    refused(w.send(&alice, &ExecuteMsg::ClaimUnbonded {}), "nothing has left the queue");
    w.pass(1);
    w.send(&alice, &ExecuteMsg::ClaimUnbonded {}).unwrap();
    assert_eq!(w.balance(&alice), 2 * MIN + 1);
    assert_eq!(w.balance(&w.nodes), MIN - 1);
    assert!(w.queue(&alice).is_empty());
    refused(w.send(&alice, &ExecuteMsg::ClaimUnbonded {}), "nothing has left the queue; it is empty");
}

#[test]
fn nobody_unbonds_nothing_or_more_than_his_stake_or_without_end() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    refused(w.unbond(&alice, 0), "nothing to unbond");
    refused(w.unbond(&alice, MIN + 1), "the stake is 1000000000, expected at least 1000000001");
    refused(w.unbond(&"stranger".into_addr(), 1), "is not a node");
    refused(w.send(&"stranger".into_addr(), &ExecuteMsg::ClaimUnbonded {}), "is not a node");
    for _ in 0..7 {
        w.unbond(&alice, 1).unwrap();
    }
    refused(w.unbond(&alice, 1), "7 unbondings of");
}

#[test]
fn stake_that_open_claims_rest_on_stays() {
    let mut w = world();
    let alice = w.bonded("alice", 2 * MIN);
    w.report(vec![opened(&alice, 600 * LYC), opened(&alice, 300 * LYC)]).unwrap();
    refused(w.unbond(&alice, 801 * LYC), "2 open claims rest on 1200000000 of stake");
    w.unbond(&alice, 800 * LYC).unwrap();
    w.report(vec![accepted(&alice, 0), accepted(&alice, 0)]).unwrap();
    w.unbond(&alice, 1200 * LYC).unwrap();
}

#[test]
fn power_at_a_height_is_the_stake_as_it_stood_when_the_height_began() {
    let mut w = world();
    let before = w.app.block_info().height;
    let alice = w.registered("alice");
    w.pass(1);
    let height = w.app.block_info().height;
    w.bond(&alice, 5 * LYC).unwrap();
    w.bond(&alice, 2 * LYC).unwrap();
    w.unbond(&alice, LYC).unwrap();
    // Within the height of the writes: now sees them, the height itself does not.
    assert_eq!((w.power(&alice, None), w.power(&alice, Some(height))), (6 * LYC, 0));
    w.pass(1);
    assert_eq!((w.power(&alice, Some(height)), w.power(&alice, Some(height + 1))), (0, 6 * LYC));
    w.bond(&alice, LYC).unwrap();
    w.pass(1);
    assert_eq!((w.power(&alice, Some(height + 1)), w.power(&alice, Some(height + 2))), (6 * LYC, 7 * LYC));
    assert_eq!((w.power(&alice, Some(before)), w.power(&"stranger".into_addr(), None)), (0, 0));
    let msg = QueryMsg::Power { node: alice.to_string(), height: Some(height + 3) };
    let to_come = w.query::<PowerResponse>(&msg).unwrap_err().to_string();
    assert!(to_come.contains("has not begun"), "{to_come}");
}

#[test]
fn a_changed_least_stake_reaches_a_node_when_anyone_matures_it() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.set_params(Params { min_stake: (2 * MIN).into(), ..Params::default() }).unwrap();
    assert_eq!((w.active(), w.node(&alice).active), (1, true));
    w.mature(&alice).unwrap();
    assert_eq!((w.active(), w.node(&alice).active), (0, false));
    refused(w.mature(&alice), "its standing is up to date");
}

#[test]
fn exits_that_a_slash_left_worthless_do_not_keep_their_places() {
    let mut w = world();
    let alice = w.bonded("alice", MIN + 7);
    for _ in 0..7 {
        w.unbond(&alice, 1).unwrap();
    }
    refused(w.unbond(&alice, 1), "7 unbondings of");
    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    w.unbond(&alice, 1_000).unwrap();
    w.pass(30 * DAY);
    w.send(&alice, &ExecuteMsg::ClaimUnbonded {}).unwrap();
    assert!(w.queue(&alice).is_empty());
}
