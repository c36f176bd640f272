//! Datasets: proposal, audit by a drawn committee, vote, tier, and the record of their use.

mod answers;
mod event;
mod part;

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Addr, Binary, CosmosMsg, QuerierWrapper, StdResult, Uint128};

use crate::Hash32;
use crate::canonical::{Canonical, DecodeError, Decoder, Encoder};
use crate::client::{Contract, Interface, only};

pub use answers::*;
pub use event::{EVENT_VERSION, Event};
pub use part::{DatasetPart, ManifestPart, ShardPart};

/// Marker of the interface of `datasets`.
#[derive(Debug, Clone)]
pub struct Datasets;

impl Interface for Datasets {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `datasets`.
pub type Client = Contract<Datasets>;

/// Commitment tag of an audit.
pub const AUDIT_COMMIT: &str = "lyceum/audit-commit";
/// The most shards a dataset may have.
pub const MAX_DATASET_SHARDS: usize = 64;
/// The most bytes a shard may have: whoever trains on it or audits it holds it in memory.
pub const MAX_SHARD_BYTES: u64 = 256 << 20;

/// What a dataset may be used for.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Weight 0.3.
    Experimental,
    /// Weight 0.7.
    Silver,
    /// Weight 1.0.
    Gold,
}

/// Where data come from.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Source {
    /// Curated by people: bonus 1.2.
    Curated,
    /// Scraped: 0.9.
    Scraped,
    /// Made by a program: 0.7.
    Synthetic,
}

/// One shard: bytes under a content root.
#[cw_serde]
#[derive(Eq)]
pub struct Shard {
    /// BLAKE3 of its bytes.
    pub root: Hash32,
    /// Its size, 1 to [`MAX_SHARD_BYTES`].
    pub bytes: u64,
}

/// What a proposal says of its data.
#[cw_serde]
#[derive(Eq)]
pub struct DatasetManifest {
    /// Name, 1 to 64 characters.
    pub name: String,
    /// SPDX identifier or expression, at most 64 characters.
    pub licence: String,
    /// Where the data come from.
    pub source: Source,
    /// The shards, at most [`MAX_DATASET_SHARDS`].
    pub shards: Vec<Shard>,
}

/// What an auditor found; shares are of bytes, in parts per million.
#[cw_serde]
#[derive(Eq)]
pub struct AuditReport {
    /// Whether the licence found is the one declared.
    pub licence_ok: bool,
    /// Personal data.
    pub pii_ppm: u32,
    /// Toxic text.
    pub toxicity_ppm: u32,
    /// Duplicated text.
    pub duplicates_ppm: u32,
    /// Measured gain of training on a sample of it: percent × 10⁻⁶.
    pub gain: i64,
}

impl From<lyceum_economy::dataset::Tier> for Tier {
    fn from(tier: lyceum_economy::dataset::Tier) -> Self {
        match tier {
            lyceum_economy::dataset::Tier::Experimental => Self::Experimental,
            lyceum_economy::dataset::Tier::Silver => Self::Silver,
            lyceum_economy::dataset::Tier::Gold => Self::Gold,
        }
    }
}

impl From<Tier> for lyceum_economy::dataset::Tier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Experimental => Self::Experimental,
            Tier::Silver => Self::Silver,
            Tier::Gold => Self::Gold,
        }
    }
}

impl Canonical for AuditReport {
    const TAG: &'static str = "lyceum/audit";
    const VERSION: u8 = 1;

    fn encode(&self, e: &mut Encoder) {
        e.u8(u8::from(self.licence_ok)).u32(self.pii_ppm).u32(self.toxicity_ppm).u32(self.duplicates_ppm);
        e.i64(self.gain);
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let licence_ok = match d.u8()? {
            0 => false,
            1 => true,
            _ => return Err(DecodeError::Field { field: "licence_ok" }),
        };
        Ok(Self {
            licence_ok,
            pii_ppm: d.u32()?,
            toxicity_ppm: d.u32()?,
            duplicates_ppm: d.u32()?,
            gain: d.i64()?,
        })
    }
}

/// Parameters.
#[cw_serde]
pub struct Params {
    /// Deposit of a proposal, ulyc.
    pub deposit: Uint128,
    /// Auditors of a dataset, 1 to 32.
    pub auditors: u32,
    /// Seconds for the auditors' commits, from the draw.
    pub audit_commit_seconds: u64,
    /// Seconds for their reveals after that.
    pub audit_reveal_seconds: u64,
    /// Seconds of the vote.
    pub vote_seconds: u64,
    /// Seconds it is extended, once, on low turnout.
    pub extension_seconds: u64,
    /// Accepted SPDX identifiers.
    pub licences: Vec<String>,
    /// Execution class whose evaluators audit.
    pub class: String,
}

impl Default for Params {
    fn default() -> Self {
        let licences =
            ["MIT", "Apache-2.0", "MIT OR Apache-2.0", "PSF-2.0", "CC0-1.0", "CC-BY-4.0", "PDDL-1.0"];
        Self {
            deposit: Uint128::new(100_000_000),
            auditors: 5,
            audit_commit_seconds: 1_200,
            audit_reveal_seconds: 600,
            vote_seconds: 72 * 3_600,
            extension_seconds: 24 * 3_600,
            licences: licences.map(str::to_owned).to_vec(),
            class: "fp32".to_owned(),
        }
    }
}

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter.
    pub charter: String,
    /// `nodes`, which pushes voting power and draws auditors.
    pub nodes: String,
    /// `tasks`, which keeps the beacon and records use.
    pub tasks: String,
    /// `credits`.
    pub credits: String,
    /// `rewards`, which takes lost deposits and accrues contributors' shares.
    pub rewards: String,
    /// Parameters.
    pub params: Params,
}

/// One shard's use by an accepted claim.
#[cw_serde]
pub struct Use {
    /// The dataset.
    pub dataset: u64,
    /// The shard's root.
    pub shard: Hash32,
    /// Bytes used.
    pub bytes: u64,
}

/// What `datasets` executes.
#[cw_serde]
pub enum ExecuteMsg {
    /// By anyone, with exactly the deposit. Refused for a licence that is not accepted, and for a shard of another
    /// dataset that is not rejected.
    Propose {
        /// The data.
        manifest: DatasetManifest,
    },
    /// By anyone, once the beacon round after the proposal is known to `tasks`. Too few evaluators for a quorum
    /// (two thirds of the seats asked for) end the proposal with `audit_quorum`.
    DrawAuditors {
        /// The dataset.
        dataset: u64,
    },
    /// By a drawn auditor, once: [`crate::canonical::commitment`] with tag [`AUDIT_COMMIT`], the dataset's id as
    /// subject and the report's hash.
    CommitAudit {
        /// The dataset.
        dataset: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the same auditor, once all have committed or the window has passed.
    RevealAudit {
        /// The dataset.
        dataset: u64,
        /// The report; no share exceeds 1 000 000.
        report: AuditReport,
        /// Its salt, 16 to 64 bytes.
        salt: Binary,
    },
    /// By anyone, once nobody can reveal any more (all have, or the windows have passed): tally the audit, open the
    /// vote or reject. `nodes` is told who agreed with the verdict, who stayed away (it diverged) and who committed
    /// without revealing (it is slashed). Without a quorum there is no verdict to agree with; after a pause since
    /// the draw nobody is blamed for what is missing.
    CloseAudit {
        /// The dataset.
        dataset: u64,
    },
    /// By a GPU owner, with the power frozen before the proposal; a vote may be changed until the end, and the
    /// same vote again is refused.
    Vote {
        /// The dataset.
        dataset: u64,
        /// Whether in favour.
        yes: bool,
    },
    /// By anyone after the vote: give a tier or reject; return or forfeit the deposit; extend once, from now on.
    CloseVote {
        /// The dataset.
        dataset: u64,
    },
    /// By `nodes`, paused or not: the voting power of a node from the next height on.
    SetPower {
        /// The node.
        node: String,
        /// Its power.
        power: u64,
    },
    /// By `tasks`, paused or not, when a block becomes final: record use once per (shard, model, epoch) and accrue
    /// the contributors' shares of what is recorded for the first time. Refused if a shard is not one of its
    /// dataset, or that is not approved. No more bytes count than the shard has; none are no use.
    RecordUse {
        /// The learning block the improvement counts in.
        learning_block: u64,
        /// The model.
        model: u64,
        /// The 28-day epoch.
        epoch: u64,
        /// The improvement, percent × 10⁻⁶, weighted over domains.
        improvement: i64,
        /// What was used, at most 64 entries.
        uses: Vec<Use>,
    },
    /// By the charter. Open proposals keep the deposit they paid and the windows that have begun.
    SetParams {
        /// The new parameters.
        params: Params,
    },
    /// By the charter. A pause stops everything but power, use and the charter's own messages.
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `datasets` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration.
    #[returns(ConfigResponse)]
    Config {},
    /// One dataset.
    #[returns(DatasetResponse)]
    Dataset {
        /// Its id.
        dataset: u64,
    },
    /// Datasets by id.
    #[returns(DatasetsResponse)]
    Datasets {
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// Votes on a dataset, by account.
    #[returns(VotesResponse)]
    Votes {
        /// The dataset.
        dataset: u64,
        /// The account to begin after.
        start_after: Option<String>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The audit seats and what they revealed; none before the draw.
    #[returns(AuditsResponse)]
    Audits {
        /// The dataset.
        dataset: u64,
    },
    /// The voting power of a node at the beginning of a height. A height that has not begun is refused.
    #[returns(PowerResponse)]
    Power {
        /// The node.
        node: String,
        /// The height; absent: now.
        height: Option<u64>,
    },
    /// Which of these shards were used already for a model in an epoch; in the order asked, at most 64.
    #[returns(UsedResponse)]
    Used {
        /// The model.
        model: u64,
        /// The epoch.
        epoch: u64,
        /// The shards.
        shards: Vec<Hash32>,
    },
}

impl Client {
    /// Pushes a node's voting power. If it fails, so must the change of stake that caused it.
    pub fn set_power(&self, node: &Addr, power: u64) -> StdResult<CosmosMsg> {
        let node = node.to_string();
        self.send(&only!(SetPower { node: String, power: u64 }), vec![])
    }

    /// One dataset; an error if it does not exist.
    pub fn dataset(&self, querier: &QuerierWrapper<'_>, dataset: u64) -> StdResult<DatasetPart> {
        self.ask(querier, &only!(Dataset { dataset: u64 }))
    }

    /// Records what an improvement used, in a learning block.
    pub fn record_use(
        &self,
        learning_block: u64,
        model: u64,
        epoch: u64,
        improvement: i64,
        uses: Vec<Use>,
    ) -> StdResult<CosmosMsg> {
        let msg = only!(RecordUse { learning_block: u64, model: u64, epoch: u64, improvement: i64, uses: Vec<Use> });
        self.send(&msg, vec![])
    }

    /// Which shards were used already.
    pub fn used(
        &self,
        querier: &QuerierWrapper<'_>,
        model: u64,
        epoch: u64,
        shards: Vec<Hash32>,
    ) -> StdResult<Vec<bool>> {
        self.ask::<UsedResponse>(querier, &only!(Used { model: u64, epoch: u64, shards: Vec<Hash32> }))
            .map(|r| r.used)
    }
}
