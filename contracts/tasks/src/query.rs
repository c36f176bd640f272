//! What the contract answers.
use cosmwasm_std::{Binary, Deps, Env, Order, StdResult, to_json_binary};
use cw_storage_plus::{Bound, Item};
use lyceum_api::manifest::seed;
use lyceum_api::tasks::*;
use lyceum_economy::learning_block::threshold_now;
use lyceum_economy::params::BLOCK_SECONDS;
use lyceum_onchain::paging;

use crate::clock::Clock;
use crate::error::{ContractError, Refused};
use crate::execute::unseal::is_exposed;
use crate::rounds::{self, POSTED, WANTED};
use crate::state::*;

pub fn query(deps: Deps<'_>, env: &Env, msg: QueryMsg) -> Result<Binary, Refused> {
    let clock = Clock::load(deps.storage, env.block.time)?;
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps, &clock)?),
        QueryMsg::Domain { domain: id } => {
            to_json_binary(&domain(id, found("domain", id, DOMAINS.may_load(deps.storage, id)?)?))
        }
        QueryMsg::Domains { start_after, limit } => to_json_binary(&domains(deps, start_after, limit)?),
        QueryMsg::Task { task: id } => {
            to_json_binary(&task(deps, id, found("task", id, TASKS.may_load(deps.storage, id)?)?, &clock)?)
        }
        QueryMsg::Tasks { start_after, limit } => to_json_binary(&tasks(deps, &clock, start_after, limit)?),
        QueryMsg::Claim { claim: id } => {
            to_json_binary(&claim(deps, &clock, found("claim", id, CLAIMS.may_load(deps.storage, id)?)?)?)
        }
        QueryMsg::Claims { task, start_after, limit } => {
            to_json_binary(&claims(deps, &clock, task, start_after, limit)?)
        }
        QueryMsg::Panel { panel: id } => {
            let stored = found("panel", id, Panel::may_load(deps.storage, id)?)?;
            to_json_binary(&panel(deps, stored, &clock)?)
        }
        QueryMsg::Panels { claim, start_after, limit } => {
            to_json_binary(&panels(deps, &clock, claim, start_after, limit)?)
        }
        QueryMsg::Seats { node, start_after, limit } => {
            to_json_binary(&seats(deps, &clock, &node, start_after, limit)?)
        }
        QueryMsg::Attestation { panel, node } => {
            let node = deps.api.addr_validate(&node)?;
            let seats = PANELS.may_load(deps.storage, panel)?.map(|panel| panel.seats).unwrap_or_default();
            let at = seats.iter().position(|seat| seat.node == node);
            let attestation =
                at.map(|at| attestation(deps.storage, panel, at)).transpose()?.unwrap_or_default();
            to_json_binary(&AttestationResponse { attestation })
        }
        QueryMsg::Opening { panel } => {
            to_json_binary(&OpeningResponse { opening: opening(deps.storage, panel)? })
        }
        QueryMsg::Beacon { round } => {
            let signature = POSTED.may_load(deps.storage, round)?;
            to_json_binary(&BeaconResponse { randomness: signature.as_ref().map(rounds::random), signature })
        }
        QueryMsg::WantedRounds { limit } => {
            let keys = WANTED.keys(deps.storage, None, None, Order::Ascending);
            let rounds = keys.take(paging::limit(limit)).collect::<StdResult<_>>()?;
            to_json_binary(&RoundsResponse { rounds })
        }
        QueryMsg::OpenLearningBlock {} => to_json_binary(&open_learning_block(deps, &clock)?),
        QueryMsg::LearningBlocks { start_after, limit } => {
            let sealed = OPEN_BLOCK.load(deps.storage)?.number;
            let first = start_after.map_or(0, |after| after.saturating_add(1));
            let numbers = (first..sealed).take(paging::limit(limit));
            let learning_blocks = numbers.map(|number| SEALED.load(deps.storage, number));
            let learning_blocks = learning_blocks.collect::<StdResult<_>>()?;
            to_json_binary(&LearningBlocksResponse { learning_blocks })
        }
    };
    Ok(answer?)
}

fn found<T>(what: &'static str, id: u64, stored: Option<T>) -> Result<T, Refused> {
    stored.ok_or_else(|| ContractError::NotFound { what, id }.into())
}

/// A page of ids: they are given from 1 on, and nothing is ever removed.
fn page(
    deps: Deps<'_>,
    count: &Item<u64>,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> StdResult<Vec<u64>> {
    let first = start_after.unwrap_or(0).saturating_add(1);
    let last = count.may_load(deps.storage)?.unwrap_or_default();
    Ok((first..=last).take(paging::limit(limit)).collect())
}

/// A page of ids that something lists, ascending.
fn page_of(ids: Vec<u64>, start_after: Option<u64>, limit: Option<u32>) -> Vec<u64> {
    let later = ids.into_iter().filter(|id| start_after.is_none_or(|after| *id > after));
    later.take(paging::limit(limit)).collect()
}

fn config(deps: Deps<'_>, clock: &Clock) -> StdResult<ConfigResponse> {
    let config = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        charter: config.charter,
        beacon: config.beacon,
        params: PARAMS.load(deps.storage)?,
        paused: clock.is_paused(),
    })
}

fn domain(id: u64, domain: Domain) -> DomainResponse {
    let Domain { spec, mean_gain, best, accepted, .. } = domain;
    DomainResponse { id, domain: spec, mean_gain, best, accepted }
}

fn domains(deps: Deps<'_>, start_after: Option<u64>, limit: Option<u32>) -> StdResult<DomainsResponse> {
    let ids = page(deps, &DOMAIN_COUNT, start_after, limit)?;
    let domains = ids.into_iter().map(|id| Ok(domain(id, DOMAINS.load(deps.storage, id)?)));
    Ok(DomainsResponse { domains: domains.collect::<StdResult<_>>()? })
}

fn task(deps: Deps<'_>, id: u64, task: Task, clock: &Clock) -> StdResult<TaskResponse> {
    Ok(TaskResponse {
        exposed: is_exposed(deps.storage, &CONFIG.load(deps.storage)?.beacon, clock, &task)?,
        id,
        opener: task.opener,
        task: task.spec,
        model: task.model,
        base: task.base,
        parent: task.parent,
        parent_root: task.parent_root,
        heads: task.heads,
        tiers: task.tiers,
        bond: task.bond,
        fee: task.fee,
        opened_at: task.opened_at,
        commit_until: clock.on_chain(task.commit_until),
        reveal_until: clock.on_chain(task.reveal_until),
        key: task.key,
        status: task.status,
        claims: task.claims,
        winner: task.winner,
    })
}

fn tasks(
    deps: Deps<'_>,
    clock: &Clock,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> StdResult<TasksResponse> {
    let ids = page(deps, &TASK_COUNT, start_after, limit)?;
    let tasks = ids.into_iter().map(|id| task(deps, id, TASKS.load(deps.storage, id)?, clock));
    Ok(TasksResponse { tasks: tasks.collect::<StdResult<_>>()? })
}

fn claim(deps: Deps<'_>, clock: &Clock, claim: Claim) -> StdResult<ClaimResponse> {
    let randomness = POSTED.may_load(deps.storage, claim.seed_round)?.as_ref().map(rounds::random);
    let medians = claim.measured.map(|m| m.medians);
    Ok(ClaimResponse {
        seed: randomness.map(|r| seed(claim.task, claim.trainer.as_str(), &r)),
        id: claim.id,
        task: claim.task,
        trainer: claim.trainer,
        recipe: claim.recipe,
        taken_at: claim.taken_at,
        epoch: claim.epoch,
        seed_round: claim.seed_round,
        commit: claim.commit,
        content: claim.content,
        block: claim.block,
        bond: claim.bond,
        fee: claim.fee,
        status: clock.claim(claim.status),
        gain: medians.as_ref().map(|m| m.gain),
        reference: medians.as_ref().map(|m| m.reference),
        score: medians.as_ref().map(|m| m.score),
        panels: claim.panels,
        opened_panel: claim.review.panel,
    })
}

fn claims(
    deps: Deps<'_>,
    clock: &Clock,
    of_task: Option<u64>,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> Result<ClaimsResponse, Refused> {
    let ids = match of_task {
        Some(id) => page_of(found("task", id, TASKS.may_load(deps.storage, id)?)?.claims, start_after, limit),
        None => page(deps, &CLAIM_COUNT, start_after, limit)?,
    };
    let claims = ids.into_iter().map(|id| claim(deps, clock, CLAIMS.load(deps.storage, id)?));
    Ok(ClaimsResponse { claims: claims.collect::<StdResult<_>>()? })
}

fn panel(deps: Deps<'_>, panel: Panel, clock: &Clock) -> StdResult<PanelResponse> {
    let seat =
        |s: Seat| SeatInfo { node: s.node, intervals: s.intervals, commit: s.commit, revealed: s.revealed };
    let asked = |c: AvailabilityInfo| AvailabilityInfo { until: clock.on_chain(c.until), ..c };
    Ok(PanelResponse {
        status: clock.panel(panel.status_at(clock.now())),
        id: panel.id,
        claim: panel.claim,
        kind: panel.kind,
        round: panel.round,
        randomness: panel.randomness,
        seats: panel.seats.into_iter().map(seat).collect(),
        guards: panel.guards,
        heads: panel.heads,
        served: SERVED.may_load(deps.storage, panel.id)?.unwrap_or_default(),
        opening: panel.opening,
        opened: panel.opened,
        second_key: panel.second_key,
        challenges: panel.challenges.into_iter().map(asked).collect(),
    })
}

fn load_panels(deps: Deps<'_>, clock: &Clock, ids: Vec<u64>) -> StdResult<PanelsResponse> {
    // What is listed is there.
    let stored = ids.into_iter().filter_map(|id| Panel::may_load(deps.storage, id).transpose());
    let panels = stored.map(|stored| panel(deps, stored?, clock));
    Ok(PanelsResponse { panels: panels.collect::<StdResult<_>>()? })
}

fn panels(
    deps: Deps<'_>,
    clock: &Clock,
    of_claim: Option<u64>,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> Result<PanelsResponse, Refused> {
    let ids = match of_claim {
        Some(id) => {
            page_of(found("claim", id, CLAIMS.may_load(deps.storage, id)?)?.panels, start_after, limit)
        }
        None => page(deps, &PANEL_COUNT, start_after, limit)?,
    };
    Ok(load_panels(deps, clock, ids)?)
}

fn seats(
    deps: Deps<'_>,
    clock: &Clock,
    node: &str,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> StdResult<PanelsResponse> {
    let node = deps.api.addr_validate(node)?;
    let keys =
        SEATS.prefix(&node).keys(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending);
    let ids = keys.take(paging::limit(limit)).collect::<StdResult<_>>()?;
    load_panels(deps, clock, ids)
}

fn open_learning_block(deps: Deps<'_>, clock: &Clock) -> StdResult<OpenLearningBlockResponse> {
    let block = OPEN_BLOCK.load(deps.storage)?;
    let elapsed =
        clock.now().seconds().saturating_sub(block.last_seal.seconds()).saturating_mul(BLOCK_SECONDS)
            / PARAMS.load(deps.storage)?.learning_block_seconds;
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Ok(OpenLearningBlockResponse {
        number: block.number,
        threshold: signed(threshold_now(block.threshold, elapsed)),
        weighted_gain: signed(block.weighted_gain),
        claims: block.claims,
        panel: block.panel,
    })
}
