//! [`Evaluator`]: sits on panels and audits; commits to what it saw, then reveals.

use std::collections::BTreeMap;

use lyceum_api::attestation::{ATTESTATION_COMMIT, Attestation};
use lyceum_api::canonical::Canonical;
use lyceum_api::datasets::{self, AUDIT_COMMIT, AuditReport, DatasetResponse, Status};
use lyceum_api::tasks::{ExecuteMsg, PanelKind, PanelResponse, PanelStatus, SeatInfo};
use serde::{Deserialize, Serialize};

use super::trainer::SHORT;
use super::unsealing;
use crate::attempts::Attempts;
use crate::{Action, Done, Job, Observation, View};

/// An evaluator, with the answers it has and must not lose between a commit and its reveal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluator {
    /// By panel.
    answers: BTreeMap<u64, Attestation>,
    /// By dataset.
    audits: BTreeMap<u64, AuditReport>,
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

impl Evaluator {
    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        let mut actions = Vec::new();
        for (key, done) in &seen.done {
            let id = key.split_once('/').and_then(|(_, id)| id.parse::<u64>().ok());
            match (id, done) {
                (Some(panel), Done::Attested { attestation }) => {
                    next.answers.insert(panel, attestation.clone());
                }
                (Some(dataset), Done::Audited { report }) => {
                    next.audits.insert(dataset, report.clone());
                }
                (Some(panel), Done::Missing { state, tile }) => {
                    next.challenge(seen, panel, *state, *tile, &mut actions)
                }
                _ => {}
            }
        }
        for panel in seen.view.open_panels() {
            if let Some(seat) = panel.seats.iter().find(|s| s.node == seen.me.account) {
                next.sit(seen, panel, seat, &mut actions);
            }
        }
        for dataset in seen.view.datasets.values() {
            next.audit(seen, dataset, &mut actions);
        }
        unsealing::step_in(seen, &mut next.attempts, &mut actions);
        // A view lists every panel that is not closed.
        let open = |id: &u64| seen.view.panels.get(id).is_some_and(|p| p.status != PanelStatus::Closed {});
        next.answers.retain(|id, _| open(id));
        let audited = |id: &u64| {
            seen.view.datasets.get(id).is_some_and(|d| matches!(d.status, Status::Auditing { .. }))
        };
        next.audits.retain(|id, _| audited(id));
        actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        (next, actions)
    }

    /// The memory of an earlier life.
    pub(crate) fn resume(self, earlier: Self) -> Self {
        earlier
    }

    /// An earlier life's evaluator goes on though the operator ended the role: a seat that is drawn must be answered
    /// for, and none is drawn any more from the epoch after the node said so.
    pub(crate) fn retire(self) -> Option<Self> {
        Some(self)
    }

    /// The seats it has not answered for yet, which it may not leave behind.
    pub(crate) fn owes(&self, seen: &Observation) -> Vec<String> {
        let (now, mut owed) = (seen.now(), Vec::new());
        for panel in seen.view.open_panels() {
            let seat = panel.seats.iter().find(|s| s.node == seen.me.account);
            let Some(seat) = seat.filter(|s| !s.revealed) else { continue };
            let due = match panel.status {
                PanelStatus::Serving { .. } => "its trainer serves",
                PanelStatus::Committing { .. } if seat.commit.is_none() => "its answer is worked out",
                PanelStatus::Committing { .. } => "the others commit",
                PanelStatus::Revealing { until } if seat.commit.is_some() && now < until.seconds() => {
                    "its answer is revealed"
                }
                // Too late for this seat: nothing that it could still do.
                _ => continue,
            };
            owed.push(format!("seat of panel {}: {due}", panel.id));
        }
        for (id, seats) in &seen.view.audits {
            let dataset = seen.view.datasets.get(id).map(|d| &d.status);
            let Some(Status::Auditing { commit_until, reveal_until }) = dataset else { continue };
            let seat = seats.iter().find(|s| s.node == seen.me.account && s.report.is_none());
            let Some(seat) = seat else { continue };
            let in_time = if seat.commit.is_some() { reveal_until } else { commit_until };
            if now < in_time.seconds() {
                owed.push(format!("audit of dataset {id}, until {}", in_time.seconds()));
            }
        }
        owed
    }

    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        (self.owes(seen), self.attempts.blocked())
    }

    fn challenge(
        &mut self,
        seen: &Observation,
        panel: u64,
        state: u32,
        tile: u64,
        actions: &mut Vec<Action>,
    ) {
        let key = format!("challenge/{panel}/{state}/{tile}");
        if self.attempts.begin(&key, seen) {
            let challenge = ExecuteMsg::ChallengeAvailability { panel, state, tile };
            actions.push(Action::Send { key, tx: seen.me.tx(&seen.me.contracts.tasks, &challenge) });
        }
    }

    fn sit(&mut self, seen: &Observation, panel: &PanelResponse, seat: &SeatInfo, actions: &mut Vec<Action>) {
        let (me, id) = (&seen.me, panel.id);
        let tasks = &me.contracts.tasks;
        let salt = me.salt("attestation", id);
        let all_committed = panel.seats.iter().all(|s| s.commit.is_some());
        let revealing = matches!(panel.status, PanelStatus::Revealing { .. });
        let committing = matches!(panel.status, PanelStatus::Committing { .. });
        let answer = self.answers.get(&id);
        match (answer, &seat.commit) {
            (None, None) if committing => {
                let key = format!("attest/{id}");
                if let Some(at) = patience(&seen.view, panel) {
                    actions.push(Action::Wake { at });
                    return;
                }
                if let Some(job) = job(&seen.view, panel)
                    && self.attempts.begin(&key, seen)
                {
                    actions.push(Action::Work { key, job: Box::new(job), seconds: 2 * SHORT });
                }
            }
            (Some(answer), None) if committing => {
                let key = format!("commit-attestation/{id}");
                let commit = me.commit(ATTESTATION_COMMIT, tasks, id, &answer.hash(), &salt);
                if self.attempts.begin(&key, seen) {
                    let attest = ExecuteMsg::Attest { panel: id, commit };
                    actions.push(Action::Send { key, tx: me.tx(tasks, &attest) });
                }
            }
            (Some(answer), Some(_)) if !seat.revealed && (revealing || (committing && all_committed)) => {
                let key = format!("reveal-attestation/{id}");
                if self.attempts.begin(&key, seen) {
                    let (attestation, salt) = (answer.clone(), salt.0.to_vec().into());
                    let reveal = ExecuteMsg::RevealAttestation { panel: id, attestation, salt };
                    actions.push(Action::Send { key, tx: me.tx(tasks, &reveal) });
                }
            }
            _ => {}
        }
    }

    fn audit(&mut self, seen: &Observation, dataset: &DatasetResponse, actions: &mut Vec<Action>) {
        let (now, me, id) = (seen.now(), &seen.me, dataset.id);
        let Status::Auditing { commit_until, reveal_until } = dataset.status else { return };
        let seats = seen.view.audits.get(&id).map(Vec::as_slice).unwrap_or_default();
        let Some(seat) = seats.iter().find(|s| s.node == me.account) else { return };
        let contract = &me.contracts.datasets;
        let salt = me.salt("audit", id);
        let in_commits = now < commit_until.seconds();
        let all_committed = seats.iter().all(|s| s.commit.is_some());
        let report = self.audits.get(&id);
        let said = match (report, &seat.commit, &seat.report) {
            (None, None, _) if in_commits => {
                let key = format!("audit/{id}");
                if self.attempts.begin(&key, seen) {
                    let model = seen.view.models.values().next().cloned();
                    let job = Job::Audit { dataset: dataset.clone(), model };
                    actions.push(Action::Work { key, job: Box::new(job), seconds: 4 * SHORT });
                }
                None
            }
            (Some(report), None, _) if in_commits => {
                let commit = me.commit(AUDIT_COMMIT, contract, id, &report.hash(), &salt);
                Some(("commit-audit", datasets::ExecuteMsg::CommitAudit { dataset: id, commit }))
            }
            (Some(report), Some(_), None)
                if (all_committed || !in_commits) && now < reveal_until.seconds() =>
            {
                let (report, salt) = (report.clone(), salt.0.to_vec().into());
                Some(("reveal-audit", datasets::ExecuteMsg::RevealAudit { dataset: id, report, salt }))
            }
            _ => None,
        };
        if let Some((what, msg)) = said {
            let key = format!("{what}/{id}");
            if self.attempts.begin(&key, seen) {
                actions.push(Action::Send { key, tx: me.tx(contract, &msg) });
            }
        }
    }
}

/// Until when a seat of a disputed interval may let an earlier dispute of the same claim go first: one interval that
/// is shown to be forged ends the claim, and spares the work of all others. Nothing if it is this panel's turn.
fn patience(view: &View, panel: &PanelResponse) -> Option<u64> {
    let disputes =
        |p: &&PanelResponse| p.claim == panel.claim && matches!(p.kind, PanelKind::Interval { .. });
    let PanelStatus::Committing { until } = panel.status else { return None };
    let latest = until.seconds().saturating_sub(view.config.params.attest_seconds / 2);
    let earlier = view.open_panels().filter(disputes).any(|p| p.id < panel.id);
    (disputes(&panel) && earlier && view.time < latest).then_some(latest)
}

/// What a panel asks of a seat; nothing while the view lacks a part of it.
fn job(view: &View, panel: &PanelResponse) -> Option<Job> {
    let domains = |ids: &[u64]| ids.iter().map(|d| view.domains.get(d).cloned()).collect::<Option<Vec<_>>>();
    match panel.kind {
        PanelKind::Heads {} => {
            let with_model = |d: lyceum_api::tasks::DomainResponse| {
                let model = view.models.get(&d.domain.model)?.clone();
                Some((d, model))
            };
            let domains = domains(&panel.guards)?.into_iter().map(with_model).collect::<Option<Vec<_>>>()?;
            Some(Job::Heads { panel: panel.clone(), domains })
        }
        PanelKind::Claim {} | PanelKind::Score {} | PanelKind::Interval { .. } => {
            let claim = panel.claim?;
            let second = match panel.second_key {
                Some(second) => Some(view.panels.get(&second)?.clone()),
                None => None,
            };
            Some(Job::Attest {
                subject: view.subject(claim)?,
                panel: panel.clone(),
                second,
                guards: domains(&panel.guards)?,
            })
        }
    }
}
