//! Forged runs: whatever a trainer did instead of training, honest seats that begin at its states arrive elsewhere.

use lyceum_economy::bond::smallest_detection;
use lyceum_testing::anyhow::Result;
use lyceum_testing::api::experts::{self, BlockStatus};
use lyceum_testing::api::manifest::Target;
use lyceum_testing::api::rewards::Pool;
use lyceum_testing::api::tasks::ClaimStatus;
use lyceum_testing::made_up::Forgery;

use crate::arena::{Arena, STAKE};

/// A sketch's parts: w, m, √v.
const PART: usize = 32;

/// Has a trainer forge its run so, and shows what it cost.
fn convicted(forgery: Forgery, reason: &str) -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let (bond, fee) = arena.terms(task)?;
    let trainer = arena.trainer("forger")?;
    let before = arena.worth(&trainer)?;

    let claim = arena.claim_by(task, &trainer, |run| run.forged(forgery))?;
    let status = arena.conclude(&claim)?;
    assert_eq!(status, ClaimStatus::Fraud { reason: reason.to_owned() });

    // The helper gave it bond and fee: neither came back, and a fifth of its stake went.
    assert_eq!(before - arena.worth(&trainer)?, STAKE / 5);
    assert!(bond > 0 && fee > 0);
    assert!(!arena.network.node(&trainer)?.active, "a forger goes to jail");
    assert_eq!(arena.weight(Pool::Trainers)?, 0, "and earns nothing");
    let block = arena.network.claim(claim.id)?.block.unwrap();
    let query = experts::QueryMsg::Block { block };
    let block: experts::BlockResponse = arena.network.query(&arena.network.at.experts, &query)?;
    assert_eq!(block.status, BlockStatus::Void {});
    Ok(())
}

#[test]
fn who_does_not_train_loses_bond_and_stake() -> Result<()> {
    convicted(|_, change| change.fill(0), "interval")
}

#[test]
fn who_trains_half_the_steps_loses_bond_and_stake() -> Result<()> {
    convicted(|_, change| change.iter_mut().for_each(|c| *c /= 2), "interval")
}

#[test]
fn who_trains_on_other_data_loses_bond_and_stake() -> Result<()> {
    // Of the same size, in another direction.
    convicted(|_, change| change.chunks_mut(PART).for_each(|part| part.rotate_left(1)), "interval")
}

#[test]
fn a_block_of_noise_loses_bond_and_stake() -> Result<()> {
    convicted(
        |interval, change| {
            for (i, c) in change.iter_mut().enumerate() {
                let bit = (interval.wrapping_mul(2_654_435_761) >> (i % 32)) & 1;
                *c = if bit == 1 { c.abs() } else { -c.abs() };
            }
        },
        "interval",
    )
}

#[test]
fn a_forged_optimizer_state_is_seen_though_the_weights_are_right() -> Result<()> {
    convicted(|_, change| change[PART..2 * PART].iter_mut().for_each(|m| *m *= 3), "interval")?;
    convicted(|_, change| change[2 * PART..].fill(0), "interval")
}

#[test]
fn a_single_jump_to_copied_weights_is_found_though_no_seat_was_given_its_interval() -> Result<()> {
    // The draw of this network does not hit interval 115; the rule of jumps finds it.
    convicted(
        |interval, change| {
            if interval == 115 {
                change[..PART].iter_mut().for_each(|w| *w *= 100);
            }
        },
        "jump",
    )
}

#[test]
fn copied_weights_approached_evenly_are_no_jump_and_found_by_every_seat() -> Result<()> {
    // A straight line from the parent to somebody else's block, in 200 equal steps.
    convicted(|_, change| change[..PART].iter_mut().for_each(|w| *w = 1 << 31), "interval")
}

#[test]
fn faking_one_interval_in_two_hundred_is_expected_to_lose_money() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let (bond, _) = arena.terms(task)?;
    let info = arena.network.task(task)?;
    let domain: lyceum_testing::api::tasks::DomainResponse = arena
        .network
        .query(&arena.network.at.tasks, &lyceum_testing::api::tasks::QueryMsg::Domain { domain: 1 })?;
    let most = domain.domain.max_reward.u128();
    // Seven distinct intervals are drawn, so that much of a million: a single fake is found least often.
    let found = u128::from(smallest_detection(info.task.intervals, 7)?.ppm());
    assert_eq!(found, 35_000);
    assert!((1_000_000 - found) * most < found * bond, "bond {bond} against {most}");
    assert!(found * bond * 2 >= (1_000_000 - found) * most * 3, "with half as much again");
    // Beside it stands a fifth of the stake, which is at least the bond.
    Ok(())
}

#[test]
fn a_fraud_has_no_descendants_for_tasks_stand_on_final_blocks() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let forger = arena.claim(task, "forger", |run| run.forged(|_, change| change.fill(0)))?;
    // While it is provisional a task that opens has the base for its parent, not the forger's block.
    let child = arena.task(1, 1)?;
    assert_eq!(arena.network.task(child)?.parent, None);
    assert!(matches!(arena.conclude(&forger)?, ClaimStatus::Fraud { .. }));
    let query = experts::QueryMsg::Head { model: arena.model, target: Target::Expert { index: 0 } };
    let head: experts::HeadResponse = arena.network.query(&arena.network.at.experts, &query)?;
    assert_eq!(head.head, None);
    Ok(())
}

#[test]
fn a_block_that_does_not_gain_is_rejected_and_costs_the_fee() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let (bond, _) = arena.terms(task)?;
    let trainer = arena.trainer("hopeful")?;
    let before = arena.worth(&trainer)?;
    // The committee measures a loss, as of noise that somebody honestly trained to.
    let claim = arena.claim_by(task, &trainer, |mut run| {
        run.gain = -500_000;
        run
    })?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Rejected { reason: "no_gain".to_owned() });
    assert_eq!(arena.worth(&trainer)?, before + bond, "the bond comes back, the fee does not");
    assert_eq!(arena.weight(Pool::Trainers)?, 0);
    Ok(())
}
