//! Tells the store which blobs it must keep, once half of its quota is used.

use std::collections::BTreeSet;

use lyceum_api::datasets::{self, DatasetsResponse, Status};
use lyceum_api::experts::{self, HeadsResponse};
use lyceum_api::manifest::Target;
use lyceum_chain::Chain;

use super::Node;
use crate::needed::needed;
use crate::{Hash32, Result, View};

/// Seconds for which the own datasets are not asked for again: an approved one stays approved.
const DATASETS: u64 = 600;
/// Datasets, and experts, a page.
const PAGE: u32 = 30;
/// The most pages of one list.
const PAGES: usize = 1_000;

/// What the chain said that is in no view.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Heads of all models, and the number of the view that they belong to.
    heads: Option<(u64, BTreeSet<Hash32>)>,
    /// Shards of the node's own datasets that were not rejected, and when that was asked.
    own: Option<(u64, BTreeSet<Hash32>)>,
    /// When the look before this one began: what came into the store since then is younger than some view.
    looked: u64,
}

impl<C: Chain> Node<C> {
    /// Sets what must stay, if more than half of the quota is used. `asked` is the number of the view. If the chain does
    /// not answer, what was set before stays in force.
    pub(super) async fn look_at_room(&mut self, view: &View, asked: u64) {
        let looked = std::mem::replace(&mut self.room.looked, self.ctx.store.moment());
        let usage = self.ctx.store.usage();
        let used = usage.stored.saturating_add(usage.reserved);
        if usage.quota.is_none_or(|quota| used <= quota / 2) {
            return;
        }
        if let Err(error) = self.ask_for_room(view, asked).await {
            tracing::debug!(
                "the chain does not say what the store must keep, so nothing is removed: {error}"
            );
            return;
        }
        let mut stay = needed(view, &self.roles);
        stay.extend(self.ctx.runs.kept());
        stay.extend(self.made.values().flat_map(|made| made.roots()));
        for (_, roots) in [&self.room.heads, &self.room.own].into_iter().flatten() {
            stay.extend(roots);
        }
        match self.ctx.store.set_needed_of(looked, stay.into_iter().map(|root| *root.as_bytes()).collect()) {
            Ok(0) => {}
            Ok(removed) => {
                tracing::info!("the store was over its quota: removed {removed} blobs that nothing needs")
            }
            Err(error) => tracing::warn!("blobs that nothing needs cannot be removed: {error}"),
        }
    }

    async fn ask_for_room(&mut self, view: &View, asked: u64) -> Result<()> {
        if self.room.heads.as_ref().is_none_or(|(at, _)| *at != asked) {
            let mut roots = BTreeSet::new();
            for model in view.models.keys() {
                self.heads_of(*model, &mut roots).await?;
            }
            self.room.heads = Some((asked, roots));
        }
        if self.room.own.as_ref().is_none_or(|(at, _)| at.saturating_add(DATASETS) < view.time) {
            self.room.own = Some((view.time, self.own_shards().await?));
        }
        Ok(())
    }

    async fn heads_of(&self, model: u64, roots: &mut BTreeSet<Hash32>) -> Result<()> {
        let contract = &self.ctx.me.contracts.experts;
        let mut last = None;
        for _ in 0..PAGES {
            let query = experts::QueryMsg::Heads { model, start_after: last, limit: Some(PAGE) };
            let page: HeadsResponse = self.chain.query(contract, &query).await?;
            let experts = page.heads.iter().filter_map(|head| match head.target {
                Target::Expert { index } => Some(index),
                _ => None,
            });
            let next = experts.max();
            roots.extend(page.heads.iter().map(|head| head.root));
            if next.is_none() || next <= last {
                break;
            }
            last = next;
        }
        Ok(())
    }

    /// Nobody else may have what the node itself proposed.
    async fn own_shards(&self) -> Result<BTreeSet<Hash32>> {
        let (contract, me) = (&self.ctx.me.contracts.datasets, &self.ctx.me.account);
        let (mut roots, mut last) = (BTreeSet::new(), None);
        for _ in 0..PAGES {
            let query = datasets::QueryMsg::Datasets { start_after: last, limit: Some(PAGE) };
            let page: DatasetsResponse = self.chain.query(contract, &query).await?;
            let own = page.datasets.iter().filter(|d| d.proposer == *me);
            let approved = own.filter(|d| !matches!(d.status, Status::Rejected { .. }));
            roots.extend(approved.flat_map(|d| d.manifest.shards.iter().map(|shard| shard.root)));
            let next = page.datasets.last().map(|d| d.id);
            if next.is_none() || next <= last {
                break;
            }
            last = next;
        }
        Ok(roots)
    }
}
