//! What roles do differently on a real chain, and what they may not do twice there: as values, without one.

mod seen;

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, from_json};
use lyceum_agent::roles::{Own, Relay};
use lyceum_agent::{
    Action, Coordinator, Enrol, Enroller, Evaluator, Hash32, Observation, Outcome, Pace, Planned, Roles,
    Takes, Trainer,
};
use lyceum_api::nodes::{ExecuteMsg, Role};
use lyceum_api::tasks::key_commitment;
use seen::{ME, at, claim, keys, new_task, panel, seen, task, view};
use serde_json::{Value, json};

const REAL: Pace = Pace::Real { stagger: 10 };

fn planned(key: u8) -> Planned {
    let mut task: lyceum_api::tasks::NewTask = serde_json::from_value(new_task()).unwrap();
    task.benchmark.key = key_commitment(&Hash32([key; 32]));
    task.shards.clear();
    Planned { task, key: Hash32([key; 32]), after: vec![] }
}

/// A node is killed and lives again from what its journal holds.
fn reborn<R: serde::Serialize + serde::de::DeserializeOwned>(role: &R) -> R {
    serde_json::from_str(&serde_json::to_string(role).unwrap()).unwrap()
}

#[test]
fn a_task_is_not_opened_again_while_the_first_transaction_may_still_be_included() {
    let real = |height: u64, outcomes: Vec<(String, Outcome)>| Observation {
        pace: REAL,
        outcomes,
        ..seen(view(height))
    };
    let open = format!("open/{}", key_commitment(&Hash32([9; 32])));
    let (coordinator, actions) = Coordinator::new(vec![planned(9)]).step(&real(10, vec![]));
    assert_eq!(keys(&actions), std::slice::from_ref(&open));
    // Killed before it knew: the chain may have the task or not.
    let coordinator = reborn(&coordinator);
    let (coordinator, actions) = coordinator.step(&real(30, vec![]));
    assert!(keys(&actions).is_empty());
    let unknown = Outcome::Unknown { words: "the connection was lost".to_owned() };
    let (coordinator, actions) = coordinator.step(&real(40, vec![(open.clone(), unknown)]));
    assert!(keys(&actions).is_empty(), "not known is not refused");
    let (_, actions) = coordinator.step(&real(200, vec![]));
    assert_eq!(keys(&actions), std::slice::from_ref(&open), "it never will be included any more");
    // What is known to have been refused may be sent again at once, when its pause is over.
    let (coordinator, _) = Coordinator::new(vec![planned(9)]).step(&real(10, vec![]));
    let refused = Outcome::Refused { words: "no funds".to_owned() };
    let (coordinator, _) = coordinator.step(&real(11, vec![(open.clone(), refused)]));
    let (_, actions) = coordinator.step(&real(20, vec![]));
    assert_eq!(keys(&actions), [open]);
}

#[test]
fn nodes_take_turns_with_what_any_of_them_may_send_and_in_the_end_each_would() {
    let mut first = BTreeMap::new();
    for name in 0..40 {
        let mut relay = Relay::default();
        for now in 30..=40 {
            let mut observation = seen(view(now));
            observation.me.account = Addr::unchecked(format!("node-{name}"));
            observation.pace = REAL;
            let mut wanted = view(now);
            wanted.wanted = [4].into();
            observation.view = std::sync::Arc::new(wanted);
            let (next, actions) = relay.step(&observation);
            relay = next;
            if !keys(&actions).is_empty() {
                first.insert(name, now);
                break;
            }
            assert!(actions.iter().any(|a| matches!(a, Action::Wake { at } if *at > now && *at <= 40)));
        }
    }
    assert_eq!(first.len(), 40, "every one's turn comes within ten seconds");
    let at_once = first.values().filter(|at| **at == 30).count();
    assert!(at_once < 12, "{at_once} of 40 at once");
}

#[test]
fn a_refusal_is_never_final_on_a_real_chain() {
    let (mut trainer, mut takes) = (Trainer::new(Takes::default()), 0);
    for now in 0..500 {
        let mut open = view(now * 100);
        let mut task = task("coordinator", json!([]), Value::Null);
        task.commit_until = cosmwasm_std::Timestamp::from_seconds(1_000_000);
        open.tasks.insert(1, task);
        let refused = Outcome::Refused { words: "over the quota".to_owned() };
        let outcomes = vec![("take/1".to_owned(), refused)];
        let (next, actions) = trainer.step(&Observation { pace: REAL, outcomes, ..seen(open) });
        (trainer, takes) = (next, takes + keys(&actions).len());
    }
    assert!(takes > 100, "{takes}");
}

#[test]
fn heads_that_were_looked_at_too_early_are_looked_at_when_it_is_time() {
    let reached = |now: u64| {
        let mut view = view(now);
        view.learning.claims = 2;
        view.learning.weighted_gain = 10;
        view
    };
    let pause = reached(0).config.params.learning_block_seconds;
    let (mut coordinator, mut sent) = (Coordinator::new(vec![]), vec![]);
    for now in 1_000..1_000 + pause {
        let refused = Outcome::Refused { words: "too early".to_owned() };
        let outcomes = match sent.last() == Some(&(now - 1)) {
            true => vec![("check-heads/0".to_owned(), refused)],
            false => vec![],
        };
        let (next, actions) = coordinator.step(&Observation { pace: REAL, outcomes, ..seen(reached(now)) });
        coordinator = next;
        sent.extend(keys(&actions).iter().filter(|key| *key == "check-heads/0").map(|_| now));
    }
    assert!(sent.len() > 1, "a refused one is no look, so no pause follows it: {sent:?}");
    assert!(sent.len() < 20, "{sent:?}");
}

#[test]
fn who_leaves_takes_nothing_new_and_finishes_what_it_owes() {
    let mut open = view(10);
    open.tasks.insert(1, task("coordinator", json!([]), Value::Null));
    let leaving = Observation { draining: true, ..seen(open) };
    let (_, actions) = Trainer::new(Takes::default()).step(&leaving);
    assert!(keys(&actions).is_empty());
    let (_, actions) = Coordinator::new(vec![planned(9)]).step(&leaving);
    assert!(keys(&actions).is_empty());
    let mut seat = view(250);
    seat.tasks.insert(1, task("coordinator", json!([5]), json!(seen::HASH)));
    seat.claims.insert(5, claim("trainer", json!({"revealed": {}}), json!(seen::HASH)));
    let committing = json!({"committing": {"until": at(400)}});
    seat.panels.insert(8, panel(8, json!({"claim": {}}), committing, Value::Null, false));
    let (_, actions) = Evaluator::default().step(&Observation { draining: true, ..seen(seat) });
    assert_eq!(keys(&actions), ["work attest/8"]);
}

#[test]
fn settings_are_this_lifes_and_memories_the_earlier_ones() {
    let mut taken = view(25);
    taken.tasks.insert(1, task("coordinator", json!([5]), Value::Null));
    taken.claims.insert(5, claim(ME, json!({"taken": {}}), json!(seen::HASH)));
    let roles = |takes: Takes| Roles { trainer: Some(Trainer::new(takes)), ..Roles::default() };
    let (earlier, _) = roles(Takes::default()).step(&seen(taken));
    let takes = Takes { at_once: 3, ..Takes::default() };
    let resumed = roles(takes.clone()).resume(reborn(&earlier));
    let text = serde_json::to_value(&resumed.trainer).unwrap();
    assert_eq!((&text["takes"]["at_once"], text["mine"].get("5").is_some()), (&json!(3), true));
    assert_eq!(Roles::default().resume(reborn(&earlier)), reborn(&earlier), "without settings all goes on");
    // A role that the operator ended finishes its claim and takes no other.
    let voter = Roles { voter: Some(Default::default()), ..Roles::default() };
    let retired = voter.resume(reborn(&earlier)).trainer.unwrap();
    let mut open = view(30);
    open.tasks.insert(1, task("coordinator", json!([]), Value::Null));
    assert!(keys(&retired.step(&seen(open)).1).is_empty());
}

fn enrol() -> Enrol {
    Enrol {
        operator: "op".to_owned(),
        peer_key: vec![1; 32].into(),
        proof: vec![2; 64].into(),
        roles: vec![Role::Trainer],
        classes: vec![],
        addresses: vec!["/ip4/10.0.0.1/tcp/1".to_owned()],
        stake: 1_000,
        reserve: 50,
        gpus: vec!["GPU-1".to_owned()],
    }
}

/// The node as the chain has it, and what the account holds.
fn own(change: impl FnOnce(&mut lyceum_api::nodes::NodeResponse), balance: u128) -> Own {
    let config: lyceum_api::nodes::ConfigResponse = serde_json::from_value(json!({
        "charter": "c", "tasks": "t", "datasets": "d", "rewards": "r", "gpu_salt": seen::HASH,
        "params": lyceum_api::nodes::Params::default(), "paused": false, "epoch": 1,
    }))
    .unwrap();
    let mut node = serde_json::from_value(json!({
        "node": ME, "operator": "op", "peer_key": "", "roles": ["trainer"], "classes": [],
        "addresses": ["/ip4/10.0.0.1/tcp/1"], "stake": "1000", "own": "1000", "unbonding": "0", "rewards": "0", "commission": 0,
        "matured": "1000", "active": true, "jailed_until": null, "gpus": 1, "vote_power": 1,
        "trust": "newbie", "open_claims": 0, "reputation": 0, "accepted": 0,
    }))
    .unwrap();
    change(&mut node);
    let gpus =
        enrol().gpu_ids(&config.gpu_salt).into_iter().map(|g| (g, Some(Addr::unchecked(ME)))).collect();
    Own { node: Some(node), config, balance, gpus }
}

fn enrolled(now: u64, own: Own) -> Observation {
    Observation { pace: REAL, own: Some(own), ..seen(view(now)) }
}

fn said(action: &Action) -> ExecuteMsg {
    let Action::Send { tx, .. } = action else { panic!("{action:?}") };
    from_json(&tx[0].msg).unwrap()
}

#[test]
fn an_account_becomes_the_node_it_should_be_and_then_is_left_alone() {
    let enroller = Enroller::new(enrol());
    let (_, actions) = enroller.step(&enrolled(10, Own { node: None, ..own(|_| {}, 100) }));
    assert_eq!(keys(&actions), ["register/node"]);
    assert!(matches!(said(&actions[0]), ExecuteMsg::Register { addresses, .. } if addresses.len() == 1));
    let (_, actions) = enroller.step(&enrolled(10, own(|_| {}, 10_000)));
    assert!(keys(&actions).is_empty(), "{actions:?}");
    let (_, actions) = enroller.step(&enrolled(10, own(|n| n.addresses.clear(), 0)));
    assert_eq!(keys(&actions), ["update/node"]);
    let mut free = own(|_| {}, 0);
    free.gpus.values_mut().for_each(|holder| *holder = None);
    let (_, actions) = enroller.step(&enrolled(10, free));
    assert!(matches!(said(&actions[0]), ExecuteMsg::BindGpu { .. }));
    let mut taken = own(|_| {}, 0);
    taken.gpus.values_mut().for_each(|holder| *holder = Some(Addr::unchecked("another")));
    let (_, actions) = enroller.step(&enrolled(10, taken));
    assert!(keys(&actions).is_empty());
}

#[test]
fn it_bonds_what_is_missing_and_can_be_spared_and_never_twice() {
    let poor = || own(|n| n.own = 300u128.into(), 450);
    let (enroller, actions) = Enroller::new(enrol()).step(&enrolled(10, poor()));
    assert_eq!(keys(&actions), ["bond/own"]);
    let Action::Send { tx, .. } = &actions[0] else { panic!() };
    assert_eq!(tx[0].funds[0].amount.to_string(), "400", "700 are missing, 50 stay");
    let enroller = reborn(&enroller);
    let (enroller, actions) = enroller.step(&enrolled(20, poor()));
    assert!(keys(&actions).is_empty(), "the first may still be included");
    let done = vec![("bond/own".to_owned(), Outcome::Done)];
    let bonded = Observation { outcomes: done, ..enrolled(21, own(|n| n.own = 700u128.into(), 49)) };
    let (enroller, actions) = enroller.step(&bonded);
    assert!(keys(&actions).is_empty(), "nothing can be spared");
    let (_, actions) = enroller.step(&enrolled(22, own(|n| n.own = 700u128.into(), 100)));
    assert_eq!(keys(&actions), ["bond/own"]);
    let leaving = Observation { draining: true, ..enrolled(22, poor()) };
    assert!(keys(&Enroller::new(enrol()).step(&leaving).1).is_empty());
}

#[test]
fn it_leaves_jail_when_its_time_is_over_and_has_stake_mature() {
    let until = |s: u64| Some(cosmwasm_std::Timestamp::from_seconds(s));
    let enroller = Enroller::new(enrol());
    let (_, actions) = enroller.step(&enrolled(10, own(|n| n.jailed_until = until(99), 0)));
    assert_eq!(actions, [Action::Wake { at: 100 }]);
    let (_, actions) = enroller.step(&enrolled(100, own(|n| n.jailed_until = until(99), 0)));
    assert_eq!(keys(&actions), ["unjail/node"]);
    let young = || own(|n| n.matured = 0u128.into(), 0);
    let (enroller, actions) = enroller.step(&enrolled(10, young()));
    assert_eq!(actions, [Action::Wake { at: 3_610 }], "once an epoch is often enough");
    let (enroller, actions) = reborn(&enroller).step(&enrolled(3_610, young()));
    assert_eq!(keys(&actions), ["mature/node"]);
    let refused = vec![("mature/node".to_owned(), Outcome::Refused { words: "nothing matured".to_owned() })];
    let early = Observation { outcomes: refused, ..enrolled(3_611, young()) };
    let (enroller, actions) = enroller.step(&early);
    assert!(keys(&actions).is_empty());
    let (_, actions) = enroller.step(&enrolled(7_300, young()));
    assert_eq!(keys(&actions), ["mature/node"]);
}
