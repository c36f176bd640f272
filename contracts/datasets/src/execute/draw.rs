//! The draw of a dataset's auditors.

use cosmwasm_std::{DepsMut, Env, Response};
use lyceum_api::datasets::{Event, Status};
use lyceum_api::{Hash32, nodes, tasks};
use lyceum_onchain::beacon::derive;
use lyceum_onchain::tally::required;

use super::end::{Reason, reject};
use crate::error::ContractError;
use crate::state::{AUDITS, Audit, Config, DATASETS, Dataset, PARAMS, Seat};

/// Tag of the seed that draws auditors.
const SEED: &str = "lyceum/auditors";

/// Too few evaluators to ever reach the quorum end the proposal here: the weights of its epoch are frozen, so
/// nobody can join the draw later.
pub(crate) fn draw(deps: DepsMut<'_>, env: Env, config: &Config, id: u64) -> Result<Response, ContractError> {
    let mut dataset = Dataset::load(deps.storage, id)?;
    let Status::Proposed { round } = dataset.status else { return Err(dataset.wrong_phase("proposed")) };
    let randomness = tasks::Client::new(config.tasks.clone())
        .beacon(&deps.querier, round)?
        .ok_or(ContractError::RoundUnknown { round })?;
    let params = PARAMS.load(deps.storage)?;
    let seed = Hash32(derive(SEED, randomness.as_bytes(), &[&id.to_le_bytes()]));
    let exclude = vec![dataset.proposer.to_string()];
    let drawn = nodes::Client::new(config.nodes.clone()).committee(
        &deps.querier,
        &params.class,
        dataset.epoch,
        seed,
        params.auditors,
        exclude,
    )?;
    if drawn.len() < required(params.auditors) as usize {
        return reject(deps.storage, config, id, dataset, Reason::AuditQuorum);
    }
    let now = env.block.time;
    let commit_until = now.plus_seconds(params.audit_commit_seconds);
    let reveal_until = commit_until.plus_seconds(params.audit_reveal_seconds);
    let seats: Vec<_> =
        drawn.into_iter().map(|seat| Seat { node: seat.node, commit: None, report: None }).collect();
    let count = seats.len() as u64;
    AUDITS.save(deps.storage, id, &Audit { drawn_at: now, wanted: params.auditors, seats })?;
    dataset.status = Status::Auditing { commit_until, reveal_until };
    DATASETS.save(deps.storage, id, &dataset)?;
    let event = Event::AuditorsDrawn { dataset: id, seats: count, commit_until, reveal_until };
    Ok(Response::new().add_event(event))
}
