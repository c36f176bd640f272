//! [`Workers`]: the machine's bounded pool, shared by all nodes of a process.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::craft::Craft;
use crate::work::Workshop;
use crate::{Done, Job};

/// A pool of threads for work. Jobs begin in the order in which they were asked for.
#[derive(Debug, Clone)]
pub struct Workers(Arc<Semaphore>);

impl Workers {
    /// A pool of so many jobs at once; each uses one thread.
    pub fn new(jobs: usize) -> Self {
        Self(Arc::new(Semaphore::new(jobs.max(1))))
    }

    /// Begins a job as soon as there is room.
    pub(crate) fn begin(
        &self,
        shop: Workshop,
        craft: Arc<dyn Craft>,
        key: String,
        job: Job,
    ) -> JoinHandle<Done> {
        let room = self.0.clone();
        tokio::spawn(async move {
            // The semaphore is never closed; without a permit the job would only run unbounded.
            let _permit = room.acquire_owned().await.ok();
            let words = |e: tokio::task::JoinError| format!("a worker ended without an answer: {e}");
            tokio::task::spawn_blocking(move || shop.perform(craft.as_ref(), &key, &job))
                .await
                .unwrap_or_else(|e| Done::Failed { words: words(e) })
        })
    }
}
