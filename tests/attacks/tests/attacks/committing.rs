//! Commits, reveals and sealed benchmarks.

use lyceum_testing::anyhow::Result;
use lyceum_testing::api::Hash32;
use lyceum_testing::api::nodes::Role;
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg, TaskStatus};
use lyceum_testing::{LYC, Network};

use crate::arena::{Arena, GAIN, STAKE, refused};

#[test]
fn a_copied_commit_cannot_be_revealed_and_costs_its_copier_bond_and_fee() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let (alice, thief) = (arena.trainer("alice")?, arena.trainer("thief")?);
    let honest = arena.network.take_task(&alice, task, GAIN)?;
    let stolen = arena.network.take_task(&thief, task, GAIN)?;
    let before = arena.worth(&thief)?;

    arena.network.commit_claim(&honest)?;
    let commit = arena.network.claim(honest.id)?.commit.unwrap();
    arena.send(&thief, &ExecuteMsg::Commit { claim: stolen.id, commit }, 0)?;
    arena.network.wait_for_commits(task)?;
    arena.network.reveal_claim(&honest)?;
    arena.network.unseal(task)?;
    // Content and salt are public now.
    let salt = Hash32::of(format!("claim {}", honest.id).as_bytes()).0.to_vec().into();
    let reveal = ExecuteMsg::Reveal { claim: stolen.id, content: honest.run.content(), salt };
    refused(arena.send(&thief, &reveal, 0), "not those of the commitment");

    assert!(matches!(arena.judge(&honest)?, ClaimStatus::Settled { accepted: true, .. }));
    assert_eq!(arena.expire_after(7_200, &stolen)?, ClaimStatus::Forfeited {});
    arena.network.finalize_task(task)?;
    assert_eq!(arena.network.claim(honest.id)?.status, ClaimStatus::Accepted {});
    assert_eq!(arena.worth(&thief)?, before, "bond and fee were sent with the take; none came back");
    Ok(())
}

#[test]
fn a_block_that_an_accomplice_leaked_cannot_be_served_under_the_copiers_seed() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let (alice, thief) = (arena.trainer("alice")?, arena.trainer("thief")?);
    let honest = arena.network.take_task(&alice, task, GAIN)?;
    let mut stolen = arena.network.take_task(&thief, task, GAIN)?;
    let before = arena.worth(&thief)?;
    stolen.run = honest.run.clone();
    arena.reveal(&[&honest, &stolen])?;
    let panel = arena.first_panel(&stolen)?;
    arena.network.draw_panel(panel)?;
    // The states are those of the other's seed, so their hashes are not what the contract computes.
    refused(arena.network.serve_panel(&stolen, panel), "not proven to be the committed one");
    let fraud = ClaimStatus::Fraud { reason: "unserved".to_owned() };
    assert_eq!(arena.expire_after(1_800, &stolen)?, fraud);
    assert_eq!(before - arena.worth(&thief)?, STAKE / 5, "beside bond and fee");
    Ok(())
}

#[test]
fn shopping_for_a_seed_by_abandoning_costs_a_fee_each_and_ends_at_the_quota() -> Result<()> {
    let mut arena = Arena::new()?;
    let shopper = arena.trainer("shopper")?;
    let mut spent = 0;
    for _ in 0..20 {
        let mut task = arena.new_task(1, 0);
        task.commit_seconds = 60;
        let task = arena.open(task)?;
        let (bond, fee) = arena.terms(task)?;
        let before = arena.worth(&shopper)?;
        let claim = arena.network.take_task(&shopper, task, GAIN)?;
        // The seed is known and not liked; another one of the same task is not to be had.
        let again = ExecuteMsg::Take { task, recipe: Arena::recipe() };
        refused(arena.send(&shopper, &again, 0), "has taken task");
        assert_eq!(arena.expire_after(60, &claim)?, ClaimStatus::Lost {});
        arena.network.finalize_task(task)?;
        // The helper funded bond and fee.
        assert_eq!(arena.worth(&shopper)?, before + bond);
        spent += fee;
    }
    assert_eq!(spent, 100 * LYC);
    let task = arena.task(1, 0)?;
    refused(arena.network.take_task(&shopper, task, GAIN), "used its quota of 20");
    Ok(())
}

#[test]
fn not_revealing_after_having_seen_another_claim_costs_bond_and_fee() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let (alice, coward) = (arena.trainer("alice")?, arena.trainer("coward")?);
    let honest = arena.network.take_task(&alice, task, GAIN)?;
    let withheld = arena.network.take_task(&coward, task, GAIN)?;
    let before = arena.worth(&coward)?;
    arena.network.commit_claim(&honest)?;
    arena.network.commit_claim(&withheld)?;
    arena.network.wait_for_commits(task)?;
    arena.network.reveal_claim(&honest)?;
    arena.network.unseal(task)?;
    assert_eq!(arena.expire_after(600, &withheld)?, ClaimStatus::Forfeited {});
    assert_eq!(arena.worth(&coward)?, before, "bond and fee are gone");
    // Nor can it come back once it knows how the other was judged.
    refused(arena.network.reveal_claim(&withheld), "expected committed");
    Ok(())
}

#[test]
fn a_benchmark_is_not_for_its_author_nor_for_anyone_before_the_commits_end() -> Result<()> {
    let mut arena = Arena::new()?;
    let both = [Role::Coordinator, Role::Trainer];
    let author = arena.network.bond_node("author", STAKE, &both)?;
    let sibling = arena.network.register_node("sibling", "author", &[Role::Trainer])?;
    arena.network.bond(&sibling, STAKE)?;
    let task = arena.new_task(1, 0);
    let task = arena.network.open_task(&author, task)?;
    refused(arena.network.take_task(&author, task, GAIN), "the opener of a task may not take it");
    refused(arena.network.take_task(&sibling, task, GAIN), "nor may another node of its operator");

    let trainer = arena.trainer("trainer")?;
    let claim = arena.network.take_task(&trainer, task, GAIN)?;
    arena.network.commit_claim(&claim)?;
    // The key on chain before the commits end would let everybody train on it.
    refused(arena.network.unseal(task), "too early");
    arena.network.wait_for_commits(task)?;
    let key = Hash32::of(b"another key, of a benchmark that suits somebody");
    refused(arena.anyone(&ExecuteMsg::Unseal { task, key }), "not the one that the task committed to");
    Ok(())
}

#[test]
fn a_benchmark_is_sealed_to_no_round_that_trainers_could_wait_for_or_evaluators_would_miss() -> Result<()> {
    let mut arena = Arena::new()?;
    let opener = arena.network.bond_node("opener", STAKE, &[Role::Coordinator])?;
    let mut task = arena.new_task(1, 0);
    let until = arena.network.time() + task.commit_seconds;
    // Out an hour before the commits end: whoever trains last trains on the benchmark.
    task.benchmark.round = arena.network.beacon.first_round_from(until - 3_600);
    refused(arena.network.open_task(&opener, task.clone()), "the time of the benchmark's round");
    // Out next year: only the opener has the key in time, and unseals if it likes what was revealed.
    task.benchmark.round = arena.network.beacon.first_round_from(until + 365 * 86_400);
    refused(arena.network.open_task(&opener, task.clone()), "the time of the benchmark's round");
    // Nor is there room for anything but a key.
    task.benchmark.round = 0;
    task.benchmark.sealed_key = vec![7; 1 << 20].into();
    refused(arena.network.open_task(&opener, task), "the length of the benchmark's sealed key");
    Ok(())
}

#[test]
fn sealing_a_benchmark_for_ever_costs_its_opener_the_deposit_and_the_fees() -> Result<()> {
    let mut arena = Arena::new()?;
    let opener = arena.network.bond_node("opener", 2_000 * LYC, &[Role::Coordinator])?;
    let stake = arena.worth(&opener)?;
    // The chain can't see that this opens with no round's signature.
    let mut task = arena.new_task(1, 0);
    task.benchmark.sealed_key = vec![0xff; 160].into();
    let task = arena.network.open_task(&opener, task)?;
    let (bond, fee) = arena.terms(task)?;
    let trainer = arena.trainer("trainer")?;
    let before = arena.worth(&trainer)?;
    let claim = arena.network.take_task(&trainer, task, GAIN)?;
    arena.network.commit_claim(&claim)?;
    arena.network.wait_for_commits(task)?;
    let round = arena.network.task(task)?.task.benchmark.round;
    arena.network.post_round(round)?;
    arena.network.reveal_claim(&claim)?;
    arena.network.travel(600);
    refused(arena.network.unseal(task), "too late");
    arena.anyone(&ExecuteMsg::VoidTask { task })?;
    assert_eq!(arena.network.task(task)?.status, TaskStatus::Void);
    assert_eq!(arena.worth(&trainer)?, before + bond + fee, "the trainer has lost nothing");
    // Of a deposit and three fees, the deposit and one fee are the treasury's.
    assert_eq!(arena.worth(&opener)?, stake + 2 * fee);
    Ok(())
}

#[test]
fn a_late_commit_is_no_commit() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let trainer = arena.trainer("late")?;
    let claim = arena.network.take_task(&trainer, task, GAIN)?;
    arena.network.wait_for_commits(task)?;
    arena.anyone(&ExecuteMsg::Unseal { task, key: Network::benchmark_key() })?;
    refused(arena.network.commit_claim(&claim), "too late");
    assert_eq!(arena.expire_after(1, &claim)?, ClaimStatus::Lost {});
    Ok(())
}
