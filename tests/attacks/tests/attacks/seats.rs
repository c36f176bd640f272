//! Evaluators that do not work, copy, collude, or betray what they earned.

use lyceum_testing::anyhow::{Context, Result};
use lyceum_testing::api::Hash32;
use lyceum_testing::api::attestation::Attestation;
use lyceum_testing::api::nodes::{self, CommitteeResponse, Role};
use lyceum_testing::api::tasks::{CLASS_FP32, ClaimStatus, ExecuteMsg, PanelKind, PanelResponse};
use lyceum_testing::cosmwasm_std::{Addr, Uint128};
use lyceum_testing::{Claimed, LYC};

use crate::arena::{Arena, STAKE, confirm, refused};

/// An evaluator's stake here, and a tenth of it.
const SEAT: u128 = 2_000 * LYC;
const SLASH: u128 = SEAT / 10;

/// Answers without working.
fn lazy(claim: &Claimed, said: &mut Attestation) {
    said.intervals = said.intervals.iter().map(|seen| claim.run.lazily_seen(seen.interval)).collect();
}

/// Whether one of several large draws of now gives a node a seat.
fn is_drawn(arena: &Arena, node: &Addr) -> Result<bool> {
    let network = &arena.network;
    let config: nodes::ConfigResponse = network.query(&network.at.nodes, &nodes::QueryMsg::Config {})?;
    for seed in 0..8 {
        let query = nodes::QueryMsg::Committee {
            class: CLASS_FP32.to_owned(),
            epoch: config.epoch,
            seed: Hash32([seed; 32]),
            seats: 18,
            exclude: vec![],
        };
        let drawn: CommitteeResponse = network.query(&network.at.nodes, &query)?;
        if drawn.seats.iter().any(|seat| seat.node == node) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn a_lazy_evaluator_loses_a_tenth_of_its_stake_and_the_claim_stands() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    let idler = info.seats[2].node.clone();
    let before = arena.worth(&idler)?;
    let panel = sit(&mut arena, &claim, &info, |seat, said| {
        if seat == idler {
            lazy(&claim, said);
        }
    })?;
    assert_eq!(panel, info.id);
    let disputes = arena.network.claim(claim.id)?.panels.len() - 1;
    assert_eq!(disputes, 2, "one for each of its intervals");
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    // Both of its answers were false, and each is a false attestation; the fee is not for it.
    assert_eq!(before - arena.worth(&idler)?, SLASH + (SEAT - SLASH) / 10);
    let node = arena.network.node(&idler)?;
    assert!(!node.active && node.reputation < -1_000_000, "{node:?}");
    Ok(())
}

/// Seats of a served panel commit and reveal what an honest one would, changed by `says`; the trainer opens and the
/// panel settles.
fn sit(
    arena: &mut Arena,
    claim: &Claimed,
    info: &PanelResponse,
    says: impl Fn(&Addr, &mut Attestation),
) -> Result<u64> {
    let mut answers = vec![];
    for seat in &info.seats {
        let mut said = arena.network.honest_attestation(info, &seat.node, &claim.run)?;
        says(&seat.node, &mut said);
        arena.network.commit_attestation(info.id, &seat.node, &said)?;
        answers.push((seat.node.clone(), said));
    }
    for (seat, said) in answers {
        arena.network.reveal_attestation(info.id, &seat, said)?;
    }
    arena.network.open_sketches(claim, info.id)?;
    arena.anyone(&ExecuteMsg::Settle { panel: info.id })?;
    Ok(info.id)
}

#[test]
fn an_evaluator_that_copies_a_commit_cannot_reveal_it_and_pays_as_if_it_had_lied() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    let (worker, copier) = (info.seats[0].node.clone(), info.seats[1].node.clone());
    let before = arena.worth(&copier)?;
    let said = arena.network.honest_attestation(&info, &worker, &claim.run)?;
    arena.network.commit_attestation(info.id, &worker, &said)?;
    let commit = arena.network.panel(info.id)?.seats[0].commit.context("just committed")?;
    arena.send(&copier, &ExecuteMsg::Attest { panel: info.id, commit }, 0)?;
    for seat in &info.seats[2..] {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.commit_attestation(info.id, &seat.node, &said)?;
    }
    arena.network.reveal_attestation(info.id, &worker, said.clone())?;
    // Answer and salt are public now. They answer for the worker's intervals, which are not the copier's ...
    let salt = Hash32::of(format!("{}/{worker}", info.id).as_bytes()).0.to_vec();
    let reveal = |attestation: Attestation| ExecuteMsg::RevealAttestation {
        panel: info.id,
        attestation,
        salt: salt.clone().into(),
    };
    refused(arena.send(&copier, &reveal(said.clone()), 0), "intervals are not those asked for");
    // ... and with its own the copied commit does not fit; nor would it for the same answer.
    let mine = arena.network.honest_attestation(&info, &copier, &claim.run)?;
    refused(arena.send(&copier, &reveal(mine), 0), "not those of the commitment");

    for seat in &info.seats[2..] {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.reveal_attestation(info.id, &seat.node, said)?;
    }
    arena.network.open_sketches(&claim, info.id)?;
    arena.network.travel(1_800);
    arena.anyone(&ExecuteMsg::Settle { panel: info.id })?;
    assert_eq!(before - arena.worth(&copier)?, SLASH);
    assert!(matches!(arena.judge(&claim)?, ClaimStatus::Settled { accepted: true, .. }));
    Ok(())
}

#[test]
fn a_seat_that_stays_away_or_does_not_reveal_pays_as_if_it_had_lied() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    let (away, silent) = (info.seats[0].node.clone(), info.seats[1].node.clone());
    let before = [arena.worth(&away)?, arena.worth(&silent)?];
    for seat in &info.seats[1..] {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.commit_attestation(info.id, &seat.node, &said)?;
    }
    arena.network.travel(3_600);
    for seat in &info.seats[2..] {
        let said = arena.network.honest_attestation(&info, &seat.node, &claim.run)?;
        arena.network.reveal_attestation(info.id, &seat.node, said)?;
    }
    arena.network.open_sketches(&claim, info.id)?;
    arena.network.travel(1_800);
    arena.anyone(&ExecuteMsg::Settle { panel: info.id })?;
    // Three of five are no quorum: other seats are drawn, and these pay those who came.
    for (seat, before) in [away, silent].iter().zip(before) {
        assert_eq!(before - arena.worth(seat)?, SLASH);
        assert!(!arena.network.node(seat)?.active);
    }
    assert!(matches!(arena.judge(&claim)?, ClaimStatus::Settled { accepted: true, .. }));
    Ok(())
}

#[test]
fn a_pair_that_confirms_a_forger_is_slashed_with_it() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim =
        arena.claim(task, "forger", |run| run.forged(|_, change| change.iter_mut().for_each(|c| *c /= 2)))?;
    let info = arena.seated(&claim)?;
    let pair = [info.seats[0].node.clone(), info.seats[1].node.clone()];
    let before = [arena.worth(&pair[0])?, arena.worth(&pair[1])?];
    sit(&mut arena, &claim, &info, |seat, said| {
        if pair.contains(seat) {
            confirm(&claim.run, said);
        }
    })?;
    // Every interval of an honest seat differs; those that only the two have seen do not come to light by
    // themselves, those they share with others do.
    let verdict = arena.judge(&claim)?;
    assert_eq!(verdict, ClaimStatus::Fraud { reason: "interval".to_owned() });
    assert_eq!(
        arena.worth(&claim.trainer)?,
        STAKE * 4 / 5,
        "the first dispute that is settled ends the claim"
    );
    let (_, fee) = arena.terms(task)?;
    for (seat, before) in pair.iter().zip(before) {
        let after = arena.worth(seat)?;
        // Who was not caught in that dispute had its part of the fee, and nothing for its help.
        assert!(after == before - SLASH || after <= before + fee / 5, "{before} became {after}");
    }
    Ok(())
}

#[test]
fn a_seat_that_confirms_an_interval_which_others_dispute_is_slashed() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim =
        arena.claim(task, "forger", |run| run.forged(|_, change| change.iter_mut().for_each(|c| *c /= 2)))?;
    let info = arena.seated(&claim)?;
    // The accomplice of all seats who shares its second interval with others.
    let accomplice = info.seats[0].node.clone();
    let shared = info.seats[0].intervals[1];
    assert!(info.seats[1..].iter().any(|s| s.intervals.contains(&shared)));
    let before = arena.worth(&accomplice)?;
    sit(&mut arena, &claim, &info, |seat, said| {
        if *seat == accomplice {
            confirm(&claim.run, said);
        }
    })?;
    let panels = arena.network.claim(claim.id)?.panels;
    let dispute = panels
        .into_iter()
        .find(|p| arena.network.panel(*p).is_ok_and(|p| p.kind == PanelKind::Interval { interval: shared }));
    let dispute = dispute.context("the shared interval is disputed")?;
    arena.network.run_honest_panel(&claim, dispute)?;
    assert_eq!(arena.network.claim(claim.id)?.status, ClaimStatus::Fraud { reason: "interval".to_owned() });
    assert_eq!(before - arena.worth(&accomplice)?, SLASH);
    assert!(!arena.network.node(&accomplice)?.active);
    Ok(())
}

#[test]
fn a_minority_that_damns_an_honest_claim_is_outvoted_and_loses_fee_and_standing() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    let pair = [info.seats[3].node.clone(), info.seats[4].node.clone()];
    let before = arena.worth(&pair[0])?;
    sit(&mut arena, &claim, &info, |seat, said| {
        if pair.contains(seat) {
            (said.sound, said.scored) = (false, None);
            said.intervals.clear();
        }
    })?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    for seat in &pair {
        assert_eq!(arena.worth(seat)?, before, "no fee");
        assert!(arena.network.node(seat)?.reputation < -1_000_000);
        assert!(!is_drawn(&arena, seat)?);
    }
    assert!(arena.worth(&info.seats[0].node)? > before);
    Ok(())
}

#[test]
fn a_minority_that_lies_about_a_score_moves_nothing_and_loses_its_standing() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    let pair = [info.seats[0].node.clone(), info.seats[1].node.clone()];
    sit(&mut arena, &claim, &info, |seat, said| {
        if let Some(scored) = said.scored.as_mut().filter(|_| pair.contains(seat)) {
            scored.gain = 50_000_000;
        }
    })?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    assert_eq!(arena.network.claim(claim.id)?.gain, Some(claim.run.gain));
    for seat in &pair {
        assert!(arena.network.node(seat)?.reputation < -1_000_000);
    }
    Ok(())
}

#[test]
fn a_reputation_is_farmed_slowly_betrayed_at_once_and_not_bought_back() -> Result<()> {
    let mut arena = Arena::new()?;
    // Three honest claims; whoever sits in the fourth with a good name betrays it.
    for i in 0..3 {
        arena.honest(1, i, &format!("trainer {i}"))?;
    }
    let task = arena.task(2, 3)?;
    let claim = arena.claim(task, "victim", |run| run)?;
    let info = arena.seated(&claim)?;
    let mut seats = info.seats.iter().map(|s| s.node.clone());
    let farmed = |arena: &Arena, seat: &Addr| arena.network.node(seat).is_ok_and(|n| n.reputation > 0);
    let traitor = seats.find(|seat| farmed(&arena, seat)).context("some seat has sat before")?;
    let earned = arena.network.node(&traitor)?.reputation;
    assert!(earned <= 3 * 300_000, "{earned}");
    let before = arena.network.node(&traitor)?.stake.u128();
    sit(&mut arena, &claim, &info, |seat, said| {
        if *seat == traitor {
            lazy(&claim, said);
        }
    })?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    assert!(arena.network.node(&traitor)?.stake.u128() <= before - SLASH);

    // Out of jail, with ten times the stake, and matured: nobody draws it while the name is bad.
    arena.network.bond(&traitor, 10 * SEAT)?;
    arena.network.travel(86_400);
    arena.tell_nodes(&traitor, &nodes::ExecuteMsg::Unjail {})?;
    arena.network.mature()?;
    let node = arena.network.node(&traitor)?;
    assert!(node.active && node.matured.u128() > 10 * SEAT);
    assert!(node.reputation < -1_000_000, "{}", node.reputation);
    assert!(!is_drawn(&arena, &traitor)?);
    // It fades with its half-life of seven days like a good one, and then it is drawn again.
    arena.network.travel(21 * 86_400);
    assert!(is_drawn(&arena, &traitor)?);
    Ok(())
}

#[test]
fn a_slashed_operator_that_returns_finds_the_jail_and_its_old_name() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "forger", |run| run.forged(|_, change| change.fill(0)))?;
    assert!(matches!(arena.conclude(&claim)?, ClaimStatus::Fraud { .. }));
    let forger = claim.trainer.clone();
    refused(arena.tell_nodes(&forger, &nodes::ExecuteMsg::Unjail {}), "jailed until");
    arena.network.bond(&forger, STAKE)?;
    assert!(!arena.network.node(&forger)?.active, "more stake does not open a jail");
    let next = arena.task(1, 1)?;
    refused(arena.network.take_task(&forger, next, 1), "not an active trainer");
    refused(arena.network.register_node("forger", "forger", &[Role::Trainer]), "is a node already");
    // Another account cannot take the known peer key along.
    let key = lyceum_testing::PeerKey::of("forger");
    let other = arena.network.account("reborn");
    let chain = arena.network.app.block_info().chain_id;
    let register = nodes::ExecuteMsg::Register {
        operator: "reborn".to_owned(),
        peer_key: key.public(),
        proof: key.prove(&chain, &arena.network.at.nodes, &other),
        roles: vec![Role::Trainer],
        classes: vec![],
        addresses: vec![],
    };
    refused(arena.tell_nodes(&other, &register), "the peer key belongs to");
    Ok(())
}

#[test]
fn stake_on_its_way_out_is_slashed_like_any_other() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    let leaver = info.seats[0].node.clone();
    let before = arena.worth(&leaver)?;
    let amount = Uint128::new(SEAT);
    arena.tell_nodes(&leaver, &nodes::ExecuteMsg::Unbond { amount })?;
    assert_eq!(arena.worth(&leaver)?, before);
    sit(&mut arena, &claim, &info, |seat, said| {
        if *seat == leaver {
            lazy(&claim, said);
        }
    })?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    assert_eq!(before - arena.worth(&leaver)?, SLASH + (SEAT - SLASH) / 10);
    // A trainer's stake does not even leave while its claims rest on it.
    let task = arena.task(2, 1)?;
    let next = arena.claim(task, "runner", |run| run)?;
    let all = nodes::ExecuteMsg::Unbond { amount: Uint128::new(STAKE) };
    refused(arena.tell_nodes(&next.trainer, &all), "open claims rest on");
    Ok(())
}
