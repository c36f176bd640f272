//! [`Runs`]: what a run under way leaves on disk with every state it keeps, so that a node that is killed goes on from
//! the last one instead of beginning again. Nothing here is believed: a run goes on only from a state whose root the
//! record names, of the same run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lyceum_api::canonical::Encoder;
use lyceum_learn::state::root_of_block;
use lyceum_learn::{RunRecord, State};
use serde::{Deserialize, Serialize};

use super::{JobContext, Run};
use crate::action::Subject;
use crate::{Hash32, Result};

/// The version this software writes, and the only one it reads.
const VERSION: u32 = 1;
/// The longest record: 4096 intervals take about 1 MiB.
const MOST: u64 = 4 << 20;

/// A run as far as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    version: u32,
    /// What the run's outcome depends on.
    run: Hash32,
    roots: Vec<Hash32>,
    batches: Vec<Hash32>,
    losses: Vec<i64>,
    seconds: f64,
    kept: Vec<(u32, Hash32)>,
}

/// The folder with the records of a node's runs.
#[derive(Debug, Clone)]
pub struct Runs(PathBuf);

impl Runs {
    /// In a node's folder.
    pub fn new(folder: &Path) -> Self {
        Self(folder.join("runs"))
    }

    fn path(&self, claim: u64) -> PathBuf {
        self.0.join(format!("{claim}.json"))
    }

    fn read(&self, claim: u64) -> Option<Entry> {
        let path = self.path(claim);
        let bytes = lyceum_files::read(&path, MOST).ok()?;
        serde_json::from_slice::<Entry>(&bytes).ok().filter(|e| e.version == VERSION)
    }

    /// Writes a record, whole or not at all. That it cannot be written costs time after a crash, and nothing now.
    fn write(&self, claim: u64, entry: &Entry) {
        let written = fs::create_dir_all(&self.0).and_then(|()| {
            let bytes = serde_json::to_vec(entry).unwrap_or_default();
            Ok(lyceum_files::replace(&self.path(claim), &bytes)?)
        });
        if let Err(error) = written {
            // The error names the file.
            tracing::warn!("the progress of the run of claim {claim} cannot be written: {error}");
        }
    }

    /// The claims with records.
    fn claims(&self) -> Vec<u64> {
        let Ok(folder) = fs::read_dir(&self.0) else { return vec![] };
        let id = |entry: fs::DirEntry| entry.path().file_stem()?.to_str()?.parse().ok();
        folder.filter_map(|entry| entry.ok().and_then(id)).collect()
    }

    /// Drops the record of a claim that is over. Gives the roots of what it kept, without those that others keep too.
    pub fn forget(&self, claim: u64) -> Vec<Hash32> {
        let Some(entry) = self.read(claim) else { return vec![] };
        let _ = fs::remove_file(self.path(claim));
        let others = self.kept();
        entry.kept.into_iter().map(|(_, root)| root).filter(|root| !others.contains(root)).collect()
    }

    /// The roots of everything that runs keep.
    pub fn kept(&self) -> BTreeSet<Hash32> {
        let entries = self.claims().into_iter().filter_map(|claim| self.read(claim));
        entries.flat_map(|e| e.kept).map(|(_, root)| root).collect()
    }
}

/// What the outcome of a claim's run depends on, as one hash.
fn run_id(subject: &Subject, run: &Run) -> Hash32 {
    let mut e = Encoder::new("lyceum/agent-run", 1);
    e.u64(subject.claim.id).hash(&run.spec.seed).hash(&subject.task.base).hash(&subject.task.parent_root);
    // Shards, recipe, shape of the run and heads follow from the task and the claim, whose texts are complete.
    e.str(&format!("{:?}", (&run.spec, &subject.task.heads, &subject.task.task.shards)));
    e.digest()
}

/// Keeps the record of one run.
pub(super) struct Log<'a> {
    ctx: &'a JobContext,
    claim: u64,
    run: Hash32,
    /// The states kept so far.
    pub kept: Vec<(u32, Hash32)>,
}

impl<'a> Log<'a> {
    /// A run that begins, or goes on from where an earlier life had come to: then also its record and last state.
    pub fn open(
        ctx: &'a JobContext,
        subject: &Subject,
        run: &Run,
    ) -> Result<(Self, Option<(RunRecord, State)>)> {
        let (claim, id) = (subject.claim.id, run_id(subject, run));
        let mut log = Self { ctx, claim, run: id, kept: Vec::new() };
        let Some(entry) = ctx.runs.read(claim).filter(|e| e.run == id) else { return Ok((log, None)) };
        let Some((j, state)) = last_kept(ctx, run, &entry) else { return Ok((log, None)) };
        let upto = j as usize;
        if entry.roots.len() <= upto || entry.batches.len() < upto || entry.losses.len() < upto {
            return Ok((log, None));
        }
        log.kept = entry.kept.into_iter().filter(|(k, _)| *k <= j).collect();
        let record = RunRecord {
            roots: entry.roots[..=upto].to_vec(),
            batches: entry.batches[..upto].to_vec(),
            losses: entry.losses[..upto].to_vec(),
            // The same for the whole run: the caller's trainer says it.
            shards: Vec::new(),
            seconds: entry.seconds.clamp(0.0, f64::from(u32::MAX)),
        };
        Ok((log, Some((record, state))))
    }

    /// The run has come further.
    pub fn write(&self, record: &RunRecord) {
        let entry = Entry {
            version: VERSION,
            run: self.run,
            roots: record.roots.clone(),
            batches: record.batches.clone(),
            losses: record.losses.clone(),
            seconds: record.seconds,
            kept: self.kept.clone(),
        };
        self.ctx.runs.write(self.claim, &entry);
    }
}

/// The latest kept state that the store still has and that is the one the record names.
fn last_kept(ctx: &JobContext, run: &Run, entry: &Entry) -> Option<(u32, State)> {
    // The last may have been cut off; those before it were whole when it began.
    entry.kept.iter().rev().find_map(|(j, root)| {
        let bytes = ctx.store.get(root.as_bytes()).ok()?;
        let step = u64::from(*j) * u64::from(run.spec.steps_per_interval);
        let named = entry.roots.get(*j as usize)?;
        let state = ctx.state(run, *j, root).ok()?;
        (root_of_block(step, &run.spec.seed, &bytes) == *named).then_some((*j, state))
    })
}
