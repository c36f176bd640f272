//! Challenges: anyone but the trainer may name a forged interval, with a deposit.
use lyceum_api::Hash32;
use lyceum_api::canonical::commitment;
use lyceum_api::claim::{CHALLENGE_COMMIT, challenge_content};
use lyceum_api::tasks::{ClaimStatus, Event};

use super::commit::ensure_status;
use super::panels::{self, Plan};
use super::settle::advance;
use super::{ensure_range, ensure_salt};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{Cause, Challenge, MAX_CHALLENGES, Suspended};

/// Takes a commitment and its deposit, from the reveal of the claim to the end of its dispute window.
pub fn commit(ctx: &mut Ctx<'_>, id: u64, commit: Hash32) -> Result<(), Refused> {
    use ClaimStatus::*;
    let mut claim = ctx.claim(id)?;
    let open = matches!(claim.status, Revealed {} | Bisecting { .. } | Disputed { .. } | Settled { .. });
    ensure_status(&claim, "revealed or settled", open)?;
    if let Settled { until, .. } = claim.status {
        ctx.before(until)?;
    }
    let challenger = ctx.sender().clone();
    if challenger == claim.trainer {
        return Err(ContractError::Refused {
            what: "a challenge",
            expected: "another sender than the trainer",
        }
        .into());
    }
    if claim.challenges.len() >= MAX_CHALLENGES {
        return Err(ContractError::TooMany { what: "challenges of a claim", max: MAX_CHALLENGES }.into());
    }
    if claim.challenges.iter().any(|c| c.challenger == challenger && !c.deposit.is_zero()) {
        return Err(ContractError::Repeated { what: "a pending challenge of this sender" }.into());
    }
    let deposit = ctx.params.challenge_deposit;
    ctx.exact_funds(deposit)?;
    let height = ctx.env.block.height;
    claim.challenges.push(Challenge { challenger: challenger.clone(), commit, height, deposit, panel: None });
    ctx.emit(Event::ChallengeCommitted { claim: id, challenger });
    ctx.save_claim(&claim)
}

/// Names the interval; a panel re-executes it, and the dispute window stands still meanwhile.
pub fn reveal(ctx: &mut Ctx<'_>, id: u64, interval: u32, salt: &[u8]) -> Result<(), Refused> {
    let mut claim = ctx.claim(id)?;
    let ClaimStatus::Settled { accepted, until } = claim.status else {
        return ensure_status(&claim, "settled", false);
    };
    ctx.before(until)?;
    ensure_salt(salt)?;
    let intervals = ctx.task(claim.task)?.spec.intervals;
    ensure_range("the interval", interval.into(), 0, u64::from(intervals) - 1)?;
    let challenger = ctx.sender().clone();
    let (chain, contract) = (&ctx.env.block.chain_id, ctx.env.contract.address.as_str());
    let content = challenge_content(id, interval);
    let expected = commitment(CHALLENGE_COMMIT, chain, contract, id, challenger.as_str(), &content, salt);
    let pending = claim.challenges.iter().position(|c| {
        c.challenger == challenger && c.panel.is_none() && c.commit == expected && !c.deposit.is_zero()
    });
    let pending = pending.ok_or(ContractError::WrongCommitment)?;
    let height = claim.challenges[pending].height;
    if ctx.env.block.height <= height {
        return Err(ContractError::SameBlock { height }.into());
    }
    if claim.review.disputed.contains(&interval) {
        return Err(ContractError::AlreadyDisputed { interval }.into());
    }
    let nanos = until.nanos() - ctx.now().nanos(); // not over, as checked
    claim.suspended = Some(Suspended { accepted, nanos });
    claim.review.disputed.push(interval);
    let cause = Cause::Challenge { challenger: challenger.clone() };
    let panel = panels::create_now(ctx, &mut claim, Plan::interval(interval, cause))?;
    claim.challenges[pending].panel = Some(panel);
    ctx.emit(Event::ChallengeRevealed { claim: id, challenger, interval });
    advance(ctx, &mut claim)?;
    ctx.save_claim(&claim)
}
