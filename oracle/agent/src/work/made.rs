//! [`Made`]: the blobs that a job has put into the store, which nothing but the job knows until its result is taken in.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Hash32;

/// Roots of what one job has made; clones are the same set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made(Arc<Mutex<BTreeSet<Hash32>>>);

impl Made {
    /// The job makes a blob.
    pub fn add(&self, root: Hash32) {
        // A set is whole after a panic elsewhere: insertion is all that ever happens to it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(root);
    }

    /// Everything that it made so far.
    pub fn roots(&self) -> BTreeSet<Hash32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
