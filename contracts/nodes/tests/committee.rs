//! Draws: frozen by epochs, by stake, one seat per operator.
mod common;

use common::*;
use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use lyceum_api::Hash32;
use lyceum_api::nodes::{CommitteeResponse, ExecuteMsg, Params, QueryMsg, SlashReason};
use proptest::prelude::*;

/// Evaluators whose stake counts.
fn ready(w: &mut World, names: &[&str]) -> Vec<Addr> {
    let nodes: Vec<_> = names.iter().map(|name| w.bonded(name, MIN)).collect();
    w.pass(DAY);
    nodes.iter().for_each(|node| drop(w.mature(node).unwrap()));
    w.pass(HOUR);
    nodes
}

fn refusal(w: &World, epoch: u64, seats: u32, exclude: Vec<String>) -> String {
    let (class, seed) = ("fp32".to_owned(), Hash32([0; 32]));
    let msg = QueryMsg::Committee { class, epoch, seed, seats, exclude };
    w.query::<CommitteeResponse>(&msg).unwrap_err().to_string()
}

#[test]
fn a_draw_of_an_epoch_is_the_same_whatever_is_bonded_during_it_or_later() {
    let mut w = world();
    let nodes = ready(&mut w, &["a", "b", "c", "d", "e", "f"]);
    let epoch = w.epoch();
    let draw = |w: &World| (0..20).map(|seed| w.committee(epoch, seed, 3, &[])).collect::<Vec<_>>();
    let before = draw(&w);
    w.bond(&nodes[0], 1_000 * MIN).unwrap();
    let late = w.bonded("late", 1_000 * MIN);
    w.unbond(&nodes[1], MIN / 2).unwrap();
    w.bond(&nodes[1], MIN).unwrap();
    assert_eq!(draw(&w), before);
    w.pass(2 * DAY);
    w.mature(&nodes[0]).unwrap();
    w.mature(&late).unwrap();
    w.pass(HOUR);
    assert_eq!(draw(&w), before);
    let now = w.committee(w.epoch(), 1, 2, &[]);
    assert!(now.contains(&nodes[0]) || now.contains(&late), "a thousandfold stake shows now");
}

#[test]
fn the_jailed_the_excluded_and_strangers_to_the_class_are_not_drawn() {
    let mut w = world();
    let nodes = ready(&mut w, &["a", "b", "c"]);
    let epoch = w.epoch();
    assert_eq!(w.committee(epoch, 1, 3, &[]).len(), 3);
    w.report(vec![slashed(&nodes[0], SlashReason::Downtime)]).unwrap();
    for seed in 0..10 {
        assert_eq!(w.committee(epoch, seed, 3, &[&nodes[1]]), std::slice::from_ref(&nodes[2]));
    }
    let msg = |class: &str| QueryMsg::Committee {
        class: class.to_owned(),
        epoch,
        seed: Hash32([0; 32]),
        seats: 3,
        exclude: vec![],
    };
    assert!(w.query::<CommitteeResponse>(&msg("int4")).unwrap().seats.is_empty());
}

#[test]
fn nobody_steps_aside_once_the_seed_is_known_and_whoever_left_before_is_passed_over() {
    let mut w = world();
    let nodes = ready(&mut w, &["a", "b", "c"]);
    let epoch = w.epoch();
    let drawn = w.committee(epoch, 1, 2, &[]);
    w.unbond(&drawn[0], MIN).unwrap();
    w.send(&drawn[1], &ExecuteMsg::Update { roles: vec![], classes: vec![], addresses: vec![] }).unwrap();
    assert_eq!(w.committee(epoch, 1, 2, &[]), drawn);
    w.pass(HOUR);
    let stayed: Vec<_> = nodes.into_iter().filter(|node| !drawn.contains(node)).collect();
    assert_eq!(w.committee(epoch, 1, 2, &[]), stayed);
}

#[test]
fn an_operator_gets_one_seat_and_too_few_operators_give_fewer_seats() {
    let mut w = world();
    for name in ["a", "b", "c"] {
        let account = name.into_addr();
        let mut msg = registration(&w, &account, &key_of(&account));
        if let ExecuteMsg::Register { operator, .. } = &mut msg {
            *operator = if name == "c" { "other".to_owned() } else { "same".to_owned() };
        }
        w.send(&account, &msg).unwrap();
        w.bond(&account, MIN).unwrap();
    }
    w.pass(DAY);
    for name in ["a", "b", "c"] {
        w.mature(&name.into_addr()).unwrap();
    }
    w.pass(HOUR);
    for seed in 0..10 {
        let seats = w.committee(w.epoch(), seed, 3, &[]);
        assert_eq!(seats.len(), 2);
        assert!(seats.contains(&"c".into_addr()));
    }
}

#[test]
fn who_may_not_sit_does_not_send_another_of_his_nodes() {
    let mut w = world();
    for name in ["trainer", "sibling", "stranger"] {
        let account = name.into_addr();
        let mut msg = registration(&w, &account, &key_of(&account));
        if let ExecuteMsg::Register { operator, .. } = &mut msg {
            *operator = if name == "stranger" { "other".to_owned() } else { "same".to_owned() };
        }
        w.send(&account, &msg).unwrap();
        w.bond(&account, MIN).unwrap();
    }
    w.pass(DAY);
    for name in ["trainer", "sibling", "stranger"] {
        w.mature(&name.into_addr()).unwrap();
    }
    w.pass(HOUR);
    for seed in 0..10 {
        assert_eq!(w.committee(w.epoch(), seed, 3, &[&"trainer".into_addr()]), ["stranger".into_addr()]);
    }
}

#[test]
fn draws_are_bounded_and_never_of_an_epoch_to_come() {
    let w = world();
    let epoch = w.epoch();
    assert!(refusal(&w, epoch + 1, 1, vec![]).contains("has not begun"));
    assert!(refusal(&w, epoch, 33, vec![]).contains("33 seats, expected at most 32"));
    let exclude = vec!["a".into_addr().to_string(); 65];
    assert!(refusal(&w, epoch, 1, exclude).contains("65 excluded accounts, expected at most 64"));
    let bad = refusal(&w, epoch, 1, vec!["nobody".to_owned()]);
    assert!(bad.contains("parse failed"), "{bad}");
}

#[test]
fn a_changed_epoch_length_never_lets_epochs_run_back() {
    let mut w = world();
    let nodes = ready(&mut w, &["a", "b"]);
    let epoch = w.epoch();
    w.set_params(Params { epoch_seconds: 7 * DAY, ..Params::default() }).unwrap();
    assert_eq!(w.epoch(), epoch);
    w.unbond(&nodes[0], MIN).unwrap();
    w.pass(7 * DAY);
    assert_eq!(w.epoch(), epoch + 1);
    assert_eq!(w.committee(epoch + 1, 1, 2, &[]), std::slice::from_ref(&nodes[1]));
    w.set_params(Params { epoch_seconds: 60, ..Params::default() }).unwrap();
    assert_eq!(w.epoch(), epoch + 1);
    w.pass(60);
    assert_eq!(w.epoch(), epoch + 2);
    // Weights are still set and read: a clock that ran back would be refused by the sum tree.
    w.unbond(&nodes[1], MIN).unwrap();
    w.pass(60);
    assert!(w.committee(epoch + 3, 1, 2, &[]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever nodes do with their stake, the draws of epochs that have begun stay as they were.
    #[test]
    fn no_sequence_of_bonds_and_unbonds_moves_a_frozen_draw(
        steps in prop::collection::vec((0usize..4, any::<bool>(), 1u128..3 * MIN, 0u64..8 * HOUR), 1..25),
    ) {
        let mut w = world();
        let nodes = ready(&mut w, &["a", "b", "c", "d"]);
        // So much that nobody leaves: whoever has left before the present epoch is passed over.
        nodes.iter().for_each(|node| drop(w.bond(node, 100 * MIN).unwrap()));
        w.pass(DAY);
        nodes.iter().for_each(|node| drop(w.mature(node).unwrap()));
        w.pass(HOUR);
        let mut seen = vec![];
        for (node, bonds, amount, seconds) in steps {
            let node = &nodes[node];
            if bonds { w.bond(node, amount).unwrap() } else { w.unbond(node, amount).unwrap() };
            let _ = w.mature(node);
            let epoch = w.epoch();
            seen.push((epoch, w.committee(epoch, 7, 2, &[])));
            w.pass(seconds);
        }
        for (epoch, drawn) in seen {
            prop_assert_eq!(w.committee(epoch, 7, 2, &[]), drawn);
        }
    }
}
