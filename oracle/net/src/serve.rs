//! Answers to peers, made on threads of their own from whatever the node serves.

use std::ops::Range;

use lyceum_store::{Root, Source, StoreError, last_tile};

use crate::wire::{Answer, MAX_PROOF, MAX_STREAM, Request};

/// What is served from.
pub(crate) type Served = std::sync::Arc<dyn Source + Send + Sync>;

/// Makes an answer. It reads and hashes up to a window, so not on an async thread.
pub(crate) fn answer(source: &dyn Source, request: &Request) -> Answer {
    let made = match request {
        Request::Length { root } => length(source, root),
        Request::Slice { root, range } => slice(source, root, range.clone(), MAX_STREAM).map(Answer::Slice),
    };
    match made {
        Ok(answer) => answer,
        Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => Answer::Missing,
        Err(error @ (StoreError::Io { .. } | StoreError::DiskFull { .. })) => {
            tracing::warn!("a peer's request could not be answered: {error}");
            Answer::Failed
        }
        // Whatever else it is, the request may be wrong, and peers may send many.
        Err(error) => {
            tracing::debug!("a peer's request could not be answered: {error}");
            Answer::Failed
        }
    }
}

fn length(source: &dyn Source, root: &Root) -> Result<Answer, StoreError> {
    let len = source.length(root)?;
    let stream = slice(source, root, last_tile(root, len)?, MAX_PROOF)?;
    Ok(Answer::Length { len, stream })
}

fn slice(source: &dyn Source, root: &Root, range: Range<u64>, most: usize) -> Result<Vec<u8>, StoreError> {
    let mut stream = Vec::with_capacity(most.min((range.end - range.start) as usize + MAX_PROOF));
    source.slice(root, range, &mut stream)?;
    if stream.len() > most {
        let (required, found) = (most as u64, stream.len() as u64);
        return Err(StoreError::StreamLength { root: *root, required, found });
    }
    Ok(stream)
}
