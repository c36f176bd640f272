//! GPUs and the power in dataset votes.
mod common;

use common::*;
use cw_multi_test::IntoAddr;
use lyceum_api::Hash32;
use lyceum_api::nodes::{ExecuteMsg, Params, SlashReason};

const MONTH: u64 = 28 * DAY;

fn bind(gpu: Hash32) -> ExecuteMsg {
    ExecuteMsg::BindGpu { gpu }
}

fn unbind(gpu: Hash32) -> ExecuteMsg {
    ExecuteMsg::UnbindGpu { gpu }
}

fn lapse(gpu: Hash32) -> ExecuteMsg {
    ExecuteMsg::LapseGpu { gpu }
}

#[test]
fn a_gpu_is_bound_by_the_first_who_comes_until_he_lets_it_go() {
    let mut w = world();
    let (alice, bob) = (w.bonded("alice", MIN), w.bonded("bob", MIN));
    w.send(&alice, &bind(gpu("a"))).unwrap();
    refused(w.send(&alice, &bind(gpu("a"))), "is bound to");
    refused(w.send(&bob, &bind(gpu("a"))), "is bound to");
    refused(w.send(&bob, &unbind(gpu("a"))), "may not send this message");
    refused(w.send(&bob, &unbind(gpu("b"))), "is bound to nobody");
    assert_eq!((w.holder(gpu("a")), w.node(&alice).gpus), (Some(alice.clone()), 1));
    w.send(&alice, &unbind(gpu("a"))).unwrap();
    assert_eq!((w.holder(gpu("a")), w.node(&alice).gpus), (None, 0));
    w.send(&bob, &bind(gpu("a"))).unwrap();
    assert_eq!(w.holder(gpu("a")), Some(bob));
}

#[test]
fn only_an_active_node_binds_and_at_most_256() {
    let mut w = world();
    refused(w.send(&"stranger".into_addr(), &bind(gpu("a"))), "is not a node");
    let alice = w.bonded("alice", MIN - 1);
    refused(w.send(&alice, &bind(gpu("a"))), "is not active");
    w.bond(&alice, 1).unwrap();
    for i in 0..256 {
        w.send(&alice, &bind(gpu(&i.to_string()))).unwrap();
    }
    refused(w.send(&alice, &bind(gpu("one more"))), "257 GPUs, expected at most 256");
}

#[test]
fn a_binding_lapses_without_accepted_work_and_anyone_may_end_it_then() {
    let mut w = world();
    let (alice, anyone) = (w.bonded("alice", MIN), "anyone".into_addr());
    w.send(&alice, &bind(gpu("a"))).unwrap();
    w.pass(MONTH - 1);
    refused(w.send(&anyone, &lapse(gpu("a"))), "lapses at");
    w.report(vec![opened(&alice, LYC), accepted(&alice, 3_600)]).unwrap();
    w.pass(MONTH - 1);
    refused(w.send(&anyone, &lapse(gpu("a"))), "lapses at");
    w.pass(1);
    w.send(&anyone, &lapse(gpu("a"))).unwrap();
    assert_eq!((w.holder(gpu("a")), w.node(&alice).gpus), (None, 0));
    refused(w.send(&anyone, &lapse(gpu("a"))), "is bound to nobody");
}

#[test]
fn vote_power_follows_gpus_stake_and_last_epochs_work_and_is_pushed_when_it_changes() {
    let mut w = world();
    let alice = w.bonded("alice", 3 * MIN);
    assert_eq!(w.pushed(&alice), None, "0 from the start needs no push");
    w.send(&alice, &bind(gpu("a"))).unwrap();
    assert_eq!(w.pushed(&alice), Some(1));
    w.send(&alice, &bind(gpu("b"))).unwrap();
    w.send(&alice, &bind(gpu("c"))).unwrap();
    assert_eq!(w.powers().len(), 1, "without work it stays at 1");

    // Nine accepted GPU-hours count in the epoch after the one in which they were accepted.
    w.report(vec![opened(&alice, LYC), accepted(&alice, 9 * 3_600)]).unwrap();
    assert_eq!(w.pushed(&alice), Some(1));
    w.pass(MONTH);
    w.mature(&alice).unwrap();
    assert_eq!((w.pushed(&alice), w.node(&alice).vote_power), (Some(3), 3));
    w.unbond(&alice, MIN).unwrap();
    assert_eq!(w.pushed(&alice), Some(2));
    w.bond(&alice, MIN).unwrap();
    assert_eq!(w.pushed(&alice), Some(3));
    w.send(&alice, &unbind(gpu("a"))).unwrap();
    assert_eq!(w.pushed(&alice), Some(2));
    w.pass(MONTH);
    w.send(&"anyone".into_addr(), &lapse(gpu("b"))).unwrap();
    assert_eq!(w.pushed(&alice), Some(1));
}

#[test]
fn a_slashed_node_in_jail_votes_with_nothing() {
    let mut w = world_with(Params { jail_seconds: 10, ..Params::default() });
    let alice = w.bonded("alice", 2 * MIN);
    w.send(&alice, &bind(gpu("a"))).unwrap();
    w.report(vec![slashed(&alice, SlashReason::Downtime)]).unwrap();
    assert_eq!(w.pushed(&alice), Some(0));
    w.pass(10);
    w.send(&alice, &ExecuteMsg::Unjail {}).unwrap();
    assert_eq!(w.pushed(&alice), Some(1));
    // Below the least stake it is inactive, and the same holds.
    w.unbond(&alice, MIN).unwrap();
    assert_eq!(w.pushed(&alice), Some(0));
}
