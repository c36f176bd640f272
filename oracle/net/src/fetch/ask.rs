//! One question to one peer, and what its answer comes to once it is checked.

use std::future::Future;
use std::sync::Arc;

use libp2p::PeerId;
use lyceum_store::{Partial, Root, Store, StoreError, Window, check_length, window_range};

use crate::error::FetchError;
use crate::network::Network;
use crate::wire::{Answer, Request};

/// The store that is fetched into.
pub(super) type Ours = Arc<Store>;

/// Why a question brought nothing.
pub(super) enum Failure {
    /// The peer doesn't have the blob.
    Missing,
    /// The peer sent what isn't the root's.
    Bad(String),
    /// The peer has too much to do.
    Busy,
    /// The peer didn't answer, or couldn't.
    Failed(String),
    /// Not the peer's: ends the fetch.
    Own(FetchError),
}

/// What became of a window.
pub(super) enum Got {
    /// It was written.
    Added,
    /// It is the last one, with which writing begins.
    Last(Box<Window>),
}

/// How long a blob is, proved.
pub(super) fn length(
    net: &Network,
    peer: PeerId,
    root: Root,
) -> impl Future<Output = Result<u64, Failure>> + Send + 'static {
    let answer = net.ask(peer, Request::Length { root });
    async move {
        match answer.await.map_err(Failure::Own)?.map_err(Failure::Failed)? {
            Answer::Length { len, stream } => {
                let checked = blocking(move || check_length(&root, len, &stream)).await;
                checked.map(|()| len).map_err(failure)
            }
            other => Err(unwelcome(&other)),
        }
    }
}

/// A window, proved, and written if there is something to write into already.
pub(super) fn window(
    net: &Network,
    peer: PeerId,
    (root, len, index): (Root, u64, u64),
    into: Option<Arc<Partial<Ours>>>,
) -> impl Future<Output = Result<Got, Failure>> + Send + 'static {
    let answer = net.ask(peer, Request::Slice { root, range: window_range(len, index) });
    async move {
        match answer.await.map_err(Failure::Own)?.map_err(Failure::Failed)? {
            Answer::Slice(stream) => {
                let checked = blocking(move || {
                    let window = Window::decode(&root, len, index, &stream)?;
                    match into {
                        Some(partial) => partial.add(&window).map(|()| Got::Added),
                        None => Ok(Got::Last(Box::new(window))),
                    }
                });
                checked.await.map_err(failure)
            }
            other => Err(unwelcome(&other)),
        }
    }
}

/// Work on files and hashes, on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It panicked, which is a bug of ours, or the runtime is going down.
        Err(error) => Err(StoreError::Io { path: "a worker".into(), source: std::io::Error::other(error) }),
    }
}

fn failure(error: StoreError) -> Failure {
    if error.is_senders_fault() { Failure::Bad(error.to_string()) } else { Failure::Own(error.into()) }
}

fn unwelcome(answer: &Answer) -> Failure {
    match answer {
        Answer::Missing => Failure::Missing,
        Answer::Busy => Failure::Busy,
        Answer::Failed => Failure::Failed("it cannot read the blob, or knows of no such range".to_owned()),
        Answer::Length { .. } | Answer::Slice(_) => {
            Failure::Failed("it answered something else than it was asked".to_owned())
        }
    }
}
