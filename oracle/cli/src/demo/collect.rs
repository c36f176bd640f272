//! The report, from what the chain and the nodes say when it is over.

use std::collections::BTreeMap;

use anyhow::Context;
use cosmwasm_std::{Addr, Uint128};
use lyceum_agent::{Event, View, What};
use lyceum_api::datasets::Status;
use lyceum_api::experts::{self, BlockStatus};
use lyceum_api::manifest::Target;
use lyceum_api::tasks::{self, ClaimResponse, ClaimStatus, PanelKind};
use lyceum_api::{credits, nodes, rewards};
use lyceum_chain::{BlockEvents, Chain};
use lyceum_learn::block;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::books::{self, Person};
use super::live::Lived;
use crate::report::{
    Audit, Block, Change, Claim, Dataset, Dispute, LearningBlock, Network, Report, Slash, Votes,
    balance::balance, block_seconds, by_kind, ledger,
};

/// Items of a page.
const PAGE: Option<u32> = Some(100);

/// A chain to ask, and names for accounts.
pub struct Desk<'a, C> {
    chain: &'a C,
    names: BTreeMap<Addr, String>,
}

/// A fixed-point number × 10⁻⁶.
fn micro(value: i64) -> f64 {
    value as f64 / 1e6
}

fn ulyc(amount: Uint128) -> u64 {
    u64::try_from(amount.u128()).unwrap_or(u64::MAX)
}

impl<C: Chain> Desk<'_, C> {
    async fn ask<T: DeserializeOwned + Send, M: Serialize + Sync>(
        &self,
        contract: &Addr,
        msg: &M,
    ) -> anyhow::Result<T> {
        Ok(self.chain.query(contract, msg).await?)
    }

    fn name(&self, account: &Addr) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| account.to_string())
    }

    fn name_of(&self, account: &str) -> String {
        self.name(&Addr::unchecked(account))
    }
}

/// Everything but what only the models can say (scores, text) and what only the clock can say.
pub async fn report<C: Chain>(lived: &Lived<C>) -> anyhow::Result<Report> {
    let chain = &lived.chain;
    let names = lived.accounts.iter().cloned().zip(lived.members.iter().map(|m| m.name.clone())).collect();
    let desk = Desk { chain, names };
    let heights = heights(chain).await?;
    let (claims, disputes) = claims(&desk, lived, &outcomes(&heights));
    let mut report = Report {
        version: crate::report::VERSION,
        claims,
        disputes,
        slashes: slashes(&desk, lived, &heights),
        datasets: datasets(lived),
        network: network(&desk, lived).await?,
        ledger: closed_books(lived, &heights).await?,
        learning_blocks: learning_blocks(&desk).await?,
        blocks: blocks(&desk, lived).await?,
        kills: lived.kills.clone(),
        gas: by_kind(lived.events.iter().filter_map(|event| match &event.what {
            What::Sent { key, gas, .. } => Some((key.as_str(), *gas)),
            _ => None,
        })),
        // Logical time says nothing of how fast a chain is.
        block_seconds: if lived.real {
            block_seconds(&heights.iter().map(|h| h.head).collect::<Vec<_>>())
        } else {
            None
        },
        ..Report::default()
    };
    for (account, member) in lived.accounts.iter().zip(&lived.members) {
        let query = credits::QueryMsg::Balance { account: account.to_string() };
        let balance: credits::BalanceResponse = desk.ask(&chain.contracts().credits, &query).await?;
        if !balance.credits.is_zero() {
            report.credits.insert(member.name.clone(), ulyc(balance.credits) as f64 / 1e6);
        }
    }
    Ok(report)
}

/// Everybody's account, checked: a report whose numbers do not add up is none.
async fn closed_books<C: Chain>(lived: &Lived<C>, heights: &[BlockEvents]) -> anyhow::Result<ledger::Ledger> {
    let all = lived.members.iter().zip(&lived.accounts).zip(&lived.found.starts);
    let people: Vec<Person> = all
        .map(|((member, account), start)| Person {
            name: member.name.clone(),
            account: account.clone(),
            start: *start,
            is_node: !member.roles.is_empty(),
        })
        .collect();
    let facts = books::facts(&lived.chain, &people, &lived.view, heights).await?;
    balance(&facts).context("no report is written: its numbers do not add up")
}

async fn heights<C: Chain>(chain: &C) -> anyhow::Result<Vec<BlockEvents>> {
    let (mut all, mut from) = (vec![], 0);
    loop {
        let page = chain.events(from).await?;
        let Some(last) = page.last() else { return Ok(all) };
        from = last.head.height + 1;
        all.extend(page);
    }
}

/// An attribute of an event.
pub(super) fn attribute<'a>(event: &'a cosmwasm_std::Event, key: &str) -> Option<&'a str> {
    event.attributes.iter().find(|a| a.key == key).map(|a| a.value.as_str())
}

/// Losses of bonds, from the claims' ends, and of stake, from the events of `nodes`.
fn slashes<C: Chain>(desk: &Desk<'_, C>, lived: &Lived<C>, heights: &[BlockEvents]) -> Vec<Slash> {
    let slashed = format!("wasm-{}", nodes::events::SLASHED);
    let mut out = vec![];
    for claim in lived.view.claims.values() {
        let reason = match &claim.status {
            ClaimStatus::Forfeited {} => "bond_forfeited".to_owned(),
            ClaimStatus::Fraud { reason } => format!("bond_fraud_{reason}"),
            _ => continue,
        };
        out.push(Slash { node: desk.name(&claim.trainer), amount: ulyc(claim.bond), reason });
    }
    for event in heights.iter().flat_map(|h| &h.txs).flat_map(|t| &t.events) {
        let text = |key| attribute(event, key).unwrap_or_default();
        if event.ty == slashed {
            let amount = text("amount").parse().unwrap_or_default();
            out.push(Slash { node: desk.name_of(text("node")), amount, reason: text("reason").to_owned() });
        }
    }
    out
}

/// How each panel closed, from the events of `tasks`.
fn outcomes(heights: &[BlockEvents]) -> BTreeMap<u64, String> {
    let events = heights.iter().flat_map(|h| &h.txs).flat_map(|t| &t.events);
    events
        .filter(|e| e.ty == "wasm-tasks_panel_closed")
        .filter_map(|e| Some((attribute(e, "panel")?.parse().ok()?, attribute(e, "outcome")?.to_owned())))
        .collect()
}

fn reason(status: &ClaimStatus) -> String {
    match status {
        ClaimStatus::Accepted {} => "accepted".to_owned(),
        ClaimStatus::Outbid {} => "outbid".to_owned(),
        ClaimStatus::Rejected { reason } => format!("rejected: {reason}"),
        ClaimStatus::Fraud { reason } => format!("fraud: {reason}"),
        ClaimStatus::Lost {} => "lost".to_owned(),
        ClaimStatus::Forfeited {} => "forfeited".to_owned(),
        ClaimStatus::Void {} => "void".to_owned(),
        _ => "open".to_owned(),
    }
}

fn claims<C: Chain>(
    desk: &Desk<'_, C>,
    lived: &Lived<C>,
    outcomes: &BTreeMap<u64, String>,
) -> (Vec<Claim>, Vec<Dispute>) {
    let view = &lived.view;
    let (mut claims, mut disputes) = (vec![], vec![]);
    for claim in view.claims.values() {
        let Some(task) = view.tasks.get(&claim.task) else { continue };
        let domain = view.domains.get(&task.task.domain).map(|d| d.domain.name.clone()).unwrap_or_default();
        let steps = u64::from(task.task.intervals) * u64::from(task.task.steps_per_interval);
        let mut row = Claim {
            id: claim.id,
            task: claim.task,
            trainer: desk.name(&claim.trainer),
            domain,
            block: claim.content.as_ref().map(|c| c.block.to_string()),
            parent_score: claim.reference.map(micro),
            reported: claim.content.as_ref().map(|c| micro(c.reported)),
            verified: claim.gain.map(micro),
            score: claim.score.map(micro),
            accepted: claim.status == ClaimStatus::Accepted {},
            reason: reason(&claim.status),
            intervals_total: task.task.intervals,
            run_seed: claim.seed.map(|s| s.to_string()),
            ..Claim::default()
        };
        for panel in claim.panels.iter().filter_map(|p| view.panels.get(p)) {
            let work = seats_work(&lived.events, panel.id);
            match panel.kind {
                PanelKind::Interval { interval } => disputes.push(Dispute {
                    claim: claim.id,
                    trainer: row.trainer.clone(),
                    interval,
                    verdict: outcomes.get(&panel.id).cloned().unwrap_or_default(),
                    committee: first_seats(desk, view, claim, interval),
                    seats: panel.seats.len() as u32,
                    steps: work.0,
                }),
                _ => {
                    let mut drawn: Vec<u32> = panel.seats.iter().flat_map(|s| s.intervals.clone()).collect();
                    drawn.sort_unstable();
                    drawn.dedup();
                    row.intervals_checked += drawn.len() as u32;
                    row.reexecuted_steps += work.0;
                    row.verify_seconds += work.1;
                }
            }
        }
        for event in &lived.events {
            if let What::Trained { claim: id, seconds, losses, .. } = &event.what
                && *id == claim.id
            {
                row.train_steps = steps;
                row.train_seconds = *seconds;
                row.losses = losses.iter().map(|l| micro(*l)).collect();
            }
        }
        claims.push(row);
    }
    (claims, disputes)
}

/// The seats of a claim's committees that had answered for an interval before it was disputed. A lazy one answers
/// without re-executing, so this is no list of who worked.
fn first_seats<C: Chain>(
    desk: &Desk<'_, C>,
    view: &View,
    claim: &ClaimResponse,
    interval: u32,
) -> Vec<String> {
    let panels = claim.panels.iter().filter_map(|p| view.panels.get(p));
    let committees = panels.filter(|p| p.kind == PanelKind::Claim {});
    let seats = committees.flat_map(|p| &p.seats).filter(|s| s.revealed && s.intervals.contains(&interval));
    seats.map(|s| desk.name(&s.node)).collect()
}

/// Steps and seconds of a panel's seats together.
fn seats_work(events: &[Event], panel: u64) -> (u64, f64) {
    events.iter().fold((0, 0.0), |(steps, seconds), event| match &event.what {
        What::Attested { panel: p, steps: s, seconds: t, .. } if *p == panel => (steps + s, seconds + t),
        _ => (steps, seconds),
    })
}

fn datasets<C: Chain>(lived: &Lived<C>) -> Vec<Dataset> {
    lived
        .view
        .datasets
        .values()
        .map(|d| Dataset {
            id: d.id,
            name: d.manifest.name.clone(),
            tier: match &d.status {
                Status::Approved { tier } => Some(format!("{tier:?}").to_lowercase()),
                _ => None,
            },
            reason: match &d.status {
                Status::Rejected { reason } => Some(reason.clone()),
                _ => None,
            },
            audit: d.audit.as_ref().map(|a| Audit {
                licence_ok: a.licence_ok,
                pii_percent: f64::from(a.pii_ppm) / 1e4,
                toxicity_percent: f64::from(a.toxicity_ppm) / 1e4,
                duplicates_percent: f64::from(a.duplicates_ppm) / 1e4,
                gain_percent: micro(a.gain),
                auditors: lived
                    .events
                    .iter()
                    .filter(|e| matches!(e.what, What::Audited { dataset, .. } if dataset == d.id))
                    .count() as u32,
            }),
            votes: Votes { yes: d.yes, no: d.no, total: d.total_power },
        })
        .collect()
}

async fn network<C: Chain>(desk: &Desk<'_, C>, lived: &Lived<C>) -> anyhow::Result<Network> {
    let at = desk.chain.contracts();
    let head = desk.chain.head().await?;
    let contracts = [
        ("charter", &at.charter),
        ("nodes", &at.nodes),
        ("datasets", &at.datasets),
        ("experts", &at.experts),
        ("tasks", &at.tasks),
        ("credits", &at.credits),
        ("rewards", &at.rewards),
    ];
    let p = &lived.view.config.params;
    let parameters = [
        ("claim_fee_ulyc", ulyc(p.claim_fee)),
        ("opener_deposit_ulyc", ulyc(p.opener_deposit)),
        ("reveal_seconds", p.reveal_seconds),
        ("draw_delay_seconds", p.draw_delay_seconds),
        ("serve_seconds", p.serve_seconds),
        ("attest_seconds", p.attest_seconds),
        ("open_seconds", p.open_seconds),
        ("dispute_seconds", p.dispute_seconds),
        ("learning_block_seconds", p.learning_block_seconds),
    ];
    let mut members = vec![];
    for (account, member) in lived.accounts.iter().zip(&lived.members) {
        let mut after = 0;
        if !member.roles.is_empty() {
            let query = nodes::QueryMsg::Node { node: account.to_string() };
            after = ulyc(desk.ask::<nodes::NodeResponse, _>(&at.nodes, &query).await?.stake);
        }
        members.push(crate::report::Node {
            name: member.name.clone(),
            account: account.to_string(),
            roles: match member.roles.is_empty() {
                true => vec!["author".to_owned()],
                false => member.roles.iter().map(|r| format!("{r:?}").to_lowercase()).collect(),
            },
            behaviour: member.behaviour.name().to_owned(),
            stake: Change { before: u64::try_from(member.stake)?, after },
            declared_gpus: member.gpus,
        });
    }
    Ok(Network {
        chain: lived.chain_name.to_owned(),
        height: head.height,
        chain_seconds: head.time.saturating_sub(lived.found.time),
        contracts: contracts.map(|(name, at)| (name.to_owned(), at.to_string())).into(),
        nodes: members,
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into(),
    })
}

async fn learning_blocks<C: Chain>(desk: &Desk<'_, C>) -> anyhow::Result<Vec<LearningBlock>> {
    let at = desk.chain.contracts();
    let mut out: Vec<LearningBlock> = vec![];
    loop {
        let start_after = out.last().map(|b| b.number);
        let query = tasks::QueryMsg::LearningBlocks { start_after, limit: PAGE };
        let page: tasks::LearningBlocksResponse = desk.ask(&at.tasks, &query).await?;
        if page.learning_blocks.is_empty() {
            return Ok(out);
        }
        for sealed in page.learning_blocks {
            let query = rewards::QueryMsg::LearningBlock { learning_block: sealed.number };
            let paid: rewards::LearningBlockResponse = desk.ask(&at.rewards, &query).await?;
            out.push(LearningBlock {
                number: sealed.number,
                height: sealed.height,
                threshold: micro(sealed.threshold),
                weighted_gain: micro(sealed.weighted_gain),
                emission: ulyc(paid.emission),
            });
        }
    }
}

async fn blocks<C: Chain>(desk: &Desk<'_, C>, lived: &Lived<C>) -> anyhow::Result<Vec<Block>> {
    let at = desk.chain.contracts();
    let mut out = vec![];
    for (id, model) in &lived.view.models {
        let mut rows = vec![Block {
            id: 0,
            target: "base".to_owned(),
            root: model.model.base.to_string(),
            author: "before genesis".to_owned(),
            status: "final".to_owned(),
            ..Block::default()
        }];
        loop {
            let start_after = rows.last().map(|b| b.id).filter(|id| *id > 0);
            let query = experts::QueryMsg::Blocks { model: *id, start_after, limit: PAGE };
            let page: experts::BlocksResponse = desk.ask(&at.experts, &query).await?;
            if page.blocks.is_empty() {
                break;
            }
            rows.extend(page.blocks.into_iter().map(|b| {
                Block {
                    id: b.id,
                    target: match b.block.target {
                        Target::Expert { index } => format!("expert {index}"),
                        Target::Router {} => "router".to_owned(),
                        Target::Base {} => "base".to_owned(),
                    },
                    parents: b.block.parents,
                    root: b.block.root.to_string(),
                    author: desk.name_of(&b.block.author),
                    status: match b.status {
                        BlockStatus::Provisional {} => "provisional",
                        BlockStatus::Final { fork: true, .. } => "fork",
                        BlockStatus::Final { .. } => "final",
                        BlockStatus::Void {} => "void",
                    }
                    .to_owned(),
                }
            }));
        }
        out.extend(rows);
    }
    Ok(out)
}

/// The bytes of the heads' blocks by expert index, from whichever store has them.
pub async fn heads<C: Chain>(lived: &Lived<C>) -> anyhow::Result<Vec<(u32, Vec<u8>)>> {
    let chain = &lived.chain;
    let mut out = vec![];
    for model in lived.view.models.keys() {
        let query = experts::QueryMsg::Heads { model: *model, start_after: None, limit: PAGE };
        let found: experts::HeadsResponse = chain.query(&chain.contracts().experts, &query).await?;
        for head in found.heads {
            let Target::Expert { index } = head.target else { continue };
            out.push((index, fetch(lived, &head.root)?));
        }
    }
    Ok(out)
}

/// A blob under its root, into a store of its own, every tile verified on arrival.
fn fetch<C: Chain>(lived: &Lived<C>, root: &lyceum_api::Hash32) -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let store = lyceum_store::Store::open(folder.path())?;
    let source =
        lived.peers.sources(root, &store).into_iter().next().with_context(|| format!("nobody has {root}"))?;
    store.fetch(root.as_bytes(), &source)?;
    let bytes = store.get(root.as_bytes())?.to_vec();
    block::read(&bytes)?;
    Ok(bytes)
}
