//! `credits` from outside.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Coin, Event, StdResult, coins};
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use cw_utils::PaymentError;
use lyceum_api::credits::{
    Award, BalanceResponse, BalancesResponse, ConfigResponse, ExecuteMsg, HistoryResponse, InstantiateMsg,
    QueryMsg, Reason,
};
use lyceum_credits::ContractError;
use lyceum_onchain::permission::Unauthorized;
use proptest::prelude::*;
use serde::de::DeserializeOwned;

const CREDIT: u128 = 1_000_000;
const EXPERT: Reason = Reason::ExpertAccepted { gain: 3_000_000, mean_gain: 2_000_000 };

struct World {
    app: App,
    credits: Addr,
    charter: Addr,
    tasks: Addr,
    datasets: Addr,
}

impl World {
    fn new() -> Self {
        let [charter, tasks, datasets] = ["charter", "tasks", "datasets"].map(IntoAddr::into_addr);
        let mut app = App::new(|router, _, storage| {
            for account in [&charter, &tasks] {
                router.bank.init_balance(storage, account, coins(10, "ulyc")).unwrap();
            }
        });
        let code = ContractWrapper::new(
            lyceum_credits::contract::execute,
            lyceum_credits::contract::instantiate,
            lyceum_credits::contract::query,
        );
        let code = app.store_code(Box::new(code));
        let msg = InstantiateMsg {
            charter: charter.to_string(),
            tasks: tasks.to_string(),
            datasets: datasets.to_string(),
        };
        let credits = app.instantiate_contract(code, charter.clone(), &msg, &[], "credits", None).unwrap();
        Self { app, credits, charter, tasks, datasets }
    }

    fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> StdResult<AppResponse> {
        self.app.execute_contract(sender.clone(), self.credits.clone(), msg, funds)
    }

    fn award(&mut self, sender: &Addr, awards: Vec<Award>) -> StdResult<AppResponse> {
        self.send(sender, &ExecuteMsg::Award { awards }, &[])
    }

    fn ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.credits, msg).unwrap()
    }

    fn balance(&self, account: &Addr) -> u128 {
        self.ask::<BalanceResponse>(&QueryMsg::Balance { account: account.to_string() }).credits.u128()
    }

    fn total(&self) -> u128 {
        self.ask::<BalanceResponse>(&QueryMsg::Total {}).credits.u128()
    }
}

fn to(account: &Addr, reason: Reason, subject: u64) -> Award {
    Award { account: account.to_string(), reason, subject }
}

#[track_caller]
fn refused(result: StdResult<AppResponse>, expected: &ContractError) {
    let found = result.expect_err("it should have been refused").to_string();
    assert!(found.contains(&expected.to_string()), "refused by {found:?}, expected {expected}");
}

#[test]
fn each_reason_earns_what_the_economy_says() {
    let mut world = World::new();
    let (tasks, datasets) = (world.tasks.clone(), world.datasets.clone());
    let [ann, bob] = ["ann", "bob"].map(IntoAddr::into_addr);
    let hoarder = Reason::ExpertAccepted { gain: 50_000_000, mean_gain: 2_000_000 };
    world.award(&tasks, vec![to(&ann, EXPERT, 7), to(&bob, Reason::Attestation {}, 7)]).unwrap();
    world.award(&tasks, vec![to(&ann, hoarder, 8)]).unwrap();
    world.award(&datasets, vec![to(&bob, Reason::GoldDataset {}, 1)]).unwrap();
    assert_eq!(world.balance(&ann), (150 + 200) * CREDIT, "150 % of the mean, then the cap of twice");
    assert_eq!(world.balance(&bob), (25 + 50) * CREDIT);
    assert_eq!(world.total(), 425 * CREDIT);
}

#[test]
fn a_gain_that_is_none_earns_nothing_and_leaves_no_entry() {
    let mut world = World::new();
    let (tasks, ann) = (world.tasks.clone(), "ann".into_addr());
    let loss = Reason::ExpertAccepted { gain: -1, mean_gain: 2_000_000 };
    world.award(&tasks, vec![to(&ann, loss, 7)]).unwrap();
    assert_eq!((world.balance(&ann), world.total()), (0, 0));
    let balances: BalancesResponse = world.ask(&QueryMsg::Balances { start_after: None, limit: None });
    assert!(balances.balances.is_empty());
}

#[test]
fn history_and_balances_come_in_pages() {
    let mut world = World::new();
    let (tasks, ann) = (world.tasks.clone(), "ann".into_addr());
    for batch in 0..2 {
        let awards = (0..60).map(|n| to(&ann, Reason::Attestation {}, batch * 60 + n)).collect();
        world.award(&tasks, awards).unwrap();
    }
    let page = |start_after, limit| -> Vec<(u64, u64)> {
        let msg = QueryMsg::History { account: ann.to_string(), start_after, limit };
        world.ask::<HistoryResponse>(&msg).entries.iter().map(|e| (e.id, e.subject)).collect()
    };
    assert_eq!(page(Some(118), None), [(119, 118), (120, 119)]);
    assert_eq!((page(None, None).len(), page(None, Some(u32::MAX)).len()), (30, 100));

    let others: Vec<_> = (0..3).map(|n| format!("node{n}").into_addr()).collect();
    world.award(&tasks, others.iter().map(|o| to(o, Reason::Attestation {}, 1)).collect()).unwrap();
    let balances = |start_after, limit| -> Vec<Addr> {
        let msg = QueryMsg::Balances { start_after, limit };
        world.ask::<BalancesResponse>(&msg).balances.into_iter().map(|b| b.account).collect()
    };
    let all = balances(None, None);
    assert_eq!(all.len(), 4);
    assert_eq!(balances(Some(all[1].to_string()), Some(1)), all[2..3]);
}

#[test]
fn each_reason_is_only_for_its_contract() {
    let mut world = World::new();
    let (charter, tasks, datasets) = (world.charter.clone(), world.tasks.clone(), world.datasets.clone());
    let ann = "ann".into_addr();
    let only = |sender: &Addr, expected: String| Unauthorized { sender: sender.clone(), expected }.into();
    let gold = Reason::GoldDataset {};
    // A good award before it does not come through either.
    for (sender, good, bad, owner) in [
        (&datasets, gold, EXPERT, &tasks),
        (&datasets, gold, Reason::Attestation {}, &tasks),
        (&tasks, EXPERT, gold, &datasets),
    ] {
        let result = world.award(sender, vec![to(&ann, good, 1), to(&ann, bad, 1)]);
        refused(result, &only(sender, owner.to_string()));
    }
    let both = format!("{tasks} or {datasets}");
    for sender in [&charter, &ann] {
        refused(world.award(sender, vec![]), &only(sender, both.clone()));
    }
    let pause = ExecuteMsg::SetPaused { paused: true };
    refused(world.send(&tasks, &pause, &[]), &only(&tasks, charter.to_string()));
    assert_eq!(world.total(), 0);
}

#[test]
fn too_many_awards_bad_addresses_and_funds_are_refused() {
    let mut world = World::new();
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    let many = vec![to(&ann, EXPERT, 1); 65];
    refused(world.award(&tasks, many), &ContractError::TooMany { found: 65, max: 64 });
    let nobody = Award { account: "nobody".into(), reason: EXPERT, subject: 1 };
    assert!(world.award(&tasks, vec![nobody]).is_err());
    let funds = coins(1, "ulyc");
    let award = ExecuteMsg::Award { awards: vec![] };
    refused(world.send(&tasks, &award, &funds), &PaymentError::NonPayable {}.into());
    let pause = ExecuteMsg::SetPaused { paused: true };
    refused(world.send(&charter, &pause, &funds), &PaymentError::NonPayable {}.into());
}

#[test]
fn nothing_is_earned_while_paused() {
    let mut world = World::new();
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap();
    assert!(world.ask::<ConfigResponse>(&QueryMsg::Config {}).paused);
    refused(world.award(&tasks, vec![to(&ann, EXPERT, 1)]), &ContractError::Paused);
    world.send(&charter, &ExecuteMsg::SetPaused { paused: false }, &[]).unwrap();
    world.award(&tasks, vec![to(&ann, EXPERT, 1)]).unwrap();
}

#[test]
fn event_names_and_attributes_are_those_of_the_golden_file() {
    let mut world = World::new();
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    let responses = [
        world.award(&tasks, vec![to(&ann, EXPERT, 1)]).unwrap(),
        world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap(),
    ];
    let shape = |event: &Event| {
        let name = event.ty.strip_prefix("wasm-")?;
        let keys = event.attributes.iter().map(|a| a.key.as_str()).filter(|key| *key != "_contract_address");
        Some([name].into_iter().chain(keys).collect::<Vec<_>>().join(" "))
    };
    let found: BTreeSet<_> = responses.iter().flat_map(|r| r.events.iter().filter_map(shape)).collect();
    let golden: BTreeSet<_> = include_str!("../golden/events.txt").lines().map(str::to_owned).collect();
    assert_eq!(found, golden, "consumers follow these: this must not change");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_total_is_always_the_sum_of_the_balances(
        awards in prop::collection::vec((0..4usize, any::<i64>(), any::<i64>(), any::<bool>()), 1..30),
    ) {
        let mut world = World::new();
        let tasks = world.tasks.clone();
        let accounts = ["a", "b", "c", "d"].map(IntoAddr::into_addr);
        for (who, gain, mean_gain, attests) in awards {
            let expert = Reason::ExpertAccepted { gain, mean_gain };
            let reason = if attests { Reason::Attestation {} } else { expert };
            world.award(&tasks, vec![to(&accounts[who], reason, 1)]).unwrap();
            let sum: u128 = accounts.iter().map(|a| world.balance(a)).sum();
            prop_assert_eq!(world.total(), sum);
        }
    }
}
