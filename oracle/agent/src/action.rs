//! What a role wants done, and what comes back.

use lyceum_api::Hash32;
use lyceum_api::attestation::{Attestation, OpenedState, Opening};
use lyceum_api::claim::ClaimContent;
use lyceum_api::datasets::{AuditReport, DatasetResponse, Status};
use lyceum_api::experts::ModelResponse;
use lyceum_api::tasks::{
    ClaimResponse, DomainResponse, PanelResponse, PanelStatus, ServedState, TaskResponse,
};
use lyceum_chain::Tx;
use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send a transaction; its outcome is observed under the key.
    Send {
        /// What it is, e.g. `reveal/7`.
        key: String,
        /// The messages.
        tx: Tx,
    },
    /// Post a round of the beacon, whose signature the driver asks its source for.
    Post {
        /// What it is.
        key: String,
        /// The round.
        round: u64,
    },
    /// Do work; its result is observed under the key, at a time that only depends on the work.
    Work {
        /// What it is.
        key: String,
        /// The work.
        job: Box<Job>,
        /// Seconds of the chain's time that it takes.
        seconds: u64,
    },
    /// Drop what is no longer needed of a claim that is over.
    Forget {
        /// The claim.
        claim: u64,
        /// Roots of blobs.
        roots: Vec<Hash32>,
    },
    /// Wake at a time, if nothing happens earlier.
    Wake {
        /// Unix seconds.
        at: u64,
    },
}

/// A claim with everything that its run depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The claim.
    pub claim: ClaimResponse,
    /// Its task.
    pub task: TaskResponse,
    /// The task's domain.
    pub domain: DomainResponse,
    /// The model.
    pub model: ModelResponse,
}

/// Work for the node's machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Train a claim.
    Train {
        /// The claim.
        subject: Subject,
    },
    /// Make the drawn states and the sketches of an opening ready.
    Serve {
        /// The claim.
        subject: Subject,
        /// What was trained.
        trained: Trained,
        /// The panel.
        panel: PanelResponse,
    },
    /// Sketch the states strictly within a span, under the key of the panel that was opened.
    Span {
        /// The claim.
        subject: Subject,
        /// What was trained.
        trained: Trained,
        /// The panel whose key it is.
        opened: PanelResponse,
        /// First state of the span.
        from: u32,
        /// Last state of the span.
        to: u32,
    },
    /// Judge a claim as a seat of a panel.
    Attest {
        /// The claim.
        subject: Subject,
        /// The panel.
        panel: PanelResponse,
        /// The panel under whose key a disputed interval is sketched a second time.
        second: Option<PanelResponse>,
        /// The guard domains.
        guards: Vec<DomainResponse>,
    },
    /// Score all domains as a seat of a heads panel.
    Heads {
        /// The panel.
        panel: PanelResponse,
        /// The domains with their models, in the order asked.
        domains: Vec<(DomainResponse, ModelResponse)>,
    },
    /// Audit a dataset.
    Audit {
        /// The dataset.
        dataset: DatasetResponse,
        /// The model on which gain is measured, if one is registered.
        model: Option<ModelResponse>,
    },
    /// Find the tile that an availability challenge asks for.
    Tile {
        /// Content root of the state's tensors.
        root: Hash32,
        /// The tile.
        tile: u64,
    },
}

impl Job {
    /// When the window ends in which its result is of use, Unix seconds of the chain; a run has none that fetching
    /// could miss.
    pub(crate) fn window(&self) -> Option<u64> {
        let of_panel = |panel: &PanelResponse| match panel.status {
            PanelStatus::Serving { until }
            | PanelStatus::Committing { until }
            | PanelStatus::Revealing { until } => Some(until.seconds()),
            PanelStatus::Pending {} | PanelStatus::Closed {} => None,
        };
        match self {
            Self::Serve { panel, .. } | Self::Attest { panel, .. } | Self::Heads { panel, .. } => {
                of_panel(panel)
            }
            Self::Audit { dataset, .. } => match dataset.status {
                Status::Auditing { commit_until, .. } => Some(commit_until.seconds()),
                _ => None,
            },
            Self::Train { .. } | Self::Span { .. } | Self::Tile { .. } => None,
        }
    }
}

/// What a trainer keeps of a run until its claim is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trained {
    /// What it claims.
    pub content: ClaimContent,
    /// Roots of states 0 … n before salting.
    pub roots: Vec<Hash32>,
    /// Content roots of the kept states' tensors.
    pub kept: Vec<(u32, Hash32)>,
    /// Wall-clock seconds.
    pub seconds: u32,
}

/// Work that is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// A claim is trained.
    Trained(Trained),
    /// A panel can be served.
    Served {
        /// The states asked for.
        states: Vec<ServedState>,
        /// The sketches.
        opening: Opening,
    },
    /// A span is sketched.
    Spanned {
        /// Its inner states.
        states: Vec<OpenedState>,
    },
    /// A seat has its answer.
    Attested {
        /// The answer.
        attestation: Attestation,
    },
    /// A seat could not have a served state.
    Missing {
        /// The state.
        state: u32,
        /// The tile.
        tile: u64,
    },
    /// A dataset is audited.
    Audited {
        /// What was found.
        report: AuditReport,
    },
    /// A tile was found.
    Tile {
        /// Size of the whole block.
        size: u64,
        /// The tile's bytes.
        data: Vec<u8>,
        /// Its proof.
        proof: Vec<Hash32>,
    },
    /// It could not be done now.
    Failed {
        /// The stable code of the error.
        code: &'static str,
        /// Why.
        words: String,
    },
}
