//! Challengers that are wrong, and frauds that challenge themselves.

use lyceum_testing::Claimed;
use lyceum_testing::LYC;
use lyceum_testing::anyhow::{Context, Result};
use lyceum_testing::api::Hash32;
use lyceum_testing::api::canonical::commitment;
use lyceum_testing::api::claim::{CHALLENGE_COMMIT, challenge_content};
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg};
use lyceum_testing::cosmwasm_std::Addr;

use crate::arena::{Arena, STAKE, refused};

/// The deposit of a challenge.
const DEPOSIT: u128 = 50 * LYC;
/// An interval that no seat of these networks' claim panels is given.
const UNDRAWN: u32 = 115;

const SALT: [u8; 16] = [9; 16];

fn commit_of(arena: &Arena, claim: &Claimed, who: &Addr, interval: u32) -> Hash32 {
    let (chain, tasks) = (arena.network.app.block_info().chain_id, arena.network.at.tasks.as_str());
    let content = challenge_content(claim.id, interval);
    commitment(CHALLENGE_COMMIT, &chain, tasks, claim.id, who.as_str(), &content, &SALT)
}

fn commit(arena: &mut Arena, claim: &Claimed, who: &Addr, interval: u32) -> Result<()> {
    let commit = commit_of(arena, claim, who, interval);
    arena.network.fund(who, DEPOSIT)?;
    arena.send(who, &ExecuteMsg::Challenge { claim: claim.id, commit }, DEPOSIT)
}

fn reveal(claim: &Claimed, interval: u32) -> ExecuteMsg {
    ExecuteMsg::RevealChallenge { claim: claim.id, interval, salt: SALT.to_vec().into() }
}

/// A trainer that forged one interval in two hundred, not so far that it jumps, and whom the draw has missed.
fn lucky_forger(arena: &mut Arena) -> Result<Claimed> {
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "forger", |run| {
        run.forged(|interval, change| {
            if interval == UNDRAWN {
                change.iter_mut().for_each(|c| *c /= 2);
            }
        })
    })?;
    let verdict = arena.judge(&claim)?;
    assert!(matches!(verdict, ClaimStatus::Settled { accepted: true, .. }), "{verdict:?}");
    Ok(claim)
}

#[test]
fn a_false_fraud_report_costs_its_deposit_and_harms_nobody() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    assert!(matches!(arena.judge(&claim)?, ClaimStatus::Settled { accepted: true, .. }));
    let slanderer = arena.network.account("slanderer");
    let trainer = arena.worth(&claim.trainer)?;
    commit(&mut arena, &claim, &slanderer, 7)?;
    arena.send(&slanderer, &reveal(&claim, 7), 0)?;
    assert!(matches!(arena.network.claim(claim.id)?.status, ClaimStatus::Disputed { .. }));
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    assert_eq!(arena.worth(&slanderer)?, 0, "the deposit paid those who had to look again");
    assert!(arena.worth(&claim.trainer)? > trainer, "the bond came back");
    assert!(arena.network.node(&claim.trainer)?.active);
    Ok(())
}

#[test]
fn an_outside_challenger_finds_what_the_draw_missed() -> Result<()> {
    let mut arena = Arena::new()?;
    let claim = lucky_forger(&mut arena)?;
    let (bond, _) = arena.terms(claim.task)?;
    let hunter = arena.network.account("hunter");
    commit(&mut arena, &claim, &hunter, UNDRAWN)?;
    arena.send(&hunter, &reveal(&claim, UNDRAWN), 0)?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Fraud { reason: "interval".to_owned() });
    let reward = arena.worth(&hunter)? - DEPOSIT;
    assert!(reward > 0 && reward <= bond * 3 / 10 + STAKE / 5 * 3 / 10, "{reward}");
    Ok(())
}

#[test]
fn who_disputes_himself_gets_less_than_he_loses() -> Result<()> {
    let mut arena = Arena::new()?;
    let claim = lucky_forger(&mut arena)?;
    let (bond, _) = arena.terms(claim.task)?;
    let forger = claim.trainer.clone();
    let own = commit_of(&arena, &claim, &forger, UNDRAWN);
    arena.network.fund(&forger, DEPOSIT)?;
    let challenge = ExecuteMsg::Challenge { claim: claim.id, commit: own };
    refused(arena.send(&forger, &challenge, DEPOSIT), "another sender than the trainer");

    let accomplice = arena.network.account("accomplice");
    let before = arena.worth(&forger)? + bond;
    commit(&mut arena, &claim, &accomplice, UNDRAWN)?;
    arena.send(&accomplice, &reveal(&claim, UNDRAWN), 0)?;
    assert!(matches!(arena.conclude(&claim)?, ClaimStatus::Fraud { .. }));
    let after = arena.worth(&forger)? + arena.worth(&accomplice)? - DEPOSIT;
    // At most 30 % of bond and slash came back to them.
    let lost = before - after;
    assert!(lost >= (bond + STAKE / 5) * 7 / 10, "{lost} of {}", bond + STAKE / 5);
    Ok(())
}

#[test]
fn who_disputes_himself_is_not_paid_out_of_his_delegators_stake() -> Result<()> {
    let mut arena = Arena::new()?;
    let claim = lucky_forger(&mut arena)?;
    let (bond, _) = arena.terms(claim.task)?;
    let forger = claim.trainer.clone();
    let dora = arena.network.account("dora");
    arena.network.delegate(&dora, &forger, 99 * STAKE)?;
    let own = |arena: &Arena| -> Result<u128> {
        let node = arena.network.node(&forger)?;
        Ok(arena.worth(&forger)? - node.stake.u128() + node.own.u128())
    };
    let before = own(&arena)? + bond;
    let accomplice = arena.network.account("accomplice");
    commit(&mut arena, &claim, &accomplice, UNDRAWN)?;
    arena.send(&accomplice, &reveal(&claim, UNDRAWN), 0)?;
    assert!(matches!(arena.conclude(&claim)?, ClaimStatus::Fraud { .. }));
    // 30 % of the whole slash would be thirty times what the forger himself lost.
    let lost = before - (own(&arena)? + arena.worth(&accomplice)? - DEPOSIT);
    assert!(lost >= (bond + STAKE / 5) * 7 / 10, "{lost} of {}", bond + STAKE / 5);
    Ok(())
}

#[test]
fn a_challenge_cannot_be_copied_or_revealed_at_once_and_slots_cost_their_deposits() -> Result<()> {
    let mut arena = Arena::new()?;
    let claim = lucky_forger(&mut arena)?;
    let (hunter, thief) = (arena.network.account("hunter"), arena.network.account("thief"));
    commit(&mut arena, &claim, &hunter, UNDRAWN)?;
    // The thief copies the commit, and then the reveal before the hunter's is in.
    let copied = commit_of(&arena, &claim, &hunter, UNDRAWN);
    arena.network.fund(&thief, DEPOSIT)?;
    arena.send(&thief, &ExecuteMsg::Challenge { claim: claim.id, commit: copied }, DEPOSIT)?;
    refused(arena.send(&thief, &reveal(&claim, UNDRAWN), 0), "not those of the commitment");
    // Blocking every slot of 32 costs a deposit each: more than the most that a claim of this domain can earn.
    for i in 0..30 {
        let blocker = arena.network.account(&format!("blocker {i}"));
        commit(&mut arena, &claim, &blocker, i)?;
    }
    let late = arena.network.account("late");
    let refusal = commit(&mut arena, &claim, &late, UNDRAWN);
    refused(refusal, "challenges of a claim");
    arena.send(&hunter, &reveal(&claim, UNDRAWN), 0)?;
    assert!(matches!(arena.conclude(&claim)?, ClaimStatus::Fraud { .. }));
    assert!(arena.worth(&hunter)? > DEPOSIT);
    const { assert!(32 * DEPOSIT > 100 * LYC) };
    Ok(())
}

#[test]
fn a_challenge_that_is_never_revealed_loses_its_deposit() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    arena.judge(&claim)?;
    let idler = arena.network.account("idler");
    commit(&mut arena, &claim, &idler, 3)?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    assert_eq!(arena.worth(&idler)?, 0);
    let dispute = arena.network.claim(claim.id)?.panels.len();
    assert_eq!(dispute, 1, "and drew no panel");
    arena.network.claim(claim.id)?.gain.context("a gain")?;
    Ok(())
}
