//! What `tasks` and `datasets` report: claims, quotas, trust, seats.
mod common;

use common::*;
use cosmwasm_std::Uint128;
use cw_multi_test::IntoAddr;
use lyceum_api::nodes::{ExecuteMsg, NodeEvent, Outcome, Role, SlashReason, TrustLevel};

#[test]
fn only_tasks_reports_claims_frauds_and_downtime() {
    let mut w = world();
    let alice = w.bonded("alice", 2 * MIN);
    let stranger = "stranger".into_addr();
    let events = vec![seat(&alice, true)];
    refused(w.send(&stranger, &ExecuteMsg::Report { events }), "may not send this message");
    let datasets = w.datasets.clone();
    for (event, name) in [
        (opened(&alice, LYC), "may not report claim_opened"),
        (accepted(&alice, 1), "may not report claim_closed"),
        (slashed(&alice, SlashReason::Fraud), "may not report fraud"),
        (slashed(&alice, SlashReason::Downtime), "may not report downtime"),
    ] {
        refused(w.send(&datasets, &ExecuteMsg::Report { events: vec![event] }), name);
    }
    let events = vec![
        seat(&alice, true),
        slashed(&alice, SlashReason::FalseAttestation),
        slashed(&alice, SlashReason::Unrevealed),
    ];
    w.send(&datasets, &ExecuteMsg::Report { events }).unwrap();
    assert_eq!(w.node(&alice).stake.u128(), 2 * MIN / 10 * 9 / 10 * 9);
}

#[test]
fn a_report_has_at_most_64_events_and_names_nodes() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.report(vec![seat(&alice, true); 64]).unwrap();
    refused(w.report(vec![seat(&alice, true); 65]), "65 events, expected at most 64");
    refused(w.report(vec![seat(&"stranger".into_addr(), true)]), "is not a node");
    w.report(vec![]).unwrap();
}

#[test]
fn a_claim_needs_an_active_trainer() {
    let mut w = world();
    let alice = w.bonded("alice", MIN - 1);
    refused(w.report(vec![opened(&alice, LYC)]), "is not active");
    w.bond(&alice, MIN).unwrap();
    w.report(vec![slashed(&alice, SlashReason::Downtime)]).unwrap();
    refused(w.report(vec![opened(&alice, LYC)]), "is not active");
    let bob = w.bonded("bob", MIN);
    let update = ExecuteMsg::Update { roles: vec![Role::Evaluator], classes: vec![], addresses: vec![] };
    w.send(&bob, &update).unwrap();
    refused(w.report(vec![opened(&bob, LYC)]), "is not a trainer");
}

#[test]
fn a_node_that_is_jailed_within_a_report_opens_no_claim_in_it() {
    let mut w = world();
    let alice = w.bonded("alice", 2 * MIN);
    refused(w.report(vec![slashed(&alice, SlashReason::Downtime), opened(&alice, LYC)]), "is not active");
}

#[test]
fn open_claims_are_at_most_stake_over_bond() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.report(vec![opened(&alice, 300 * LYC); 3]).unwrap();
    refused(w.report(vec![opened(&alice, 300 * LYC)]), "has 3 claims open; its stake carries 3");
    assert_eq!(w.node(&alice).open_claims, 3);
    w.report(vec![closed(&alice, Outcome::Void)]).unwrap();
    w.report(vec![opened(&alice, 300 * LYC)]).unwrap();
    let bob = w.bonded("bob", MIN);
    refused(w.report(vec![opened(&bob, MIN + 1)]), "its stake carries 0");
    refused(w.report(vec![opened(&bob, 0)]), "claim bond must not be zero");
    refused(w.report(vec![closed(&bob, Outcome::Void)]), "has no claim open");
}

#[test]
fn a_newbie_opens_20_claims_a_day() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    for _ in 0..20 {
        w.report(vec![opened(&alice, LYC), closed(&alice, Outcome::Void)]).unwrap();
    }
    refused(w.report(vec![opened(&alice, LYC)]), "has used its quota of 20");
    w.pass(DAY);
    w.report(vec![opened(&alice, LYC)]).unwrap();
}

#[test]
fn three_successes_promote_and_five_failures_demote() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    for _ in 0..3 {
        w.report(vec![opened(&alice, LYC), accepted(&alice, 1)]).unwrap();
    }
    let node = w.node(&alice);
    assert_eq!((node.trust, node.accepted, node.open_claims), (TrustLevel::Trusted, 3, 0));
    for _ in 0..5 {
        w.report(vec![opened(&alice, LYC), closed(&alice, Outcome::Failed)]).unwrap();
    }
    assert_eq!(w.node(&alice).trust, TrustLevel::Newbie);
}

#[test]
fn three_frauds_within_an_hour_quarantine_for_five_minutes() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    for _ in 0..3 {
        w.report(vec![opened(&alice, LYC), closed(&alice, Outcome::Fraud)]).unwrap();
    }
    refused(w.report(vec![opened(&alice, LYC)]), "is in quarantine until");
    w.pass(299);
    refused(w.report(vec![opened(&alice, LYC)]), "is in quarantine until");
    w.pass(1);
    w.report(vec![opened(&alice, LYC)]).unwrap();
}

#[test]
fn seats_move_a_reputation_that_fades_and_decides_who_is_drawn() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    w.pass(DAY);
    w.mature(&alice).unwrap();
    w.pass(HOUR);
    let epoch = w.epoch();
    w.report(vec![seat(&alice, true)]).unwrap();
    assert_eq!(w.node(&alice).reputation, 300_000);
    assert_eq!(w.committee(epoch, 1, 1, &[]).len(), 1);
    w.report(vec![seat(&alice, false)]).unwrap();
    assert_eq!(w.node(&alice).reputation, -2_700_000);
    assert!(w.committee(epoch, 1, 1, &[]).is_empty());
    w.pass(7 * DAY);
    assert_eq!(w.node(&alice).reputation, -1_350_000);
    w.pass(7 * DAY);
    assert_eq!(w.committee(epoch, 1, 1, &[]).len(), 1);
}

#[test]
fn a_slash_pays_at_most_32_seats() {
    let mut w = world();
    let alice = w.bonded("alice", MIN);
    let paid = (0..33).map(|i| format!("seat {i}").into_addr().to_string()).collect();
    let (node, reason, cost_each, challenger) = (alice.to_string(), SlashReason::Fraud, Uint128::one(), None);
    let event = NodeEvent::Slash { node, reason, cost_each, paid, challenger };
    refused(w.report(vec![event]), "33 paid seats, expected at most 32");
}
