//! Other people's stake: in, out, slashed with the node's, counted where it should be.
mod common;

use common::*;
use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{DelegationsResponse, ExecuteMsg, Params, QueryMsg, SlashReason, UnbondingsResponse};

fn people() -> [Addr; 2] {
    ["dora", "emil"].map(IntoAddr::into_addr)
}

#[test]
fn a_delegation_adds_to_the_stake_and_a_slash_takes_from_all_alike() {
    let mut w = world();
    let alice = w.bonded("alice", 2 * MIN);
    let [dora, emil] = people();
    w.delegate(&dora, &alice, MIN).unwrap();
    w.delegate(&emil, &alice, 3 * MIN).unwrap();
    w.undelegate(&emil, &alice, 2 * MIN).unwrap();
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.own.u128(), node.unbonding.u128()), (4 * MIN, 2 * MIN, 2 * MIN));
    assert_eq!(w.power(&alice, None), 4 * MIN);

    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    let node = w.node(&alice);
    let kept = |amount: u128| amount / 10 * 8;
    assert_eq!((node.stake.u128(), node.own.u128()), (kept(4 * MIN), kept(2 * MIN)));
    assert_eq!((w.worth(&dora, &alice), w.worth(&emil, &alice)), (kept(MIN), kept(MIN)));
    assert_eq!(w.queued(&emil), kept(2 * MIN), "on its way out it answers as well");
    assert_eq!(w.balance(&w.rewards), 6 * MIN / 5);

    // What comes after a slash does not pay for it.
    w.delegate(&dora, &alice, MIN).unwrap();
    assert_eq!(w.worth(&dora, &alice), kept(MIN) + MIN);
    assert_eq!(w.worth(&emil, &alice), kept(MIN));
}

#[test]
fn undelegated_stake_waits_as_long_as_a_bond_and_is_slashable_until_claimed() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let [dora, emil] = people();
    w.delegate(&dora, &alice, MIN).unwrap();
    w.undelegate(&dora, &alice, MIN).unwrap();
    assert_eq!((w.worth(&dora, &alice), w.queued(&dora)), (0, MIN));
    w.pass(21 * DAY - 1);
    refused(w.claim_undelegated(&dora, &alice), "nothing has left the queue; its next entry leaves at 1");
    w.pass(1);
    refused(w.claim_undelegated(&emil, &alice), "nothing has left the queue; it is empty");
    w.report(vec![slashed(&alice, SlashReason::FalseAttestation)]).unwrap();
    w.claim_undelegated(&dora, &alice).unwrap();
    assert_eq!(w.balance(&dora), MIN / 10 * 9);
    refused(w.claim_undelegated(&dora, &alice), "nothing has left the queue; it is empty");
}

#[test]
fn nobody_takes_more_than_he_delegated_or_what_is_another_s() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let [dora, emil] = people();
    refused(w.delegate(&dora, &emil, MIN), "is not a node");
    w.delegate(&dora, &alice, MIN).unwrap();
    refused(w.undelegate(&dora, &alice, MIN + 1), "that may leave, expected at least 1000000001");
    refused(w.undelegate(&dora, &alice, 0), "nothing to unbond");
    refused(w.undelegate(&emil, &alice, 1), "has 0 delegated");
    refused(w.unbond(&alice, MIN + 1), "the stake is 1000000000, expected at least");
    for _ in 0..7 {
        w.undelegate(&dora, &alice, 1).unwrap();
    }
    refused(w.undelegate(&dora, &alice, 1), "7 unbondings of");
    w.undelegate(&alice, &alice, 1).unwrap(); // by the node itself: an unbonding, in a queue of its own
    assert_eq!(w.queue(&alice).len(), 1);
}

#[test]
fn a_node_is_active_by_its_own_bond_and_weighs_by_all_its_stake() {
    let mut w = world();
    let alice = w.bonded("alice", MIN - 1);
    let [dora, _] = people();
    w.delegate(&dora, &alice, 9 * MIN).unwrap();
    assert!(!w.node(&alice).active, "somebody else's stake is not the operator's to lose");
    w.delegate(&alice, &alice, 1).unwrap(); // by the node itself: a bond
    assert!(w.node(&alice).active);
    assert_eq!(w.node(&alice).matured.u128(), 0, "a delegation counts in draws once it is a day old");
    w.pass(DAY);
    w.mature(&alice).unwrap();
    assert_eq!(w.node(&alice).matured.u128(), 10 * MIN);
    w.unbond(&alice, 1).unwrap();
    assert!(!w.node(&alice).active);
}

#[test]
fn the_power_of_votes_follows_all_stake_within_its_other_bounds() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let [dora, _] = people();
    for name in ["a", "b", "c"] {
        w.send(&alice, &ExecuteMsg::BindGpu { gpu: gpu(name) }).unwrap();
    }
    let hours = |n| vec![opened(&alice, 1), accepted(&alice, n * HOUR)];
    w.report(hours(10)).unwrap();
    w.pass(28 * DAY);
    w.mature(&alice).unwrap();
    assert_eq!(w.pushed(&alice), Some(1));
    w.delegate(&dora, &alice, 9 * MIN).unwrap();
    assert_eq!(w.pushed(&alice), Some(3), "three GPUs");
    w.undelegate(&dora, &alice, 8 * MIN).unwrap();
    assert_eq!(w.pushed(&alice), Some(2));
}

#[test]
fn leaving_takes_the_youngest_stake_so_nobody_lowers_a_weight_by_passing_through() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let [dora, _] = people();
    w.pass(DAY);
    w.mature(&alice).unwrap();
    w.delegate(&dora, &alice, MIN).unwrap();
    w.undelegate(&dora, &alice, MIN).unwrap();
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.matured.u128()), (MIN, MIN));
}

#[test]
fn open_claims_keep_the_operator_s_bond_and_not_the_delegators() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let [dora, _] = people();
    w.delegate(&dora, &alice, MIN).unwrap();
    w.report(vec![opened(&alice, MIN), opened(&alice, MIN)]).unwrap();
    refused(w.report(vec![opened(&alice, MIN)]), "2 claims open");
    refused(w.unbond(&alice, 1), "2 open claims rest on 2000000000 of stake");
    w.undelegate(&dora, &alice, MIN).unwrap();
    refused(w.unbond(&alice, 1), "1999999999 would remain".replace("1999999999", "999999999").as_str());
    // They still answer for those claims.
    w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    assert_eq!(w.queued(&dora), MIN / 10 * 8);
}

#[test]
fn while_paused_stake_leaves_and_none_comes() {
    let mut w = world();
    let (alice, bob) = (w.bonded("alice", MIN), w.bonded("bob", MIN));
    let [dora, _] = people();
    w.delegate(&dora, &alice, 2 * MIN).unwrap();
    w.distribute(&alice, 0, true).unwrap();
    w.undelegate(&dora, &alice, MIN).unwrap();
    w.pass(21 * DAY);
    w.set_paused(true);
    refused(w.delegate(&dora, &alice, MIN), "is paused");
    refused(w.redelegate(&dora, &alice, &bob, MIN), "is paused");
    refused(w.send(&alice, &ExecuteMsg::SetCommission { commission: 0 }), "is paused");
    w.distribute(&alice, 3 * LYC, true).unwrap();
    w.claim_rewards(&dora, &alice).unwrap();
    w.claim_undelegated(&dora, &alice).unwrap();
    w.undelegate(&dora, &alice, MIN).unwrap();
}

#[test]
fn only_bonds_delegations_and_distributions_take_funds() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let [dora, _] = people();
    w.fund(&dora, 5);
    let to = alice.to_string();
    for msg in [
        ExecuteMsg::Undelegate { node: to.clone(), amount: 1u128.into() },
        ExecuteMsg::ClaimRewards { node: to.clone() },
        ExecuteMsg::ClaimUndelegated { node: to.clone() },
    ] {
        let paid = cw_multi_test::Executor::execute_contract(
            &mut w.app,
            dora.clone(),
            w.nodes.clone(),
            &msg,
            &cosmwasm_std::coins(5, lyceum_api::DENOM),
        );
        refused(paid, "This message does no accept funds");
    }
    refused(w.send(&dora, &ExecuteMsg::Delegate { node: to }), "No funds sent");
}

#[test]
fn a_stake_slashed_to_nothing_voids_its_shares_and_begins_anew() {
    let mut w = world_with(Params { min_stake: 1u128.into(), ..Params::default() });
    let alice = w.bonded("alice", 1);
    let [dora, emil] = people();
    w.delegate(&dora, &alice, 2).unwrap();
    w.undelegate(&dora, &alice, 1).unwrap();
    for _ in 0..3 {
        w.report(vec![slashed(&alice, SlashReason::Fraud)]).unwrap();
    }
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.own.u128(), node.unbonding.u128()), (0, 0, 0));
    assert_eq!((w.worth(&dora, &alice), w.queued(&dora), w.balance(&w.rewards)), (0, 0, 3));
    refused(w.undelegate(&dora, &alice, 1), "has 0 delegated");
    w.delegate(&emil, &alice, 5).unwrap();
    w.delegate(&dora, &alice, 7).unwrap();
    w.bond(&alice, 3).unwrap();
    assert_eq!((w.worth(&dora, &alice), w.worth(&emil, &alice), w.node(&alice).own.u128()), (7, 5, 3));
    w.undelegate(&dora, &alice, 7).unwrap();
    w.pass(21 * DAY);
    w.claim_undelegated(&dora, &alice).unwrap();
    assert_eq!(w.balance(&dora), 7);
}

#[test]
fn wallets_page_through_delegations_and_queues() {
    let mut w = world();
    let nodes: Vec<Addr> = ["alice", "bob", "carol"].iter().map(|name| w.bonded(name, MIN)).collect();
    let [dora, emil] = people();
    for (node, amount) in nodes.iter().zip([1, 2, 3]) {
        w.delegate(&dora, node, amount * LYC).unwrap();
        w.undelegate(&dora, node, LYC / 2).unwrap();
        w.delegate(&emil, node, 9 * LYC).unwrap();
    }
    let mut found = vec![];
    let (mut delegations, mut queues) = (None, None);
    loop {
        let delegator = dora.to_string();
        let (start_after, limit) = (delegations.take(), Some(2));
        let msg = QueryMsg::Delegations { delegator: delegator.clone(), start_after, limit };
        let page: DelegationsResponse = w.query(&msg).unwrap();
        let (start_after, limit) = (queues.take(), Some(2));
        let msg = QueryMsg::Unbondings { delegator, start_after, limit };
        let waiting: UnbondingsResponse = w.query(&msg).unwrap();
        let Some(last) = page.delegations.last() else { break };
        (delegations, queues) = (Some(last.node.to_string()), Some(last.node.to_string()));
        for (delegation, queue) in page.delegations.iter().zip(&waiting.unbondings) {
            assert_eq!(delegation.node, queue.node);
            assert_eq!(queue.entries[0].amount.u128(), LYC / 2);
            found.push((delegation.node.clone(), delegation.amount.u128()));
        }
    }
    found.sort();
    let mut expected: Vec<_> =
        nodes.iter().zip([1, 2, 3]).map(|(node, amount)| (node.clone(), amount * LYC - LYC / 2)).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn addresses_are_bounded_and_follow_an_update() {
    let mut w = world();
    let alice = w.registered("alice");
    let update = |addresses: Vec<String>| {
        let (roles, classes) = (vec![], vec![]);
        ExecuteMsg::Update { roles, classes, addresses }
    };
    let good = "/ip4/127.0.0.1/udp/4001/quic-v1".to_owned();
    w.send(&alice, &update(vec![good.clone()])).unwrap();
    assert_eq!(w.node(&alice).addresses, vec![good.clone()]);
    let long = format!("/dns4/{}", "a".repeat(123));
    for (addresses, reason) in [
        ((0..5).map(|i| format!("/ip4/127.0.0.{i}/tcp/1")).collect(), "5 addresses, expected at most 4"),
        (vec![long], "address has 129 characters, expected 1 to 128"),
        (vec![String::new()], "address has 0 characters"),
        (vec!["localhost:1".to_owned()], "address holds 'l', expected a multiaddr"),
        (vec!["/dns4/ö".to_owned()], "address holds 'ö', expected a multiaddr"),
        (vec![good.clone(), good.clone()], "is named twice among addresses"),
    ] {
        refused(w.send(&alice, &update(addresses)), reason);
    }
    w.send(&alice, &update(vec![])).unwrap();
    assert!(w.node(&alice).addresses.is_empty());
}
