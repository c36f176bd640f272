//! The vote. Casting one reads this contract only: thousands may.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use lyceum_api::datasets::{Event, Status};
use lyceum_economy::dataset::{VoteOutcome, vote_outcome};

use super::end::{Reason, approve, reject};
use crate::error::ContractError;
use crate::state::{Ballot, Config, DATASETS, Dataset, PARAMS, POWER, VOTES};

pub(crate) fn vote(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    id: u64,
    yes: bool,
) -> Result<Response, ContractError> {
    let mut dataset = Dataset::load(deps.storage, id)?;
    let Status::Voting { until, .. } = dataset.status else { return Err(dataset.wrong_phase("voting")) };
    let (now, voter) = (env.block.time, info.sender);
    if now >= until {
        return Err(ContractError::VoteOver { until, now });
    }
    let height = dataset.height;
    let power = POWER.may_load_at_height(deps.storage, &voter, height)?.unwrap_or_default();
    if power == 0 {
        return Err(ContractError::NoPower { voter, height });
    }
    let overflow = || ContractError::Overflow { what: "the votes" };
    if let Some(before) = VOTES.may_load(deps.storage, (id, &voter))? {
        if before.yes == yes {
            return Err(ContractError::AlreadyVoted { voter });
        }
        let side = if before.yes { &mut dataset.yes } else { &mut dataset.no };
        *side = side.checked_sub(before.power).ok_or_else(overflow)?;
    }
    let side = if yes { &mut dataset.yes } else { &mut dataset.no };
    *side = side.checked_add(power).ok_or_else(overflow)?;
    VOTES.save(deps.storage, (id, &voter), &Ballot { yes, power })?;
    DATASETS.save(deps.storage, id, &dataset)?;
    Ok(Response::new().add_event(Event::Voted { dataset: id, voter, yes, power }))
}

pub(crate) fn close_vote(
    deps: DepsMut<'_>,
    env: Env,
    config: &Config,
    id: u64,
) -> Result<Response, ContractError> {
    let mut dataset = Dataset::load(deps.storage, id)?;
    let (Status::Voting { until, extended }, Some(allowed)) = (&dataset.status, dataset.allowed) else {
        return Err(dataset.wrong_phase("voting"));
    };
    let (until, extended, now) = (*until, *extended, env.block.time);
    if now < until {
        return Err(ContractError::VoteOpen { until, now });
    }
    let (yes, no, total) = (dataset.yes.into(), dataset.no.into(), dataset.total_power.into());
    match vote_outcome(yes, no, total, allowed.into()) {
        VoteOutcome::NoQuorum if !extended => {
            let until = now.plus_seconds(PARAMS.load(deps.storage)?.extension_seconds);
            dataset.status = Status::Voting { until, extended: true };
            DATASETS.save(deps.storage, id, &dataset)?;
            Ok(Response::new().add_event(Event::VoteExtended { dataset: id, until }))
        }
        VoteOutcome::NoQuorum => reject(deps.storage, config, id, dataset, Reason::VoteQuorum),
        VoteOutcome::Rejected => reject(deps.storage, config, id, dataset, Reason::VoteRefused),
        VoteOutcome::Accepted(tier) => approve(deps.storage, config, id, dataset, tier.into()),
    }
}
