//! Taking a task: recipe committed, bond and fee locked.
use lyceum_api::manifest::Recipe;
use lyceum_api::nodes::{NodeEvent, Role};
use lyceum_api::tasks::{ClaimStatus, Event, TaskStatus};

use super::ensure_range;
use super::open::ensure_active;
use super::unseal::ensure_kept;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds;
use crate::state::{CLAIM_COUNT, Claim, Review, Task, next_id};

pub fn take(ctx: &mut Ctx<'_>, task_id: u64, recipe: Recipe) -> Result<(), Refused> {
    let mut task = ctx.task(task_id)?;
    ensure_open(&task)?;
    ctx.before(task.commit_until)?;
    ensure_kept(ctx, task_id, &task)?;
    let operator = ensure_active(ctx, Role::Trainer, "trainer")?;
    let trainer = ctx.sender().clone();
    let opener = ctx.config.nodes().node(&ctx.deps.querier, &task.opener)?;
    if trainer == task.opener || operator == opener.operator {
        // Who sealed the benchmark could train on it, with whichever of his nodes.
        return Err(ContractError::OpenerMayNotTake.into());
    }
    if task.claims.len() >= task.spec.max_claims as usize {
        return Err(ContractError::TaskFull { task: task_id, max: task.spec.max_claims }.into());
    }
    for claim in &task.claims {
        if ctx.claim(*claim)?.trainer == trainer {
            return Err(ContractError::AlreadyTaken { trainer, task: task_id }.into());
        }
    }
    ensure_within(&recipe, &task)?;
    ctx.exact_funds(task.bond + task.fee)?;

    // Weights frozen at the start of this epoch, which began before the take: nobody bonds to sit in a panel of it.
    let epoch = ctx.config.nodes().epoch(&ctx.deps.querier)?;
    let seed_round = rounds::after(&ctx.config.beacon, ctx.clock.chain());
    rounds::want(ctx.storage(), seed_round)?;
    if task.claims.is_empty() {
        rounds::want(ctx.storage(), task.spec.benchmark.round)?;
    }
    let id = next_id(ctx.storage(), &CLAIM_COUNT)?;
    let claim = Claim {
        id,
        task: task_id,
        domain: task.spec.domain,
        trainer: trainer.clone(),
        recipe,
        taken_at: ctx.clock.chain(),
        epoch,
        seed_round,
        commit: None,
        content: None,
        block: None,
        bond: task.bond,
        fee: task.fee,
        fee_held: true,
        status: ClaimStatus::Taken {},
        panels: vec![],
        open: vec![],
        review: Review::default(),
        measured: None,
        challenges: vec![],
        suspended: None,
    };
    ctx.save_claim(&claim)?;
    task.claims.push(id);
    ctx.save_task(task_id, &task)?;
    // Refuses a node that is over its quota, jailed, or without stake for one more bond.
    ctx.out.report(NodeEvent::ClaimOpened { node: trainer.to_string(), bond: claim.bond });
    ctx.emit(Event::ClaimTaken { claim: id, task: task_id, trainer, seed_round });
    Ok(())
}

/// The task must be under way.
pub fn ensure_open(task: &Task) -> Result<(), Refused> {
    let found = match task.status {
        TaskStatus::Open => return Ok(()),
        TaskStatus::Done => "done",
        TaskStatus::Void => "void",
    };
    let found = found.to_owned();
    Err(ContractError::WrongPhase { what: "the task", expected: "open", found }.into())
}

fn ensure_within(recipe: &Recipe, task: &Task) -> Result<(), Refused> {
    let bounds = &task.spec.bounds;
    ensure_range("the learning rate", recipe.peak_lr_nano, bounds.min_lr_nano, bounds.max_lr_nano)?;
    ensure_range("the warm-up", recipe.warmup_steps.into(), 0, bounds.max_warmup.into())?;
    let shards = task.spec.shards.len() as u64;
    ensure_range("the mixture's length", recipe.mixture.len() as u64, shards, shards)?;
    let sum: u64 = recipe.mixture.iter().map(|w| u64::from(*w)).sum(); // at most 64 of 32 bits
    ensure_range("the mixture's sum", sum, 1, u64::MAX)
}
