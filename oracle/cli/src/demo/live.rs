//! The nodes live: each in its own task, all at their own handle of the chain, until every task is over, every
//! dataset decided, and the last learning block sealed and pulled from.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use cosmwasm_std::{Addr, Binary};
use lyceum_agent::{
    AgentError, BeaconSource, Cancel, Event, Node, NodeConfig, Peers, Planned, Roles, Shared, Takes, View,
    What,
};
use lyceum_api::datasets::Status;
use lyceum_api::nodes::Role;
use lyceum_api::tasks::{PanelKind, PanelStatus, TaskStatus};
use lyceum_chain::embedded::Beacon;
use lyceum_chain::logical::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::Settings;
use super::cast::{COORDINATOR, Member};
use super::genesis::{Found, Prepared};
use super::progress::{Bars, Progress};
use crate::failure::{DISK_FULL, DiskFull, Interrupted};
use crate::report::Kill;

/// Jobs that run at once: one for each core of a small machine, each on one thread.
const JOBS: usize = 2;
/// Events that may wait for the display.
const EVENTS: usize = 4096;

/// What is left when it is over.
pub struct Lived<C> {
    /// The chain, to ask.
    pub chain: C,
    /// Whether its time is real.
    pub real: bool,
    /// How the report names it.
    pub chain_name: &'static str,
    /// Who took part.
    pub members: Vec<Member>,
    /// Their accounts, in the same order.
    pub accounts: Vec<Addr>,
    /// What the chain said when it came up.
    pub found: Found,
    /// What they told.
    pub events: Vec<Event>,
    /// The last view.
    pub view: Arc<View>,
    /// All stores.
    pub peers: Arc<dyn Peers>,
    /// Which nodes were killed on the way.
    pub kills: Vec<Kill>,
}

struct Local(Beacon);

impl BeaconSource for Local {
    fn signature(&self, round: u64, now: u64) -> Option<Binary> {
        self.0.signed_at(round, now)
    }
}

/// How many tasks of a plan can open: those on a rejected dataset, and those that wait for such a one, never do.
fn openable(plan: &[Planned], rejected: impl Fn(u64) -> bool) -> usize {
    let mut opens: Vec<bool> = Vec::with_capacity(plan.len());
    for planned in plan {
        let data = !planned.task.shards.iter().any(|shard| rejected(shard.dataset));
        // Entries wait for earlier ones alone.
        opens.push(data && planned.after.iter().all(|i| opens.get(*i).copied().unwrap_or_default()));
    }
    opens.into_iter().filter(|opens| *opens).count()
}

/// Whether there is nothing left to do.
pub fn over(view: &View, plan: &[Planned]) -> bool {
    worked_off(view, plan) && view.learning.claims == 0 && view.learning.panel.is_none()
}

/// Whether the last learning block was looked at and held back, as it made a domain worse: it is looked at again later,
/// and may be held back for long.
pub fn held_back(view: &View) -> bool {
    let looks = view.panels.values().filter(|panel| panel.kind == PanelKind::Heads {});
    let closed = looks.filter(|panel| panel.status == PanelStatus::Closed {}).count();
    view.learning.panel.is_none() && closed as u64 > view.learning.number
}

/// Whether every task and every dataset is decided.
pub fn worked_off(view: &View, plan: &[Planned]) -> bool {
    let decided = |s: &Status| matches!(s, Status::Approved { .. } | Status::Rejected { .. });
    let rejected =
        |id: u64| view.datasets.get(&id).is_some_and(|d| matches!(d.status, Status::Rejected { .. }));
    view.tasks.len() == openable(plan, rejected)
        && view.tasks.values().all(|t| t.status != TaskStatus::Open)
        && view.datasets.values().all(|d| decided(&d.status))
}

fn roles(member: &Member, prepared: &Prepared, found: &Found) -> Roles {
    let has = |role| member.roles.contains(&role);
    let domains = member.domain.map(|d| found.domains[d]).into_iter().collect();
    Roles {
        trainer: has(Role::Trainer)
            .then(|| lyceum_agent::Trainer::new(Takes { domains, ..Takes::default() })),
        evaluator: has(Role::Evaluator).then(lyceum_agent::Evaluator::default),
        coordinator: has(Role::Coordinator).then(|| lyceum_agent::Coordinator::new(prepared.plan.clone())),
        voter: (member.gpus > 0).then(lyceum_agent::Voter::default),
        relay: (member.name == COORDINATOR).then(Default::default),
        collector: Some(Default::default()),
        enroller: None,
    }
}

/// Lets them live.
pub async fn live(
    settings: &Settings,
    mut prepared: Prepared,
    folder: &Path,
    stop: Cancel,
    progress: &Progress,
) -> anyhow::Result<Lived<Handle>> {
    let (handles, found, beacon) = super::embedded::start(prepared.blueprint.clone())?;
    prepared.number(&found);
    let (tell, events) = mpsc::channel(EVENTS);
    let shared = Shared {
        beacon: Some(Arc::new(Local(beacon))),
        events: Some(tell),
        cancel: stop.clone(),
        device: settings.device,
        ..Shared::new(prepared.directory.clone(), JOBS)
    };
    let plan = prepared.plan.clone();
    let mut nodes = vec![];
    let all = prepared.members.iter().zip(handles).zip(&prepared.stores);
    for (((member, handle), store), adversary) in all.zip(&prepared.adversaries) {
        let config = NodeConfig {
            name: member.name.clone(),
            folder: folder.join(&member.name),
            secret: settings.derive(&format!("secret of {}", member.name)),
            roles: roles(member, &prepared, &found),
            adversary: adversary.clone(),
        };
        nodes.push(Node::new(config, handle, store.clone(), shared.clone())?);
    }
    let peers: Arc<dyn Peers> = shared.peers.clone();
    let views = shared.views.clone();
    let (finish, finished) = oneshot::channel();
    let watcher = tokio::spawn(watch(events, finished, progress.clone(), stop.clone()));

    let nodes = match all_until(nodes, stop.clone(), move |v| over(v, &plan)).await {
        Ok(nodes) => nodes,
        Err(error) => {
            let _ = finish.send(());
            let (_, full) = watcher.await?;
            return Err(full.map_or(error, |words| DiskFull(words).into()));
        }
    };
    // One height more: everybody pulls what the last learning block brought.
    let head = lyceum_chain::Chain::head(nodes[0].chain()).await?;
    let nodes = all_until(nodes, stop, move |v| v.height > head.height).await?;
    let head = lyceum_chain::Chain::head(nodes[0].chain()).await?;
    let view = views.at(nodes[0].chain(), head).await?;
    let accounts = nodes.iter().map(|n| n.identity().account.clone()).collect();
    let chain = nodes.into_iter().next().context("nobody took part")?.into_chain();
    // Whoever else holds an end of the channel: the watcher is told.
    let _ = finish.send(());
    let (events, _) = watcher.await?;
    let chain_name = "embedded (the contracts in process, logical time)";
    Ok(Lived {
        chain,
        real: false,
        chain_name,
        members: prepared.members,
        accounts,
        found,
        events,
        view,
        peers,
        kills: vec![],
    })
}

/// All nodes at once until the view says enough; they stop at the same height. The first failure stops all.
async fn all_until(
    nodes: Vec<Node<Handle>>,
    stop: Cancel,
    enough: impl Fn(&View) -> bool + Clone + Send + Sync + 'static,
) -> anyhow::Result<Vec<Node<Handle>>> {
    let mut set = JoinSet::new();
    for (index, mut node) in nodes.into_iter().enumerate() {
        let enough = enough.clone();
        set.spawn(async move {
            let result = node.run_until(enough).await;
            (index, node, result)
        });
    }
    let mut back = vec![];
    let mut failed = None;
    while let Some(joined) = set.join_next().await {
        let (index, node, result) = joined?;
        if let Err(error) = result {
            // The others would wait forever for a node that is gone.
            stop.cancel();
            set.abort_all();
            failed.get_or_insert(error);
            break;
        }
        back.push((index, node));
    }
    match failed {
        None => {
            back.sort_by_key(|(index, _)| *index);
            Ok(back.into_iter().map(|(_, node)| node).collect())
        }
        Some(AgentError::Cancelled) => Err(Interrupted.into()),
        Some(error) => Err(error.into()),
    }
}

/// Shows what nodes tell, and keeps it for the report. A full disk stops everything: a node would try again and
/// again, miss its deadlines, and be punished for a disk. Gives what was kept, and the words about the disk.
pub async fn watch(
    mut events: mpsc::Receiver<Event>,
    mut finished: oneshot::Receiver<()>,
    progress: Progress,
    stop: Cancel,
) -> (Vec<Event>, Option<String>) {
    let mut bars = Bars::default();
    let mut kept = vec![];
    let mut full = None;
    loop {
        let event = tokio::select! {
            biased;
            event = events.recv() => event,
            _ = &mut finished => None,
        };
        let Some(event) = event else { return (kept, full) };
        match &event.what {
            What::Training { claim, progress: seen } => {
                bars.at(&progress, *claim, &format!("claim {claim} · {}", event.node), seen);
                continue;
            }
            What::Trained { claim, seconds, reported, .. } => {
                bars.done(*claim);
                let gain = *reported as f64 / 1e6;
                progress.say(&format!(
                    "   claim {claim}: {} trained in {seconds:.0} s and says it gained {gain:+.2} %",
                    event.node
                ));
            }
            What::Attested { claim: Some(claim), sound: false, fault, .. } => {
                let fault = fault.as_deref().unwrap_or("no reason given");
                progress.say(&format!("   claim {claim}: {} finds it unsound: {fault}", event.node));
            }
            What::Attested { claim: Some(claim), steps, gain: Some(gain), .. } => {
                let gain = *gain as f64 / 1e6;
                progress.say(&format!(
                    "   claim {claim}: {} re-executed {steps} steps and measured {gain:+.2} %",
                    event.node
                ));
            }
            What::Attested { claim: Some(claim), steps, gain: None, .. } if *steps > 0 => {
                progress.say(&format!(
                    "   claim {claim}: {} re-executed a disputed interval of {steps} steps",
                    event.node
                ));
            }
            What::Failed { words, .. } if words.contains(DISK_FULL) => {
                full.get_or_insert_with(|| words.clone());
                stop.cancel();
            }
            What::Failed { key, words } => progress.say(&format!("   {}: {key} failed: {words}", event.node)),
            What::Refused { key, words } => tracing::debug!(node = %event.node, key, words, "refused"),
            _ => {}
        }
        kept.push(event);
    }
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::Binary;
    use lyceum_api::Hash32;
    use lyceum_api::manifest::Target;
    use lyceum_api::tasks::{Benchmark, NewTask, RecipeBounds, TaskShard};

    use super::*;

    fn planned(dataset: u64, after: &[usize]) -> Planned {
        let root = Hash32::of(b"root");
        let task = NewTask {
            domain: 1,
            target: Target::Expert { index: 0 },
            steps_per_interval: 2,
            intervals: 200,
            shards: vec![TaskShard { dataset, root }],
            bounds: RecipeBounds { min_lr_nano: 1, max_lr_nano: 2, max_warmup: 0 },
            commit_seconds: 600,
            max_claims: 1,
            benchmark: Benchmark {
                root,
                bytes: 1,
                items: 1,
                key: root,
                round: 0,
                sealed_key: Binary::default(),
            },
        };
        Planned { task, key: root, after: after.to_vec() }
    }

    #[test]
    fn tasks_on_rejected_datasets_and_those_that_wait_for_them_are_not_waited_for() {
        let plan = [planned(1, &[]), planned(2, &[0]), planned(3, &[0])];
        assert_eq!(openable(&plan, |_| false), 3);
        assert_eq!(openable(&plan, |id| id == 2), 2);
        assert_eq!(openable(&plan, |id| id == 1), 0);
    }
}
