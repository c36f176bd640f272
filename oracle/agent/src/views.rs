//! [`Views`]: builds the [`View`] of a height by queries, once for all nodes of a process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lyceum_api::datasets::{self, Status};
use lyceum_api::experts;
use lyceum_api::tasks::{self, PanelStatus, TaskStatus};
use lyceum_chain::{Chain, Head};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::view::is_over;
use crate::{Result, View};

/// The latest view, shared: what the chain says at a height is the same for everybody.
#[derive(Debug, Clone, Default)]
pub struct Views(Arc<Mutex<Option<Arc<View>>>>);

impl Views {
    /// No view yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The view of an open height. Items that are over are not asked for again.
    pub async fn at<C: Chain>(&self, chain: &C, head: Head) -> Result<Arc<View>> {
        let mut latest = self.0.lock().await;
        if let Some(view) = latest.as_ref().filter(|v| v.height == head.height) {
            return Ok(view.clone());
        }
        let view = Arc::new(build(chain, head, latest.as_deref()).await?);
        *latest = Some(view.clone());
        Ok(view)
    }
}

/// Ids up to which, from the first on, everything is over; nothing if the first is not.
fn settled<T>(items: Option<&BTreeMap<u64, T>>, over: impl Fn(&T) -> bool) -> Option<u64> {
    items?.iter().take_while(|(_, item)| over(item)).last().map(|(id, _)| *id)
}

/// All pages of a list from an id on, on top of what is known.
macro_rules! pages {
    ($chain:ident, $contract:expr, $known:expr, $over:expr, $query:expr, $page:ty, $field:ident) => {{
        let known: Option<&BTreeMap<u64, _>> = $known;
        let mut after = settled(known, $over);
        let mut items = known.cloned().unwrap_or_default();
        loop {
            let page: $page = $chain.query($contract, &$query(after)).await?;
            let Some(last) = page.$field.last().map(|item| item.id) else { break };
            // A list that does not go on would be asked for forever.
            if after.is_some_and(|after| last <= after) {
                break;
            }
            after = Some(last);
            items.extend(page.$field.into_iter().map(|item| (item.id, item)));
        }
        items
    }};
}

async fn build<C: Chain>(chain: &C, head: Head, before: Option<&View>) -> Result<View> {
    let at = chain.contracts();
    let config: tasks::ConfigResponse = chain.query(&at.tasks, &tasks::QueryMsg::Config {}).await?;
    let models = pages!(
        chain,
        &at.experts,
        before.map(|v| &v.models),
        |_| true,
        |start_after| experts::QueryMsg::Models { start_after, limit: None },
        experts::ModelsResponse,
        models
    );
    let domains = pages!(
        chain,
        &at.tasks,
        before.map(|v| &v.domains),
        |_| false,
        |start_after| tasks::QueryMsg::Domains { start_after, limit: None },
        tasks::DomainsResponse,
        domains
    );
    let tasks_by_id = pages!(
        chain,
        &at.tasks,
        before.map(|v| &v.tasks),
        |t: &tasks::TaskResponse| t.status != TaskStatus::Open,
        |start_after| tasks::QueryMsg::Tasks { start_after, limit: None },
        tasks::TasksResponse,
        tasks
    );
    let claims = pages!(
        chain,
        &at.tasks,
        before.map(|v| &v.claims),
        |c: &tasks::ClaimResponse| is_over(&c.status),
        |start_after| tasks::QueryMsg::Claims { task: None, start_after, limit: None },
        tasks::ClaimsResponse,
        claims
    );
    let panels = pages!(
        chain,
        &at.tasks,
        before.map(|v| &v.panels),
        |p: &tasks::PanelResponse| p.status == PanelStatus::Closed {},
        |start_after| tasks::QueryMsg::Panels { claim: None, start_after, limit: None },
        tasks::PanelsResponse,
        panels
    );
    let datasets_by_id = pages!(
        chain,
        &at.datasets,
        before.map(|v| &v.datasets),
        |d: &datasets::DatasetResponse| {
            matches!(d.status, Status::Approved { .. } | Status::Rejected { .. })
        },
        |start_after| datasets::QueryMsg::Datasets { start_after, limit: None },
        datasets::DatasetsResponse,
        datasets
    );
    let learning: tasks::OpenLearningBlockResponse =
        chain.query(&at.tasks, &tasks::QueryMsg::OpenLearningBlock {}).await?;
    let mut view = View {
        height: head.height,
        time: head.time,
        config,
        models,
        domains,
        tasks: tasks_by_id,
        claims,
        panels,
        datasets: datasets_by_id,
        audits: BTreeMap::new(),
        votes: BTreeMap::new(),
        posted: BTreeSet::new(),
        wanted: BTreeSet::new(),
        learning,
    };
    datasets_under_way(chain, &mut view).await?;
    rounds(chain, &mut view, before).await?;
    Ok(view)
}

async fn ask<C: Chain, T: DeserializeOwned + Send, M: Serialize + Sync>(
    chain: &C,
    contract: &cosmwasm_std::Addr,
    msg: M,
) -> Result<T> {
    Ok(chain.query(contract, &msg).await?)
}

async fn datasets_under_way<C: Chain>(chain: &C, view: &mut View) -> Result<()> {
    let contract = chain.contracts().datasets.clone();
    for (id, dataset) in view.datasets.clone() {
        match dataset.status {
            Status::Auditing { .. } => {
                let query = datasets::QueryMsg::Audits { dataset: id };
                let audits: datasets::AuditsResponse = ask(chain, &contract, query).await?;
                view.audits.insert(id, audits.seats);
            }
            Status::Voting { .. } => {
                let mut votes: Vec<datasets::VoteInfo> = Vec::new();
                loop {
                    let start_after = votes.last().map(|v| v.voter.to_string());
                    let query = datasets::QueryMsg::Votes { dataset: id, start_after, limit: None };
                    let mut page: datasets::VotesResponse = ask(chain, &contract, query).await?;
                    let Some(last) = page.votes.last() else { break };
                    // Votes come in the order of voters; a list that does not go on would be asked for forever.
                    if votes.last().is_some_and(|before| last.voter <= before.voter) {
                        break;
                    }
                    votes.append(&mut page.votes);
                }
                view.votes.insert(id, votes);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Which rounds are wanted, and which of those that panels and datasets wait for are there.
async fn rounds<C: Chain>(chain: &C, view: &mut View, before: Option<&View>) -> Result<()> {
    let contract = chain.contracts().tasks.clone();
    let wanted: tasks::RoundsResponse =
        ask(chain, &contract, tasks::QueryMsg::WantedRounds { limit: None }).await?;
    view.wanted = wanted.rounds.into_iter().collect();
    let panels = view.panels.values().filter(|p| p.status == PanelStatus::Pending {}).map(|p| p.round);
    let datasets = view.datasets.values().filter_map(|d| match d.status {
        Status::Proposed { round } => Some(round),
        _ => None,
    });
    let awaited: BTreeSet<u64> = panels.chain(datasets).collect();
    for round in awaited {
        if before.is_some_and(|v| v.posted.contains(&round)) {
            view.posted.insert(round);
        } else if view.round_time(round) <= view.time {
            let known: tasks::BeaconResponse =
                ask(chain, &contract, tasks::QueryMsg::Beacon { round }).await?;
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
    Ok(())
}
