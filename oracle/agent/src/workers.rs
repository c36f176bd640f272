//! [`Workers`]: the machine's bounded pool, shared by all nodes of a process.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::work::JobContext;
use crate::work_strategy::WorkStrategy;
use crate::{Done, Job};

/// A pool of threads for work. Jobs begin in the order in which they were asked for, in their lane.
#[derive(Debug, Clone)]
pub struct Workers {
    /// For runs, which may take days.
    long: Arc<Semaphore>,
    /// For everything else, which has windows of minutes.
    short: Arc<Semaphore>,
}

impl Workers {
    /// A pool of so many jobs at once, whatever they are; each uses one thread.
    pub fn new(jobs: usize) -> Self {
        let lane = Arc::new(Semaphore::new(jobs.max(1)));
        Self { long: lane.clone(), short: lane }
    }

    /// A pool with a lane for so many runs at once, and one for so many other jobs, so that a run of days keeps no
    /// seat from its answer.
    pub fn with_lanes(runs: usize, others: usize) -> Self {
        let lane = |jobs: usize| Arc::new(Semaphore::new(jobs.max(1)));
        Self { long: lane(runs), short: lane(others) }
    }

    /// Begins a job as soon as there is room.
    pub(crate) fn begin(
        &self,
        ctx: JobContext,
        strategy: Arc<dyn WorkStrategy>,
        key: String,
        job: Job,
    ) -> JoinHandle<Done> {
        let room = if matches!(job, Job::Train { .. }) { self.long.clone() } else { self.short.clone() };
        tokio::spawn(async move {
            // The semaphore is never closed; without a permit the job would only run unbounded.
            let _permit = room.acquire_owned().await.ok();
            tokio::task::spawn_blocking(move || ctx.perform(strategy.as_ref(), &key, &job))
                .await
                .unwrap_or_else(lost)
        })
    }
}

/// A worker that panicked, or was stopped with the process.
pub(crate) fn lost(error: tokio::task::JoinError) -> Done {
    let error = crate::AgentError::Worker(error.to_string());
    Done::Failed { code: error.code(), words: error.to_string() }
}
