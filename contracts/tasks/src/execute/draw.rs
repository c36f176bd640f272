//! Drawing a panel: its seats, intervals, guards, and the reference it scores against.
use cosmwasm_std::{Addr, Timestamp};
use lyceum_api::Hash32;
use lyceum_api::nodes::DrawnSeat;
use lyceum_api::tasks::{Event, PanelKind, PanelStatus};
use lyceum_onchain::{beacon, intervals};

use super::open::expert_heads;
use super::panels;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds;
use crate::state::{Claim, DOMAIN_COUNT, Panel, Seat, stage_name};

/// Other domains that a claim panel scores.
const GUARDS: usize = 2;

pub fn draw(ctx: &mut Ctx<'_>, id: u64) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    if panel.status != (PanelStatus::Pending {}) {
        let found = stage_name(&panel.status).to_owned();
        return Err(ContractError::WrongPhase { what: "the panel", expected: "pending", found }.into());
    }
    let randomness = rounds::randomness(ctx.deps.storage, panel.round)?;
    let claim = panel.claim.map(|claim| ctx.claim(claim)).transpose()?;
    let bench = Bench::of(ctx, &panel, claim.as_ref())?;
    let drawn = bench.draw(ctx, &panel, &randomness)?;
    if drawn.len() < bench.least as usize {
        let found = drawn.len() as u32; // at most the seats asked for
        return Err(ContractError::NotEnoughEvaluators { required: bench.least, found }.into());
    }
    panel.randomness = Some(randomness);
    panel.reveal_seconds = ctx.params.open_seconds;
    panel.seats = drawn.into_iter().map(|seat| vacant(seat.node)).collect();
    match claim {
        Some(claim) => for_claim(ctx, &mut panel, &claim, &randomness)?,
        None => for_heads(ctx, &mut panel)?,
    }
    panels::index_seats(ctx, &panel)?;
    ctx.emit(Event::PanelDrawn { panel: id, seats: panel.seats.iter().map(|s| s.node.clone()).collect() });
    ctx.save_panel(&panel)
}

fn vacant(node: Addr) -> Seat {
    Seat { node, intervals: vec![], commit: None, revealed: false }
}

fn for_claim(
    ctx: &mut Ctx<'_>,
    panel: &mut Panel,
    claim: &Claim,
    randomness: &Hash32,
) -> Result<(), Refused> {
    let task = ctx.task(claim.task)?;
    if task.key.is_none() {
        return Err(ContractError::NotUnsealed { task: claim.task }.into());
    }
    match panel.kind {
        PanelKind::Interval { interval } => panel.seats.iter_mut().for_each(|s| s.intervals = vec![interval]),
        PanelKind::Claim {} => {
            let seed = beacon::derive("lyceum/intervals", randomness.as_bytes(), &[&panel.id.to_le_bytes()]);
            let assigned = intervals::draw(&seed, task.spec.intervals, panel.seats.len() as u32)?;
            for (seat, its) in panel.seats.iter_mut().zip(&assigned.seats) {
                seat.intervals = vec![its.alone, its.shared];
            }
        }
        _ => {}
    }
    match (panel.kind, claim.review.panel) {
        (PanelKind::Interval { .. }, _) => {}
        // A score panel judges the claim panel's answers, so it measures against the same reference.
        (PanelKind::Score {}, Some(first)) => {
            let first = ctx.panel(first)?;
            panel.guards = first.guards;
            panel.heads = first.heads;
            panel.reference_head = first.reference_head;
        }
        _ => {
            panel.guards = guards(ctx, panel.id, claim.domain, randomness)?;
            panel.heads = expert_heads(ctx, task.model)?;
            let head = ctx.config.experts().head(&ctx.deps.querier, task.model, task.spec.target)?;
            panel.reference_head = head.map(|h| h.block);
        }
    }
    let now = ctx.now();
    panel.status = if panel.re_executes() {
        PanelStatus::Serving { until: now.plus_seconds(ctx.params.serve_seconds) }
    } else {
        committing(ctx, now)
    };
    Ok(())
}

fn for_heads(ctx: &mut Ctx<'_>, panel: &mut Panel) -> Result<(), Refused> {
    let domains = DOMAIN_COUNT.load(ctx.deps.storage)?;
    panel.guards = (1..=domains).collect(); // at most 16
    let model = ctx.domain(1)?.spec.model;
    panel.heads = expert_heads(ctx, model)?;
    panel.status = committing(ctx, ctx.now());
    Ok(())
}

fn committing(ctx: &Ctx<'_>, now: Timestamp) -> PanelStatus {
    PanelStatus::Committing { until: now.plus_seconds(ctx.params.attest_seconds) }
}

/// Two other domains, or as many as there are (at most 16).
fn guards(ctx: &Ctx<'_>, panel: u64, own: u64, randomness: &Hash32) -> Result<Vec<u64>, Refused> {
    let domains = DOMAIN_COUNT.load(ctx.deps.storage)?;
    let mut others: Vec<_> = (1..=domains).filter(|d| *d != own).collect();
    let seed = beacon::derive("lyceum/guards", randomness.as_bytes(), &[&panel.to_le_bytes()]);
    let mut drawn = vec![];
    for counter in 0..GUARDS.min(others.len()) {
        let at = beacon::uniform(&seed, counter as u64, others.len() as u128);
        drawn.push(others.swap_remove(at as usize)); // below the length
    }
    drawn.sort_unstable();
    Ok(drawn)
}

/// From whom a panel is drawn.
pub struct Bench {
    class: String,
    /// Seats wanted.
    want: u32,
    /// Seats without which it does not sit.
    least: u32,
    exclude: Vec<String>,
}

impl Bench {
    /// Never the trainer, and never anyone who sat in a claim panel of this claim, or in the panel that this one
    /// replaces: at most 1 + 3 · 9 + 19 accounts.
    pub fn of(ctx: &Ctx<'_>, panel: &Panel, claim: Option<&Claim>) -> Result<Self, Refused> {
        let Some(claim) = claim else { return Self::of_heads(ctx) };
        let spec = ctx.domain(claim.domain)?.spec;
        let k = spec.committee;
        let want = if panel.kind == (PanelKind::Claim {}) { k } else { 2 * k + 1 };
        let mut exclude = vec![claim.trainer.to_string()];
        for earlier in claim.panels.iter().filter(|id| **id != panel.id) {
            let earlier = ctx.panel(*earlier)?;
            if earlier.kind == (PanelKind::Claim {}) || panel.replaces == Some(earlier.id) {
                exclude.extend(earlier.seats.iter().map(|s| s.node.to_string()));
            }
        }
        Ok(Self { class: spec.class, want, least: k, exclude })
    }

    /// The check of all domains has as many seats as the largest of their committees.
    fn of_heads(ctx: &Ctx<'_>) -> Result<Self, Refused> {
        let domains = DOMAIN_COUNT.load(ctx.deps.storage)?;
        let (mut class, mut seats) = (String::new(), 0);
        for id in 1..=domains {
            let spec = ctx.domain(id)?.spec;
            seats = spec.committee.max(seats);
            class = spec.class;
        }
        Ok(Self { class, want: seats, least: seats, exclude: vec![] })
    }

    /// Asks `nodes`.
    fn draw(&self, ctx: &Ctx<'_>, panel: &Panel, randomness: &Hash32) -> Result<Vec<DrawnSeat>, Refused> {
        let seed = beacon::derive("lyceum/committee", randomness.as_bytes(), &[&panel.id.to_le_bytes()]);
        let nodes = ctx.config.nodes();
        let (class, exclude) = (&self.class, self.exclude.clone());
        Ok(nodes.committee(&ctx.deps.querier, class, panel.epoch, Hash32(seed), self.want, exclude)?)
    }

    /// Whether too few evaluators can sit.
    pub fn is_short(&self, ctx: &Ctx<'_>, panel: &Panel, randomness: &Hash32) -> Result<bool, Refused> {
        Ok(self.draw(ctx, panel, randomness)?.len() < self.least as usize)
    }
}
