//! GPUs: bound first come, first served, by one node each, and only as long as it works.
use cosmwasm_std::Response;
use lyceum_api::Hash32;
use lyceum_api::nodes::events;
use lyceum_onchain::permission::ensure_sender;

use crate::error::ContractError;
use crate::event;
use crate::standing::{Ctx, Standing};
use crate::state::{GPUS, Gpu, MAX_GPUS};

pub fn bind(mut ctx: Ctx<'_>, gpu: Hash32) -> Result<Response, ContractError> {
    let mut standing = ctx.sender()?;
    standing.ensure_active(&ctx.params)?;
    if let Some(Gpu { holder, .. }) = GPUS.may_load(ctx.deps.storage, gpu.as_bytes())? {
        return Err(ContractError::GpuTaken { gpu, holder });
    }
    if standing.node.gpus >= MAX_GPUS {
        let found = standing.node.gpus as usize + 1;
        return Err(ContractError::TooMany { what: "GPUs", found, max: MAX_GPUS as usize });
    }
    standing.node.gpus += 1;
    let bound = Gpu { holder: standing.addr.clone(), since: ctx.now() };
    GPUS.save(ctx.deps.storage, gpu.as_bytes(), &bound)?;
    let event = event::of(events::GPU_BOUND, &standing.addr).add_attribute("gpu", gpu.to_string());
    standing.settle(&mut ctx, Response::new().add_event(event))
}

pub fn unbind(ctx: Ctx<'_>, gpu: Hash32) -> Result<Response, ContractError> {
    let bound = load(&ctx, gpu)?;
    ensure_sender(&ctx.info.sender, &bound.holder)?;
    release(ctx, gpu, bound, false)
}

pub fn lapse(ctx: Ctx<'_>, gpu: Hash32) -> Result<Response, ContractError> {
    let bound = load(&ctx, gpu)?;
    let holder = Standing::load(ctx.deps.storage, bound.holder.clone())?;
    let worked = bound.since.max(holder.node.worked_at);
    let (at, now) = (worked.saturating_add(ctx.params.gpu_lapse_seconds), ctx.now());
    if now < at {
        return Err(ContractError::GpuNotLapsed { gpu, at, now });
    }
    release(ctx, gpu, bound, true)
}

fn load(ctx: &Ctx<'_>, gpu: Hash32) -> Result<Gpu, ContractError> {
    GPUS.may_load(ctx.deps.storage, gpu.as_bytes())?.ok_or(ContractError::GpuNotBound { gpu })
}

fn release(mut ctx: Ctx<'_>, gpu: Hash32, bound: Gpu, lapsed: bool) -> Result<Response, ContractError> {
    let mut standing = Standing::load(ctx.deps.storage, bound.holder)?;
    standing.node.gpus = standing.node.gpus.saturating_sub(1);
    GPUS.remove(ctx.deps.storage, gpu.as_bytes());
    let event = event::of(events::GPU_UNBOUND, &standing.addr)
        .add_attribute("gpu", gpu.to_string())
        .add_attribute("lapsed", lapsed.to_string());
    standing.settle(&mut ctx, Response::new().add_event(event))
}
