//! A heads panel: if no domain is worse than its best by more than 1 %, the learning block seals. Harm that nobody
//! mends holds it back, but not for ever: one accepted claim must not stop everybody's emission.
use cosmwasm_std::Uint128;
use lyceum_api::attestation::DomainScore;
use lyceum_api::nodes::SlashReason;
use lyceum_api::tasks::{Event, LearningBlockInfo};
use lyceum_economy::learning_block::{next_threshold, threshold_now};
use lyceum_economy::params::BLOCK_SECONDS;
use lyceum_onchain::tally;

use crate::ctx::Ctx;
use crate::error::Refused;
use crate::execute::heads::elapsed;
use crate::execute::panels;
use crate::state::{DOMAINS, OPEN_BLOCK, OpenBlock, Panel, SEALED};
use crate::verdict::guard_holds;

/// A harmed block seals all the same after so many target times; the bests stay what they were, so the next one is
/// held back again.
const HELD_BACK: u64 = 100;

pub fn settle(ctx: &mut Ctx<'_>, panel: &mut Panel) -> Result<(), Refused> {
    let mut block = OPEN_BLOCK.load(ctx.deps.storage)?;
    block.panel = None;
    ctx.out.slash_seats(panel.absent(), SlashReason::Unrevealed, Uint128::zero(), &[]);
    if panel.revealed() < tally::required(panel.seats.len() as u32) as usize {
        // Another one may be asked for at once.
        panels::close(ctx, panel, "no_quorum")?;
        OPEN_BLOCK.save(ctx.storage(), &block)?;
        return Ok(());
    }
    let scores = scores(ctx, panel)?;
    let mut harmed = false;
    for score in &scores {
        harmed |= !guard_holds(ctx.domain(score.domain)?.best, score.score);
    }
    for (seat, _) in panel.attestations(ctx.deps.storage)? {
        ctx.out.judge_seat(&seat, true);
        ctx.out.reward_seat(&seat, panel.id);
    }
    if harmed && elapsed(ctx, &block) < HELD_BACK * BLOCK_SECONDS {
        panels::close(ctx, panel, "failed")?;
        block.check_after = ctx.now().plus_seconds(ctx.params.learning_block_seconds);
        OPEN_BLOCK.save(ctx.storage(), &block)?;
        return Ok(());
    }
    panels::close(ctx, panel, "settled")?;
    record_bests(ctx, &scores)?;
    seal(ctx, block, scores)
}

/// Medians by domain, in the order asked.
fn scores(ctx: &Ctx<'_>, panel: &Panel) -> Result<Vec<DomainScore>, Refused> {
    let answers = panel.attestations(ctx.deps.storage)?;
    let median = |(i, domain): (usize, &u64)| {
        let scores: Vec<_> = answers.iter().filter_map(|(_, a)| a.heads.get(i)).map(|s| s.score).collect();
        tally::median(&scores).map(|score| DomainScore { domain: *domain, score })
    };
    Ok(panel.guards.iter().enumerate().filter_map(median).collect())
}

/// A better score becomes the best; in a new epoch any does.
pub fn record_bests(ctx: &mut Ctx<'_>, scores: &[DomainScore]) -> Result<(), Refused> {
    let epoch = ctx.clock.chain().seconds() / ctx.params.use_epoch_seconds;
    for score in scores {
        let mut domain = ctx.domain(score.domain)?;
        if score.score < domain.best || domain.best_epoch != epoch {
            (domain.best, domain.best_epoch) = (score.score, epoch);
            DOMAINS.save(ctx.storage(), score.domain, &domain)?;
        }
    }
    Ok(())
}

/// Seals the block and opens the next. The seats' weights are accrued before `Seal`, which is sent last.
fn seal(ctx: &mut Ctx<'_>, block: OpenBlock, scores: Vec<DomainScore>) -> Result<(), Refused> {
    let (now, number, elapsed) = (ctx.now(), block.number, elapsed(ctx, &block));
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let weighted_gain = signed(block.weighted_gain);
    let threshold = signed(threshold_now(block.threshold, elapsed));
    let sealed = LearningBlockInfo {
        number,
        height: ctx.env.block.height,
        sealed_at: ctx.clock.chain(),
        threshold,
        weighted_gain,
        claims: block.claims,
        scores,
    };
    SEALED.save(ctx.storage(), number, &sealed)?;
    let message = ctx.config.rewards().seal(number)?;
    ctx.out.send_last(message);
    ctx.out.accrue_in(number);
    ctx.emit(Event::LearningBlockSealed { learning_block: number, weighted_gain, threshold });
    let next = OpenBlock {
        number: number + 1,
        threshold: next_threshold(block.threshold, elapsed),
        weighted_gain: 0,
        claims: 0,
        last_seal: now,
        panel: None,
        check_after: now,
    };
    OPEN_BLOCK.save(ctx.storage(), &next)?;
    Ok(())
}
