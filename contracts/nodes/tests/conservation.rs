//! Nothing is made and nothing is lost: what was bonded is stake, in the queue, withdrawn, or slashed.
mod common;

use common::*;
use cosmwasm_std::{Addr, Uint128};
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{ExecuteMsg, NodeEvent, Params, SlashReason};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Bond(usize, u128),
    Unbond(usize, u128),
    Claim(usize),
    Mature(usize),
    Unjail(usize),
    Slash(usize, SlashReason, u128, u8, bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0usize..3;
    let reason = prop::sample::select(vec![
        SlashReason::Fraud,
        SlashReason::FalseAttestation,
        SlashReason::Unrevealed,
        SlashReason::Downtime,
    ]);
    prop_oneof![
        3 => (node.clone(), 1u128..3 * MIN).prop_map(|(n, a)| Step::Bond(n, a)),
        3 => (node.clone(), 1u128..2 * MIN).prop_map(|(n, a)| Step::Unbond(n, a)),
        2 => node.clone().prop_map(Step::Claim),
        1 => node.clone().prop_map(Step::Mature),
        1 => node.clone().prop_map(Step::Unjail),
        2 => (node, reason, 0u128..MIN, 0u8..4, any::<bool>())
            .prop_map(|(n, r, c, p, ch)| Step::Slash(n, r, c, p, ch)),
        2 => (0u64..3 * DAY).prop_map(Step::Pass),
    ]
}

fn slash(node: &Addr, reason: SlashReason, cost_each: u128, paid: u8, challenged: bool) -> NodeEvent {
    NodeEvent::Slash {
        node: node.to_string(),
        reason,
        cost_each: cost_each.into(),
        paid: (0..paid).map(|i| format!("seat {i}").into_addr().to_string()).collect(),
        challenger: challenged.then(|| "challenger".into_addr().to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn stake_queue_withdrawn_and_slashed_sum_to_what_was_bonded(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut w = world_with(Params { unbonding_seconds: 2 * DAY, ..Params::default() });
        let nodes = ["a", "b", "c"].map(|name| w.registered(name));
        let mut bonded = 0;
        for step in steps {
            match step {
                Step::Bond(n, amount) => {
                    let before = w.balance(&nodes[n]);
                    w.bond(&nodes[n], amount).unwrap();
                    prop_assert_eq!(w.balance(&nodes[n]), before);
                    bonded += amount;
                }
                // The others may be refused; then they change nothing.
                Step::Unbond(n, amount) => drop(w.unbond(&nodes[n], amount)),
                Step::Claim(n) => drop(w.send(&nodes[n], &ExecuteMsg::ClaimUnbonded {})),
                Step::Mature(n) => drop(w.mature(&nodes[n])),
                Step::Unjail(n) => drop(w.send(&nodes[n], &ExecuteMsg::Unjail {})),
                Step::Slash(n, reason, cost, paid, challenged) => {
                    w.report(vec![slash(&nodes[n], reason, cost, paid, challenged)]).unwrap();
                }
                Step::Pass(seconds) => w.pass(seconds),
            }
            let (mut held, mut withdrawn, mut active) = (0, 0, 0);
            for node in &nodes {
                let info = w.node(node);
                prop_assert!(info.matured <= info.stake);
                prop_assert_eq!(info.stake.u128(), w.power(node, None));
                held += info.stake.u128() + info.unbonding.u128();
                let queued = w.queue(node).iter().map(|e| e.amount.u128()).sum::<u128>();
                prop_assert!((0..7).contains(&(info.unbonding.u128() - queued)), "an entry rounds down");
                withdrawn += w.balance(node);
                active += u64::from(info.stake.u128() >= MIN && info.jailed_until.is_none());
            }
            let slashed = w.balance(&w.rewards);
            prop_assert_eq!(held, w.balance(&w.nodes), "the contract holds exactly stake and queue");
            prop_assert_eq!(held + withdrawn + slashed, bonded);
            prop_assert_eq!(w.active(), active, "the count of active nodes is kept exactly");
            let deposited = w.deposits().iter().map(|(_, funds)| *funds).sum::<Uint128>();
            prop_assert_eq!(deposited.u128(), slashed);
        }
    }

    #[test]
    fn power_at_every_height_is_what_the_last_height_ended_with(
        heights in prop::collection::vec(prop::collection::vec((any::<bool>(), 1u128..MIN), 0..4), 1..20),
    ) {
        let mut w = world();
        let node = w.registered("a");
        w.pass(1);
        let mut ends = vec![];
        for changes in heights {
            let begun_with = w.power(&node, None);
            let height = w.app.block_info().height;
            for (bonds, amount) in changes {
                if bonds { w.bond(&node, amount).unwrap(); } else { drop(w.unbond(&node, amount)); }
                prop_assert_eq!(w.power(&node, Some(height)), begun_with);
            }
            ends.push((height, begun_with));
            w.pass(1);
        }
        for (height, power) in ends {
            prop_assert_eq!(w.power(&node, Some(height)), power);
        }
    }
}
