//! Funds, payments, grants, the trail, the pause switch and the events.

use std::collections::BTreeSet;

use cosmwasm_std::Uint128;
use cw_multi_test::{Executor, IntoAddr};
use lyceum_api::rewards::{ConfigResponse, ExecuteMsg, Pool, QueryMsg, TrailResponse};

use crate::world::{LYC, World, payment, shapes, ulyc};

#[test]
fn a_deposit_credits_its_payments_and_the_rest_joins_the_treasury() {
    let mut world = World::new(0);
    let [ann, bob] = ["ann", "bob"].map(IntoAddr::into_addr);
    let (charter, nodes) = (world.charter.clone(), world.nodes.clone());
    world.app.send_tokens(charter, nodes, &ulyc(10)).unwrap();
    for sender in [world.tasks.clone(), world.nodes.clone(), world.datasets.clone()] {
        let payments = vec![payment(&ann, 3), payment(&bob, 2), payment(&ann, 1), payment(&bob, 0)];
        world.send(&sender, &ExecuteMsg::Deposit { payments }, &ulyc(10)).unwrap();
    }
    let treasury = world.treasury();
    assert_eq!((treasury.free.u128(), treasury.accrued.u128(), treasury.paid.u128()), (12, 18, 0));
    world.claim(&ann).unwrap();
    assert_eq!((world.balance(&ann).u128(), world.claimable(&bob).u128()), (12, 6));
    assert_eq!(world.held(), world.treasury().free + world.treasury().accrued);
}

#[test]
fn coins_sent_without_a_message_count_for_nothing() {
    let mut world = World::new(LYC);
    let (from, to) = (world.charter.clone(), world.rewards.clone());
    world.app.send_tokens(from, to, &ulyc(5)).unwrap();
    assert_eq!(world.treasury().free, Uint128::new(LYC));
}

#[test]
fn a_grant_leaves_the_treasury_for_its_receiver() {
    let mut world = World::new(10);
    let (charter, ann) = (world.charter.clone(), "ann".into_addr());
    let grant = |amount: u128| ExecuteMsg::Grant {
        to: ann.to_string(),
        amount: amount.into(),
        reason: "genesis".into(),
    };
    world.send(&charter, &grant(10), &[]).unwrap();
    assert_eq!((world.balance(&ann).u128(), world.treasury().free.u128()), (10, 0));
    assert_eq!(world.treasury().paid.u128(), 10);
}

#[test]
fn claims_and_funds_stay_open_while_paused() {
    let mut world = World::new(LYC);
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap();
    assert!(world.ask::<ConfigResponse>(&QueryMsg::Config {}).paused);
    world.send(&charter, &ExecuteMsg::Fund {}, &ulyc(1)).unwrap();
    let payments = vec![payment(&ann, 3)];
    world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(3)).unwrap();
    world.claim(&ann).unwrap();
    assert_eq!(world.balance(&ann).u128(), 3);
    world.send(&charter, &ExecuteMsg::SetPaused { paused: false }, &[]).unwrap();
    world.seal(0).unwrap();
}

#[test]
fn the_trail_tells_where_every_coin_came_from_and_went() {
    let mut world = World::new(100 * LYC);
    let (tasks, ann) = (world.tasks.clone(), "ann".into_addr());
    let payments = vec![payment(&ann, 3)];
    world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(5)).unwrap();
    world.accrue(0, &[(Pool::Trainers, &ann, 1)]).unwrap();
    world.pass(600);
    world.seal(0).unwrap();
    world.claim(&ann).unwrap();
    let page = |start_after, limit| -> TrailResponse { world.ask(&QueryMsg::Trail { start_after, limit }) };
    let entries = page(None, None).entries;
    let found: Vec<_> =
        entries.iter().map(|e| (e.id, e.kind.as_str(), e.amount.u128(), e.detail.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, "fund", 100 * LYC, "genesis"),
            (2, "deposit", 3, "committee_fee"),
            (3, "deposit", 2, "treasury"),
            (4, "emission", 30 * LYC, "0"),
            (5, "claim", 30 * LYC + 3, "1"),
        ]
    );
    assert_eq!(page(Some(2), Some(2)).entries.iter().map(|e| e.id).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn a_page_of_the_trail_is_capped() {
    let mut world = World::new(0);
    let charter = world.charter.clone();
    for _ in 0..105 {
        world.send(&charter, &ExecuteMsg::Fund {}, &ulyc(1)).unwrap();
    }
    let all: TrailResponse = world.ask(&QueryMsg::Trail { start_after: None, limit: Some(u32::MAX) });
    assert_eq!(all.entries.len(), 100);
}

#[test]
fn event_names_and_attributes_are_those_of_the_golden_file() {
    let mut world = World::new(100 * LYC);
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    let grant = ExecuteMsg::Grant { to: ann.to_string(), amount: 1u128.into(), reason: "r".into() };
    let deposit = ExecuteMsg::Deposit { payments: vec![payment(&ann, 1)] };
    let responses = [
        world.send(&charter, &ExecuteMsg::Fund {}, &ulyc(1)).unwrap(),
        world.send(&tasks, &deposit, &ulyc(1)).unwrap(),
        world.accrue(0, &[(Pool::Trainers, &ann, 1)]).unwrap(),
        world.seal(0).unwrap(),
        world.claim(&ann).unwrap(),
        world.send(&charter, &grant, &[]).unwrap(),
        world.set_shared(&ann, true).unwrap(),
        world.share(&ann, None).unwrap(),
        world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap(),
    ];
    let found: BTreeSet<_> = responses.iter().flat_map(shapes).collect();
    let golden: BTreeSet<_> = include_str!("../golden/events.txt").lines().map(str::to_owned).collect();
    assert_eq!(found, golden, "consumers follow these: this must not change");
}
