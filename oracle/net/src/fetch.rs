//! Who is asked for what. One fetch finds peers that prove that they have the blob, takes windows from several at once,
//! and goes on without those that fail. Every outcome either brings a window or uses up something of a finite
//! budget, so a fetch ends.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use libp2p::PeerId;
use lyceum_store::{
    Begun, Partial, Root, Store, StoreError, Vacant, Window, begin, check_length, window_count, window_range,
};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::book::PeerKey;
use crate::error::FetchError;
use crate::network::Network;
use crate::stats::add;
use crate::wire::{Answer, Request};

/// A blob that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Its root.
    pub root: Root,
    /// The most bytes it may have.
    pub most: u64,
    /// Who is asked first, such as the trainer who named the root.
    pub first: Vec<PeerKey>,
    /// When to give up, whatever the limits would still allow.
    pub deadline: Option<Duration>,
}

impl Want {
    /// A blob of at most `most` bytes, from anybody.
    pub fn new(root: Root, most: u64) -> Self {
        Self { root, most, first: Vec::new(), deadline: None }
    }
}

/// How far a fetch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The blob's length, once it is proved.
    pub length: Option<u64>,
    /// Bytes that are verified and written, those of an earlier attempt among them.
    pub done: u64,
    /// Peers that windows are taken from.
    pub sources: usize,
}

type Ours = Arc<Store>;

enum Stage {
    /// Nobody has proved a length yet.
    Unknown(Vacant<Ours>),
    /// The length is proved; the last window is on its way.
    Known(Vacant<Ours>, u64),
    /// Windows are being written.
    Begun(Arc<Partial<Ours>>),
    /// Between two stages: a change of stage failed and ends the fetch.
    Failed,
}

enum Failure {
    /// The peer doesn't have the blob.
    Missing,
    /// The peer sent what isn't the root's.
    Bad(String),
    /// The peer didn't answer, or couldn't.
    Failed(String),
    /// Not the peer's: ends the fetch.
    Own(FetchError),
}

enum Got {
    Added,
    Last(Box<Window>),
}

enum Outcome {
    Asked(PeerId, Result<u64, Failure>),
    Window(PeerId, u64, Result<Got, Failure>),
}

/// What this fetch knows of a peer.
#[derive(Default)]
struct Standing {
    /// It proved that it has the blob.
    source: bool,
    /// Requests on their way to it.
    flying: usize,
    /// How many may be: fewer after a failure.
    depth: usize,
    /// Failures in a row. Those of requests that were on their way together count once.
    failures: u32,
    era: u32,
}

struct Flight {
    since: Instant,
    peers: Vec<PeerId>,
}

struct Hunt<'a> {
    net: &'a Network,
    want: &'a Want,
    progress: Option<&'a watch::Sender<Progress>>,
    stage: Stage,
    candidates: VecDeque<PeerId>,
    peers: HashMap<PeerId, Standing>,
    asking: usize,
    pending: VecDeque<u64>,
    flying: BTreeMap<u64, Flight>,
    running: FuturesUnordered<BoxFuture<'static, (u32, Outcome)>>,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    lacking: usize,
    failed: usize,
    bad: usize,
    last: String,
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It panicked, which is a bug of ours, or the runtime is going down.
        Err(error) => Err(StoreError::Io { path: "a worker".into(), source: std::io::Error::other(error) }),
    }
}

pub(crate) async fn hunt(
    net: &Network,
    want: &Want,
    progress: Option<&watch::Sender<Progress>>,
) -> Result<(), FetchError> {
    let (store, root) = (net.store().clone(), want.root);
    let fits = |found: u64| {
        let (root, most) = (want.root, want.most);
        if found <= most { Ok(()) } else { Err(FetchError::TooLarge { root, found, most }) }
    };
    let (stage, pending) = match blocking(move || begin(store, &root)).await? {
        Begun::Whole => return fits(net.store().len(&root)?),
        Begun::Nothing(vacant) => (Stage::Unknown(vacant), VecDeque::new()),
        Begun::Partial(partial) => {
            fits(partial.len())?;
            let missing = partial.missing().into();
            (Stage::Begun(Arc::new(partial)), missing)
        }
    };
    let hunt = Hunt {
        net,
        want,
        progress,
        stage,
        candidates: net.book().order(&want.root, &want.first).into(),
        peers: HashMap::new(),
        asking: 0,
        pending,
        flying: BTreeMap::new(),
        running: FuturesUnordered::new(),
        tally: Tally::default(),
    };
    hunt.run().await
}

impl Hunt<'_> {
    async fn run(mut self) -> Result<(), FetchError> {
        loop {
            if let Stage::Begun(partial) = &self.stage
                && self.pending.is_empty()
                && self.flying.is_empty()
            {
                let partial = partial.clone();
                self.running.clear();
                return Ok(blocking(move || partial.commit()).await?);
            }
            self.ask_more();
            self.assign();
            self.tell();
            // Wakes up in between to see whether a peer keeps us waiting.
            match tokio::time::timeout(self.net.limits().patience, self.running.next()).await {
                Err(_) => {}
                Ok(None) => return Err(self.unavailable()),
                Ok(Some((era, Outcome::Asked(peer, answer)))) => self.on_asked(peer, era, answer).await?,
                Ok(Some((era, Outcome::Window(peer, index, got)))) => {
                    self.on_window(peer, era, index, got).await?;
                }
            }
        }
    }

    fn sources(&self) -> usize {
        self.peers.values().filter(|standing| standing.source).count()
    }

    fn tell(&self) {
        let Some(progress) = self.progress else { return };
        let (length, done) = match &self.stage {
            Stage::Unknown(_) | Stage::Failed => (None, 0),
            Stage::Known(_, len) => (Some(*len), 0),
            Stage::Begun(partial) => (Some(partial.len()), partial.done()),
        };
        progress.send_replace(Progress { length, done, sources: self.sources() });
    }

    fn unavailable(&mut self) -> FetchError {
        let Tally { lacking, failed, bad, last } = std::mem::take(&mut self.tally);
        FetchError::Unavailable { root: self.want.root, asked: self.peers.len(), lacking, failed, bad, last }
    }

    /// Asks further peers whether they have it, until there are sources enough.
    fn ask_more(&mut self) {
        let (limits, root) = (self.net.limits().clone(), self.want.root);
        while self.asking < limits.asking.max(1) && self.sources() < limits.sources.max(1) {
            let Some(peer) = self.candidates.pop_front() else { break };
            if self.net.is_banned_peer(&peer) {
                continue;
            }
            let standing = self.peers.entry(peer).or_default();
            standing.depth = limits.depth.max(1);
            let (era, pause) = (standing.era, limits.pause_after(standing.failures));
            let answer = self.net.ask(peer, Request::Length { root });
            self.asking += 1;
            self.running.push(Box::pin(async move {
                let proved = match answer.await {
                    Err(error) => Err(Failure::Own(error)),
                    Ok(Err(why)) => Err(Failure::Failed(why)),
                    Ok(Ok(Answer::Length { len, stream })) => {
                        let checked = blocking(move || check_length(&root, len, &stream)).await;
                        checked.map(|()| len).map_err(failure)
                    }
                    Ok(Ok(other)) => Err(unwelcome(&other)),
                };
                if let Err(Failure::Failed(_)) = &proved {
                    tokio::time::sleep(pause).await;
                }
                (era, Outcome::Asked(peer, proved))
            }));
        }
    }

    /// Gives windows to sources in turn, as many as each may have on its way.
    fn assign(&mut self) {
        let mut sources: Vec<_> =
            self.peers.iter().filter(|(_, standing)| standing.source).map(|(peer, _)| *peer).collect();
        // The least busy first, so that windows spread over all of them.
        sources.sort_by_key(|peer| self.peers.get(peer).map_or(0, |standing| standing.flying));
        loop {
            let mut given = false;
            for peer in &sources {
                let free = self.peers.get(peer).is_some_and(|standing| standing.flying < standing.depth);
                if free && let Some(index) = self.next_window(*peer) {
                    self.request(*peer, index);
                    given = true;
                }
            }
            if !given {
                break;
            }
        }
    }

    /// A window that nobody was asked for, or one that somebody else keeps us waiting for.
    fn next_window(&mut self, peer: PeerId) -> Option<u64> {
        if let Some(index) = self.pending.pop_front() {
            self.flying.insert(index, Flight { since: Instant::now(), peers: vec![peer] });
            return Some(index);
        }
        let patience = self.net.limits().patience;
        let slow = self.flying.iter_mut().find(|(_, flight)| {
            flight.peers.len() == 1 && flight.peers[0] != peer && flight.since.elapsed() >= patience
        });
        let (index, flight) = slow?;
        flight.peers.push(peer);
        add(&self.net.counters().stolen, 1);
        Some(*index)
    }

    fn request(&mut self, peer: PeerId, index: u64) {
        let root = self.want.root;
        let (len, partial) = match &self.stage {
            Stage::Known(_, len) => (*len, None),
            Stage::Begun(partial) => (partial.len(), Some(partial.clone())),
            // Windows are pending only once the length is known.
            Stage::Unknown(_) | Stage::Failed => return,
        };
        let standing = self.peers.entry(peer).or_default();
        standing.flying += 1;
        let (era, pause) = (standing.era, self.net.limits().pause_after(standing.failures));
        let answer = self.net.ask(peer, Request::Slice { root, range: window_range(len, index) });
        self.running.push(Box::pin(async move {
            let got = match answer.await {
                Err(error) => Err(Failure::Own(error)),
                Ok(Err(why)) => Err(Failure::Failed(why)),
                Ok(Ok(Answer::Slice(stream))) => {
                    let checked = blocking(move || {
                        let window = Window::decode(&root, len, index, &stream)?;
                        match partial {
                            Some(partial) => partial.add(&window).map(|()| Got::Added),
                            None => Ok(Got::Last(Box::new(window))),
                        }
                    });
                    checked.await.map_err(failure)
                }
                Ok(Ok(other)) => Err(unwelcome(&other)),
            };
            if let Err(Failure::Failed(_)) = &got {
                tokio::time::sleep(pause).await;
            }
            (era, Outcome::Window(peer, index, got))
        }));
    }

    async fn on_asked(
        &mut self,
        peer: PeerId,
        era: u32,
        answer: Result<u64, Failure>,
    ) -> Result<(), FetchError> {
        self.asking -= 1;
        let len = match answer {
            Ok(len) => len,
            Err(failure) => {
                if self.on_failure(peer, era, failure).await? {
                    self.candidates.push_back(peer);
                }
                return Ok(());
            }
        };
        let standing = self.peers.entry(peer).or_default();
        (standing.source, standing.failures) = (true, 0);
        if let Stage::Unknown(_) = &self.stage {
            let (root, most) = (self.want.root, self.want.most);
            if len > most {
                return Err(FetchError::TooLarge { root, found: len, most });
            }
            if let Stage::Unknown(vacant) = std::mem::replace(&mut self.stage, Stage::Failed) {
                self.stage = Stage::Known(vacant, len);
            }
            self.pending.push_back(window_count(len) - 1);
        }
        Ok(())
    }

    async fn on_window(
        &mut self,
        peer: PeerId,
        era: u32,
        index: u64,
        got: Result<Got, Failure>,
    ) -> Result<(), FetchError> {
        let standing = self.peers.entry(peer).or_default();
        standing.flying = standing.flying.saturating_sub(1);
        match got {
            Ok(got) => {
                standing.failures = 0;
                standing.depth = (standing.depth + 1).min(self.net.limits().depth.max(1));
                if self.flying.remove(&index).is_some() {
                    add(&self.net.counters().windows, 1);
                }
                if let (Got::Last(window), Stage::Known(..)) = (got, &self.stage) {
                    self.begin(*window).await?;
                }
            }
            Err(failure) => {
                if let Some(flight) = self.flying.get_mut(&index) {
                    flight.peers.retain(|other| *other != peer);
                    if flight.peers.is_empty() {
                        self.flying.remove(&index);
                        self.pending.push_front(index);
                    }
                }
                if !self.on_failure(peer, era, failure).await?
                    && let Some(standing) = self.peers.get_mut(&peer)
                {
                    standing.source = false;
                }
            }
        }
        Ok(())
    }

    async fn begin(&mut self, last: Window) -> Result<(), FetchError> {
        if let Stage::Known(vacant, _) = std::mem::replace(&mut self.stage, Stage::Failed) {
            let partial = blocking(move || vacant.begin(&last)).await?;
            self.pending = partial.missing().into();
            self.stage = Stage::Begun(Arc::new(partial));
        }
        Ok(())
    }

    /// Whether the peer may be asked again.
    async fn on_failure(&mut self, peer: PeerId, era: u32, failure: Failure) -> Result<bool, FetchError> {
        let limits = self.net.limits();
        let standing = self.peers.entry(peer).or_default();
        let first = standing.era == era;
        match failure {
            Failure::Own(error) => Err(error),
            // What was on its way together with a failure says nothing new.
            Failure::Missing if !first => Ok(false),
            Failure::Missing => {
                standing.era += 1;
                self.tally.lacking += 1;
                Ok(false)
            }
            Failure::Bad(why) => {
                add(&self.net.counters().bad_tiles, 1);
                if first {
                    standing.era += 1;
                    self.tally.bad += 1;
                    self.tally.last = format!("; {peer}: {why}");
                    self.net.ban(peer).await;
                }
                Ok(false)
            }
            Failure::Failed(_) if self.net.is_banned_peer(&peer) => Ok(false),
            Failure::Failed(why) => {
                if first {
                    standing.era += 1;
                    standing.failures += 1;
                    standing.depth = (standing.depth / 2).max(1);
                    self.tally.last = format!("; {peer}: {why}");
                    if standing.failures >= limits.retries.max(1) {
                        self.tally.failed += 1;
                    }
                }
                Ok(standing.failures < limits.retries.max(1))
            }
        }
    }
}

fn failure(error: StoreError) -> Failure {
    if error.is_senders_fault() { Failure::Bad(error.to_string()) } else { Failure::Own(error.into()) }
}

fn unwelcome(answer: &Answer) -> Failure {
    match answer {
        Answer::Missing => Failure::Missing,
        Answer::Busy => Failure::Failed("it is busy".to_owned()),
        other => Failure::Failed(format!("it answered {other:?}")),
    }
}
