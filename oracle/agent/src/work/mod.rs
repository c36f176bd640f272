//! Work: what a node's machine does for its roles. Everything here is synchronous, runs on a worker's thread, and
//! only depends on the job, the node's secret and blobs under roots that the chain names. What comes from a peer is
//! bounded before it is fetched and checked before it is used.

mod attest;
mod check;
mod gain;
mod made;
mod material;
mod runs;
pub mod scoring;
mod serve;
pub mod train;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use attest::{Attested, attest, heads};
pub use gain::audit;
pub(crate) use made::Made;
pub use material::Run;
pub use runs::Runs;
pub(crate) use serve::key_of;
pub use serve::{derive, serve, span};

use crate::event::{Events, What};
use crate::peers::{Peers, Wanted};
use crate::status::{Board, Counted};
use crate::work_strategy::WorkStrategy;
use crate::{AgentError, Cancel, Done, Identity, Job, Result};
use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_store::{Blob, Store, StoreError};

/// How often a blob is asked for before it counts as unavailable, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// What the jobs of a node work with.
#[derive(Clone)]
pub struct JobContext {
    /// Who works.
    pub me: Identity,
    /// The node's own store.
    pub store: Arc<Store>,
    /// Where blobs come from.
    pub peers: Arc<dyn Peers>,
    /// Who is told.
    pub events: Events,
    /// Where it is written what is under way.
    pub(crate) board: Board,
    /// Where runs have come to.
    pub runs: Runs,
    /// Set to stop what runs.
    pub cancel: Cancel,
    /// Until when the job at hand may wait for blobs; on logical time, however long.
    pub(crate) fetch_until: Option<Instant>,
    /// What the job at hand has put into the store.
    pub(crate) made: Made,
    /// Where tensors are worked on.
    pub device: tch::Device,
}

impl std::fmt::Debug for JobContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobContext").field("me", &self.me).finish_non_exhaustive()
    }
}

impl JobContext {
    /// A blob, from the own store or from whoever has it; refused if it is longer than `most`.
    pub fn fetch(&self, what: &'static str, root: &Hash32, most: u64) -> Result<Blob> {
        self.fetch_wanted(Wanted { what, root, most, first: None })
    }

    /// A blob that a claim names, asked of its trainer before all others.
    pub fn fetch_of(&self, trainer: &Addr, what: &'static str, root: &Hash32, most: u64) -> Result<Blob> {
        self.fetch_wanted(Wanted { what, root, most, first: Some(trainer) })
    }

    fn fetch_wanted(&self, wanted: Wanted<'_>) -> Result<Blob> {
        let Wanted { what, root, most, .. } = wanted;
        let bytes = root.as_bytes();
        let fits = |found: u64| {
            if found <= most { Ok(()) } else { Err(AgentError::TooLarge { what, root: *root, found, most }) }
        };
        let mut tries = 0;
        while !self.store.has(bytes) {
            let sources = self.peers.sources(root, &self.store);
            let mut last = String::new();
            for source in &sources {
                match self.store.fetch_at_most(bytes, most, source) {
                    Ok(()) => break,
                    // Proved: a source that states a false length is one that sends bad tiles.
                    Err(StoreError::TooLarge { found, .. }) => fits(found)?,
                    // The own disk: nobody else lacks the blob for that.
                    Err(e @ (StoreError::DiskFull { .. } | StoreError::QuotaExceeded { .. })) => {
                        return Err(e.into());
                    }
                    Err(e) => last = format!(": {e}"),
                }
            }
            let alive = || !self.cancel.is_set() && !self.is_late();
            if !self.store.has(bytes)
                && let Some(Err(e)) = self.peers.bring(wanted, &self.store, &alive)
            {
                match e {
                    AgentError::Cancelled if !self.cancel.is_set() => last = ": no time is left".to_owned(),
                    AgentError::TooLarge { .. } | AgentError::Cancelled | AgentError::Store(_) => {
                        return Err(e);
                    }
                    other => last = format!(": {other}"),
                }
            }
            if !self.store.has(bytes) {
                tries += 1;
                if tries == TRIES || self.is_late() {
                    return Err(AgentError::Unavailable { what, root: *root, sources: sources.len(), last });
                }
                std::thread::sleep(PAUSE);
            }
        }
        fits(self.store.len(bytes)?)?;
        Ok(self.store.get(bytes)?)
    }

    /// Stores bytes and gives their root.
    pub fn keep(&self, bytes: &[u8]) -> Result<Hash32> {
        // Before it is there, so that it never lies in the store as something that nobody needs.
        self.made.add(Hash32::of(bytes));
        Ok(Hash32(self.store.put(bytes)?))
    }

    /// Whether what is not there by now counts as unavailable, so that there is time to say so.
    fn is_late(&self) -> bool {
        self.fetch_until.is_some_and(|until| Instant::now() >= until)
    }

    /// Refuses to go on once the node was told to stop.
    pub fn alive(&self) -> Result<()> {
        if self.cancel.is_set() { Err(AgentError::Cancelled) } else { Ok(()) }
    }

    /// Does a job the way the strategy does it.
    pub fn perform(&self, strategy: &dyn WorkStrategy, key: &str, job: &Job) -> Done {
        // One thread a job: nodes share their machine, and spinning threads make everybody slower.
        tch::set_num_threads(1);
        self.board.job(key);
        match self.try_perform(strategy, job) {
            Ok(done) => {
                self.board.job_ended(key, Counted::Done);
                done
            }
            Err(e) => {
                let (code, words) = (e.code(), e.to_string());
                self.board.job_ended(key, Counted::Failed);
                if !matches!(e, AgentError::Cancelled) {
                    self.board.error(Some(key), code, &words);
                    self.events.tell(What::Failed { key: key.to_owned(), words: words.clone() });
                }
                Done::Failed { code, words }
            }
        }
    }

    fn try_perform(&self, strategy: &dyn WorkStrategy, job: &Job) -> Result<Done> {
        self.alive()?;
        let begun = Instant::now();
        let seconds = || begun.elapsed().as_secs_f64();
        match job {
            Job::Train { subject } => Ok(Done::Trained(strategy.train(self, subject)?)),
            Job::Serve { subject, trained, panel } => {
                let (states, opening, rederived_steps) = strategy.serve(self, subject, trained, panel)?;
                self.events.tell(What::Served { panel: panel.id, rederived_steps, seconds: seconds() });
                Ok(Done::Served { states, opening })
            }
            Job::Span { subject, trained, opened, from, to } => {
                Ok(Done::Spanned { states: span(self, strategy, subject, trained, opened, *from, *to)? })
            }
            Job::Attest { subject, panel, second, guards } => {
                let attested = strategy.attest(self, subject, panel, second.as_ref(), guards)?;
                Ok(match attested {
                    Attested::Answer { attestation, fault, steps } => {
                        self.events.tell(What::Attested {
                            panel: panel.id,
                            claim: panel.claim,
                            sound: attestation.sound,
                            fault,
                            steps,
                            gain: attestation.scored.as_ref().map(|s| s.gain),
                            seconds: seconds(),
                        });
                        Done::Attested { attestation }
                    }
                    Attested::Missing { state, tile } => Done::Missing { state, tile },
                })
            }
            Job::Heads { panel, domains } => {
                let attestation = heads(self, panel, domains)?;
                self.events.tell(What::Attested {
                    panel: panel.id,
                    claim: None,
                    sound: true,
                    fault: None,
                    steps: 0,
                    gain: None,
                    seconds: seconds(),
                });
                Ok(Done::Attested { attestation })
            }
            Job::Audit { dataset, model } => {
                let report = audit(self, dataset, model.as_ref())?;
                let (dataset, seconds) = (dataset.id, seconds());
                self.events.tell(What::Audited { dataset, report: report.clone(), seconds });
                Ok(Done::Audited { report })
            }
            Job::Tile { root, tile } => serve::tile(self, root, *tile),
        }
    }
}
