//! Audits: windows, verdicts, and what auditors' standing takes from them.

use cosmwasm_std::{Addr, Uint128};
use lyceum_api::datasets::{AuditReport, Params, Status, Tier};
use lyceum_api::nodes::{self, NodeEvent, SlashReason};
use lyceum_api::rewards;

use crate::world::{DEPOSIT, WEALTH, World, clean};

fn reported(world: &World) -> Vec<NodeEvent> {
    let heard: Vec<nodes::ExecuteMsg> = world.heard(&world.nodes);
    heard
        .into_iter()
        .flat_map(|msg| match msg {
            nodes::ExecuteMsg::Report { events } => events,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn seat(node: &Addr, agreed: bool) -> NodeEvent {
    NodeEvent::Seat { node: node.to_string(), agreed }
}

fn unrevealed(node: &Addr) -> NodeEvent {
    NodeEvent::Slash {
        node: node.to_string(),
        reason: SlashReason::Unrevealed,
        cost_each: Uint128::zero(),
        paid: vec![],
        challenger: None,
    }
}

#[test]
fn a_clean_audit_opens_the_vote_at_once_with_the_best_tier_it_allows() {
    let mut world = World::new();
    let id = world.propose("text");
    let auditors = world.audit(id, &vec![clean(); 5]);
    let until = world.now().plus_seconds(Params::default().vote_seconds);
    let found = world.dataset(id);
    assert_eq!(found.status, Status::Voting { until, extended: false });
    assert_eq!((found.allowed, found.audit), (Some(Tier::Gold), Some(clean())));
    assert_eq!(reported(&world), auditors.iter().map(|node| seat(node, true)).collect::<Vec<_>>());
    assert_eq!(world.audits(id).seats.iter().filter_map(|s| s.report.clone()).count(), 5);
}

#[test]
fn what_the_audit_measured_bounds_the_tier() {
    for (report, tier) in [
        (AuditReport { pii_ppm: 1, ..clean() }, Tier::Silver),
        (AuditReport { gain: 0, ..clean() }, Tier::Silver),
        (AuditReport { gain: -1, ..clean() }, Tier::Experimental),
    ] {
        let mut world = World::new();
        let id = world.propose("text");
        world.audit(id, &vec![report; 5]);
        assert_eq!(world.dataset(id).allowed, Some(tier));
    }
}

#[test]
fn each_limit_has_its_code_and_loses_the_deposit_to_the_treasury() {
    for (report, code) in [
        (AuditReport { licence_ok: false, ..clean() }, "audit_licence"),
        (AuditReport { pii_ppm: 10_001, ..clean() }, "audit_pii"),
        (AuditReport { toxicity_ppm: 100_001, ..clean() }, "audit_toxicity"),
        (AuditReport { duplicates_ppm: 950_001, ..clean() }, "audit_duplicates"),
    ] {
        let mut world = World::new();
        let id = world.propose("text");
        world.audit(id, &vec![report.clone(); 5]);
        assert_eq!(world.reason(id), code);
        assert_eq!(world.dataset(id).audit, Some(report));
        assert_eq!((world.balance(&world.ann), world.balance(&world.rewards)), (WEALTH - DEPOSIT, DEPOSIT));
        let heard: Vec<rewards::ExecuteMsg> = world.heard(&world.rewards);
        assert_eq!(heard, [rewards::ExecuteMsg::Deposit { payments: vec![] }]);
        assert!(reported(&world).iter().all(|e| matches!(e, NodeEvent::Seat { agreed: true, .. })));
    }
}

#[test]
fn two_liars_of_five_change_nothing_and_are_reported() {
    let mut world = World::new();
    let id = world.propose("text");
    let lie = AuditReport { licence_ok: false, pii_ppm: 900_000, ..clean() };
    let auditors = world.audit(id, &[lie.clone(), clean(), clean(), lie, clean()]);
    assert_eq!(world.dataset(id).audit, Some(clean()));
    let agreed = [false, true, true, false, true];
    assert_eq!(reported(&world), auditors.iter().zip(agreed).map(|(n, a)| seat(n, a)).collect::<Vec<_>>());
}

#[test]
fn agreement_is_near_the_median_in_every_measure() {
    let mut world = World::new();
    let id = world.propose("text");
    let near = AuditReport { toxicity_ppm: 20_000, gain: 6_000_000, ..clean() };
    let far = AuditReport { toxicity_ppm: 20_001, ..clean() };
    let fond = AuditReport { gain: 6_000_001, ..clean() };
    world.audit(id, &[near, far, fond, clean(), clean()]);
    let agreed = reported(&world).into_iter().map(|e| matches!(e, NodeEvent::Seat { agreed: true, .. }));
    assert_eq!(agreed.collect::<Vec<_>>(), [true, false, false, true, true]);
}

#[test]
fn who_committed_and_hid_is_slashed_and_who_stayed_away_diverged() {
    let mut world = World::new();
    let id = world.propose("text");
    world.draw(id);
    let auditors = world.auditors(id);
    // Four of five must reveal; here they do, so the verdict stands, and the fifth stayed away.
    for node in &auditors[..4] {
        world.commit(id, node, &clean()).unwrap();
    }
    world.pass(Params::default().audit_commit_seconds);
    for node in &auditors[..4] {
        world.reveal(id, node, &clean()).unwrap();
    }
    // Nothing can be revealed any more, so nobody waits for the window's end.
    world.close_audit(id).unwrap();
    assert!(matches!(world.status(id), Status::Voting { .. }));
    let mut expected: Vec<_> = auditors[..4].iter().map(|node| seat(node, true)).collect();
    expected.push(seat(&auditors[4], false));
    assert_eq!(reported(&world), expected);

    let other = world.propose("other text");
    world.draw(other);
    let hidden = world.auditors(other);
    for node in &hidden {
        world.commit(other, node, &clean()).unwrap();
    }
    for node in &hidden[1..] {
        world.reveal(other, node, &clean()).unwrap();
    }
    world.pass(Params::default().audit_commit_seconds + Params::default().audit_reveal_seconds);
    world.close_audit(other).unwrap();
    assert!(matches!(world.status(other), Status::Voting { .. }));
    let events = reported(&world).split_off(5);
    assert_eq!(events[0], unrevealed(&hidden[0]));
    assert_eq!(events[1..], hidden[1..].iter().map(|node| seat(node, true)).collect::<Vec<_>>());
}

#[test]
fn without_a_quorum_the_deposit_returns_and_only_the_missing_are_reported() {
    let mut world = World::new();
    let id = world.propose("text");
    world.draw(id);
    let auditors = world.auditors(id);
    for node in &auditors[..4] {
        world.commit(id, node, &clean()).unwrap();
    }
    world.pass(Params::default().audit_commit_seconds);
    for node in &auditors[..3] {
        world.reveal(id, node, &clean()).unwrap();
    }
    world.pass(Params::default().audit_reveal_seconds);
    world.close_audit(id).unwrap();
    assert_eq!(world.reason(id), "audit_quorum");
    assert_eq!(world.dataset(id).audit, None);
    assert_eq!((world.balance(&world.ann), world.balance(&world.rewards)), (WEALTH, 0));
    assert_eq!(reported(&world), [unrevealed(&auditors[3]), seat(&auditors[4], false)]);
}

#[test]
fn an_audit_nobody_came_to_closes_when_its_commits_end() {
    let mut world = World::new();
    let id = world.propose("text");
    world.draw(id);
    world.pass(Params::default().audit_commit_seconds);
    world.close_audit(id).unwrap();
    assert_eq!(world.reason(id), "audit_quorum");
    assert_eq!(reported(&world), world.auditors(id).iter().map(|n| seat(n, false)).collect::<Vec<_>>());
}

#[test]
fn nobody_is_blamed_for_windows_that_ran_out_in_a_pause() {
    let mut world = World::new();
    let id = world.propose("text");
    world.draw(id);
    let auditors = world.auditors(id);
    for node in &auditors[..4] {
        world.commit(id, node, &clean()).unwrap();
    }
    world.set_paused(true);
    world.pass(86_400);
    world.set_paused(false);
    world.close_audit(id).unwrap();
    assert_eq!(world.reason(id), "audit_quorum");
    assert_eq!(world.balance(&world.ann), WEALTH);
    assert_eq!(reported(&world), []);
    // A pause that was over before the draw excuses nobody.
    world.pass(1);
    let next = world.propose("text");
    world.draw(next);
    world.pass(86_400);
    world.close_audit(next).unwrap();
    assert_eq!(reported(&world).len(), 5);
}
