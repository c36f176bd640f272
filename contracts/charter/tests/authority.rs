//! Set-up, succession, actions, migration: who may change what.
mod common;

use common::*;
use cosmwasm_std::{Addr, Empty, coins, to_json_string};
use cw_multi_test::{Executor, IntoAddr};
use lyceum_api::charter::{Action, ExecuteMsg};
use lyceum_api::{DENOM, datasets, experts, nodes, rewards, tasks};

fn actions() -> Vec<Action> {
    let model = experts::NewModel {
        name: "m".to_owned(),
        version: "1.0.0".to_owned(),
        config: "{}".to_owned(),
        experts: 4,
        base: pact("base"),
        base_bytes: 1,
    };
    vec![
        Action::SetNodes { params: nodes::Params::default() },
        Action::SetDatasets { params: datasets::Params::default() },
        Action::SetTasks { params: tasks::Params::default() },
        Action::RegisterModel { model },
        Action::Grant { to: "someone".to_owned(), amount: 5u128.into(), reason: "audit".to_owned() },
    ]
}

#[test]
fn only_the_authority_rules() {
    let mut w = world();
    let stranger = "stranger".into_addr();
    let mut messages = vec![
        ExecuteMsg::ProposeAuthority { authority: stranger.to_string() },
        ExecuteMsg::ProposePact { pact: pact("mine") },
        ExecuteMsg::SetRules { rules: vec![] },
        ExecuteMsg::Pause {},
        ExecuteMsg::Resume {},
    ];
    messages.extend(actions().into_iter().map(|action| ExecuteMsg::Act { action }));
    for msg in messages {
        refused(w.send(&stranger, &msg), "may not send this message");
    }
}

#[test]
fn a_successor_rules_once_he_has_accepted() {
    let mut w = world();
    let (old, heir, other) = (w.authority.clone(), "heir".into_addr(), "other".into_addr());
    refused(w.send(&heir, &ExecuteMsg::AcceptAuthority {}), "no successor of the authority is proposed");
    w.rule(&ExecuteMsg::ProposeAuthority { authority: other.to_string() }).unwrap();
    w.rule(&ExecuteMsg::ProposeAuthority { authority: heir.to_string() }).unwrap();
    assert_eq!(w.charter().proposed_authority, Some(heir.to_string()));
    refused(w.send(&other, &ExecuteMsg::AcceptAuthority {}), "may not send this message");
    refused(w.send(&heir, &ExecuteMsg::Pause {}), "may not send this message");
    w.send(&heir, &ExecuteMsg::AcceptAuthority {}).unwrap();
    assert_eq!((w.charter().authority, w.charter().proposed_authority), (heir.to_string(), None));
    refused(w.send(&old, &ExecuteMsg::Pause {}), "may not send this message");
    refused(w.send(&heir, &ExecuteMsg::AcceptAuthority {}), "no successor of the authority is proposed");
    w.send(&heir, &ExecuteMsg::Pause {}).unwrap();
    let bad = ExecuteMsg::ProposeAuthority { authority: "nobody".to_owned() };
    refused(w.send(&heir, &bad), "parse failed");
}

#[test]
fn an_action_reaches_its_contract_as_its_own_message() {
    let mut w = world();
    for action in actions() {
        w.rule(&ExecuteMsg::Act { action }).unwrap();
    }
    let said = |msg: &str, of: &Addr| assert_eq!(w.heard(of.as_str()), [msg]);
    let contract = |text: &String| Addr::unchecked(text.clone());
    let msg = nodes::ExecuteMsg::SetParams { params: nodes::Params::default() };
    said(&to_json_string(&msg).unwrap(), &contract(&w.contracts.nodes));
    let msg = datasets::ExecuteMsg::SetParams { params: datasets::Params::default() };
    said(&to_json_string(&msg).unwrap(), &contract(&w.contracts.datasets));
    let msg = tasks::ExecuteMsg::SetParams { params: tasks::Params::default() };
    said(&to_json_string(&msg).unwrap(), &contract(&w.contracts.tasks));
    let (to, amount, reason) = ("someone".to_owned(), 5u128.into(), "audit".to_owned());
    let msg = rewards::ExecuteMsg::Grant { to, amount, reason };
    said(&to_json_string(&msg).unwrap(), &contract(&w.contracts.rewards));
    assert!(w.heard(&w.contracts.experts)[0].starts_with("{\"register_model\":"));
}

#[test]
fn a_domain_is_registered_with_tasks() {
    let mut w = world();
    let domain = tasks::NewDomain {
        name: "prose".to_owned(),
        model: 1,
        expert: 0,
        metric: tasks::Metric::BitsPerByte,
        weight: 1,
        tolerance: 1,
        committee: 5,
        class: "fp32".to_owned(),
        bound_ppm: 1_000,
        epsilon_ppm: 1,
        mean_gain: 1,
        max_reward: 1u128.into(),
        held_out: pact("held out"),
        baseline: 3_000_000,
        batch: 4,
        sequence: 256,
        seconds_per_kilostep: 1,
    };
    w.rule(&ExecuteMsg::Act { action: Action::RegisterDomain { domain } }).unwrap();
    assert!(w.heard(&w.contracts.tasks)[0].starts_with("{\"register_domain\":"));
}

#[test]
fn what_a_contract_refuses_fails_the_action() {
    let mut w = world();
    let nodes = w.contracts.nodes.clone();
    w.order(&nodes, Order::Break(true));
    refused(w.rule(&ExecuteMsg::Act { action: actions().remove(0) }), "broken");
}

#[test]
fn a_set_up_with_funds_bad_addresses_or_bad_rules_is_refused_and_no_message_takes_funds() {
    let mut w = world();
    let (code, owner) = (charter_code(&mut w.app), "owner".into_addr());
    let good = instantiation(&w.authority, &w.contracts, vec![]);
    w.app
        .sudo(cw_multi_test::SudoMsg::Bank(cw_multi_test::BankSudo::Mint {
            to_address: w.authority.to_string(),
            amount: coins(2, DENOM),
        }))
        .unwrap();
    let funds = coins(1, DENOM);
    let paid = w.app.instantiate_contract(code, w.authority.clone(), &good, &funds, "charter", None);
    assert!(paid.unwrap_err().to_string().contains("accept funds"));
    let mut bad = good.clone();
    bad.contracts.rewards = "nobody".to_owned();
    assert!(w.app.instantiate_contract(code, owner.clone(), &bad, &[], "charter", None).is_err());
    let mut bad = good.clone();
    bad.rules = vec![lyceum_api::charter::Rule { action: String::new(), limits: vec![] }];
    assert!(w.app.instantiate_contract(code, owner, &bad, &[], "charter", None).is_err());
    let (authority, charter) = (w.authority.clone(), w.charter.clone());
    let paid = w.app.execute_contract(authority, charter, &ExecuteMsg::Pause {}, &funds);
    refused(paid, "accept funds");
}

#[test]
fn a_migration_comes_only_from_this_contract() {
    let mut w = world();
    let owner = "owner".into_addr();
    let same = charter_code(&mut w.app);
    w.app.migrate_contract(owner, w.charter.clone(), &Empty {}, same).unwrap();
    let mut storage = cosmwasm_std::testing::mock_dependencies();
    let env = cosmwasm_std::testing::mock_env();
    cw2::set_contract_version(&mut storage.storage, "somebody/else", "0.0.1").unwrap();
    let error = lyceum_charter::contract::migrate(storage.as_mut(), env, Empty {}).unwrap_err();
    assert!(error.to_string().contains("Cannot migrate from somebody/else"), "{error}");
}
