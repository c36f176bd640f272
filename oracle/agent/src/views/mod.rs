//! [`Views`]: builds the [`View`] of a height by queries: once for all nodes of a process, or lean for one node on a
//! real chain. Either way only what is not over is asked for again. A lean view lets go of what nobody needs any
//! more, and is kept as it is while the chain's events say that nothing changed.

mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cosmwasm_std::Addr;
use lyceum_api::datasets::{self, Status};
use lyceum_api::experts;
use lyceum_api::tasks::{self, ClaimResponse, PanelResponse, PanelStatus, TaskResponse, TaskStatus};
use lyceum_chain::{Chain, Contracts, Head};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::view::is_over;
use crate::{Result, View};
use walk::Walk;

/// Seconds after which a lean view is asked for anew although nothing changed: some answers depend on the time.
const STALE: u64 = 30;
/// Heights whose events are looked through to learn that nothing changed; beyond, the view is simply asked for.
const LOOKED_THROUGH: u64 = 32;

/// Ids up to which everything is over, by list. Kept in a node's journal, so that its next life begins there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Tasks.
    #[serde(default)]
    pub tasks: Option<u64>,
    /// Claims.
    #[serde(default)]
    pub claims: Option<u64>,
    /// Panels.
    #[serde(default)]
    pub panels: Option<u64>,
    /// Datasets.
    #[serde(default)]
    pub datasets: Option<u64>,
}

/// What a lean view lists though it is over, because a role still needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whose view it is.
    pub account: Option<Addr>,
    /// Claims.
    pub claims: BTreeSet<u64>,
    /// Tasks.
    pub tasks: BTreeSet<u64>,
    /// Datasets.
    pub datasets: BTreeSet<u64>,
    /// All tasks that the account opened.
    pub own_tasks: bool,
}

#[derive(Debug, Default)]
struct Cache {
    /// The last view; its height is 0 while it is not whole.
    view: Option<Arc<View>>,
    tasks: Walk,
    claims: Walk,
    panels: Walk,
    datasets: Walk,
    /// When the view was last asked for, by the chain's time.
    asked_at: u64,
    /// How often.
    asked: u64,
}

/// The latest view, shared: what the chain says at a height is the same for everybody.
#[derive(Debug, Clone)]
pub struct Views {
    cache: Arc<Mutex<Cache>>,
    lean: bool,
}

impl Default for Views {
    fn default() -> Self {
        Self::new()
    }
}

impl Views {
    /// Whole views, with everything that is over; for any number of nodes.
    pub fn new() -> Self {
        Self { cache: Arc::default(), lean: false }
    }

    /// Lean views for one node, from where its earlier life had come to.
    pub fn lean(settled: Settled) -> Self {
        let cache = Cache {
            tasks: Walk::after(settled.tasks),
            claims: Walk::after(settled.claims),
            panels: Walk::after(settled.panels),
            datasets: Walk::after(settled.datasets),
            ..Cache::default()
        };
        Self { cache: Arc::new(Mutex::new(cache)), lean: true }
    }

    /// The view of an open height, with everything that is over.
    pub async fn at<C: Chain>(&self, chain: &C, head: Head) -> Result<Arc<View>> {
        self.at_with(chain, head, &Needs::default()).await
    }

    /// The view of an open height; a lean one lists what is needed beside what is under way.
    pub async fn at_with<C: Chain>(&self, chain: &C, head: Head, needs: &Needs) -> Result<Arc<View>> {
        let mut cache = self.cache.lock().await;
        if let Some(view) = cache.view.as_ref().filter(|v| v.height == head.height) {
            return Ok(view.clone());
        }
        let mut view = match cache.view.take() {
            // Nobody else holds it any more, most of the time; then nothing is copied.
            Some(view) => Arc::unwrap_or_clone(view),
            None => empty(chain).await?,
        };
        if self.lean && cache.still_holds(chain, &view, head).await {
            (view.height, view.time) = (head.height, head.time);
            return Ok(cache.put(view));
        }
        let before = std::mem::replace(&mut view.height, 0);
        match cache.refresh(chain, &mut view, head).await {
            Ok(()) => {}
            Err(error) => {
                // What came is right, but not all of one height: it is a beginning for the next time, and no answer.
                cache.view = Some(Arc::new(view));
                return Err(error);
            }
        }
        tracing::trace!("view of height {}, the one before was of {before}", head.height);
        if self.lean {
            if let Err(error) = fetch_missing(chain, &mut view, needs, cache.datasets.last()).await {
                cache.view = Some(Arc::new(view));
                return Err(error);
            }
            prune(&mut view, needs);
        }
        (view.height, view.time) = (head.height, head.time);
        (cache.asked_at, cache.asked) = (head.time, cache.asked + 1);
        Ok(cache.put(view))
    }

    /// Up to where everything is over, and how often the chain was asked for a view.
    pub(crate) async fn known(&self) -> (Settled, u64) {
        let cache = self.cache.lock().await;
        let settled = Settled {
            tasks: cache.tasks.settled(),
            claims: cache.claims.settled(),
            panels: cache.panels.settled(),
            datasets: cache.datasets.settled(),
        };
        (settled, cache.asked)
    }
}

impl Cache {
    fn put(&mut self, view: View) -> Arc<View> {
        let view = Arc::new(view);
        self.view = Some(view.clone());
        view
    }

    /// Whether a view is still what the chain says: no contract said anything since, no window has ended, and it is
    /// not old. Any doubt is a no.
    async fn still_holds<C: Chain>(&self, chain: &C, view: &View, head: Head) -> bool {
        let recent = view.height > 0
            && head.height > view.height
            && head.height - view.height <= LOOKED_THROUGH
            && head.time.saturating_sub(self.asked_at) < STALE
            && view.next_deadline().is_none_or(|at| head.time < at);
        if !recent {
            return false;
        }
        match chain.events(view.height).await {
            Ok(blocks) => !blocks
                .iter()
                .flat_map(|b| &b.txs)
                .flat_map(|tx| &tx.events)
                .any(|e| concerns(e, chain.contracts())),
            Err(error) => {
                tracing::debug!("the chain's events cannot be had, so its state is asked for: {error}");
                false
            }
        }
    }

    /// Asks for everything that may have changed.
    async fn refresh<C: Chain>(&mut self, chain: &C, view: &mut View, head: Head) -> Result<()> {
        let at = chain.contracts();
        view.time = head.time;
        view.config = ask(chain, &at.tasks, tasks::QueryMsg::Config {}).await?;
        // There are few models and domains, and they are never over; a model never changes.
        let mut models = Walk::after(view.models.keys().next_back().copied());
        let page = |start_after, limit| async move {
            let query = experts::QueryMsg::Models { start_after, limit: Some(limit) };
            Ok(ask::<_, experts::ModelsResponse, _>(chain, &at.experts, query).await?.models)
        };
        models.refresh(&mut view.models, |m| m.id, |_| true, page).await?;
        let page = |start_after, limit| async move {
            let query = tasks::QueryMsg::Domains { start_after, limit: Some(limit) };
            Ok(ask::<_, tasks::DomainsResponse, _>(chain, &at.tasks, query).await?.domains)
        };
        Walk::default().refresh(&mut view.domains, |d| d.id, |_| true, page).await?;
        let page = |start_after, limit| async move {
            let query = tasks::QueryMsg::Tasks { start_after, limit: Some(limit) };
            Ok(ask::<_, tasks::TasksResponse, _>(chain, &at.tasks, query).await?.tasks)
        };
        self.tasks.refresh(&mut view.tasks, |t| t.id, |t| t.status != TaskStatus::Open, page).await?;
        let page = |start_after, limit| async move {
            let query = tasks::QueryMsg::Claims { task: None, start_after, limit: Some(limit) };
            Ok(ask::<_, tasks::ClaimsResponse, _>(chain, &at.tasks, query).await?.claims)
        };
        self.claims.refresh(&mut view.claims, |c| c.id, |c| is_over(&c.status), page).await?;
        let page = |start_after, limit| async move {
            let query = tasks::QueryMsg::Panels { claim: None, start_after, limit: Some(limit) };
            Ok(ask::<_, tasks::PanelsResponse, _>(chain, &at.tasks, query).await?.panels)
        };
        self.panels.refresh(&mut view.panels, |p| p.id, |p| p.status == PanelStatus::Closed {}, page).await?;
        let page = |start_after, limit| async move {
            let query = datasets::QueryMsg::Datasets { start_after, limit: Some(limit) };
            Ok(ask::<_, datasets::DatasetsResponse, _>(chain, &at.datasets, query).await?.datasets)
        };
        self.datasets.refresh(&mut view.datasets, |d| d.id, |d| decided(&d.status), page).await?;
        view.learning = ask(chain, &at.tasks, tasks::QueryMsg::OpenLearningBlock {}).await?;
        datasets_under_way(chain, view).await?;
        rounds(chain, view).await
    }
}

/// Whether a dataset's story is over.
pub(crate) fn decided(status: &Status) -> bool {
    matches!(status, Status::Approved { .. } | Status::Rejected { .. })
}

/// Whether an event is one of a contract that views are made of. Events of contracts name theirs.
fn concerns(event: &cosmwasm_std::Event, at: &Contracts) -> bool {
    let ours = [at.tasks.as_str(), at.datasets.as_str(), at.experts.as_str()];
    event.attributes.iter().any(|a| a.key == "_contract_address" && ours.contains(&a.value.as_str()))
}

/// A view of nothing.
async fn empty<C: Chain>(chain: &C) -> Result<View> {
    let at = chain.contracts();
    Ok(View {
        height: 0,
        time: 0,
        config: ask(chain, &at.tasks, tasks::QueryMsg::Config {}).await?,
        models: BTreeMap::new(),
        domains: BTreeMap::new(),
        tasks: BTreeMap::new(),
        claims: BTreeMap::new(),
        panels: BTreeMap::new(),
        datasets: BTreeMap::new(),
        audits: BTreeMap::new(),
        posted: BTreeSet::new(),
        signatures: BTreeMap::new(),
        wanted: BTreeSet::new(),
        learning: ask(chain, &at.tasks, tasks::QueryMsg::OpenLearningBlock {}).await?,
    })
}

async fn ask<C: Chain, T: DeserializeOwned + Send, M: Serialize + Sync>(
    chain: &C,
    contract: &Addr,
    msg: M,
) -> Result<T> {
    Ok(chain.query(contract, &msg).await?)
}

/// What is needed and lies before what this life has walked through: each is asked for by its id.
async fn fetch_missing<C: Chain>(
    chain: &C,
    view: &mut View,
    needs: &Needs,
    last_dataset: Option<u64>,
) -> Result<()> {
    let at = chain.contracts();
    for claim in missing(&view.claims, needs.claims.iter().copied()) {
        let found: ClaimResponse = ask(chain, &at.tasks, tasks::QueryMsg::Claim { claim }).await?;
        view.claims.insert(claim, found);
    }
    let of_claims = view.claims.values().filter(|c| !is_over(&c.status)).map(|c| c.task);
    for task in missing(&view.tasks, of_claims.chain(needs.tasks.iter().copied())) {
        let found: TaskResponse = ask(chain, &at.tasks, tasks::QueryMsg::Task { task }).await?;
        view.tasks.insert(task, found);
    }
    let open = view.tasks.values().filter(|t| t.status == TaskStatus::Open);
    for claim in missing(&view.claims, open.flat_map(|t| t.claims.iter().copied())) {
        let found: ClaimResponse = ask(chain, &at.tasks, tasks::QueryMsg::Claim { claim }).await?;
        view.claims.insert(claim, found);
    }
    for panel in missing(&view.panels, referred_to(view, needs)) {
        let found: PanelResponse = ask(chain, &at.tasks, tasks::QueryMsg::Panel { panel }).await?;
        view.panels.insert(panel, found);
    }
    // A plan may name a dataset that nobody has proposed yet.
    let proposed = needs.datasets.iter().copied().filter(|d| last_dataset >= Some(*d));
    for dataset in missing(&view.datasets, proposed) {
        let query = datasets::QueryMsg::Dataset { dataset };
        let found: datasets::DatasetResponse = ask(chain, &at.datasets, query).await?;
        view.datasets.insert(dataset, found);
    }
    Ok(())
}

/// Those ids that are not listed.
fn missing<T>(items: &BTreeMap<u64, T>, ids: impl IntoIterator<Item = u64>) -> BTreeSet<u64> {
    ids.into_iter().filter(|id| !items.contains_key(id)).collect()
}

/// Closed panels whose keys open ones, or claims of the account, still depend on.
fn referred_to(view: &View, needs: &Needs) -> BTreeSet<u64> {
    let second = view.open_panels().filter_map(|p| p.second_key);
    let mine = view.claims.values().filter(|c| Some(&c.trainer) == needs.account.as_ref());
    second.chain(mine.filter_map(|c| c.opened_panel)).collect()
}

/// Lets go of what is over and not needed.
fn prune(view: &mut View, needs: &Needs) {
    let open_tasks: BTreeSet<u64> =
        view.tasks.values().filter(|t| t.status == TaskStatus::Open).map(|t| t.id).collect();
    // Whether a task can be finalized depends on all its claims.
    view.claims
        .retain(|id, c| !is_over(&c.status) || open_tasks.contains(&c.task) || needs.claims.contains(id));
    let of_claims: BTreeSet<u64> = view.claims.values().map(|c| c.task).collect();
    view.tasks.retain(|id, t| {
        t.status == TaskStatus::Open
            || of_claims.contains(id)
            || needs.tasks.contains(id)
            || (needs.own_tasks && Some(&t.opener) == needs.account.as_ref())
    });
    let referred_to = referred_to(view, needs);
    view.panels.retain(|id, p| p.status != PanelStatus::Closed {} || referred_to.contains(id));
    view.datasets.retain(|id, d| !decided(&d.status) || needs.datasets.contains(id));
}

async fn datasets_under_way<C: Chain>(chain: &C, view: &mut View) -> Result<()> {
    let contract = &chain.contracts().datasets;
    view.audits.clear();
    for (id, _) in view.datasets.iter().filter(|(_, d)| matches!(d.status, Status::Auditing { .. })) {
        let query = datasets::QueryMsg::Audits { dataset: *id };
        let audits: datasets::AuditsResponse = ask(chain, contract, query).await?;
        view.audits.insert(*id, audits.seats);
    }
    Ok(())
}

/// Which rounds are wanted, and which of those that panels and datasets wait for are there.
async fn rounds<C: Chain>(chain: &C, view: &mut View) -> Result<()> {
    let contract = &chain.contracts().tasks;
    let wanted: tasks::RoundsResponse =
        ask(chain, contract, tasks::QueryMsg::WantedRounds { limit: Some(100) }).await?;
    view.wanted = wanted.rounds.into_iter().collect();
    let panels = view.panels.values().filter(|p| p.status == PanelStatus::Pending {}).map(|p| p.round);
    let datasets = view.datasets.values().filter_map(|d| match d.status {
        Status::Proposed { round } => Some(round),
        _ => None,
    });
    let awaited: BTreeSet<u64> = panels.chain(datasets).collect();
    let before = std::mem::take(&mut view.posted);
    for round in awaited {
        if before.contains(&round) {
            view.posted.insert(round);
        } else if view.round_time(round) <= view.time {
            let known: tasks::BeaconResponse =
                ask(chain, contract, tasks::QueryMsg::Beacon { round }).await?;
            if known.randomness.is_some() {
                view.posted.insert(round);
            } else {
                // A dataset's round is wanted even where the contract that keeps rounds was not told.
                view.wanted.insert(round);
            }
        } else {
            view.wanted.insert(round);
        }
    }
    let sealed = view
        .tasks
        .values()
        .filter(|t| t.status == TaskStatus::Open && t.key.is_none() && !t.exposed && !t.claims.is_empty());
    let sealed: BTreeSet<u64> = sealed.map(|t| t.task.benchmark.round).collect();
    view.signatures.retain(|round, _| sealed.contains(round));
    for round in sealed {
        if !view.signatures.contains_key(&round) && view.round_time(round) <= view.time {
            let known: tasks::BeaconResponse =
                ask(chain, contract, tasks::QueryMsg::Beacon { round }).await?;
            if let Some(signature) = known.signature {
                view.signatures.insert(round, signature);
            }
        }
    }
    Ok(())
}
