//! What a node's store must keep: every blob that something on chain which is not over names, and what the node's own
//! roles have yet to show. Everything else can be made or fetched again, or is of no use any more.

use std::collections::BTreeSet;

use lyceum_api::Hash32;
use lyceum_api::tasks::{NewTask, TaskStatus};

use crate::View;
use crate::roles::Roles;
use crate::view::is_over;
use crate::views::decided;

/// The roots of what must stay, as far as a view and the roles tell.
pub(crate) fn needed(view: &View, roles: &Roles) -> BTreeSet<Hash32> {
    let mut out = BTreeSet::new();
    out.extend(view.models.values().map(|m| m.model.base));
    out.extend(view.domains.values().map(|d| d.domain.held_out));
    let claims = || view.claims.values().filter(|c| !is_over(&c.status));
    for task in view.tasks.values() {
        // A task that is over may have claims that are not.
        if task.status == TaskStatus::Open || claims().any(|c| c.task == task.id) {
            out.extend([task.base, task.parent_root]);
            out.extend(task.heads.iter().map(|(_, root)| *root));
            of_task(&task.task, &mut out);
        }
    }
    out.extend(claims().filter_map(|c| c.content.as_ref()).flat_map(|c| [c.block, c.manifest]));
    for panel in view.open_panels() {
        out.extend(panel.heads.iter().map(|(_, root)| *root));
        out.extend(panel.served.iter().map(|state| state.tensors));
    }
    let open = view.datasets.values().filter(|d| !decided(&d.status));
    out.extend(open.flat_map(|d| d.manifest.shards.iter().map(|shard| shard.root)));
    if let Some(trainer) = &roles.trainer {
        trainer.keeps(&mut out);
    }
    if let Some(coordinator) = &roles.coordinator {
        coordinator.planned_tasks().for_each(|task| of_task(task, &mut out));
    }
    out
}

fn of_task(task: &NewTask, out: &mut BTreeSet<Hash32>) {
    out.insert(task.benchmark.root);
    out.extend(task.shards.iter().map(|shard| shard.root));
}
