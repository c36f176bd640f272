//! Stake that moves at once and answers for the node it left as long as if it had been withdrawn.
mod common;

use common::*;
use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{Params, SlashReason};

fn three(w: &mut World) -> (Addr, Addr, Addr) {
    (w.bonded("alice", 2 * MIN), w.bonded("bob", 2 * MIN), "dora".into_addr())
}

#[test]
fn redelegated_stake_counts_at_once_where_it_went() {
    let mut w = world();
    let (alice, bob, dora) = three(&mut w);
    w.delegate(&dora, &alice, 3 * MIN).unwrap();
    w.redelegate(&dora, &alice, &bob, 2 * MIN).unwrap();
    assert_eq!((w.worth(&dora, &alice), w.worth(&dora, &bob)), (MIN, 2 * MIN));
    assert_eq!((w.node(&alice).stake.u128(), w.node(&bob).stake.u128()), (3 * MIN, 4 * MIN));
    let entry = &w.delegation(&dora, &bob).redelegations[0];
    assert_eq!((entry.from.clone(), entry.amount.u128()), (alice, 2 * MIN));
    assert_eq!(entry.at.seconds(), w.app.block_info().time.plus_seconds(21 * DAY).seconds());
    assert_eq!(w.balance(&w.nodes), 7 * MIN);
}

#[test]
fn it_is_slashed_for_the_source_and_for_the_target() {
    let mut w = world();
    let (alice, bob, dora) = three(&mut w);
    let emil = "emil".into_addr();
    w.delegate(&emil, &bob, MIN).unwrap();
    w.delegate(&dora, &alice, 2 * MIN).unwrap();
    w.redelegate(&dora, &alice, &bob, 2 * MIN).unwrap();

    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    assert_eq!(w.delegation(&dora, &bob).redelegations[0].amount.u128(), 2 * MIN / 10 * 8);
    assert_eq!(w.worth(&dora, &bob), 2 * MIN, "taken when it is settled, and it can't leave before");
    let treasury = w.balance(&w.rewards);
    w.settle(&dora, &bob).unwrap();
    assert_eq!(w.worth(&dora, &bob), 2 * MIN / 10 * 8);
    assert_eq!(w.balance(&w.rewards) - treasury, 2 * MIN / 10 * 2);
    assert_eq!(w.node(&bob).stake.u128(), 3 * MIN + 2 * MIN / 10 * 8);
    assert_eq!((w.worth(&emil, &bob), w.node(&bob).own.u128()), (MIN, 2 * MIN), "theirs alone is untouched");
    refused(w.settle(&dora, &bob), "has nothing to claim or settle");

    w.report(vec![slashed(&bob, SlashReason::Fraud)]).unwrap();
    assert_eq!(w.worth(&dora, &bob), 2 * MIN / 100 * 64);
    w.report(vec![slashed(&alice, SlashReason::FalseAttestation)]).unwrap();
    w.settle(&dora, &bob).unwrap();
    assert_eq!(w.worth(&dora, &bob), 2 * MIN / 1000 * 576);
}

#[test]
fn it_stays_until_its_time_is_over_and_it_is_settled() {
    let mut w = world();
    let (alice, bob, dora) = three(&mut w);
    let carol = w.bonded("carol", MIN);
    w.delegate(&dora, &alice, 2 * MIN).unwrap();
    w.delegate(&dora, &bob, MIN).unwrap();
    w.redelegate(&dora, &alice, &bob, 2 * MIN).unwrap();
    refused(w.undelegate(&dora, &bob, MIN + 1), "2000000000 came by redelegation and stays");
    refused(w.redelegate(&dora, &bob, &carol, MIN + 1), "2000000000 came by redelegation");
    w.undelegate(&dora, &bob, MIN).unwrap(); // what it had there before
    w.pass(21 * DAY - 1);
    refused(w.undelegate(&dora, &bob, 1), "has 0 delegated");
    refused(w.settle(&dora, &bob), "nothing to claim or settle");
    w.pass(1);
    // Until somebody settles it, it answers.
    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    w.undelegate(&dora, &bob, 2 * MIN / 10 * 8).unwrap();
    assert_eq!(w.worth(&dora, &bob), 0);
    // Settled it does not any more.
    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    assert_eq!(w.queued(&dora), MIN + 2 * MIN / 10 * 8);
}

#[test]
fn moves_are_bounded_and_no_node_moves_its_own_bond() {
    let mut w = world();
    let (alice, bob, dora) = three(&mut w);
    w.delegate(&dora, &alice, MIN).unwrap();
    w.delegate(&dora, &bob, MIN).unwrap();
    w.delegate(&alice, &bob, MIN).unwrap();
    refused(w.redelegate(&alice, &alice, &bob, MIN), "can't redelegate to or from itself");
    refused(w.redelegate(&alice, &bob, &alice, MIN), "can't redelegate to or from itself");
    refused(w.redelegate(&dora, &alice, &alice, MIN), "from and to are both");
    refused(w.redelegate(&dora, &alice, &bob, 0), "nothing to unbond");
    refused(w.redelegate(&dora, &alice, &dora, 1), "is not a node");
    for _ in 0..7 {
        w.redelegate(&dora, &alice, &bob, 1).unwrap();
    }
    refused(w.redelegate(&dora, &alice, &bob, 1), "7 redelegations of");
    w.pass(21 * DAY);
    w.redelegate(&dora, &alice, &bob, 1).unwrap(); // the others were freed on the way
    assert_eq!(w.delegation(&dora, &bob).redelegations.len(), 1);
}

#[test]
fn a_source_slashed_to_nothing_takes_everything_that_left_it() {
    let mut w = world_with(Params { min_stake: 1u128.into(), ..Params::default() });
    let (alice, bob) = (w.bonded("alice", 1), w.bonded("bob", 10));
    let dora = "dora".into_addr();
    w.delegate(&dora, &alice, 2).unwrap();
    w.redelegate(&dora, &alice, &bob, 2).unwrap();
    for _ in 0..2 {
        w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    }
    w.settle(&dora, &bob).unwrap();
    assert_eq!((w.worth(&dora, &bob), w.node(&bob).stake.u128()), (0, 10));
    assert_eq!(w.balance(&w.rewards), 3);
    // The node that was left begins anew, and old moves take nothing from it.
    w.delegate(&dora, &alice, 5).unwrap();
    w.redelegate(&dora, &alice, &bob, 5).unwrap();
    w.report(vec![slashed(&alice, SlashReason::Downtime)]).unwrap();
    w.settle(&dora, &bob).unwrap();
    assert_eq!(w.worth(&dora, &bob), 4);
}
