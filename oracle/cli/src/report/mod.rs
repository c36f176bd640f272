//! The demo's report: what `report.json` holds (documented in `docs/report.md`) and the page made of it.
//!
//! Amounts are ulyc; scores are bits per byte; gains are percent. Keys are stable: they are added to, never
//! renamed, while [`VERSION`] stands.

pub mod balance;
mod charts;
pub mod facts;
mod gas;
mod html;
mod judged;
pub mod ledger;
mod money;
pub mod verdict;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_files::replace;
use serde::Serialize;

use crate::writable;

pub use gas::{block_seconds, by_kind};

/// The version of `report.json`.
pub const VERSION: u32 = 2;

/// Everything the demo shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// The seed of the run.
    pub seed: u64,
    /// The contracts and nodes.
    pub network: Network,
    /// Every dataset proposed.
    pub datasets: Vec<Dataset>,
    /// Every claim, in the order taken.
    pub claims: Vec<Claim>,
    /// Every loss of stake or bond.
    pub slashes: Vec<Slash>,
    /// Credits by node.
    pub credits: BTreeMap<String, f64>,
    /// What everybody had, earned, paid, got back and lost.
    pub ledger: ledger::Ledger,
    /// Sealed learning blocks.
    pub learning_blocks: Vec<LearningBlock>,
    /// Bits per byte of each domain's public held-out text, base and heads.
    pub scores: BTreeMap<String, Change<f64>>,
    /// Text from the base and from the improved model.
    pub generation: Vec<Generation>,
    /// Expert blocks: what stands on what.
    pub blocks: Vec<Block>,
    /// The base's training loss (nats), every few steps: (step, loss).
    pub base_curve: Vec<(u64, f64)>,
    /// Where the time went.
    pub timings: Timings,
    /// Work done by disputes' panels, beside the committees'.
    pub disputes: Vec<Dispute>,
    /// Versions of what took part.
    pub versions: BTreeMap<String, String>,
    /// What transactions used on a real chain, by what they did.
    pub gas: Vec<Gas>,
    /// Seconds between the blocks of a real chain.
    pub block_seconds: Option<BlockSeconds>,
    /// Nodes that were killed and started again; only tests do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kills: Vec<Kill>,
}

/// Gas of transactions of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Gas {
    /// What they did, e.g. `reveal`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The least that one used.
    pub least: u64,
    /// The mean.
    pub mean: u64,
    /// The most.
    pub most: u64,
}

/// Times between blocks, by the chain's own clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct BlockSeconds {
    /// Blocks.
    pub blocks: u64,
    /// The mean.
    pub mean: f64,
    /// The longest, whole seconds.
    pub longest: u64,
}

/// A node killed as by `kill -9`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Kill {
    /// The role for which it was chosen.
    pub role: String,
    /// Its name.
    pub node: String,
    /// What it had just told, e.g. `sending reveal`.
    pub event: String,
    /// The last height at which any node had told of a transaction.
    pub at_height: u64,
}

/// Who took part.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Network {
    /// Which chain it ran on.
    pub chain: String,
    /// The last height.
    pub height: u64,
    /// Chain time that passed, seconds; windows are short on a local network and printed here.
    pub chain_seconds: u64,
    /// Addresses by contract.
    pub contracts: BTreeMap<String, String>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Windows and fees in force, by name.
    pub parameters: BTreeMap<String, u64>,
}

/// A node.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Node {
    /// Its name in this report.
    pub name: String,
    /// Its account.
    pub account: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// How it was told to behave; `honest` or the cheat's name.
    pub behaviour: String,
    /// Stake at the start and at the end.
    pub stake: Change<u64>,
    /// Its GPUs; declared and unattested.
    pub declared_gpus: u32,
}

/// A value before and after the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Change<T> {
    /// Before.
    pub before: T,
    /// After.
    pub after: T,
}

/// A dataset.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Dataset {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `gold`, `silver`, `experimental`, or none if it was rejected.
    pub tier: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// Median of the audits.
    pub audit: Option<Audit>,
    /// The vote.
    pub votes: Votes,
}

/// What auditors found; shares of bytes in percent.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Audit {
    /// Whether the licence is the declared one.
    pub licence_ok: bool,
    /// Personal data.
    pub pii_percent: f64,
    /// Toxic text.
    pub toxicity_percent: f64,
    /// Duplicates.
    pub duplicates_percent: f64,
    /// Gain of training on a sample, percent.
    pub gain_percent: f64,
    /// Auditors that revealed.
    pub auditors: u32,
}

/// The vote on a dataset.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Votes {
    /// Power in favour.
    pub yes: u64,
    /// Power against.
    pub no: u64,
    /// All power.
    pub total: u64,
}

/// A claim.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Claim {
    /// Its id.
    pub id: u64,
    /// Its task.
    pub task: u64,
    /// Its trainer.
    pub trainer: String,
    /// The domain.
    pub domain: String,
    /// Content root of its block.
    pub block: Option<String>,
    /// Bits per byte of the reference on the unsealed items.
    pub parent_score: Option<f64>,
    /// Gain that the trainer reported, percent.
    pub reported: Option<f64>,
    /// Gain that the committee measured (paired mean − 2 standard errors), percent.
    pub verified: Option<f64>,
    /// Bits per byte of the child on the unsealed items.
    pub score: Option<f64>,
    /// Whether it is final.
    pub accepted: bool,
    /// `accepted`, `outbid`, `rejected: …`, `fraud: …`, `forfeited`, `lost`, `void`.
    pub reason: String,
    /// Intervals of the run.
    pub intervals_total: u32,
    /// Distinct intervals that its committee re-executed.
    pub intervals_checked: u32,
    /// Steps trained.
    pub train_steps: u64,
    /// Steps that all seats of its committee re-executed together (disputes come on top).
    pub reexecuted_steps: u64,
    /// CPU-seconds of training.
    pub train_seconds: f64,
    /// CPU-seconds of all seats together.
    pub verify_seconds: f64,
    /// Mean training loss of each interval (nats).
    pub losses: Vec<f64>,
    /// The trainer's seed, which the beacon gave.
    pub run_seed: Option<String>,
}

/// A loss of stake or bond.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Slash {
    /// Who lost.
    pub node: String,
    /// How much, ulyc.
    pub amount: u64,
    /// Why.
    pub reason: String,
}

/// A sealed learning block.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LearningBlock {
    /// Its number.
    pub number: u64,
    /// Chain height.
    pub height: u64,
    /// What it had to reach, percent weighted over domains.
    pub threshold: f64,
    /// What it had.
    pub weighted_gain: f64,
    /// What it released, ulyc.
    pub emission: u64,
}

/// Generated text.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Generation {
    /// `base` or `improved`.
    pub model: String,
    /// The domain it was prompted for.
    pub domain: String,
    /// The prompt.
    pub prompt: String,
    /// The continuation.
    pub text: String,
}

/// An expert block.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Block {
    /// Its id; 0 is the base.
    pub id: u64,
    /// What it replaces, e.g. `expert 1`.
    pub target: String,
    /// Ids of its parents.
    pub parents: Vec<u64>,
    /// Content root.
    pub root: String,
    /// Its author.
    pub author: String,
    /// `final`, `fork`, `provisional`, `void`.
    pub status: String,
}

/// A dispute.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Dispute {
    /// The claim.
    pub claim: u64,
    /// Its trainer.
    pub trainer: String,
    /// The interval.
    pub interval: u32,
    /// `forged` (the trainer lost), `honest` (the seats that differed lost), `overtaken` or `no_quorum`.
    pub verdict: String,
    /// The seats of the claim's committee that had answered for it first, whether they worked or only said so.
    pub committee: Vec<String>,
    /// Seats drawn to re-execute it again.
    pub seats: u32,
    /// Steps that these seats re-executed together.
    pub steps: u64,
}

/// Where the time went, seconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Timings {
    /// Wall-clock seconds of the whole run.
    pub total: f64,
    /// Wall-clock seconds by phase, in order.
    pub phases: Vec<(String, f64)>,
    /// CPU-seconds by kind of work.
    pub work: BTreeMap<String, f64>,
}

impl Report {
    /// Nodes that lost stake or a bond, in the order in which they first did, and each loss.
    pub fn losers(&self) -> Vec<(&str, Vec<&Slash>)> {
        let mut out: Vec<(&str, Vec<&Slash>)> = vec![];
        for slash in &self.slashes {
            match out.iter_mut().find(|(name, _)| *name == slash.node) {
                Some((_, all)) => all.push(slash),
                None => out.push((&slash.node, vec![slash])),
            }
        }
        out
    }

    /// Fails where [`Report::write`] would for what stands in the folder, and changes nothing.
    pub fn check(folder: &Path) -> anyhow::Result<()> {
        ["report.json", "report.html"].iter().try_for_each(|name| writable::check(&folder.join(name)))
    }

    /// Writes `report.json` and `report.html` into a folder and returns their paths.
    pub fn write(&self, folder: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
        let json = folder.join("report.json");
        let html = folder.join("report.html");
        let cannot = |path: &Path| format!("cannot write {}", path.display());
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        replace(&json, &serde_json::to_vec_pretty(self)?).with_context(|| cannot(&json))?;
        replace(&html, html::page(self).as_bytes()).with_context(|| cannot(&html))?;
        Ok((json, html))
    }
}
