//! Registration, roles and classes.
mod common;

use common::*;
use cosmwasm_std::{Binary, coins};
use cw_multi_test::{Executor, IntoAddr};
use lyceum_api::DENOM;
use lyceum_api::nodes::{ExecuteMsg, IsActiveResponse, NodesResponse, QueryMsg, Role, TrustLevel};

/// A registration of `alice`, changed by the test.
fn change(
    w: &World,
    change: impl FnOnce(&mut String, &mut Binary, &mut Binary, &mut Vec<Role>, &mut Vec<String>),
) -> ExecuteMsg {
    let alice = "alice".into_addr();
    let mut msg = registration(w, &alice, &key_of(&alice));
    let ExecuteMsg::Register { operator, peer_key, proof, roles, classes, .. } = &mut msg else {
        unreachable!()
    };
    change(operator, peer_key, proof, roles, classes);
    msg
}

#[test]
fn a_registered_account_is_a_newbie_without_stake() {
    let mut w = world();
    let alice = w.registered("alice");
    let node = w.node(&alice);
    assert_eq!((node.stake.u128(), node.active, node.trust), (0, false, TrustLevel::Newbie));
    assert_eq!((node.gpus, node.vote_power, node.reputation, node.accepted), (0, 0, 0, 0));
    assert_eq!(node.classes, ["fp32"]);
    assert_eq!(w.active(), 0);
}

#[test]
fn an_account_registers_once() {
    let mut w = world();
    let alice = w.registered("alice");
    let msg = registration(&w, &alice, &key_of(&"other".into_addr()));
    refused(w.send(&alice, &msg), "is a node already");
}

#[test]
fn a_peer_key_belongs_to_one_node() {
    let mut w = world();
    let alice = w.registered("alice");
    let bob = "bob".into_addr();
    let msg = registration(&w, &bob, &key_of(&alice));
    refused(w.send(&bob, &msg), "the peer key belongs to");
}

#[test]
fn a_proof_for_another_account_or_by_another_key_is_refused() {
    let mut w = world();
    let (alice, bob) = ("alice".into_addr(), "bob".into_addr());
    let for_alice = registration(&w, &alice, &key_of(&alice));
    refused(w.send(&bob, &for_alice), "the proof is not");
    let by_bob = change(&w, |_, key, _, _, _| *key = key_of(&bob).verifying_key().to_bytes().into());
    refused(w.send(&alice, &by_bob), "the proof is not");
    let flipped = change(&w, |_, _, proof, _, _| {
        let mut bytes = proof.to_vec();
        bytes[0] ^= 1;
        *proof = bytes.into();
    });
    refused(w.send(&alice, &flipped), "the proof is not");
    let no_point = change(&w, |_, key, _, _, _| *key = vec![0xff; 32].into());
    refused(w.send(&alice, &no_point), "the proof is not");
}

#[test]
fn keys_and_proofs_of_another_length_are_refused() {
    let mut w = world();
    let alice = "alice".into_addr();
    let short = change(&w, |_, key, _, _, _| *key = vec![1; 31].into());
    refused(w.send(&alice, &short), "peer_key has 31 bytes, expected 32");
    let long = change(&w, |_, _, proof, _, _| *proof = vec![1; 65].into());
    refused(w.send(&alice, &long), "proof has 65 bytes, expected 64");
}

#[test]
fn an_operator_is_1_to_64_printable_characters() {
    let mut w = world();
    let alice = "alice".into_addr();
    for (operator, reason) in [
        (String::new(), "operator has 0 characters"),
        ("ö".repeat(65), "operator has 65 characters"),
        ("x".repeat(100_000), "operator has 100000 characters"),
        ("a\nb".to_owned(), "expected printable text"),
        ("a\u{2003}b".to_owned(), "expected printable text"),
    ] {
        let msg = change(&w, |o, _, _, _, _| *o = operator);
        refused(w.send(&alice, &msg), reason);
    }
    let msg = change(&w, |o, _, _, _, _| *o = "ö".repeat(64));
    w.send(&alice, &msg).unwrap();
}

#[test]
fn roles_and_classes_are_few_each_once_and_well_formed() {
    let mut w = world();
    let alice = w.registered("alice");
    let mut update = |roles: Vec<Role>, classes: &[&str], reason| {
        let classes = classes.iter().map(|c| (*c).to_owned()).collect();
        refused(w.send(&alice, &ExecuteMsg::Update { roles, classes, addresses: vec![] }), reason);
    };
    update(vec![Role::Trainer; 2], &[], "Trainer is named twice among roles");
    update(vec![Role::Trainer; 6], &[], "6 roles, expected at most 5");
    update(vec![], &["a", "b", "c", "d", "e", "f", "g", "h", "i"], "9 classes, expected at most 8");
    update(vec![], &["fp32", "fp32"], "fp32 is named twice among classes");
    update(vec![], &[""], "class has 0 characters");
    update(vec![], &["FP32"], "expected [a-z0-9/._+-]");
    update(vec![], &[&"x".repeat(65)], "class has 65 characters");
}

#[test]
fn a_registration_with_funds_is_refused() {
    let mut w = world();
    let alice = "alice".into_addr();
    w.fund(&alice, 5);
    let msg = registration(&w, &alice, &key_of(&alice));
    let paid = w.app.execute_contract(alice.clone(), w.nodes.clone(), &msg, &coins(5, DENOM));
    refused(paid, "This message does no accept funds");
}

#[test]
fn a_node_draws_only_in_the_classes_and_roles_it_has_now() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.pass(DAY);
    w.mature(&alice).unwrap();
    w.pass(HOUR);
    assert_eq!(w.committee(w.epoch(), 1, 1, &[]), std::slice::from_ref(&alice));
    let update = |roles: &[Role], class: &str| ExecuteMsg::Update {
        roles: roles.to_vec(),
        classes: vec![class.to_owned()],
        addresses: vec![],
    };
    w.send(&alice, &update(&[Role::Evaluator], "bf16/sm_90/2.11.0")).unwrap();
    assert_eq!(w.committee(w.epoch(), 1, 1, &[]).len(), 1, "leaving acts from the next epoch on");
    w.pass(HOUR);
    assert!(w.committee(w.epoch(), 1, 1, &[]).is_empty(), "it left this class");
    assert!(w.committee(w.epoch() - 1, 1, 1, &[]).is_empty(), "in draws of earlier epochs too");
    w.send(&alice, &update(&[Role::Trainer], "fp32")).unwrap();
    w.pass(HOUR);
    assert!(w.committee(w.epoch(), 1, 1, &[]).is_empty(), "no evaluator any more");
    w.send(&alice, &update(&[Role::Evaluator], "fp32")).unwrap();
    assert!(w.committee(w.epoch(), 1, 1, &[]).is_empty(), "a weight acts from the next epoch on");
    w.pass(HOUR);
    assert_eq!(w.committee(w.epoch(), 1, 1, &[]), [alice]);
}

#[test]
fn nodes_are_paged_by_account_and_strangers_are_not_nodes() {
    let mut w = world();
    let mut all: Vec<_> = (0..5).map(|i| w.registered(&format!("node {i}"))).collect();
    all.sort();
    let page = |start_after: Option<String>, limit| {
        let page: NodesResponse = w.query(&QueryMsg::Nodes { start_after, limit }).unwrap();
        page.nodes.into_iter().map(|n| n.node).collect::<Vec<_>>()
    };
    assert_eq!(page(None, Some(2)), all[..2]);
    assert_eq!(page(Some(all[1].to_string()), None), all[2..]);
    assert!(page(None, Some(0)).is_empty());
    let node = "stranger".into_addr().to_string();
    assert!(!w.query::<IsActiveResponse>(&QueryMsg::IsActive { node: node.clone() }).unwrap().active);
    let unknown = w.query::<lyceum_api::nodes::NodeResponse>(&QueryMsg::Node { node });
    assert!(unknown.unwrap_err().to_string().contains("is not a node"));
}
