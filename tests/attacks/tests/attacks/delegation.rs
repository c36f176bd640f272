//! Other people's stake: slashes dodged, rewards sniped, delegators fleeced.

use lyceum_testing::anyhow::Result;
use lyceum_testing::api::Hash32;
use lyceum_testing::api::nodes::{self, ExecuteMsg, Role};
use lyceum_testing::api::rewards::{self, ClaimableResponse, QueryMsg};
use lyceum_testing::api::tasks::{CLASS_FP32, ClaimStatus};
use lyceum_testing::cosmwasm_std::{Addr, Uint128};
use lyceum_testing::{Claimed, LYC};

use crate::arena::{Arena, STAKE, refused};

const DAY: u64 = 86_400;

fn undelegate(node: &Addr, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Undelegate { node: node.to_string(), amount: Uint128::new(amount) }
}

fn redelegate(from: &Addr, to: &Addr, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Redelegate { from: from.to_string(), to: to.to_string(), amount: Uint128::new(amount) }
}

fn settle(node: &Addr, delegator: &Addr) -> ExecuteMsg {
    ExecuteMsg::Settle { node: node.to_string(), delegator: delegator.to_string() }
}

/// A forged claim that waits for its judges, of a trainer to whom the accomplice delegated as much as it bonded.
fn forged(arena: &mut Arena) -> Result<(Claimed, Addr)> {
    let (forger, accomplice) = (arena.trainer("forger")?, arena.network.account("accomplice"));
    arena.network.delegate(&accomplice, &forger, STAKE)?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim_by(task, &forger, |run| run.forged(|_, change| change.fill(0)))?;
    Ok((claim, accomplice))
}

fn convict(arena: &mut Arena, claim: &Claimed) -> Result<()> {
    assert!(matches!(arena.conclude(claim)?, ClaimStatus::Fraud { .. }));
    Ok(())
}

fn worth(arena: &Arena, who: &Addr, node: &Addr) -> Result<u128> {
    Ok(arena.network.delegation(who, node)?.amount.u128())
}

/// What has been emitted for a node and not been pulled.
fn pending(arena: &Arena, node: &Addr) -> Result<ClaimableResponse> {
    let query = QueryMsg::Claimable { account: node.to_string(), limit: None };
    arena.network.query(&arena.network.at.rewards, &query)
}

#[test]
fn a_slash_is_not_dodged_by_undelegating_before_it() -> Result<()> {
    let mut arena = Arena::new()?;
    let (claim, accomplice) = forged(&mut arena)?;
    arena.tell_nodes(&accomplice, &undelegate(&claim.trainer, STAKE))?;
    convict(&mut arena, &claim)?;
    arena.network.travel(21 * DAY);
    arena.tell_nodes(&accomplice, &ExecuteMsg::ClaimUndelegated { node: claim.trainer.to_string() })?;
    assert_eq!(arena.network.balance(&accomplice)?, STAKE / 10 * 8);
    Ok(())
}

#[test]
fn a_slash_is_not_dodged_by_hopping_to_another_node_and_on() -> Result<()> {
    let mut arena = Arena::new()?;
    let (claim, accomplice) = forged(&mut arena)?;
    let haven = arena.network.bond_node("haven", STAKE, &[Role::Storage])?;
    let next = arena.network.bond_node("next", STAKE, &[Role::Storage])?;
    arena.tell_nodes(&accomplice, &redelegate(&claim.trainer, &haven, STAKE))?;
    refused(arena.tell_nodes(&accomplice, &redelegate(&haven, &next, 1)), "came by redelegation and stays");
    refused(arena.tell_nodes(&accomplice, &undelegate(&haven, 1)), "came by redelegation and stays");
    // Nor does fresh stake beside it let the old one slip out.
    arena.network.delegate(&accomplice, &haven, 7)?;
    refused(arena.tell_nodes(&accomplice, &undelegate(&haven, 8)), "came by redelegation and stays");
    convict(&mut arena, &claim)?;
    let (treasury, held) =
        (arena.network.balance(&arena.network.at.rewards)?, worth(&arena, &accomplice, &haven)?);
    let anyone = arena.network.account("anyone");
    arena.tell_nodes(&anyone, &settle(&haven, &accomplice))?;
    let lost = held - worth(&arena, &accomplice, &haven)?;
    assert_eq!((held, lost), (STAKE + 7, STAKE / 5));
    assert_eq!(arena.network.balance(&arena.network.at.rewards)? - treasury, lost);
    assert_eq!(arena.network.node(&haven)?.own.u128(), STAKE, "the others there lost nothing");
    // A later fault of the node it left finds it, too, as long as it was not settled after its time.
    arena.network.travel(21 * DAY);
    arena.tell_nodes(&accomplice, &undelegate(&haven, STAKE / 5 * 4 + 7))?;
    Ok(())
}

#[test]
fn an_operator_cannot_move_the_bond_that_a_dispute_is_paid_from() -> Result<()> {
    let mut arena = Arena::new()?;
    let (claim, _) = forged(&mut arena)?;
    let haven = arena.network.bond_node("haven", STAKE, &[Role::Storage])?;
    refused(arena.tell_nodes(&claim.trainer, &redelegate(&claim.trainer, &haven, 1)), "can't redelegate");
    Ok(())
}

#[test]
fn the_price_of_a_share_is_not_inflated_against_the_next_delegator() -> Result<()> {
    let mut arena = Arena::new()?;
    let (trap, victim) = (arena.network.register_node("trap", "trap", &[])?, arena.network.account("victim"));
    arena.network.bond(&trap, 1)?;
    // A gift to the contract is nobody's, and emission raises no price.
    let (nodes, charter) = (arena.network.at.nodes.clone(), arena.network.account("rich"));
    arena.network.fund(&charter, STAKE)?;
    let gift = lyceum_testing::cosmwasm_std::coins(STAKE, lyceum_testing::api::DENOM);
    lyceum_testing::cw_multi_test::Executor::send_tokens(&mut arena.network.app, charter, nodes, &gift)
        .expect("a gift");
    arena.network.delegate(&victim, &trap, LYC)?;
    assert_eq!(worth(&arena, &victim, &trap)?, LYC);
    // Passing in and out of a pool of dust rounds in nobody's favour but the pool's, by a unit at most.
    for amount in [2, 3, 5, 9, 17] {
        let passer = arena.network.account("passer");
        arena.network.delegate(&passer, &trap, amount)?;
        arena.tell_nodes(&passer, &undelegate(&trap, amount))?;
    }
    assert_eq!((worth(&arena, &victim, &trap)?, arena.network.node(&trap)?.own.u128()), (LYC, 1));
    Ok(())
}

#[test]
fn a_commission_does_not_take_what_was_earned_before_it_rose() -> Result<()> {
    let mut arena = Arena::new()?;
    let operator = arena.trainer("operator")?;
    let delegator = arena.network.account("delegator");
    arena.network.delegate(&delegator, &operator, STAKE)?;
    let set = |commission| ExecuteMsg::SetCommission { commission };
    for commission in [10_000, 2_000, 601] {
        refused(arena.tell_nodes(&operator, &set(commission)), "the most that it may rise to within a day");
    }
    arena.tell_nodes(&operator, &set(600))?;
    refused(arena.tell_nodes(&operator, &set(601)), "at most 600");
    Ok(())
}

/// An accepted claim whose learning block is sealed: its trainer, with early's delegation from before, and the
/// emission that waits for both.
fn earned(arena: &mut Arena) -> Result<(Addr, Addr, u128)> {
    let (operator, early) = (arena.trainer("operator")?, arena.network.account("early"));
    arena.network.delegate(&early, &operator, STAKE)?;
    arena.network.share(&operator)?;
    let task = arena.task(1, 0)?;
    let claim = arena.claim_by(task, &operator, |run| run)?;
    assert_eq!(arena.conclude(&claim)?, ClaimStatus::Accepted {});
    arena.seal()?;
    let emission = pending(arena, &operator)?.shared.u128();
    assert!(emission > 0);
    Ok((operator, early, emission))
}

#[test]
fn rewards_are_not_sniped_by_delegating_before_they_are_pulled() -> Result<()> {
    let mut arena = Arena::new()?;
    let (operator, early, emission) = earned(&mut arena)?;
    let sniper = arena.network.account("sniper");
    arena.network.delegate(&sniper, &operator, 1_000 * STAKE)?;
    // Nor by the operator, with a bond that dwarfs the delegations.
    arena.network.bond(&operator, 1_000 * STAKE)?;
    arena.network.share(&operator)?;
    let rewards =
        |arena: &Arena, who| -> Result<u128> { Ok(arena.network.delegation(who, &operator)?.rewards.u128()) };
    // After 5 % of commission, half: bond and delegation were the same when it was earned.
    let half = (emission - emission / 20).div_ceil(2);
    assert_eq!((rewards(&arena, &early)?, rewards(&arena, &sniper)?), (half, 0));
    refused(
        arena.tell_nodes(&sniper, &ExecuteMsg::ClaimRewards { node: operator.to_string() }),
        "nothing to claim",
    );
    Ok(())
}

#[test]
fn an_operator_cannot_withhold_what_delegators_earned() -> Result<()> {
    let mut arena = Arena::new()?;
    let (operator, early, emission) = earned(&mut arena)?;
    let half = (emission - emission / 20).div_ceil(2);
    // It claims for itself, and they get their part; it does not claim, and anyone does.
    let contract = arena.network.at.rewards.clone();
    let before = arena.network.balance(&operator)?;
    let credit = pending(&arena, &operator)?.amount.u128();
    arena.network.execute(&operator, &contract, &rewards::ExecuteMsg::Claim { limit: None }, 0)?;
    assert_eq!(arena.network.balance(&operator)? - before, credit + emission - half);
    arena.tell_nodes(&early, &ExecuteMsg::ClaimRewards { node: operator.to_string() })?;
    assert_eq!(arena.network.balance(&early)?, half);
    assert_eq!(arena.network.node(&operator)?.rewards.u128(), 0);
    Ok(())
}

#[test]
fn a_fresh_delegation_captures_no_draw() -> Result<()> {
    let mut arena = Arena::new()?;
    let puppet = arena.network.bond_node("puppet", 1_000 * LYC, &[Role::Evaluator])?;
    arena.network.mature()?;
    let whale = arena.network.account("whale");
    let config = |arena: &Arena| -> Result<nodes::ConfigResponse> {
        arena.network.query(&arena.network.at.nodes, &nodes::QueryMsg::Config {})
    };
    let seats = |arena: &Arena| -> Result<usize> {
        let epoch = config(arena)?.epoch;
        let mut drawn = 0;
        for seed in 0..20 {
            let query = nodes::QueryMsg::Committee {
                class: CLASS_FP32.to_owned(),
                epoch,
                seed: Hash32([seed; 32]),
                seats: 1,
                exclude: vec![],
            };
            let seat: nodes::CommitteeResponse = arena.network.query(&arena.network.at.nodes, &query)?;
            drawn += seat.seats.iter().filter(|seat| seat.node == puppet).count();
        }
        Ok(drawn)
    };
    let before = seats(&arena)?;
    arena.network.delegate(&whale, &puppet, 40_000_000 * LYC)?;
    let mature = ExecuteMsg::Mature { node: puppet.to_string() };
    refused(arena.tell_nodes(&whale, &mature), "nothing of");
    arena.network.travel(7_200);
    assert!(before <= 5 && seats(&arena)? <= 5, "a fortieth of the stake");
    assert_eq!(arena.network.node(&puppet)?.matured.u128(), 1_000 * LYC);
    arena.network.mature()?;
    assert_eq!(seats(&arena)?, 20, "a day later it is stake like any other");
    Ok(())
}

#[test]
fn delegators_are_no_hostages_of_a_node_that_always_has_a_claim_open() -> Result<()> {
    let mut arena = Arena::new()?;
    let (claim, accomplice) = forged(&mut arena)?;
    let all = ExecuteMsg::Unbond { amount: Uint128::new(STAKE) };
    arena.tell_nodes(&accomplice, &undelegate(&claim.trainer, STAKE))?;
    refused(arena.tell_nodes(&claim.trainer, &all), "open claims rest on");
    Ok(())
}
