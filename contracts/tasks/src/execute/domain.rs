//! Registering domains.
use lyceum_api::attestation::MAX_GUARDS;
use lyceum_api::tasks::{CLASS_FP32, Event, NewDomain};
use lyceum_onchain::sketch::EPSILON_PPM;

use super::ensure_range;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{DOMAIN_COUNT, DOMAIN_NAMES, DOMAINS, Domain, next_id};

/// The most experts of a model whose heads a task pins.
pub const MAX_HEADS: u32 = 64;

/// Registers a domain. All domains share one model: a learning block checks all of them with that model's heads,
/// in one panel, which is why there are at most [`MAX_GUARDS`].
pub fn register(ctx: &mut Ctx<'_>, spec: NewDomain) -> Result<(), Refused> {
    validate(&spec)?;
    let count = DOMAIN_COUNT.may_load(ctx.deps.storage)?.unwrap_or_default();
    if count >= u64::from(MAX_GUARDS) {
        return Err(ContractError::TooMany { what: "domains", max: MAX_GUARDS as usize }.into());
    }
    if let Some(domain) = DOMAIN_NAMES.may_load(ctx.deps.storage, &spec.name)? {
        return Err(ContractError::NameTaken { name: spec.name, domain }.into());
    }
    if let Some(first) = DOMAINS.may_load(ctx.deps.storage, 1)? {
        let (expected, found) = (first.spec.model, spec.model);
        if expected != found {
            return Err(ContractError::AnotherModel { expected, found }.into());
        }
    }
    let model = ctx.config.experts().model(&ctx.deps.querier, spec.model)?.model;
    ensure_range("the model's number of experts", model.experts.into(), 1, MAX_HEADS.into())?;
    ensure_range("the expert", spec.expert.into(), 0, u64::from(model.experts) - 1)?;
    let id = next_id(ctx.storage(), &DOMAIN_COUNT)?;
    DOMAIN_NAMES.save(ctx.storage(), &spec.name, &id)?;
    ctx.emit(Event::DomainRegistered { domain: id, name: spec.name.clone() });
    let best_epoch = ctx.clock.chain().seconds() / ctx.params.use_epoch_seconds;
    let domain = Domain { mean_gain: spec.mean_gain, best: spec.baseline, best_epoch, accepted: 0, spec };
    DOMAINS.save(ctx.storage(), id, &domain)?;
    Ok(())
}

fn validate(spec: &NewDomain) -> Result<(), Refused> {
    const MILLION: u64 = 1_000_000;
    ensure_range("the name's length", spec.name.chars().count() as u64, 1, 64)?;
    if spec.class != CLASS_FP32 {
        return Err(ContractError::Refused { what: "the class", expected: CLASS_FP32 }.into());
    }
    ensure_range("the committee", spec.committee.into(), 3, 9)?;
    if spec.committee.is_multiple_of(2) {
        return Err(
            ContractError::Refused { what: "the committee", expected: "an odd number of seats" }.into()
        );
    }
    ensure_range("the weight", spec.weight, 1, 100 * MILLION)?;
    ensure_range("the tolerance", spec.tolerance, 1, 100 * MILLION)?;
    // 2-verification.md: no bound above 0.03 tells an honest run from a cheat.
    ensure_range("the bound", spec.bound_ppm, 1, 30_000)?;
    // The contract's own distance has one epsilon; another would only mislead nodes.
    ensure_range("epsilon", spec.epsilon_ppm, EPSILON_PPM, EPSILON_PPM)?;
    let signed = |what, value: i64, min| {
        ensure_range(what, u64::try_from(value).map_or(u64::MAX, |v| v), min, MILLION * MILLION)
    };
    signed("the mean gain", spec.mean_gain, 0)?;
    signed("the baseline", spec.baseline, 1)?;
    let reward = u64::try_from(spec.max_reward.u128()).unwrap_or(u64::MAX);
    ensure_range("the maximal reward", reward, 1, u64::MAX - 1)?;
    ensure_range("the batch", spec.batch.into(), 1, 1 << 16)?;
    ensure_range("the sequence", spec.sequence.into(), 1, 1 << 20)?;
    ensure_range("seconds_per_kilostep", spec.seconds_per_kilostep, 1, 1 << 30)
}
