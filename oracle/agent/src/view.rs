//! [`View`]: what the chain says at the beginning of a height, as far as any role of any node asks.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::Binary;
use lyceum_api::datasets::{AuditSeat, DatasetResponse, Status};
use lyceum_api::experts::ModelResponse;
use lyceum_api::tasks::{
    ClaimResponse, ClaimStatus, ConfigResponse, DomainResponse, OpenLearningBlockResponse, PanelResponse,
    PanelStatus, TaskResponse, TaskStatus,
};
use lyceum_onchain::beacon;
use serde::{Deserialize, Serialize};

use crate::action::Subject;

/// The chain's state, as far as nodes ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Height.
    pub height: u64,
    /// Unix seconds.
    pub time: u64,
    /// Configuration of `tasks`.
    pub config: ConfigResponse,
    /// Models by id.
    pub models: BTreeMap<u64, ModelResponse>,
    /// Domains by id.
    pub domains: BTreeMap<u64, DomainResponse>,
    /// Tasks by id, those that are over included.
    pub tasks: BTreeMap<u64, TaskResponse>,
    /// Claims by id.
    pub claims: BTreeMap<u64, ClaimResponse>,
    /// Panels by id.
    pub panels: BTreeMap<u64, PanelResponse>,
    /// Datasets by id.
    pub datasets: BTreeMap<u64, DatasetResponse>,
    /// Audit seats of datasets that are being audited.
    pub audits: BTreeMap<u64, Vec<AuditSeat>>,
    /// Rounds that somebody waits for and that are posted.
    pub posted: BTreeSet<u64>,
    /// Signatures of posted rounds to which benchmarks are sealed that nobody has unsealed.
    pub signatures: BTreeMap<u64, Binary>,
    /// Rounds that somebody waits for and nobody has posted.
    pub wanted: BTreeSet<u64>,
    /// The open learning block.
    pub learning: OpenLearningBlockResponse,
}

/// Whether a claim's story is over.
pub fn is_over(status: &ClaimStatus) -> bool {
    match status {
        ClaimStatus::Taken {}
        | ClaimStatus::Committed {}
        | ClaimStatus::Revealed {}
        | ClaimStatus::Bisecting { .. }
        | ClaimStatus::Disputed { .. }
        | ClaimStatus::Settled { .. } => false,
        ClaimStatus::Accepted {}
        | ClaimStatus::Outbid {}
        | ClaimStatus::Rejected { .. }
        | ClaimStatus::Fraud { .. }
        | ClaimStatus::Lost {}
        | ClaimStatus::Forfeited {}
        | ClaimStatus::Void {} => true,
    }
}

impl View {
    /// A claim with what its run depends on; nothing if the view does not list it all.
    pub fn subject(&self, claim: u64) -> Option<Subject> {
        let claim = self.claims.get(&claim)?;
        let task = self.tasks.get(&claim.task)?;
        let domain = self.domains.get(&task.task.domain)?;
        let model = self.models.get(&task.model)?;
        Some(Subject {
            claim: claim.clone(),
            task: task.clone(),
            domain: domain.clone(),
            model: model.clone(),
        })
    }

    /// Panels that are at work.
    pub fn open_panels(&self) -> impl Iterator<Item = &PanelResponse> {
        self.panels.values().filter(|p| p.status != PanelStatus::Closed {})
    }

    /// When a round comes out.
    pub fn round_time(&self, round: u64) -> u64 {
        beacon::round_time(self.config.beacon.genesis, self.config.beacon.period, round)
    }

    /// The next moment at which a window ends or a round comes out; nothing if nothing is under way.
    pub fn next_deadline(&self) -> Option<u64> {
        let mut times: Vec<u64> = self.wanted.iter().map(|r| self.round_time(*r)).collect();
        for task in self.tasks.values().filter(|t| t.status == TaskStatus::Open) {
            times.extend([task.commit_until.seconds(), task.reveal_until.seconds()]);
        }
        for claim in self.claims.values() {
            match &claim.status {
                ClaimStatus::Bisecting { until, .. } | ClaimStatus::Settled { until, .. } => {
                    times.push(until.seconds());
                }
                _ => {}
            }
        }
        for panel in self.open_panels() {
            match panel.status {
                PanelStatus::Serving { until }
                | PanelStatus::Committing { until }
                | PanelStatus::Revealing { until } => times.push(until.seconds()),
                PanelStatus::Pending {} if !self.posted.contains(&panel.round) => {
                    times.push(self.round_time(panel.round));
                }
                PanelStatus::Pending {} | PanelStatus::Closed {} => {}
            }
        }
        for dataset in self.datasets.values() {
            match dataset.status {
                Status::Proposed { round } if !self.posted.contains(&round) => {
                    times.push(self.round_time(round))
                }
                Status::Auditing { commit_until, reveal_until } => {
                    times.extend([commit_until.seconds(), reveal_until.seconds()]);
                }
                Status::Voting { until, .. } => times.push(until.seconds()),
                _ => {}
            }
        }
        // Windows may be inclusive at their end: a second later they have passed for sure.
        times.into_iter().map(|t| t.saturating_add(1)).filter(|t| *t > self.time).min()
    }
}
