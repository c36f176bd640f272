//! Whatever happens in whatever order, no coin appears and none is lost.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::{Addr, Uint128};
use cw_multi_test::IntoAddr;
use lyceum_api::rewards::{ExecuteMsg, LearningBlockResponse, PaidResponse, Pool, QueryMsg};
use proptest::prelude::*;

use crate::world::{World, payment, ulyc};

#[derive(Debug, Clone)]
enum Step {
    Fund(u64),
    Deposit { funds: u64, payments: Vec<(usize, u64)> },
    Accrue(Vec<(u8, usize, u64)>),
    Seal { after: u64 },
    Claim { who: usize, limit: u32 },
    Share { who: usize, limit: u32 },
    SetShared { who: usize, shared: bool },
    Grant { who: usize, amount: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..4usize;
    prop_oneof![
        1 => (1..100_000_000u64).prop_map(Step::Fund),
        2 => (1..1000u64, prop::collection::vec((who(), 0..400u64), 0..4))
            .prop_map(|(funds, payments)| Step::Deposit { funds, payments }),
        5 => prop::collection::vec((0..4u8, who(), 0..1000u64), 1..6).prop_map(Step::Accrue),
        3 => (0..900u64).prop_map(|after| Step::Seal { after }),
        5 => (who(), 0..4u32).prop_map(|(who, limit)| Step::Claim { who, limit }),
        3 => (who(), 0..4u32).prop_map(|(who, limit)| Step::Share { who, limit }),
        2 => (who(), any::<bool>()).prop_map(|(who, shared)| Step::SetShared { who, shared }),
        1 => (who(), 0..50_000_000u64).prop_map(|(who, amount)| Step::Grant { who, amount }),
    ]
}

const POOLS: [Pool; 4] = [Pool::Trainers, Pool::Data, Pool::Evaluators, Pool::Service];

/// What the contract should know, kept in the simplest way.
#[derive(Default)]
struct Model {
    funded: u128,
    block: u64,
    emitted: u128,
    credited: u128,
    granted: BTreeMap<usize, u128>,
    shared: BTreeSet<usize>,
}

fn apply(world: &mut World, accounts: &[Addr; 4], model: &mut Model, step: Step) {
    let (charter, tasks) = (world.charter.clone(), world.tasks.clone());
    match step {
        Step::Fund(amount) => {
            world.send(&charter, &ExecuteMsg::Fund {}, &ulyc(amount.into())).unwrap();
            model.funded += u128::from(amount);
        }
        Step::Deposit { funds, payments } => {
            let sum: u64 = payments.iter().map(|p| p.1).sum();
            let payments = payments.iter().map(|(w, a)| payment(&accounts[*w], (*a).into())).collect();
            let sent = world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(funds.into()));
            assert_eq!(sent.is_ok(), sum <= funds);
            if sent.is_ok() {
                model.funded += u128::from(funds);
                model.credited += u128::from(sum);
            }
        }
        Step::Accrue(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(pool, who, weight)| (POOLS[*pool as usize], &accounts[*who], u128::from(*weight)))
                .collect();
            world.accrue(model.block, &entries).unwrap();
        }
        Step::Seal { after } => {
            world.pass(after);
            world.seal(model.block).unwrap();
            let msg = QueryMsg::LearningBlock { learning_block: model.block };
            let sealed: LearningBlockResponse = world.ask(&msg);
            let shared: Uint128 = sealed.pools.iter().map(|p| p.amount).sum();
            assert!(shared <= sealed.emission);
            model.emitted += shared.u128();
            model.block += 1;
        }
        Step::Claim { who, limit } => {
            let before = world.balance(&accounts[who]);
            let asked = QueryMsg::Claimable { account: accounts[who].to_string(), limit: Some(limit) };
            let due = world.ask::<lyceum_api::rewards::ClaimableResponse>(&asked).amount;
            let claimed = world.send(&accounts[who], &ExecuteMsg::Claim { limit: Some(limit) }, &[]);
            assert!(claimed.is_ok() || due.is_zero()); // the shared part goes with it
            assert_eq!(world.balance(&accounts[who]) - before, due, "what was shown is what is paid");
        }
        Step::Share { who, limit } => {
            let asked = QueryMsg::Claimable { account: accounts[who].to_string(), limit: Some(limit) };
            let due = world.ask::<lyceum_api::rewards::ClaimableResponse>(&asked);
            let before = (world.balance(&world.nodes), world.balance(&accounts[who]));
            let shared = world.share(&accounts[who], Some(limit)).is_ok();
            assert_eq!(shared, model.shared.contains(&who));
            let after = (world.balance(&world.nodes), world.balance(&accounts[who]));
            assert_eq!(after, (before.0 + due.shared, before.1), "all of it goes to `nodes`");
            assert!(shared || due.shared.is_zero());
        }
        Step::SetShared { who, shared } => {
            world.set_shared(&accounts[who], shared).unwrap();
            if shared {
                model.shared.insert(who)
            } else {
                model.shared.remove(&who)
            };
        }
        Step::Grant { who, amount } => {
            let possible = amount > 0 && Uint128::from(amount) <= world.treasury().free;
            let to = accounts[who].to_string();
            let grant = ExecuteMsg::Grant { to, amount: amount.into(), reason: "grant".into() };
            assert_eq!(world.send(&charter, &grant, &[]).is_ok(), possible);
            if possible {
                *model.granted.entry(who).or_default() += u128::from(amount);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn free_and_accrued_and_paid_are_always_what_was_funded(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new(1_000_000);
        let accounts = ["a", "b", "c", "d"].map(IntoAddr::into_addr);
        let mut model = Model { funded: 1_000_000, ..Model::default() };
        for step in steps {
            apply(&mut world, &accounts, &mut model, step);
            let t = world.treasury();
            prop_assert_eq!((t.free + t.accrued + t.paid).u128(), model.funded);
            prop_assert_eq!(t.free + t.accrued, world.held());
        }
        // Everybody pulls everything: what was pulled is within what was credited and emitted, each account holds
        // what it was paid, and nothing stays accrued but the weights of the open block, which promise nothing.
        let mut pulled = 0;
        for (at, account) in accounts.iter().enumerate() {
            while world.claim(account).is_ok() {}
            let paid: PaidResponse = world.ask(&QueryMsg::Paid { account: account.to_string() });
            let granted = model.granted.get(&at).copied().unwrap_or_default();
            prop_assert_eq!(world.balance(account).u128(), paid.amount.u128() + granted);
            pulled += paid.amount.u128();
        }
        let paid: PaidResponse = world.ask(&QueryMsg::Paid { account: world.nodes.to_string() });
        prop_assert_eq!(paid.amount, world.balance(&world.nodes));
        pulled += paid.amount.u128();
        prop_assert!(pulled <= model.credited + model.emitted);
        prop_assert_eq!(world.treasury().accrued, Uint128::zero(), "no dust stays behind");
    }
}
