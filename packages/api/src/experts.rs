//! Models and expert blocks: a DAG of content roots, heads, history, and an accumulator over final blocks.

mod event;

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Addr, CosmosMsg, QuerierWrapper, StdResult, Timestamp};

use crate::Hash32;
use crate::canonical::Encoder;
use crate::client::{Contract, Interface, only};
use crate::manifest::Target;

pub use event::{EVENT_VERSION, Event};

/// Marker of the interface of `experts`.
#[derive(Debug, Clone)]
pub struct Experts;

impl Interface for Experts {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `experts`.
pub type Client = Contract<Experts>;

/// The longest architecture config, in bytes.
pub const MAX_CONFIG: usize = 16 * 1024;
/// The most parents of a block.
pub const MAX_PARENTS: usize = 8;
/// The most experts of a model.
pub const MAX_EXPERTS: u32 = 1024;

/// How a block's tensors relate to its parent's.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Encoding {
    /// Whole parameters.
    Base,
    /// Differences to the first parent.
    Delta,
}

/// A model to register.
#[cw_serde]
pub struct NewModel {
    /// Name, 1 to 64 characters of `[a-z0-9-]`.
    pub name: String,
    /// SemVer version; (name, version) is unique.
    pub version: String,
    /// The architecture: an HF-style config as JSON, at most [`MAX_CONFIG`] bytes.
    pub config: String,
    /// Number of experts.
    pub experts: u32,
    /// Content root of the base: router, shared expert and the initial experts included.
    pub base: Hash32,
    /// Its size.
    pub base_bytes: u64,
}

/// A block to record.
#[cw_serde]
pub struct NewBlock {
    /// The model.
    pub model: u64,
    /// What it replaces.
    pub target: Target,
    /// Ids of its parents; empty only for a first block on the base.
    pub parents: Vec<u64>,
    /// Content root.
    pub root: Hash32,
    /// Size.
    pub bytes: u64,
    /// Encoding.
    pub encoding: Encoding,
    /// Its author.
    pub author: String,
    /// The claim that brought it.
    pub claim: u64,
}

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter, which registers models.
    pub charter: String,
    /// `tasks`, which records blocks.
    pub tasks: String,
}

/// What `experts` executes.
#[cw_serde]
pub enum ExecuteMsg {
    /// By the charter.
    RegisterModel {
        /// The model.
        model: NewModel,
    },
    /// By `tasks`: record a provisional block. The data of the response is the block's id (u64, big-endian).
    AddBlock {
        /// The block.
        block: NewBlock,
    },
    /// By `tasks`: a provisional block whose parents are final is final; it enters the accumulator. It becomes the
    /// head of its target unless it is a fork.
    Finalize {
        /// Its id.
        block: u64,
        /// Its verified score × 10⁻⁶.
        score: i64,
        /// Whether the head has moved past it.
        fork: bool,
    },
    /// By `tasks`: a provisional block falls.
    Void {
        /// Its id.
        block: u64,
    },
    /// By the charter.
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `experts` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration.
    #[returns(ConfigResponse)]
    Config {},
    /// One model.
    #[returns(ModelResponse)]
    Model {
        /// Its id.
        model: u64,
    },
    /// Models by id.
    #[returns(ModelsResponse)]
    Models {
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One block.
    #[returns(BlockResponse)]
    Block {
        /// Its id.
        block: u64,
    },
    /// Blocks of a model by id.
    #[returns(BlocksResponse)]
    Blocks {
        /// The model.
        model: u64,
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// Blocks that carry a content root.
    #[returns(BlocksResponse)]
    BlocksByRoot {
        /// The root.
        root: Hash32,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The history of a target: its final blocks from the newest on.
    #[returns(BlocksResponse)]
    History {
        /// The model.
        model: u64,
        /// The target.
        target: Target,
        /// The id to begin before.
        start_before: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The heads of a model: the newest final block of each target that has one.
    #[returns(HeadsResponse)]
    Heads {
        /// The model.
        model: u64,
        /// Expert index to begin after (base and router come first).
        start_after: Option<u32>,
        /// How many experts, capped.
        limit: Option<u32>,
    },
    /// The head of one target.
    #[returns(HeadResponse)]
    Head {
        /// The model.
        model: u64,
        /// The target.
        target: Target,
    },
    /// Root and size of the accumulator over final blocks.
    #[returns(AccumulatorResponse)]
    Accumulator {},
    /// Inclusion proof of a final block.
    #[returns(ProofResponse)]
    Proof {
        /// Its id.
        block: u64,
    },
}

/// Answer to [`QueryMsg::Config`].
#[cw_serde]
pub struct ConfigResponse {
    /// The charter.
    pub charter: Addr,
    /// `tasks`.
    pub tasks: Addr,
    /// Whether paused.
    pub paused: bool,
}

/// Answer to [`QueryMsg::Model`].
#[cw_serde]
pub struct ModelResponse {
    /// Its id.
    pub id: u64,
    /// What was registered.
    pub model: NewModel,
    /// When.
    pub registered_at: Timestamp,
}

/// Answer to [`QueryMsg::Models`].
#[cw_serde]
pub struct ModelsResponse {
    /// The models.
    pub models: Vec<ModelResponse>,
}

/// Where a block stands.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum BlockStatus {
    /// Revealed, not settled.
    Provisional {},
    /// In the accumulator, at this leaf.
    Final {
        /// The leaf's index.
        leaf: u64,
        /// Whether it joined as a fork.
        fork: bool,
    },
    /// Fallen.
    Void {},
}

/// Answer to [`QueryMsg::Block`].
#[cw_serde]
pub struct BlockResponse {
    /// Its id.
    pub id: u64,
    /// What was recorded.
    pub block: NewBlock,
    /// Where it stands.
    pub status: BlockStatus,
    /// Its verified score, once final.
    pub score: Option<i64>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// Answer to queries of several blocks.
#[cw_serde]
pub struct BlocksResponse {
    /// The blocks.
    pub blocks: Vec<BlockResponse>,
}

/// The head of a target.
#[cw_serde]
pub struct Head {
    /// The target.
    pub target: Target,
    /// The block's id.
    pub block: u64,
    /// Its content root.
    pub root: Hash32,
}

/// Answer to [`QueryMsg::Heads`].
#[cw_serde]
pub struct HeadsResponse {
    /// The heads.
    pub heads: Vec<Head>,
}

/// Answer to [`QueryMsg::Head`].
#[cw_serde]
pub struct HeadResponse {
    /// The head, if the target has one beyond the base.
    pub head: Option<Head>,
}

/// Answer to [`QueryMsg::Accumulator`].
#[cw_serde]
pub struct AccumulatorResponse {
    /// The root.
    pub root: Hash32,
    /// Final blocks in it.
    pub count: u64,
}

/// Answer to [`QueryMsg::Proof`], for `lyceum_onchain::accumulator::verify`.
#[cw_serde]
pub struct ProofResponse {
    /// The leaf ([`block_leaf`]).
    pub leaf: Hash32,
    /// Its index.
    pub index: u64,
    /// Siblings within the leaf's mountain, from the bottom up.
    pub siblings: Vec<Hash32>,
    /// Peaks of the other mountains, largest first.
    pub peaks: Vec<Hash32>,
    /// The root it leads to.
    pub root: Hash32,
    /// Leaves under that root.
    pub count: u64,
}

/// A final block's leaf in the accumulator.
pub fn block_leaf(id: u64, block: &NewBlock, score: i64) -> Hash32 {
    let mut e = Encoder::new("lyceum/expert-block", 1);
    e.u64(id).u64(block.model);
    block.target.encode(&mut e);
    e.list(&block.parents, |e, p| {
        e.u64(*p);
    });
    e.hash(&block.root).u64(block.bytes).u8(match block.encoding {
        Encoding::Base => 0,
        Encoding::Delta => 1,
    });
    e.str(&block.author).u64(block.claim).i64(score);
    e.digest()
}

impl Client {
    /// Records a provisional block.
    pub fn add_block(&self, block: NewBlock) -> StdResult<CosmosMsg> {
        self.send(&only!(AddBlock { block: NewBlock }), vec![])
    }

    /// Makes a block final.
    pub fn finalize(&self, block: u64, score: i64, fork: bool) -> StdResult<CosmosMsg> {
        self.send(&only!(Finalize { block: u64, score: i64, fork: bool }), vec![])
    }

    /// Voids a block.
    pub fn void(&self, block: u64) -> StdResult<CosmosMsg> {
        self.send(&only!(Void { block: u64 }), vec![])
    }

    /// One model; an error if it does not exist.
    pub fn model(&self, querier: &QuerierWrapper<'_>, model: u64) -> StdResult<ModelResponse> {
        self.ask(querier, &only!(Model { model: u64 }))
    }

    /// The head of a target.
    pub fn head(&self, querier: &QuerierWrapper<'_>, model: u64, target: Target) -> StdResult<Option<Head>> {
        self.ask::<HeadResponse>(querier, &only!(Head { model: u64, target: Target })).map(|r| r.head)
    }

    /// A page of the heads of a model: its base and router on the first one, then as many experts as asked for.
    pub fn heads(
        &self,
        querier: &QuerierWrapper<'_>,
        model: u64,
        start_after: Option<u32>,
        limit: Option<u32>,
    ) -> StdResult<Vec<Head>> {
        let msg = only!(Heads { model: u64, start_after: Option<u32>, limit: Option<u32> });
        self.ask::<HeadsResponse>(querier, &msg).map(|r| r.heads)
    }
}
