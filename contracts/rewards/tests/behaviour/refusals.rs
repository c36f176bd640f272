//! Everything `rewards` refuses.

use cosmwasm_std::{Addr, Coin, Uint128};
use cw_multi_test::IntoAddr;
use cw_utils::PaymentError;
use lyceum_api::rewards::{Accrual, ExecuteMsg, Payment, Pool};
use lyceum_onchain::permission::Unauthorized;
use lyceum_rewards::ContractError;

use crate::world::{World, payment, refused, ulyc};

fn accruals(count: usize) -> Vec<Accrual> {
    let account = "ann".into_addr().to_string();
    vec![Accrual { pool: Pool::Data, account, weight: Uint128::one() }; count]
}

fn grant(to: &str, amount: u128, reason: &str) -> ExecuteMsg {
    ExecuteMsg::Grant { to: to.to_owned(), amount: amount.into(), reason: reason.to_owned() }
}

#[test]
fn each_message_is_only_for_its_sender() {
    let mut world = World::new(100);
    let (charter, tasks, datasets, nodes, mallory) = (
        world.charter.clone(),
        world.tasks.clone(),
        world.datasets.clone(),
        world.nodes.clone(),
        "mallory".into_addr(),
    );
    let names = |list: &[&Addr]| list.iter().map(|a| a.to_string()).collect::<Vec<_>>().join(" or ");
    let deposit = ExecuteMsg::Deposit { payments: vec![] };
    let accrue = ExecuteMsg::Accrue { learning_block: 0, accruals: accruals(1) };
    let seal = ExecuteMsg::Seal { learning_block: 0 };
    let pause = ExecuteMsg::SetPaused { paused: true };
    let unshare = ExecuteMsg::SetShared { node: mallory.to_string(), shared: false };
    let cases = [
        (&charter, deposit, names(&[&tasks, &nodes, &datasets])),
        (&nodes, accrue.clone(), names(&[&tasks, &datasets])),
        (&mallory, accrue, names(&[&tasks, &datasets])),
        (&datasets, seal, names(&[&tasks])),
        (&tasks, grant(mallory.as_str(), 1, "x"), names(&[&charter])),
        (&mallory, pause, names(&[&charter])),
        (&charter, unshare, names(&[&nodes])),
    ];
    for (sender, msg, expected) in cases {
        let error = Unauthorized { sender: sender.clone(), expected };
        refused(world.send(sender, &msg, &[]), &error.into());
    }
}

#[test]
fn funds_are_checked() {
    let mut world = World::new(100);
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    let foreign = [Coin::new(1u128, "other")];
    refused(world.send(&charter, &ExecuteMsg::Fund {}, &[]), &PaymentError::NoFunds {}.into());
    let missing = PaymentError::MissingDenom("ulyc".into());
    refused(world.send(&charter, &ExecuteMsg::Fund {}, &foreign), &missing.into());
    let deposit = ExecuteMsg::Deposit { payments: vec![payment(&ann, 6), payment(&ann, 5)] };
    let short = ContractError::FundsTooLow { required: 11u128.into(), found: 10u128.into() };
    refused(world.send(&tasks, &deposit, &ulyc(10)), &short);
    let overflow = ExecuteMsg::Deposit { payments: vec![payment(&ann, u128::MAX), payment(&ann, 1)] };
    refused(world.send(&tasks, &overflow, &ulyc(1)), &ContractError::Overflow { what: "the payments" });
    let no_funds_wanted = [
        (&tasks, ExecuteMsg::Accrue { learning_block: 0, accruals: accruals(1) }),
        (&tasks, ExecuteMsg::Seal { learning_block: 0 }),
        (&tasks, ExecuteMsg::Claim { limit: None }),
        (&charter, grant(ann.as_str(), 1, "x")),
        (&charter, ExecuteMsg::SetPaused { paused: true }),
    ];
    for (sender, msg) in no_funds_wanted {
        refused(world.send(sender, &msg, &ulyc(1)), &PaymentError::NonPayable {}.into());
    }
}

#[test]
fn lists_and_reasons_are_bounded() {
    let mut world = World::new(100);
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    let payments = vec![payment(&ann, 1); 65];
    let too_many = |what| ContractError::TooMany { what, found: 65, max: 64 };
    refused(world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(65)), &too_many("payments"));
    let accrue = ExecuteMsg::Accrue { learning_block: 0, accruals: accruals(65) };
    refused(world.send(&tasks, &accrue, &[]), &too_many("accruals"));
    let long = "x".repeat(129);
    for (reason, found) in [("", 0), (long.as_str(), 129)] {
        let error = ContractError::Reason { found, max: 128 };
        refused(world.send(&charter, &grant(ann.as_str(), 1, reason), &[]), &error);
        let payments = vec![Payment { reason: reason.to_owned(), ..payment(&ann, 1) }];
        refused(world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(1)), &error);
    }
}

#[test]
fn only_the_open_learning_block_takes_weights_and_seals() {
    let mut world = World::new(100);
    let ann = "ann".into_addr();
    let not_open = |open, found| ContractError::NotOpen { open, found };
    refused(world.accrue(1, &[(Pool::Data, &ann, 1)]), &not_open(0, 1));
    refused(world.seal(1), &not_open(0, 1));
    world.seal(0).unwrap();
    refused(world.accrue(0, &[(Pool::Data, &ann, 1)]), &not_open(1, 0));
    refused(world.seal(0), &not_open(1, 0));
}

#[test]
fn weights_beyond_128_bits_are_refused() {
    let mut world = World::new(100);
    let [ann, bob] = ["ann", "bob"].map(IntoAddr::into_addr);
    world.accrue(0, &[(Pool::Data, &ann, u128::MAX)]).unwrap();
    let error = ContractError::Overflow { what: "the weights of a pool" };
    refused(world.accrue(0, &[(Pool::Data, &bob, 1)]), &error);
}

#[test]
fn a_grant_stays_within_the_free_treasury() {
    let mut world = World::new(100);
    let (charter, tasks, ann) = (world.charter.clone(), world.tasks.clone(), "ann".into_addr());
    let payments = vec![payment(&ann, 50)];
    world.send(&tasks, &ExecuteMsg::Deposit { payments }, &ulyc(50)).unwrap();
    let error = ContractError::TreasuryTooLow { required: 101u128.into(), found: 100u128.into() };
    refused(world.send(&charter, &grant(ann.as_str(), 101, "x"), &[]), &error);
    refused(world.send(&charter, &grant(ann.as_str(), 0, "x"), &[]), &ContractError::ZeroAmount);
    assert!(world.send(&charter, &grant("nobody", 1, "x"), &[]).is_err(), "an invalid address");
}

#[test]
fn while_paused_nothing_is_promised() {
    let mut world = World::new(100);
    let (charter, ann) = (world.charter.clone(), "ann".into_addr());
    world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap();
    refused(world.accrue(0, &[(Pool::Data, &ann, 1)]), &ContractError::Paused);
    refused(world.seal(0), &ContractError::Paused);
    refused(world.send(&charter, &grant(ann.as_str(), 1, "x"), &[]), &ContractError::Paused);
}

#[test]
fn who_is_owed_nothing_is_told_so() {
    let mut world = World::new(100);
    let ann = "ann".into_addr();
    refused(world.claim(&ann), &ContractError::NothingToClaim);
    world.accrue(0, &[(Pool::Data, &ann, 1)]).unwrap();
    refused(world.claim(&ann), &ContractError::NothingToClaim);
}
