//! Delegation in any order: nothing is made, nothing is lost, and everybody loses his part.
mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use cosmwasm_std::{Addr, Uint128};
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{ExecuteMsg, Params, SlashReason};
use proptest::prelude::*;

const REASONS: [SlashReason; 3] = [SlashReason::Fraud, SlashReason::FalseAttestation, SlashReason::Downtime];

#[derive(Debug, Clone)]
enum Step {
    Bond(usize, u128),
    Unbond(usize, u128),
    Delegate(usize, usize, u128),
    Undelegate(usize, usize, u128),
    Redelegate(usize, usize, usize, u128),
    Settle(usize, usize),
    Claim(usize, usize),
    Slash(usize, usize),
    Distribute(usize, u128, bool),
    Commission(usize, u16),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let node = || 0usize..3;
    let who = || 0usize..3;
    // Dust as well as fortunes: rounding shows where a share is dear, slashes where it is cheap.
    let amount = || prop_oneof![1u128..20, 1u128..3 * MIN];
    prop_oneof![
        2 => (node(), amount()).prop_map(|(n, a)| Step::Bond(n, a)),
        1 => (node(), amount()).prop_map(|(n, a)| Step::Unbond(n, a)),
        6 => (who(), node(), amount()).prop_map(|(w, n, a)| Step::Delegate(w, n, a)),
        4 => (who(), node(), amount()).prop_map(|(w, n, a)| Step::Undelegate(w, n, a)),
        4 => (who(), node(), node(), amount()).prop_map(|(w, f, t, a)| Step::Redelegate(w, f, t, a)),
        2 => (who(), node()).prop_map(|(w, n)| Step::Settle(w, n)),
        2 => (who(), node()).prop_map(|(w, n)| Step::Claim(w, n)),
        3 => (node(), 0usize..3).prop_map(|(n, r)| Step::Slash(n, r)),
        4 => (node(), prop_oneof![Just(0u128), 1u128..50, 1u128..MIN], any::<bool>())
            .prop_map(|(n, a, c)| Step::Distribute(n, a, c)),
        1 => (node(), 0u16..700).prop_map(|(n, c)| Step::Commission(n, c)),
        2 => (0u64..2 * DAY).prop_map(Step::Pass),
    ]
}

/// What everybody has: (owner, node) → worth of the delegation or the bond, and what is in the queue.
type Holdings = BTreeMap<(Addr, Addr), (u128, u128)>;

fn holdings(w: &World, nodes: &[Addr; 3], people: &[Addr; 3]) -> Holdings {
    let mut all = Holdings::new();
    for node in nodes {
        let queued: u128 = w.queue(node).iter().map(|e| e.amount.u128()).sum();
        all.insert((node.clone(), node.clone()), (w.node(node).own.u128(), queued));
        for who in people {
            let queued = w.queued_at(who, node);
            all.insert((who.clone(), node.clone()), (w.worth(who, node), queued));
        }
    }
    all
}

fn world_of(nodes: &[&str; 3]) -> (World, [Addr; 3], [Addr; 3]) {
    let mut w = world_with(Params { unbonding_seconds: DAY, ..Params::default() });
    let nodes = nodes.map(|name| w.registered(name));
    (w, nodes, ["dora", "emil", "fred"].map(IntoAddr::into_addr))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn coins_held_are_stake_queues_and_rewards_and_each_is_owed_to_somebody(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let (mut w, nodes, people) = world_of(&["a", "b", "c"]);
        let (mut came, mut roundings, mut voided) = (0u128, 0u128, BTreeSet::new());
        for step in steps {
            let before = holdings(&w, &nodes, &people);
            roundings += 2; // a redelegation pulls twice
            match step {
                Step::Bond(n, amount) => { w.bond(&nodes[n], amount).unwrap(); came += amount; }
                Step::Delegate(p, n, amount) => {
                    w.delegate(&people[p], &nodes[n], amount).unwrap();
                    came += amount;
                }
                // These may be refused; then they change nothing.
                Step::Unbond(n, amount) => drop(w.unbond(&nodes[n], amount)),
                Step::Undelegate(p, n, amount) => {
                    let result = w.undelegate(&people[p], &nodes[n], amount);
                    let key = (people[p].clone(), nodes[n].clone());
                    let (worth, queued) = holdings(&w, &nodes, &people)[&key];
                    if result.is_ok() {
                        prop_assert!(queued + 1 >= before[&key].1 + amount, "his to the last unit");
                        prop_assert!(worth + amount <= before[&key].0 + 1, "and not a unit more");
                    }
                }
                Step::Redelegate(p, from, to, amount) => {
                    drop(w.redelegate(&people[p], &nodes[from], &nodes[to], amount));
                }
                Step::Settle(p, n) => drop(w.settle(&people[p], &nodes[n])),
                Step::Claim(p, n) => {
                    drop(w.claim_undelegated(&people[p], &nodes[n]));
                    drop(w.send(&nodes[n], &ExecuteMsg::ClaimUnbonded {}));
                }
                Step::Slash(n, reason) => {
                    let was = w.node(&nodes[n]);
                    w.report(vec![slashed(&nodes[n], REASONS[reason])]).unwrap();
                    let is = w.node(&nodes[n]);
                    if is.stake.is_zero() && !was.stake.is_zero() {
                        voided.insert(n);
                    }
                    let after = holdings(&w, &nodes, &people);
                    for ((who, node), (worth, queued)) in &after {
                        let (worth_before, queued_before) = before[&(who.clone(), node.clone())];
                        if *node != nodes[n] {
                            prop_assert_eq!((*worth, *queued), (worth_before, queued_before));
                            continue;
                        }
                        let exact = |part: u128, was: Uint128, is: Uint128| {
                            if was.is_zero() { 0 } else { Uint128::new(part).mul_floor((was - is, was)).u128() }
                        };
                        let lost = worth_before - worth;
                        let share = exact(worth_before, was.stake, is.stake);
                        // `pool.rs` has the exact bound of one by shares; a worth is shown rounded, too.
                        prop_assert!(lost.abs_diff(share) <= 2, "{lost} of {share}");
                        let (lost, share) =
                            (queued_before - queued, exact(queued_before, was.unbonding, is.unbonding));
                        prop_assert!(lost.abs_diff(share) <= 2 * 7, "{lost} of {share}, for each entry");
                    }
                }
                Step::Distribute(n, amount, complete) => {
                    w.distribute(&nodes[n], amount, complete).unwrap();
                    came += amount;
                }
                Step::Commission(n, commission) => {
                    drop(w.send(&nodes[n], &ExecuteMsg::SetCommission { commission }));
                }
                Step::Pass(seconds) => w.pass(seconds),
            }
            // What the contract holds is what its nodes say, to the last unit.
            let (mut held, mut stake, mut queues, mut rewards) = (0, 0, 0, 0);
            for node in &nodes {
                let info = w.node(node);
                stake += info.stake.u128();
                queues += info.unbonding.u128();
                rewards += info.rewards.u128();
                held += (info.stake + info.unbonding + info.rewards).u128();
                prop_assert!(info.matured <= info.stake && info.own <= info.stake);
                prop_assert_eq!(info.stake.u128(), w.power(node, None));
                prop_assert_eq!(info.active, info.jailed_until.is_none() && info.own.u128() >= MIN);
            }
            prop_assert_eq!(held, w.balance(&w.nodes));
            let paid: u128 = nodes.iter().chain(&people).map(|who| w.balance(who)).sum();
            prop_assert_eq!(held + paid + w.balance(&w.rewards), came);
            // And that is what its owners may take, but for roundings.
            let all = holdings(&w, &nodes, &people);
            let worth: u128 = all.values().map(|(worth, _)| worth).sum();
            prop_assert!(worth <= stake && stake - worth <= 12, "{worth} of {stake}");
            let queued: u128 = all.values().map(|(_, queued)| queued).sum();
            prop_assert!(queued <= queues && queues - queued <= 12 * 7, "{queued} of {queues}");
            let due: u128 = nodes.iter().flat_map(|n| people.iter().map(move |p| (n, p)))
                .map(|(node, who)| w.delegation(who, node).rewards.u128()).sum();
            prop_assert!(due <= rewards, "{due} of {rewards}");
        }
        // Everybody takes everything, and the contract keeps only what rounding left, below a unit for each step and
        // owner, and rewards of shares that a slash to nothing made void.
        let take_all = |w: &mut World| {
            w.pass(2 * DAY);
            for node in &nodes {
                for who in &people {
                    drop(w.claim_undelegated(who, node));
                }
                drop(w.send(node, &ExecuteMsg::ClaimUnbonded {}));
            }
        };
        take_all(&mut w);
        for node in &nodes {
            for who in &people {
                drop(w.settle(who, node));
                let worth = w.worth(who, node);
                if worth > 0 {
                    w.undelegate(who, node, worth).unwrap();
                }
                prop_assert!(w.delegation(who, node).redelegations.is_empty());
            }
            let own = w.node(node).own.u128();
            if own > 0 {
                w.unbond(node, own).unwrap();
            }
        }
        take_all(&mut w);
        for (n, node) in nodes.iter().enumerate() {
            let info = w.node(node);
            prop_assert!(info.stake.u128() < 4 && info.unbonding.u128() < 4 * 7, "{info:?}");
            prop_assert!(info.rewards.u128() <= roundings + 12 || voided.contains(&n), "{info:?}");
        }
    }
}
