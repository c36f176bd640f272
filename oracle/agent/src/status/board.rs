//! [`Board`]: where the driver and its workers write a node's status.

use std::collections::BTreeMap;

use lyceum_learn::Progress;
use tokio::sync::watch;

use super::{
    JobStatus, KindCounts, LastError, Phase, STATUS_VERSION, Status, StatusWatch, Trouble, unix_now,
};
use crate::AgentError;

/// What became of a message or job, to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Done,
    Refused,
    Failed,
}

/// Where a node's status is written; clones are the same board.
#[derive(Debug, Clone)]
pub(crate) struct Board(watch::Sender<Status>);

impl Board {
    pub(crate) fn new(name: &str, account: &str, chain_id: &str) -> Self {
        let status = Status {
            version: STATUS_VERSION,
            name: name.to_owned(),
            account: account.to_owned(),
            chain_id: chain_id.to_owned(),
            started_at: unix_now(),
            ..Status::default()
        };
        Self(watch::Sender::new(status))
    }

    pub(crate) fn watch(&self) -> StatusWatch {
        self.0.subscribe()
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Status)) {
        self.0.send_modify(change);
    }

    /// A job begins.
    pub(crate) fn job(&self, key: &str) {
        let job = JobStatus {
            key: key.to_owned(),
            since: unix_now(),
            steps: None,
            tokens_per_second: None,
            remaining: None,
        };
        self.set(|s| {
            s.jobs.retain(|j| j.key != key);
            s.jobs.push(job);
        });
    }

    /// A job goes on.
    pub(crate) fn progress(&self, key: &str, progress: &Progress) {
        self.set(|s| {
            if let Some(job) = s.jobs.iter_mut().find(|j| j.key == key) {
                job.steps = Some((progress.step, progress.steps));
                job.tokens_per_second = Some(progress.tokens_per_second);
                job.remaining = Some(progress.remaining);
            }
        });
    }

    /// A job ended.
    pub(crate) fn job_ended(&self, key: &str, how: Counted) {
        self.set(|s| {
            s.jobs.retain(|j| j.key != key);
            count(&mut s.counts.jobs, key, how);
        });
    }

    /// A message was answered, or is not known to have been.
    pub(crate) fn message(&self, key: &str, how: Counted) {
        self.set(|s| count(&mut s.counts.messages, key, how));
    }

    /// The driver could not go on, and tries again at a moment.
    pub(crate) fn trouble(&self, error: &AgentError, next_try: u64) {
        let (code, words) = (error.code(), error.to_string());
        self.error(None, code, &words);
        let disk =
            matches!(error, AgentError::DiskFull { .. } | AgentError::Io { .. } | AgentError::Journal { .. });
        self.set(|s| {
            s.phase = Phase::Retrying;
            s.counts.chain_failures += u64::from(!disk);
            let trouble = if disk { &mut s.journal.trouble } else { &mut s.chain_trouble };
            let again = Trouble::again(trouble.as_ref(), code, words, next_try);
            *trouble = Some(Trouble { misfit: error.is_misfit(), ..again });
        });
    }

    /// Something went wrong.
    pub(crate) fn error(&self, key: Option<&str>, code: &str, words: &str) {
        let error = LastError {
            at: unix_now(),
            code: code.to_owned(),
            words: words.to_owned(),
            key: key.map(str::to_owned),
        };
        self.set(|s| s.last_error = Some(error));
    }
}

/// Counts under the first word of a key, of which there are few.
fn count(counts: &mut BTreeMap<String, KindCounts>, key: &str, how: Counted) {
    let kind = key.split('/').next().unwrap_or(key);
    let counts = counts.entry(kind.to_owned()).or_default();
    let field = match how {
        Counted::Done => &mut counts.done,
        Counted::Refused => &mut counts.refused,
        Counted::Failed => &mut counts.failed,
    };
    *field += 1;
}
