//! The end of an audit: its verdict, and what the auditors' standing takes from it.

use cosmwasm_std::{CosmosMsg, DepsMut, Env, Response, StdResult, Timestamp, Uint128};
use lyceum_api::datasets::{AuditReport, Event, Status};
use lyceum_api::nodes::{self, NodeEvent, SlashReason};
use lyceum_onchain::tally::required;

use super::audit::Auditing;
use super::end::{Reason, reject};
use crate::error::ContractError;
use crate::state::{Audit, Config, DATASETS, PARAMS, RESUMED};
use crate::tally::Tally;

pub(crate) fn close_audit(
    deps: DepsMut<'_>,
    env: Env,
    config: &Config,
    id: u64,
) -> Result<Response, ContractError> {
    let auditing = Auditing::load(deps.storage, id)?;
    let now = env.block.time;
    if !auditing.is_over(now) {
        return Err(ContractError::AuditOpen { until: auditing.reveal_until, now });
    }
    let Auditing { mut dataset, audit, .. } = auditing;
    let reports: Vec<&AuditReport> = audit.seats.iter().filter_map(|seat| seat.report.as_ref()).collect();
    // Too few reports are no verdict: nobody agrees with one or diverges from one.
    let enough = reports.len() >= required(audit.wanted) as usize;
    let tally = if enough { Tally::of(&reports) } else { None };
    let resumed = RESUMED.may_load(deps.storage)?;
    let report = report(config, &audit, tally.as_ref(), resumed)?;
    let Some(tally) = tally else {
        return Ok(reject(deps.storage, config, id, dataset, Reason::AuditQuorum)?.add_messages(report));
    };
    dataset.audit = Some(tally.median.clone());
    let allowed = match tally.tier() {
        Ok(allowed) => allowed,
        Err(failure) => {
            return Ok(reject(deps.storage, config, id, dataset, failure.into())?.add_messages(report));
        }
    };
    let until = now.plus_seconds(PARAMS.load(deps.storage)?.vote_seconds);
    dataset.allowed = Some(allowed);
    dataset.status = Status::Voting { until, extended: false };
    DATASETS.save(deps.storage, id, &dataset)?;
    let event = Event::VoteOpened { dataset: id, allowed, until };
    Ok(Response::new().add_messages(report).add_event(event))
}

/// What `nodes` is told. If it refuses, the audit stays open: a seat without its consequence would be free.
///
/// A pause may have eaten the windows, so after one nobody is blamed for what is missing.
fn report(
    config: &Config,
    audit: &Audit,
    tally: Option<&Tally>,
    resumed: Option<Timestamp>,
) -> StdResult<Option<CosmosMsg>> {
    let interrupted = resumed.is_some_and(|at| at >= audit.drawn_at);
    let mut events = Vec::new();
    for seat in &audit.seats {
        let node = seat.node.to_string();
        let event = match (&seat.report, seat.commit) {
            (Some(report), _) => tally.map(|t| NodeEvent::Seat { node, agreed: t.agrees(report) }),
            (None, _) if interrupted => None,
            (None, Some(_)) => Some(NodeEvent::Slash {
                node,
                reason: SlashReason::Unrevealed,
                cost_each: Uint128::zero(),
                paid: vec![],
                challenger: None,
            }),
            (None, None) => Some(NodeEvent::Seat { node, agreed: false }),
        };
        events.extend(event);
    }
    if events.is_empty() {
        return Ok(None);
    }
    nodes::Client::new(config.nodes.clone()).report(events).map(Some)
}
