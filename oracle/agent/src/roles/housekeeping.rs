//! What anyone may send to move tasks, claims, panels and datasets along: draws, settlements, expiries, closings.
//! Several nodes may send the same; a refused duplicate is no error.

use cosmwasm_std::Addr;
use lyceum_api::datasets::{self, Status};
use lyceum_api::tasks::{ClaimStatus, ExecuteMsg, PanelResponse, PanelStatus, TaskStatus};
use lyceum_chain::Tx;

use crate::view::is_over;
use crate::{Identity, View};

/// Whether a panel has all it waits for, or time has run out.
fn settles(panel: &PanelResponse, now: u64) -> bool {
    let needs_opening = panel.opening.is_some();
    let complete =
        !panel.seats.is_empty() && panel.seats.iter().all(|s| s.revealed) && (panel.opened || !needs_opening);
    match panel.status {
        PanelStatus::Revealing { until } => complete || until.seconds() < now,
        // All have answered before the window of the commits ended.
        PanelStatus::Committing { .. } => complete,
        _ => false,
    }
}

/// What a trainer owed a panel and let pass, or that a panel can no longer be drawn.
fn overdue(view: &View, panel: &PanelResponse) -> Option<&'static str> {
    let now = view.time;
    if panel.challenges.iter().any(|c| !c.answered && c.until.seconds() < now) {
        return Some("unavailable");
    }
    match panel.status {
        PanelStatus::Serving { until } if until.seconds() < now => Some("unserved"),
        PanelStatus::Revealing { until }
            if until.seconds() < now && panel.opening.is_some() && !panel.opened =>
        {
            Some("unopened")
        }
        PanelStatus::Pending {} if view.posted.contains(&panel.round) => {
            let patience = view.config.params.dispute_seconds;
            (view.round_time(panel.round).saturating_add(patience) < now).then_some("undrawn")
        }
        _ => None,
    }
}

/// What can be sent now, by key, in a fixed order.
pub fn housekeeping(view: &View, me: &Identity) -> Vec<(String, Tx)> {
    let now = view.time;
    let mut out = Vec::new();
    let mut say = |key: String, contract: &Addr, msg: &ExecuteMsg| out.push((key, me.tx(contract, msg)));
    let tasks = &me.contracts.tasks;
    for panel in view.open_panels() {
        let id = panel.id;
        if let (Some(claim), Some(owed)) = (panel.claim, overdue(view, panel)) {
            say(format!("{owed}/{id}"), tasks, &ExecuteMsg::Expire { claim });
            continue;
        }
        match panel.status {
            PanelStatus::Pending {} if view.posted.contains(&panel.round) => {
                say(format!("draw/{id}"), tasks, &ExecuteMsg::Draw { panel: id });
            }
            _ if settles(panel, now) => say(format!("settle/{id}"), tasks, &ExecuteMsg::Settle { panel: id }),
            _ => {}
        }
    }
    for claim in view.claims.values().filter(|c| !is_over(&c.status)) {
        let Some(task) = view.tasks.get(&claim.task) else { continue };
        let late = match &claim.status {
            // A task whose benchmark came out too early is void as a whole.
            ClaimStatus::Taken {} => task.commit_until.seconds() < now && !task.exposed,
            ClaimStatus::Committed {} => task.reveal_until.seconds() < now,
            ClaimStatus::Bisecting { until, .. } => until.seconds() < now,
            _ => false,
        };
        // A task that was not unsealed is void as a whole.
        if late && (task.key.is_some() || matches!(claim.status, ClaimStatus::Taken {}) && !task.exposed) {
            let key = format!("expire/{}/{}", claim.id, stage(&claim.status));
            say(key, tasks, &ExecuteMsg::Expire { claim: claim.id });
        }
    }
    for task in view.tasks.values().filter(|t| t.status == TaskStatus::Open) {
        let claims = || task.claims.iter().filter_map(|c| view.claims.get(c));
        if task.exposed || task.key.is_none() && task.reveal_until.seconds() < now {
            say(format!("void/{}", task.id), tasks, &ExecuteMsg::VoidTask { task: task.id });
        } else if task.commit_until.seconds() < now
            && task.key.is_some()
            && claims().all(|c| match &c.status {
                ClaimStatus::Settled { until, .. } => until.seconds() < now,
                other => is_over(other),
            })
        {
            say(format!("finalize/{}", task.id), tasks, &ExecuteMsg::Finalize { task: task.id });
        }
    }
    let learning = &view.learning;
    let reached = learning.claims > 0 && learning.weighted_gain >= learning.threshold;
    // A check that cannot be drawn for long is replaced.
    let patience = view.config.params.learning_block_seconds;
    let free = learning.panel.and_then(|p| view.panels.get(&p)).is_none_or(|panel| {
        panel.status == PanelStatus::Pending {} && view.round_time(panel.round).saturating_add(patience) < now
    });
    if reached && free {
        say(format!("check-heads/{}", learning.number), tasks, &ExecuteMsg::CheckHeads {});
    }
    close_datasets(view, me, &mut out);
    out
}

fn stage(status: &ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::Taken {} => "taken",
        ClaimStatus::Committed {} => "committed",
        _ => "bisecting",
    }
}

fn close_datasets(view: &View, me: &Identity, out: &mut Vec<(String, Tx)>) {
    let now = view.time;
    for dataset in view.datasets.values() {
        let id = dataset.id;
        let said = match dataset.status {
            Status::Proposed { round } if view.posted.contains(&round) => {
                Some((format!("draw-auditors/{id}"), datasets::ExecuteMsg::DrawAuditors { dataset: id }))
            }
            Status::Auditing { reveal_until, .. } => {
                let seats = view.audits.get(&id).map(Vec::as_slice).unwrap_or_default();
                let complete = !seats.is_empty() && seats.iter().all(|s| s.report.is_some());
                (complete || reveal_until.seconds() < now)
                    .then(|| (format!("close-audit/{id}"), datasets::ExecuteMsg::CloseAudit { dataset: id }))
            }
            Status::Voting { until, extended } if until.seconds() < now => {
                Some((format!("close-vote/{id}/{extended}"), datasets::ExecuteMsg::CloseVote { dataset: id }))
            }
            _ => None,
        };
        out.extend(said.map(|(key, msg)| (key, me.tx(&me.contracts.datasets, &msg))));
    }
}
