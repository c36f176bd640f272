//! Auditors commit, then reveal.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage, Timestamp};
use lyceum_api::Hash32;
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::datasets::{AUDIT_COMMIT, AuditReport, Event, Status};

use crate::bounds;
use crate::error::ContractError;
use crate::state::{AUDITS, Audit, Dataset, Seat};

/// A dataset under audit and the ends of its two windows.
pub(super) struct Auditing {
    pub dataset: Dataset,
    pub audit: Audit,
    pub commit_until: Timestamp,
    pub reveal_until: Timestamp,
}

impl Auditing {
    pub fn load(storage: &dyn Storage, id: u64) -> Result<Self, ContractError> {
        let dataset = Dataset::load(storage, id)?;
        let Status::Auditing { commit_until, reveal_until } = dataset.status else {
            return Err(dataset.wrong_phase("auditing"));
        };
        Ok(Self { dataset, audit: AUDITS.load(storage, id)?, commit_until, reveal_until })
    }

    /// Whether every seat has committed, so that nobody could copy from a reveal any more.
    fn all_committed(&self) -> bool {
        self.audit.seats.iter().all(|seat| seat.commit.is_some())
    }

    /// Whether nothing can be revealed any more: all have, or the windows of those who have not are over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let commits_over = now >= self.commit_until;
        let awaited = |seat: &Seat| seat.report.is_none() && (seat.commit.is_some() || !commits_over);
        now >= self.reveal_until || !self.audit.seats.iter().any(awaited)
    }
}

pub(crate) fn commit(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    id: u64,
    commit: Hash32,
) -> Result<Response, ContractError> {
    let mut auditing = Auditing::load(deps.storage, id)?;
    let (until, now, node) = (auditing.commit_until, env.block.time, info.sender);
    let Some(seat) = auditing.audit.seats.iter_mut().find(|seat| seat.node == node) else {
        return Err(ContractError::NotAuditor { sender: node, dataset: id });
    };
    if now >= until {
        return Err(ContractError::CommitsOver { until, now });
    }
    if seat.commit.is_some() {
        return Err(ContractError::AlreadyCommitted { node });
    }
    seat.commit = Some(commit);
    AUDITS.save(deps.storage, id, &auditing.audit)?;
    Ok(Response::new().add_event(Event::AuditCommitted { dataset: id, node }))
}

pub(crate) fn reveal(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    id: u64,
    report: AuditReport,
    salt: &[u8],
) -> Result<Response, ContractError> {
    let mut auditing = Auditing::load(deps.storage, id)?;
    let (now, node) = (env.block.time, info.sender);
    let (from, until, all) = (auditing.commit_until, auditing.reveal_until, auditing.all_committed());
    let Some(seat) = auditing.audit.seats.iter_mut().find(|seat| seat.node == node) else {
        return Err(ContractError::NotAuditor { sender: node, dataset: id });
    };
    let Some(committed) = seat.commit else { return Err(ContractError::NotCommitted { node }) };
    if seat.report.is_some() {
        return Err(ContractError::AlreadyRevealed { node });
    }
    if now < from && !all {
        return Err(ContractError::RevealsNotOpen { from, now });
    }
    if now >= until {
        return Err(ContractError::RevealsOver { until, now });
    }
    bounds::salt(salt)?;
    let (chain, contract) = (&env.block.chain_id, env.contract.address.as_str());
    let found = commitment(AUDIT_COMMIT, chain, contract, id, node.as_str(), &report.hash(), salt);
    if found != committed {
        return Err(ContractError::WrongReveal { committed, found });
    }
    bounds::report(&report)?;
    seat.report = Some(report);
    AUDITS.save(deps.storage, id, &auditing.audit)?;
    Ok(Response::new().add_event(Event::AuditRevealed { dataset: id, node }))
}
