//! Finality: the best accepted claim of a task wins, and everything that was held is released.
use cosmwasm_std::Uint128;
use lyceum_api::credits::Reason;
use lyceum_api::datasets::{Source as DataSource, Use};
use lyceum_api::nodes::Outcome;
use lyceum_api::rewards::Pool;
use lyceum_api::tasks::{ClaimStatus, Event, TaskStatus};
use lyceum_economy::credit::next_mean;
use lyceum_economy::dataset::Tier;
use lyceum_economy::fixed::{mul_ppm, ratio_ppm};
use lyceum_economy::gain::{Source, TrainerWork, reward_base};
use lyceum_economy::params::ONE;

use super::outcome;
use super::settle::record_bests;
use super::take::ensure_open;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{Claim, DOMAINS, Domain, IMPROVED, OPEN_BLOCK, Task, target_key};

pub fn finalize(ctx: &mut Ctx<'_>, id: u64) -> Result<(), Refused> {
    let mut task = ctx.task(id)?;
    ensure_open(&task)?;
    ctx.not_before(task.commit_until)?;
    let mut claims = vec![];
    for claim in &task.claims {
        let claim = ctx.claim(*claim)?;
        match claim.status {
            ClaimStatus::Settled { until, .. } => ctx.not_before(until)?,
            _ if claim.has_ended() => {}
            _ => return Err(ContractError::Unsettled { claim: claim.id }.into()),
        }
        claims.push(claim);
    }
    let winner = best(&claims);
    for claim in &mut claims {
        // Seats that nothing speaks against, whatever became of the claim: at most 8 · 9.
        for seat in &claim.review.agreed {
            ctx.out.reward_seat(seat, claim.id);
        }
        if matches!(claim.status, ClaimStatus::Settled { .. }) {
            release(ctx, &task, claim, winner == Some(claim.id))?;
            ctx.save_claim(claim)?;
        }
    }
    let opener = task.opener.clone();
    ctx.out.pay(&opener, task.deposit + task.reserve, "deposit_returned");
    task.status = TaskStatus::Done;
    task.winner = winner;
    ctx.emit(Event::TaskFinalized { task: id, winner });
    ctx.save_task(id, &task)
}

/// The accepted claim of the largest gain; of equal ones, the one taken first.
fn best(claims: &[Claim]) -> Option<u64> {
    let accepted = claims.iter().filter(|c| matches!(c.status, ClaimStatus::Settled { accepted: true, .. }));
    let gain = |claim: &Claim| claim.measured.as_ref().map_or(0, |m| m.medians.gain);
    accepted.max_by_key(|c| (gain(c), std::cmp::Reverse(c.id))).map(|c| c.id)
}

/// Ends a settled claim: its bond goes back, and its block becomes final or falls.
fn release(ctx: &mut Ctx<'_>, task: &Task, claim: &mut Claim, won: bool) -> Result<(), Refused> {
    let trainer = claim.trainer.clone();
    ctx.out.pay(&trainer, claim.bond, "bond_returned");
    outcome::forfeit_unrevealed(ctx, claim);
    if won {
        accept(ctx, task, claim)?;
        outcome::end(ctx, claim, ClaimStatus::Accepted {}, "");
        return Ok(());
    }
    ctx.out.close_claim(&trainer, Outcome::Failed);
    if let Some(block) = claim.block {
        let message = ctx.config.experts().void(block)?;
        ctx.out.send_last(message);
    }
    let rejected = claim.measured.as_ref().and_then(|m| m.rejection.clone());
    match rejected {
        Some(reason) => {
            outcome::end(ctx, claim, ClaimStatus::Rejected { reason: reason.clone() }, &reason);
        }
        None => outcome::end(ctx, claim, ClaimStatus::Outbid {}, ""),
    }
    Ok(())
}

/// The winner's block becomes final. If the head moved since its reference was taken, it joins as a fork: its gain
/// was over something else, and earns nothing.
fn accept(ctx: &mut Ctx<'_>, task: &Task, claim: &Claim) -> Result<(), Refused> {
    let (Some(measured), Some(block), Some(content)) = (&claim.measured, claim.block, &claim.content) else {
        return Err(ContractError::Unsettled { claim: claim.id }.into());
    };
    let medians = &measured.medians;
    let experts = ctx.config.experts();
    let head = experts.head(&ctx.deps.querier, task.model, task.spec.target)?;
    let fork = head.map(|h| h.block) != measured.reference_head;
    ctx.out.send_last(experts.finalize(block, medians.score, fork)?);
    let domain = ctx.domain(claim.domain)?;
    let per_step = domain.spec.seconds_per_kilostep;
    let work_seconds = task.steps().saturating_mul(per_step) / 1000;
    ctx.out.close_claim(&claim.trainer, Outcome::Accepted { work_seconds });

    let epoch = ctx.clock.chain().seconds() / ctx.params.use_epoch_seconds;
    let fresh = fresh_mix(ctx, task, claim, epoch)?;
    let gain = u64::try_from(medians.gain).unwrap_or_default(); // positive, or it had been rejected
    let weighted = mul_ppm(Uint128::from(gain), domain.spec.weight, "weighted gain")?;
    let weighted = if fork { 0 } else { u64::try_from(weighted.u128()).unwrap_or(u64::MAX) };
    record_use(ctx, task, claim, &domain, epoch, weighted)?;
    let reason = Reason::ExpertAccepted { gain: medians.gain, mean_gain: domain.mean_gain };
    ctx.out.award(&claim.trainer, reason, claim.id);
    if !fork {
        let place = (task.model, target_key(task.spec.target));
        let first = IMPROVED.may_load(ctx.deps.storage, place)? != Some(epoch);
        IMPROVED.save(ctx.storage(), place, &epoch)?;
        let work = TrainerWork {
            domain_weight: domain.spec.weight,
            tier_mix: fresh,
            source: source(task.source),
            first_improvement: first,
            ..TrainerWork::of_gain(reward_base(medians.gain, content.reported))
        };
        ctx.out.accrue(Pool::Trainers, &claim.trainer, work.weight()?);
        OPEN_BLOCK.update(ctx.storage(), |mut block| {
            block.weighted_gain = block.weighted_gain.saturating_add(weighted);
            block.claims += 1;
            Ok::<_, Refused>(block)
        })?;
        record_bests(ctx, &medians.guards)?;
    }
    let mut domain = ctx.domain(claim.domain)?;
    let mean = u64::try_from(domain.mean_gain).unwrap_or_default();
    domain.mean_gain = i64::try_from(next_mean(mean, domain.accepted, gain)).unwrap_or(i64::MAX);
    domain.accepted += 1;
    DOMAINS.save(ctx.storage(), claim.domain, &domain)?;
    Ok(())
}

/// A source of which nothing is known, or several, weighs neither more nor less.
const fn source(known: Option<DataSource>) -> Source {
    match known {
        Some(DataSource::Curated) => Source::Curated,
        Some(DataSource::Scraped) => Source::Scraped,
        Some(DataSource::Synthetic) => Source::Synthetic,
        None => Source::Pretrained,
    }
}

/// The tier mix by the recipe's mixture, in ppm. Shards that an accepted claim of this epoch has used weigh nothing.
fn fresh_mix(ctx: &Ctx<'_>, task: &Task, claim: &Claim, epoch: u64) -> Result<u64, Refused> {
    let shards = task.spec.shards.iter().map(|s| s.root).collect();
    let used = ctx.config.datasets().used(&ctx.deps.querier, task.model, epoch, shards)?;
    let (mut weighted, mut all) = (0u128, 0u128);
    for (i, weight) in claim.recipe.mixture.iter().enumerate() {
        let weight = u128::from(*weight);
        all += weight;
        // An answer that leaves a shard out leaves it unpaid.
        if used.get(i) == Some(&false) {
            weighted += weight * u128::from(task.tiers.get(i).map_or(0, |tier| Tier::from(*tier).weight()));
        }
    }
    Ok(ratio_ppm(weighted, all) / ONE)
}

/// Records what was read of every shard and has its contributors' shares accrued.
fn record_use(
    ctx: &mut Ctx<'_>,
    task: &Task,
    claim: &Claim,
    domain: &Domain,
    epoch: u64,
    improvement: u64,
) -> Result<(), Refused> {
    // At most 2²² steps of 2¹⁶ sequences of 2²⁰ bytes.
    let read = u128::from(task.steps()) * u128::from(domain.spec.batch) * u128::from(domain.spec.sequence);
    let all: u128 = claim.recipe.mixture.iter().map(|w| u128::from(*w)).sum();
    let bytes = |weight: u32| u64::try_from(read * u128::from(weight) / all.max(1)).unwrap_or(u64::MAX);
    let shards = task.spec.shards.iter().zip(&claim.recipe.mixture).filter(|(_, weight)| **weight > 0);
    let uses = shards.map(|(s, w)| Use { dataset: s.dataset, shard: s.root, bytes: bytes(*w) }).collect();
    let learning_block = OPEN_BLOCK.load(ctx.deps.storage)?.number;
    let improvement = i64::try_from(improvement).unwrap_or(i64::MAX);
    let message = ctx.config.datasets().record_use(learning_block, task.model, epoch, improvement, uses)?;
    ctx.out.send_last(message);
    Ok(())
}
