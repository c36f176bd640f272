//! The pact and its acknowledgement.
mod common;

use common::*;
use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use lyceum_api::charter::{AcknowledgedResponse, ExecuteMsg, QueryMsg};
use proptest::prelude::*;

fn nodes(count: usize) -> Vec<Addr> {
    (0..count).map(|i| format!("node {i}").into_addr()).collect()
}

fn acknowledge(text: &str) -> ExecuteMsg {
    ExecuteMsg::Acknowledge { pact: pact(text) }
}

fn propose(text: &str) -> ExecuteMsg {
    ExecuteMsg::ProposePact { pact: pact(text) }
}

fn acknowledged(w: &World, node: &Addr) -> bool {
    w.query::<AcknowledgedResponse>(&QueryMsg::Acknowledged { node: node.to_string() }).acknowledged
}

#[test]
fn a_pact_is_adopted_with_three_of_four_active_nodes() {
    let mut w = world();
    let nodes = nodes(4);
    w.activate(&nodes);
    refused(w.send(&nodes[0], &ExecuteMsg::AdoptPact {}), "no pact is proposed");
    refused(w.rule(&propose("first")), "is in force already");
    w.rule(&propose("second")).unwrap();
    assert_eq!(w.charter().proposed_pact, Some(pact("second")));
    for node in &nodes[..2] {
        w.send(node, &acknowledge("second")).unwrap();
    }
    refused(w.send(&nodes[0], &ExecuteMsg::AdoptPact {}), "2 of 4 active nodes have acknowledged");
    w.send(&nodes[2], &acknowledge("second")).unwrap();
    assert_eq!((w.charter().acknowledged, w.charter().pact), (3, pact("first")));
    w.send(&"anyone".into_addr(), &ExecuteMsg::AdoptPact {}).unwrap();
    let charter = w.charter();
    assert_eq!((charter.pact, charter.proposed_pact, charter.acknowledged), (pact("second"), None, 0));
    assert!(!acknowledged(&w, &nodes[0]), "nothing is proposed any more");
    refused(w.send(&nodes[0], &ExecuteMsg::AdoptPact {}), "no pact is proposed");
}

#[test]
fn only_an_active_node_acknowledges_and_only_once_and_only_what_is_proposed() {
    let mut w = world();
    let nodes = nodes(2);
    w.activate(&nodes[..1]);
    refused(w.send(&nodes[0], &acknowledge("second")), "no pact is proposed");
    w.rule(&propose("second")).unwrap();
    refused(w.send(&nodes[0], &acknowledge("third")), "is not the proposed one");
    refused(w.send(&nodes[1], &acknowledge("second")), "is not an active node");
    assert!(!acknowledged(&w, &nodes[0]));
    w.send(&nodes[0], &acknowledge("second")).unwrap();
    assert!(acknowledged(&w, &nodes[0]));
    refused(w.send(&nodes[0], &acknowledge("second")), "has acknowledged this proposal already");
}

#[test]
fn another_proposal_begins_with_no_acknowledgements() {
    let mut w = world();
    let nodes = nodes(1);
    w.activate(&nodes);
    w.rule(&propose("second")).unwrap();
    w.send(&nodes[0], &acknowledge("second")).unwrap();
    // The same text again is another proposal as well.
    w.rule(&propose("second")).unwrap();
    assert_eq!(w.charter().acknowledged, 0);
    assert!(!acknowledged(&w, &nodes[0]));
    refused(w.send(&nodes[0], &ExecuteMsg::AdoptPact {}), "0 of 1 active nodes");
    w.send(&nodes[0], &acknowledge("second")).unwrap();
    w.send(&nodes[0], &ExecuteMsg::AdoptPact {}).unwrap();
}

#[test]
fn without_active_nodes_no_pact_is_adopted() {
    let mut w = world();
    w.rule(&propose("second")).unwrap();
    refused(w.rule(&ExecuteMsg::AdoptPact {}), "0 of 0 active nodes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_pact_is_adopted_exactly_from_75_percent_on(active in 1usize..24, acks in 0usize..24) {
        let acks = acks.min(active);
        let mut w = world();
        let nodes = nodes(active);
        w.activate(&nodes);
        w.rule(&propose("second")).unwrap();
        for node in &nodes[..acks] {
            w.send(node, &acknowledge("second")).unwrap();
        }
        let adopted = w.send(&nodes[0], &ExecuteMsg::AdoptPact {}).is_ok();
        prop_assert_eq!(adopted, acks * 4 >= active * 3);
    }
}
