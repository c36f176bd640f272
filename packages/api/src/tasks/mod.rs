//! Domains, tasks, claims, beacon, panels, attestations, verdicts, disputes and learning blocks.
//!
//! A panel is a set of drawn seats that answer one question about a claim (or about the heads before a learning
//! block seals). Whatever its kind, it lives the same life: it waits for its beacon round, is drawn, the trainer
//! serves (where states are re-executed), seats commit and reveal, the trainer opens, anyone settles it.

mod answers;
mod event;
mod states;
mod terms;

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, QuerierWrapper, StdResult};

pub use answers::*;
pub use event::{EVENT_VERSION, Event};
pub use states::{drawn, opened_states, proven_ends, served_states};
pub use terms::*;

use crate::Hash32;
use crate::attestation::{Attestation, OpenedState, Opening};
use crate::claim::ClaimContent;
use crate::client::{Contract, Interface, only};
use crate::manifest::Recipe;

/// Marker of the interface of `tasks`.
#[derive(Debug, Clone)]
pub struct Tasks;

impl Interface for Tasks {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of `tasks`.
pub type Client = Contract<Tasks>;

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// The charter.
    pub charter: String,
    /// `nodes`.
    pub nodes: String,
    /// `datasets`.
    pub datasets: String,
    /// `experts`.
    pub experts: String,
    /// `credits`.
    pub credits: String,
    /// `rewards`.
    pub rewards: String,
    /// The beacon.
    pub beacon: Beacon,
    /// Parameters.
    pub params: Params,
}

/// What `tasks` executes. Every message is permissionless unless it says by whom.
#[cw_serde]
pub enum ExecuteMsg {
    /// By the charter.
    RegisterDomain {
        /// The domain.
        domain: NewDomain,
    },
    /// By an active coordinator, with `opener_deposit + max_claims × claim_fee`.
    OpenTask {
        /// The task.
        task: NewTask,
    },
    /// By an active trainer that is not of the opener's operator, with `bond + claim_fee`, once per task.
    Take {
        /// The task.
        task: u64,
        /// The recipe, within the task's bounds.
        recipe: Recipe,
    },
    /// Post a beacon round (once; a second post is refused).
    PostBeacon {
        /// The round.
        round: u64,
        /// Its signature on G1, 48 bytes.
        signature: Binary,
    },
    /// By the claim's trainer, before the commit deadline: [`crate::canonical::commitment`] with tag
    /// [`crate::claim::CLAIM_COMMIT`], the *task's* id as subject and [`ClaimContent`]'s hash.
    Commit {
        /// The claim.
        claim: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the claim's trainer, between the commit deadline and the end of the reveal window.
    Reveal {
        /// The claim.
        claim: u64,
        /// What was committed to.
        content: ClaimContent,
        /// The salt.
        salt: Binary,
    },
    /// After the commit deadline: the key that the task committed to, which anyone takes out of the benchmark's
    /// `sealed_key` with the signature of its round.
    Unseal {
        /// The task.
        task: u64,
        /// The key, 32 bytes.
        key: Hash32,
    },
    /// Draw a panel whose round is posted.
    Draw {
        /// The panel.
        panel: u64,
    },
    /// By the claim's trainer, within the serve window.
    Serve {
        /// The panel.
        panel: u64,
        /// [`crate::attestation::opening_root`] of the sketches it will open: every state whose index is a
        /// multiple of [`crate::manifest::KEPT_EVERY`], the last, and both ends of the drawn intervals, ascending
        /// (an interval panel: both ends of its interval).
        opening: Hash32,
        /// The states asked for: 0, n and the start of every drawn interval, ascending (an interval panel: both
        /// ends of its interval).
        states: Vec<ServedState>,
    },
    /// By a seat before it commits: say that a tile of a served state cannot be had.
    ChallengeAvailability {
        /// The panel.
        panel: u64,
        /// The state.
        state: u32,
        /// The tile's index (16 KiB each).
        tile: u64,
    },
    /// By anyone who has it: put the tile on chain.
    AnswerAvailability {
        /// The panel.
        panel: u64,
        /// The state.
        state: u32,
        /// The tensor block's size in bytes.
        size: u64,
        /// The tile's bytes, at most 16 KiB.
        data: Binary,
        /// Its proof: chaining values from the tile up, 32 bytes each.
        proof: Vec<Hash32>,
    },
    /// By a seat, once served: [`crate::canonical::commitment`] with tag
    /// [`crate::attestation::ATTESTATION_COMMIT`], the panel's id and the attestation's hash.
    Attest {
        /// The panel.
        panel: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the same seat, once all have committed or the window has passed.
    RevealAttestation {
        /// The panel.
        panel: u64,
        /// The attestation.
        attestation: Attestation,
        /// The salt.
        salt: Binary,
    },
    /// By the claim's trainer, in the same window.
    Open {
        /// The panel.
        panel: u64,
        /// What it bound itself to.
        opening: Opening,
        /// The salt of the root.
        salt: Hash32,
    },
    /// Settle a panel that is complete or whose windows have passed.
    Settle {
        /// The panel.
        panel: u64,
    },
    /// By the claim's trainer: the states between two kept ones whose distance is a jump.
    OpenSpan {
        /// The claim.
        claim: u64,
        /// First state of the span.
        from: u32,
        /// Every state strictly within the span, ascending, under the key of the claim's
        /// [`ClaimResponse::opened_panel`].
        states: Vec<OpenedState>,
    },
    /// With the deposit: commit to a challenge of a revealed or settled claim
    /// ([`crate::claim::CHALLENGE_COMMIT`], the claim's id, [`crate::claim::challenge_content`]).
    Challenge {
        /// The claim.
        claim: u64,
        /// The commitment.
        commit: Hash32,
    },
    /// By the challenger, in a later block, within the dispute window.
    RevealChallenge {
        /// The claim.
        claim: u64,
        /// The interval said to be forged.
        interval: u32,
        /// The salt.
        salt: Binary,
    },
    /// A deadline passed: carry out what follows (no commit, no reveal, no service, no answer, no unsealing).
    Expire {
        /// The claim.
        claim: u64,
    },
    /// The task's benchmark was not unsealed in time: void it; the opener pays the fees back. Where a pause moved the
    /// commit deadline behind the benchmark's round ([`TaskResponse::exposed`]), at once, and nobody pays.
    VoidTask {
        /// The task.
        task: u64,
    },
    /// Every claim of the task is settled and undisputed: the best accepted one becomes final, the others are
    /// released.
    Finalize {
        /// The task.
        task: u64,
    },
    /// The threshold is reached: have a panel check all domains; it seals the learning block when it settles.
    CheckHeads {},
    /// By the charter.
    SetParams {
        /// The new parameters.
        params: Params,
    },
    /// By the charter. No window runs while paused: answers, events and errors give the time at which a deadline
    /// comes if nothing is paused from now on.
    SetPaused {
        /// Whether paused.
        paused: bool,
    },
}

/// What `tasks` answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Configuration.
    #[returns(ConfigResponse)]
    Config {},
    /// One domain.
    #[returns(DomainResponse)]
    Domain {
        /// Its id.
        domain: u64,
    },
    /// Domains by id.
    #[returns(DomainsResponse)]
    Domains {
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One task.
    #[returns(TaskResponse)]
    Task {
        /// Its id.
        task: u64,
    },
    /// Tasks by id.
    #[returns(TasksResponse)]
    Tasks {
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One claim.
    #[returns(ClaimResponse)]
    Claim {
        /// Its id.
        claim: u64,
    },
    /// Claims by id.
    #[returns(ClaimsResponse)]
    Claims {
        /// Only those of a task.
        task: Option<u64>,
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// One panel.
    #[returns(PanelResponse)]
    Panel {
        /// Its id.
        panel: u64,
    },
    /// Panels by id.
    #[returns(PanelsResponse)]
    Panels {
        /// Only those of a claim.
        claim: Option<u64>,
        /// The id to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The panels that are not closed and in which a node sits.
    #[returns(PanelsResponse)]
    Seats {
        /// The node.
        node: String,
        /// The panel to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
    /// A revealed attestation.
    #[returns(AttestationResponse)]
    Attestation {
        /// The panel.
        panel: u64,
        /// The seat.
        node: String,
    },
    /// What a trainer opened for a panel.
    #[returns(OpeningResponse)]
    Opening {
        /// The panel.
        panel: u64,
    },
    /// The randomness of a round that was posted.
    #[returns(BeaconResponse)]
    Beacon {
        /// The round.
        round: u64,
    },
    /// The rounds that somebody waits for and nobody has posted, ascending.
    #[returns(RoundsResponse)]
    WantedRounds {
        /// How many, capped.
        limit: Option<u32>,
    },
    /// The open learning block.
    #[returns(OpenLearningBlockResponse)]
    OpenLearningBlock {},
    /// Sealed learning blocks, oldest first.
    #[returns(LearningBlocksResponse)]
    LearningBlocks {
        /// The number to begin after.
        start_after: Option<u64>,
        /// How many, capped.
        limit: Option<u32>,
    },
}

impl Client {
    /// The randomness of a round, if it was posted.
    pub fn beacon(&self, querier: &QuerierWrapper<'_>, round: u64) -> StdResult<Option<Hash32>> {
        self.ask::<BeaconResponse>(querier, &only!(Beacon { round: u64 })).map(|r| r.randomness)
    }

    /// Configuration, with the beacon's parameters.
    pub fn config(&self, querier: &QuerierWrapper<'_>) -> StdResult<ConfigResponse> {
        self.ask(querier, &only!(Config {}))
    }
}
