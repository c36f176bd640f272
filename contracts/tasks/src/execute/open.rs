//! Opening a task.
use cosmwasm_std::{Timestamp, Uint128};
use lyceum_api::Hash32;
use lyceum_api::datasets::{DatasetPart, Source, Status, Tier};
use lyceum_api::manifest::{MAX_INTERVALS, MAX_SHARDS, Target};
use lyceum_api::nodes::Role;
use lyceum_api::tasks::{Event, NewTask, SEALED_KEY_BYTES, TaskStatus};
use lyceum_economy::bond::{MAX_DRAWN, claim_bond};
use lyceum_onchain::intervals::distinct;

use super::domain::MAX_HEADS;
use super::ensure_range;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds;
use crate::state::{Domain, TASK_COUNT, Task, next_id};

/// All seats re-execute at most one interval in so many.
const INTERVALS_PER_CHECK: u64 = 20;
/// The most trainers of a task.
const MAX_CLAIMS: u64 = 8;
/// The longest time to train, 90 days.
const MAX_COMMIT_SECONDS: u64 = 90 * 86_400;

pub fn open(ctx: &mut Ctx<'_>, spec: NewTask) -> Result<(), Refused> {
    ensure_active(ctx, Role::Coordinator, "coordinator")?;
    let domain = ctx.domain(spec.domain)?;
    validate(&spec, &domain)?;
    let (fee, deposit) = (ctx.params.claim_fee, ctx.params.opener_deposit);
    // At most 8 fees below 2¹⁰⁰.
    let reserve = fee * Uint128::from(spec.max_claims);
    ctx.exact_funds(deposit + reserve)?;
    let shards = approved_shards(ctx, &spec)?;

    let (model_id, experts) = (domain.spec.model, ctx.config.experts());
    let model = experts.model(&ctx.deps.querier, model_id)?.model;
    let head = experts.head(&ctx.deps.querier, model_id, spec.target)?;
    let bond = claim_bond(
        domain.spec.max_reward,
        spec.intervals,
        // A large committee draws more than the formula knows: the bond is then higher than it must be.
        distinct(domain.spec.committee).min(MAX_DRAWN),
    )?;
    let now = ctx.now();
    let commit_until = now.plus_seconds(spec.commit_seconds);
    let reveal_until = commit_until.plus_seconds(ctx.params.reveal_seconds);
    ensure_timely(ctx, spec.benchmark.round, commit_until, reveal_until)?;
    let task = Task {
        opener: ctx.sender().clone(),
        model: model_id,
        base: model.base,
        parent: head.as_ref().map(|h| h.block),
        parent_root: head.map_or(model.base, |h| h.root),
        heads: expert_heads(ctx, model_id)?,
        tiers: shards.iter().map(|(tier, _)| *tier).collect(),
        source: one_source(&shards),
        bond,
        fee,
        deposit,
        reserve,
        opened_at: ctx.clock.chain(),
        commit_until,
        reveal_until,
        key: None,
        status: TaskStatus::Open,
        claims: vec![],
        winner: None,
        spec,
    };
    let id = next_id(ctx.storage(), &TASK_COUNT)?;
    ctx.emit(opened(id, &task, commit_until));
    ctx.save_task(id, &task)
}

fn opened(id: u64, task: &Task, commit_until: Timestamp) -> Event {
    let (opener, bond) = (task.opener.clone(), task.bond);
    Event::TaskOpened { task: id, domain: task.spec.domain, opener, bond, commit_until }
}

/// The sender must be an active node with this role; gives its operator.
pub fn ensure_active(ctx: &Ctx<'_>, role: Role, name: &'static str) -> Result<String, Refused> {
    let node = ctx.config.nodes().node(&ctx.deps.querier, ctx.sender())?;
    if node.active && node.roles.contains(&role) {
        return Ok(node.operator);
    }
    Err(ContractError::NotActive { sender: ctx.sender().clone(), role: name }.into())
}

fn validate(spec: &NewTask, domain: &Domain) -> Result<(), Refused> {
    if let Target::Expert { index } = spec.target {
        let expected = u64::from(domain.spec.expert);
        ensure_range("the target's expert", index.into(), expected, expected)?;
    }
    ensure_range("steps per interval", spec.steps_per_interval.into(), 1, 1000)?;
    // Two intervals a seat.
    let least = 2 * u64::from(domain.spec.committee) * INTERVALS_PER_CHECK;
    ensure_range("the number of intervals", spec.intervals.into(), least, MAX_INTERVALS.into())?;
    ensure_range("the number of shards", spec.shards.len() as u64, 1, MAX_SHARDS.into())?;
    let (bounds, steps) = (&spec.bounds, u64::from(spec.intervals) * u64::from(spec.steps_per_interval));
    ensure_range("the least learning rate", bounds.min_lr_nano, 1, bounds.max_lr_nano)?;
    ensure_range("the greatest learning rate", bounds.max_lr_nano, 1, 1_000_000_000)?;
    ensure_range("the longest warm-up", bounds.max_warmup.into(), 0, steps)?;
    ensure_range("the time to commit", spec.commit_seconds, 1, MAX_COMMIT_SECONDS)?;
    ensure_range("the number of claims", spec.max_claims.into(), 1, MAX_CLAIMS)?;
    // Two items at least: the gain subtracts standard errors.
    ensure_range("the benchmark's items", spec.benchmark.items.into(), 2, 1 << 20)?;
    ensure_range("the benchmark's bytes", spec.benchmark.bytes, 1, 1 << 32)?;
    let sealed = SEALED_KEY_BYTES as u64;
    ensure_range(
        "the length of the benchmark's sealed key",
        spec.benchmark.sealed_key.len() as u64,
        sealed,
        sealed,
    )
}

/// The round that unseals the benchmark comes out when nobody commits any more, and early enough to unseal.
fn ensure_timely(ctx: &Ctx<'_>, round: u64, from: Timestamp, until: Timestamp) -> Result<(), Refused> {
    let (from, until) = (ctx.clock.on_chain(from), ctx.clock.on_chain(until));
    let least = from.seconds() + u64::from(from.subsec_nanos() > 0);
    let out = rounds::time(&ctx.config.beacon, round).seconds();
    ensure_range("the time of the benchmark's round", out, least, until.seconds())
}

/// Tier and source of every shard, in order. Each dataset is asked for once; there are at most 64.
fn approved_shards(ctx: &Ctx<'_>, spec: &NewTask) -> Result<Vec<(Tier, Source)>, Refused> {
    let datasets = ctx.config.datasets();
    let mut known: Vec<(u64, DatasetPart)> = vec![];
    let mut shards = Vec::with_capacity(spec.shards.len());
    for (i, shard) in spec.shards.iter().enumerate() {
        let id = shard.dataset;
        let at = match known.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None => {
                known.push((id, datasets.dataset(&ctx.deps.querier, id)?));
                known.len() - 1
            }
        };
        let dataset = &known[at].1;
        let Status::Approved { tier } = dataset.status else {
            return Err(ContractError::NotApproved { dataset: id }.into());
        };
        let belongs = dataset.manifest.shards.iter().any(|s| s.root == shard.root);
        if !belongs || spec.shards[..i].iter().any(|s| s.root == shard.root) {
            return Err(ContractError::WrongShard { dataset: id, shard: shard.root }.into());
        }
        shards.push((tier, dataset.manifest.source));
    }
    Ok(shards)
}

fn one_source(shards: &[(Tier, Source)]) -> Option<Source> {
    let (_, first) = shards.first()?;
    shards.iter().all(|(_, source)| source == first).then_some(*first)
}

/// The heads of a model's experts, by index: at most [`MAX_HEADS`], in pages.
pub fn expert_heads(ctx: &Ctx<'_>, model: u64) -> Result<Vec<(u32, Hash32)>, Refused> {
    const PAGE: u32 = 32;
    let experts = ctx.config.experts();
    let (mut heads, mut start_after): (Vec<(u32, Hash32)>, _) = (vec![], None);
    for _ in 0..MAX_HEADS.div_ceil(PAGE) {
        let page = experts.heads(&ctx.deps.querier, model, start_after, Some(PAGE))?;
        let before = heads.len();
        heads.extend(page.iter().filter_map(|head| match head.target {
            Target::Expert { index } => Some((index, head.root)),
            _ => None,
        }));
        if heads.len() - before < PAGE as usize {
            break;
        }
        start_after = heads.last().map(|(index, _)| *index);
    }
    Ok(heads)
}
