//! Farming: rewards for nothing new, for a lie, or for harm to others.

use lyceum_testing::anyhow::Result;
use lyceum_testing::api::rewards::Pool;
use lyceum_testing::api::tasks::{ClaimStatus, DomainResponse, ExecuteMsg, PanelKind, QueryMsg};
use lyceum_testing::made_up::Run;
use lyceum_testing::{Claimed, LYC};

use crate::arena::{Arena, GAIN, refused};

fn gaining(gain: i64, reported: i64) -> impl FnOnce(Run) -> Run {
    move |mut run| {
        (run.gain, run.reported) = (gain, reported);
        run
    }
}

/// The weight that a claim adds for its trainer, on a domain and a shard.
fn earned(arena: &mut Arena, domain: u64, at: usize, name: &str, gain: i64, reported: i64) -> Result<u128> {
    let before = arena.weight(Pool::Trainers)?;
    let task = arena.task(domain, at)?;
    let claim = arena.claim(task, name, gaining(gain, reported))?;
    arena.conclude(&claim)?;
    Ok(arena.weight(Pool::Trainers)? - before)
}

#[test]
fn gains_that_luck_explains_earn_nothing_and_cost_the_fee() -> Result<()> {
    let mut arena = Arena::new()?;
    // What seats measure is the mean minus two standard errors: below or at zero there is no gain.
    for (i, gain) in [0, -1, -2_000_000].into_iter().enumerate() {
        let trainer = arena.trainer(&format!("lucky {i}"))?;
        let before = arena.worth(&trainer)?;
        let task = arena.task(1, i)?;
        let (bond, fee) = arena.terms(task)?;
        let claim = arena.claim_by(task, &trainer, gaining(gain, GAIN))?;
        assert_eq!(arena.conclude(&claim)?, ClaimStatus::Rejected { reason: "no_gain".to_owned() });
        // The helper gave it bond and fee: only the bond came back.
        assert_eq!((arena.worth(&trainer)?, arena.weight(Pool::Trainers)?), (before + bond, 0));
        assert_eq!(fee, 5 * LYC);
    }
    assert_eq!(arena.learning_block()?.weighted_gain, 0);
    refused(arena.anyone(&ExecuteMsg::CheckHeads {}), "learning block 0 has 0 of");
    Ok(())
}

#[test]
fn a_gain_in_two_parts_weighs_no_more_than_in_one() -> Result<()> {
    // Parts of 2 % and 2 % are 3.96 % together.
    let mut whole = Arena::new()?;
    let one = earned(&mut whole, 1, 0, "whole", 3_960_000, 3_960_000)?;
    let mut split = Arena::new()?;
    let first = earned(&mut split, 1, 0, "first", 2_000_000, 2_000_000)?;
    let second = earned(&mut split, 1, 1, "second", 2_000_000, 2_000_000)?;
    // The first improvement of an epoch weighs half as much again, once: the rest of a split goes without.
    assert_eq!(first, second * 3 / 2);
    assert!(first + second < one, "{first} + {second} against {one}");
    Ok(())
}

#[test]
fn the_same_improvement_sold_twice_at_once_is_paid_once() -> Result<()> {
    let mut arena = Arena::new()?;
    let (one, two) = (arena.task(1, 0)?, arena.task(1, 1)?);
    let trainer = arena.trainer("seller")?;
    let mut first = arena.network.take_task(&trainer, one, GAIN)?;
    let mut second = arena.network.take_task(&trainer, two, GAIN)?;
    for claim in [&mut first, &mut second] {
        claim.run.gain = GAIN;
        arena.network.commit_claim(claim)?;
    }
    arena.network.wait_for_commits(two)?;
    for claim in [&first, &second] {
        arena.network.reveal_claim(claim)?;
        arena.network.unseal(claim.task)?;
    }
    // Both are measured against the same head.
    for claim in [&first, &second] {
        assert!(matches!(arena.judge(claim)?, ClaimStatus::Settled { accepted: true, .. }));
    }
    assert_eq!(arena.conclude(&first)?, ClaimStatus::Accepted {});
    let (weight, gain) = (arena.weight(Pool::Trainers)?, arena.learning_block()?.weighted_gain);
    assert!(weight > 0 && gain > 0);
    assert_eq!(arena.conclude(&second)?, ClaimStatus::Accepted {});
    assert_eq!(arena.weight(Pool::Trainers)?, weight, "a fork: its gain was over what is no head any more");
    assert_eq!(arena.learning_block()?.weighted_gain, gain);
    Ok(())
}

#[test]
fn data_consumed_in_an_epoch_earn_trainer_and_contributor_nothing_again() -> Result<()> {
    let mut arena = Arena::new()?;
    assert!(earned(&mut arena, 1, 0, "first", GAIN, GAIN)? > 0);
    let data = arena.weight(Pool::Data)?;
    assert!(data > 0);
    assert_eq!(earned(&mut arena, 1, 0, "second", GAIN, GAIN)?, 0);
    assert_eq!(arena.weight(Pool::Data)?, data);
    Ok(())
}

#[test]
fn saying_more_or_less_than_the_truth_earns_less_than_saying_it() -> Result<()> {
    let weight = |reported| earned(&mut Arena::new()?, 1, 0, "trainer", GAIN, reported);
    let truth = weight(GAIN)?;
    assert!(truth > 0);
    for (reported, share) in [(GAIN + 1_000_000, 0.7), (GAIN - 1_000_000, 0.7), (2 * GAIN, 0.0), (0, 0.0)] {
        let lie = weight(reported)?;
        assert!(lie as f64 <= truth as f64 * share, "{reported} for {GAIN} earned {lie} of {truth}");
    }
    assert_eq!(weight(i64::MAX)?, 0);
    assert_eq!(weight(i64::MIN)?, 0);
    Ok(())
}

#[test]
fn claims_hoarded_for_ten_days_emit_as_much_as_one_block_does() -> Result<()> {
    let mut arena = Arena::new()?;
    arena.honest(1, 0, "one")?;
    arena.honest(2, 1, "two")?;
    arena.honest(3, 2, "three")?;
    arena.network.travel(10 * 86_400);
    assert_eq!(arena.seal()?, 50 * LYC);
    // At once again, and nothing new: there is nothing to seal.
    refused(arena.anyone(&ExecuteMsg::CheckHeads {}), "has 0 of");
    Ok(())
}

/// Scores of other domains that are so much worse, in parts per ten thousand.
fn harming(arena: &mut Arena, name: &str, at: usize, worse: i64) -> Result<(Claimed, ClaimStatus)> {
    let task = arena.task(1, at)?;
    let claim = arena.claim(task, name, |run| run)?;
    let verdict = arena.judge_with(&claim, |_, _, said| {
        for guard in said.scored.iter_mut().flat_map(|s| &mut s.guards) {
            guard.score = 3_000_000 + 300 * worse;
        }
    })?;
    Ok((claim, verdict))
}

#[test]
fn damage_to_other_domains_in_small_slices_is_held_against_the_best_of_the_epoch() -> Result<()> {
    let mut arena = Arena::new()?;
    // A slice of 0.9 % passes; the next one is 1.8 % below the best, not 0.9 % below the last.
    let (first, verdict) = harming(&mut arena, "slice 1", 0, 90)?;
    assert!(matches!(verdict, ClaimStatus::Settled { accepted: true, .. }));
    arena.conclude(&first)?;
    let query = QueryMsg::Domain { domain: 2 };
    let code: DomainResponse = arena.network.query(&arena.network.at.tasks, &query)?;
    assert_eq!(code.best, 3_000_000);
    let (second, verdict) = harming(&mut arena, "slice 2", 1, 180)?;
    assert!(matches!(verdict, ClaimStatus::Settled { accepted: false, .. }));
    let rejected = ClaimStatus::Rejected { reason: "guard".to_owned() };
    assert_eq!(arena.conclude(&second)?, rejected);
    Ok(())
}

#[test]
fn a_learning_block_does_not_seal_while_a_domain_is_harmed() -> Result<()> {
    let mut arena = Arena::new()?;
    arena.honest(1, 0, "first")?;
    arena.seal()?;
    let mut task = arena.new_task(1, 1);
    task.commit_seconds = 3_600;
    let task = arena.open(task)?;
    let claim = arena.claim(task, "second", |run| run)?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    arena.anyone(&ExecuteMsg::CheckHeads {})?;
    let panel = arena.learning_block()?.panel.unwrap();
    arena.network.run_panel(&claim, panel, |network, info, seat| {
        let mut said = network.honest_attestation(info, seat, &claim.run)?;
        assert_eq!(info.kind, PanelKind::Heads {});
        said.heads[2].score = 3_000_000 * 102 / 100;
        Ok(said)
    })?;
    assert_eq!(arena.learning_block()?.number, 1, "nobody is paid");
    refused(arena.anyone(&ExecuteMsg::CheckHeads {}), "too early");
    arena.network.travel(600);
    assert!(arena.seal()? > 0, "checked again and not harmed any more");
    Ok(())
}
