//! Emission of nodes that others delegate to: it goes to `nodes`, whoever asks.

use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use lyceum_api::rewards::{ClaimableResponse, ExecuteMsg, PaidResponse, Pool, QueryMsg, TrailResponse};
use lyceum_rewards::ContractError;

use crate::world::{LYC, World, payment, refused, ulyc};

/// 50 LYC are emitted each time: 30 to trainers, 10 to data.
fn sealed(blocks: u64) -> (World, Addr) {
    let mut world = World::new(1_000 * LYC);
    let ann = "ann".into_addr();
    for block in 0..blocks {
        world.accrue(block, &[(Pool::Trainers, &ann, 1), (Pool::Data, &ann, 1)]).unwrap();
        world.pass(600);
        world.seal(block).unwrap();
    }
    (world, ann)
}

fn claimable(world: &World, account: &Addr) -> (u128, u128) {
    let msg = QueryMsg::Claimable { account: account.to_string(), limit: None };
    let answer: ClaimableResponse = world.ask(&msg);
    (answer.amount.u128(), answer.shared.u128())
}

#[test]
fn anyone_sends_a_shared_node_s_emission_to_nodes_and_its_own_stays_its_own() {
    let (mut world, ann) = sealed(1);
    let tasks = world.tasks.clone();
    let payments = vec![payment(&ann, 7)];
    world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(7)).unwrap();
    assert_eq!(claimable(&world, &ann), (40 * LYC + 7, 0));
    world.set_shared(&ann, true).unwrap();
    assert_eq!(claimable(&world, &ann), (10 * LYC + 7, 30 * LYC));
    world.share(&ann, None).unwrap();
    assert_eq!(world.heard(), [(ann.to_string(), (30 * LYC).into(), true)]);
    assert_eq!((world.balance(&world.nodes).u128(), world.balance(&ann).u128()), (30 * LYC, 0));
    assert_eq!(claimable(&world, &ann), (10 * LYC + 7, 0), "data and payments were credited");
    world.claim(&ann).unwrap();
    assert_eq!(world.balance(&ann).u128(), 10 * LYC + 7);
    let paid =
        |account: &Addr| -> PaidResponse { world.ask(&QueryMsg::Paid { account: account.to_string() }) };
    assert_eq!((paid(&world.nodes).amount.u128(), paid(&ann).amount.u128()), (30 * LYC, 10 * LYC + 7));
    let trail: TrailResponse = world.ask(&QueryMsg::Trail { start_after: None, limit: None });
    let shared: Vec<_> = trail.entries.iter().filter(|e| e.kind == "share").collect();
    assert_eq!((shared.len(), &shared[0].account, shared[0].amount.u128()), (1, &ann, 30 * LYC));
}

#[test]
fn a_claim_by_the_node_itself_shares_as_well() {
    let (mut world, ann) = sealed(1);
    world.set_shared(&ann, true).unwrap();
    world.claim(&ann).unwrap();
    assert_eq!((world.balance(&world.nodes).u128(), world.balance(&ann).u128()), (30 * LYC, 10 * LYC));
    refused(world.claim(&ann), &ContractError::NothingToClaim);
}

#[test]
fn a_share_says_whether_it_left_anything_behind_and_goes_through_with_nothing() {
    let (mut world, ann) = sealed(3);
    world.set_shared(&ann, true).unwrap();
    for limit in [Some(2), Some(2), None] {
        world.share(&ann, limit).unwrap();
    }
    let heard: Vec<_> = world.heard().into_iter().map(|(_, amount, all)| (amount.u128(), all)).collect();
    assert_eq!(heard, [(60 * LYC, false), (30 * LYC, true), (0, true)]);
}

#[test]
fn data_that_is_never_claimed_does_not_stand_before_what_is_shared() {
    let mut world = World::new(10_000 * LYC);
    let ann = "ann".into_addr();
    for block in 0..120 {
        world.accrue(block, &[(Pool::Data, &ann, 1)]).unwrap();
        world.pass(600);
        world.seal(block).unwrap();
    }
    world.accrue(120, &[(Pool::Service, &ann, 1)]).unwrap();
    world.pass(600);
    world.seal(120).unwrap();
    world.set_shared(&ann, true).unwrap();
    for _ in 0..2 {
        world.share(&ann, Some(100)).unwrap();
    }
    assert!(!world.balance(&world.nodes).is_zero());
}

#[test]
fn what_nobody_delegates_to_is_not_shared() {
    let (mut world, ann) = sealed(1);
    refused(world.share(&ann, None), &ContractError::NotShared { node: ann.clone() });
    world.set_shared(&ann, true).unwrap();
    world.set_shared(&ann, false).unwrap();
    refused(world.share(&ann, None), &ContractError::NotShared { node: ann.clone() });
    world.claim(&ann).unwrap();
    assert_eq!(world.balance(&ann).u128(), 40 * LYC);
    assert!(world.heard().is_empty(), "no second contract is loaded");
}

#[test]
fn shares_stay_open_while_paused() {
    let (mut world, ann) = sealed(1);
    let charter = world.charter.clone();
    world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap();
    world.set_shared(&ann, true).unwrap();
    world.share(&ann, None).unwrap();
    assert_eq!(world.heard().len(), 1);
}
