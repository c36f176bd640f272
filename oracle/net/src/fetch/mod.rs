//! Who is asked for what. One fetch finds peers that prove that they have the blob, takes windows from several at once,
//! and goes on without those that fail. Every outcome either brings a window or uses up something of a finite
//! budget ([`PeerState`]), so a fetch ends.

mod ask;
mod peer_state;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use libp2p::PeerId;
use lyceum_store::{Begun, Partial, Root, Vacant, Window, begin, window_count};
use tokio::sync::watch;
use tokio::time::Instant;

use self::ask::{Failure, Got, Ours, blocking};
use self::peer_state::{Next, PeerState};
use crate::error::FetchError;
use crate::network::Network;
use crate::peer_book::PeerKey;
use crate::stats::add;

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

enum Outcome {
    Asked(PeerId, u32, Result<u64, Failure>),
    Window(PeerId, u32, u64, Result<Got, Failure>),
    /// A peer's pause is over.
    Rested(PeerId),
}

struct InFlightRequest {
    since: Instant,
    peers: Vec<PeerId>,
}

struct Download<'a> {
    net: &'a Network,
    want: &'a Want,
    progress: Option<&'a watch::Sender<Progress>>,
    stage: Stage,
    candidates: VecDeque<PeerId>,
    peers: HashMap<PeerId, PeerState>,
    asking: usize,
    pending: VecDeque<u64>,
    in_flight: BTreeMap<u64, InFlightRequest>,
    running: FuturesUnordered<BoxFuture<'static, Outcome>>,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    lacking: usize,
    failed: usize,
    busy: usize,
    bad: usize,
    last: String,
}

pub(crate) async fn download(
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
    let download = Download {
        net,
        want,
        progress,
        stage,
        candidates: net.book().order(&want.root, &want.first).into(),
        peers: HashMap::new(),
        asking: 0,
        pending,
        in_flight: BTreeMap::new(),
        running: FuturesUnordered::new(),
        tally: Tally::default(),
    };
    download.run().await
}

impl Download<'_> {
    async fn run(mut self) -> Result<(), FetchError> {
        loop {
            if let Stage::Begun(partial) = &self.stage
                && self.pending.is_empty()
                && self.in_flight.is_empty()
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
                Ok(Some(Outcome::Asked(peer, era, answer))) => self.on_asked(peer, era, answer).await?,
                Ok(Some(Outcome::Window(peer, era, index, got))) => {
                    self.on_window(peer, era, index, got).await?;
                }
                Ok(Some(Outcome::Rested(peer))) => self.on_rested(peer),
            }
        }
    }

    fn sources(&self) -> usize {
        self.peers.values().filter(|state| state.source).count()
    }

    /// Those that rest don't count: others are asked meanwhile.
    fn willing(&self) -> usize {
        self.peers.values().filter(|state| state.is_willing()).count()
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
        let Tally { lacking, failed, busy, bad, last } = std::mem::take(&mut self.tally);
        let (root, asked) = (self.want.root, self.peers.len());
        FetchError::Unavailable { root, asked, lacking, failed, busy, bad, last }
    }

    fn peer_state(&mut self, peer: PeerId) -> &mut PeerState {
        self.peers.entry(peer).or_insert_with(|| PeerState::new(self.net.limits()))
    }

    /// Asks further peers whether they have it, until there are sources enough.
    fn ask_more(&mut self) {
        let (asking, sources) = (self.net.limits().asking.max(1), self.net.limits().sources.max(1));
        while self.asking < asking && self.willing() < sources {
            let Some(peer) = self.candidates.pop_front() else { break };
            if self.net.is_banned_peer(&peer) {
                continue;
            }
            let era = self.peer_state(peer).era;
            let length = ask::length(self.net, peer, self.want.root);
            self.asking += 1;
            self.running.push(Box::pin(async move { Outcome::Asked(peer, era, length.await) }));
        }
    }

    /// Gives windows to sources in turn, as many as each may have on its way.
    fn assign(&mut self) {
        let mut sources: Vec<_> =
            self.peers.iter().filter(|(_, state)| state.is_willing()).map(|(peer, _)| *peer).collect();
        // The least busy first, so that windows spread over all of them.
        sources.sort_by_key(|peer| self.peers.get(peer).map_or(0, |state| state.in_flight));
        loop {
            let mut given = false;
            for peer in &sources {
                let free = self.peers.get(peer).is_some_and(|state| state.in_flight < state.depth);
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
            self.in_flight.insert(index, InFlightRequest { since: Instant::now(), peers: vec![peer] });
            return Some(index);
        }
        let patience = self.net.limits().patience;
        let slow = self.in_flight.iter_mut().find(|(_, request)| {
            request.peers.len() == 1 && request.peers[0] != peer && request.since.elapsed() >= patience
        });
        let (index, request) = slow?;
        request.peers.push(peer);
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
        let state = self.peer_state(peer);
        state.in_flight += 1;
        let era = state.era;
        let window = ask::window(self.net, peer, (root, len, index), partial);
        self.running.push(Box::pin(async move { Outcome::Window(peer, era, index, window.await) }));
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
            Err(failure) => return self.on_failure(peer, era, failure).await,
        };
        let limits = self.net.limits();
        let state = self.peer_state(peer);
        state.source = true;
        state.did_well(limits);
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
        let limits = self.net.limits();
        let state = self.peer_state(peer);
        state.in_flight = state.in_flight.saturating_sub(1);
        match got {
            Ok(got) => {
                state.did_well(limits);
                if self.in_flight.remove(&index).is_some() {
                    add(&self.net.counters().windows, 1);
                }
                if let (Got::Last(window), Stage::Known(..)) = (got, &self.stage) {
                    self.begin(*window).await?;
                }
            }
            Err(failure) => {
                if let Some(request) = self.in_flight.get_mut(&index) {
                    request.peers.retain(|other| *other != peer);
                    if request.peers.is_empty() {
                        self.in_flight.remove(&index);
                        self.pending.push_front(index);
                    }
                }
                self.on_failure(peer, era, failure).await?;
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

    /// Whoever proved that it has the blob is given windows again; all others are asked again after those that wait.
    fn on_rested(&mut self, peer: PeerId) {
        let state = self.peer_state(peer);
        state.resting = false;
        if !state.source {
            self.candidates.push_back(peer);
        }
    }

    async fn on_failure(&mut self, peer: PeerId, era: u32, failure: Failure) -> Result<(), FetchError> {
        let limits = self.net.limits();
        let state = self.peers.entry(peer).or_insert_with(|| PeerState::new(limits));
        let (next, count, why) = match failure {
            Failure::Own(error) => return Err(error),
            Failure::Missing => {
                self.tally.lacking += usize::from(state.is_of_no_use(era));
                return Ok(());
            }
            Failure::Bad(why) => {
                add(&self.net.counters().bad_tiles, 1);
                if state.is_of_no_use(era) {
                    self.tally.bad += 1;
                    self.tally.last = format!("; {peer}: {why}");
                    self.net.ban(peer).await;
                }
                return Ok(());
            }
            Failure::Failed(_) if self.net.is_banned_peer(&peer) => {
                state.source = false;
                return Ok(());
            }
            Failure::Failed(why) => (state.failed(era, limits), &mut self.tally.failed, why),
            Failure::Busy => {
                let next = state.was_busy(era, limits);
                (next, &mut self.tally.busy, "it is busy".to_owned())
            }
        };
        match next {
            Next::Rest(pause) => self.running.push(Box::pin(async move {
                tokio::time::sleep(pause).await;
                Outcome::Rested(peer)
            })),
            Next::Known => return Ok(()),
            Next::Drop => {
                *count += 1;
                state.source = false;
            }
        }
        self.tally.last = format!("; {peer}: {why}");
        Ok(())
    }
}
