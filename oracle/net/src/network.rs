//! The handle that the node has of its network.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures::StreamExt;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm};
use lyceum_store::{Root, Store};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::driver::{Command, Driver, Probe, Shared};
use crate::error::{FetchError, NetError};
use crate::fetch::{Progress, Want, download};
use crate::identity::Identity;
use crate::limits::Limits;
use crate::peer_book::{PeerBook, PeerEntry, PeerKey, Refused, peer_id};
use crate::serve::Served;
use crate::stats::{Counters, Now, Stats, add};
use crate::swarm::{self, Behaviour};
use crate::twin::{self, Life, Twin};
use crate::wire::{Answer, Request};

/// Commands that may wait for the driver.
const COMMANDS: usize = 256;
/// How often a blocking fetch asks whether to go on.
const TICK: Duration = Duration::from_millis(100);

/// A node among its peers. Cheap to clone; the connections close when the last clone is dropped.
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    identity: Identity,
    peer: PeerId,
    life: Life,
    shared: Arc<Shared>,
    store: Arc<Store>,
    commands: mpsc::Sender<Command>,
    driver: Mutex<Option<JoinHandle<()>>>,
    /// How many requests more each peer may be sent.
    gates: Mutex<HashMap<PeerId, Arc<Semaphore>>>,
    /// Roots that are being fetched.
    turns: Mutex<HashMap<Root, Weak<tokio::sync::Mutex<()>>>>,
    runtime: tokio::runtime::Handle,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("peer", &self.inner.peer).finish_non_exhaustive()
    }
}

impl Network {
    /// Listens on `listen` (port 0 takes a free one), serves and fills `store`, and knows nobody yet: see
    /// [`Network::set_peers`]. Must be called within a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// An address that can't be listened on, or transports that can't be set up.
    pub async fn start(
        identity: &Identity,
        listen: &[Multiaddr],
        store: Arc<Store>,
        limits: Limits,
    ) -> Result<Self, NetError> {
        let source: Served = store.clone();
        Self::start_serving(identity, listen, store, source, limits).await
    }

    /// [`Network::start`], serving from something else than the store.
    ///
    /// # Errors
    /// As there.
    pub async fn start_serving(
        identity: &Identity,
        listen: &[Multiaddr],
        store: Arc<Store>,
        source: Served,
        limits: Limits,
    ) -> Result<Self, NetError> {
        let life = Life::begin();
        let mut swarm = swarm::build(identity, &limits, &life)?;
        let listening = bind(&mut swarm, listen, limits.connect).await?;
        let shared = Arc::new(Shared {
            limits,
            counters: Counters::default(),
            book: RwLock::default(),
            banned: Mutex::default(),
            listening: RwLock::new(listening),
            twin: watch::Sender::new(None),
        });
        let (commands, received) = mpsc::channel(COMMANDS);
        let probe = Probe { peer: identity.probe().peer_id(), life };
        let driver = tokio::spawn(Driver::new(swarm, shared.clone(), source, received, probe).run());
        let inner = Inner {
            identity: identity.clone(),
            peer: identity.peer_id(),
            life,
            shared,
            store,
            commands,
            driver: Mutex::new(Some(driver)),
            gates: Mutex::default(),
            turns: Mutex::default(),
            runtime: tokio::runtime::Handle::current(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The own public key.
    pub fn key(&self) -> PeerKey {
        self.inner.identity.public()
    }

    /// Which life of the node this is: it begins with [`Network::start`].
    pub fn life(&self) -> Life {
        self.inner.life
    }

    /// The last other process with this node's key that was met, by either side.
    pub fn twin(&self) -> watch::Receiver<Option<Twin>> {
        self.inner.shared.twin.subscribe()
    }

    /// Looks for another process with this node's key at addresses where the node may be reached. The node itself there
    /// is none, nor is anybody without its key. Private addresses are dialled only where the limits allow it.
    ///
    /// # Errors
    /// Transports that can't be set up. An address at which nobody is reached is no error.
    pub async fn look_for_twin(&self, addresses: Vec<Multiaddr>) -> Result<Option<Twin>, NetError> {
        let found = twin::look(&self.inner.identity, &self.inner.life, addresses, self.limits()).await?;
        if let Some(twin) = &found {
            self.inner.shared.meet(twin.clone());
        }
        Ok(found)
    }

    /// The store that it fills.
    pub fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    /// Where it listens.
    pub fn listening(&self) -> Vec<Multiaddr> {
        self.inner.shared.listening.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it counted.
    pub fn stats(&self) -> Stats {
        self.inner.shared.counters.read()
    }

    /// These peers and no others may connect from now on, and are asked for blobs; ourselves among them is left
    /// out. Connections with others are closed. Returns what of the entries is of no use.
    ///
    /// # Errors
    /// After a shutdown.
    pub async fn set_peers(&self, entries: Vec<PeerEntry>) -> Result<Vec<Refused>, NetError> {
        let (book, refused) = PeerBook::new(entries, &self.inner.peer, self.limits().allow_private);
        let book = Arc::new(book);
        *self.inner.shared.book.write().unwrap_or_else(PoisonError::into_inner) = book.clone();
        self.gates(|gates| gates.retain(|peer, _| book.0.contains_key(peer)));
        self.inner.commands.send(Command::PeerBook(book)).await.map_err(|_| NetError::Stopped)?;
        Ok(refused)
    }

    /// The key that an account bound, if it is one of the peers: for [`Want::first`].
    pub fn key_of(&self, account: &str) -> Option<PeerKey> {
        self.book().0.values().find(|known| known.account == account).map(|known| known.key)
    }

    /// Whether a peer is kept out for what it sent.
    pub fn is_banned(&self, key: &PeerKey) -> bool {
        peer_id(key).is_ok_and(|peer| self.inner.shared.is_banned(&peer))
    }

    /// Brings a blob into the store from whoever of the peers has it. Every tile is verified as it arrives; what
    /// came before an error or a drop of this future stays and isn't asked for again. Fetches of the same root
    /// wait for one another.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] only if it is proved; all others are no proof of anything about the blob.
    pub async fn fetch(
        &self,
        want: &Want,
        progress: Option<&watch::Sender<Progress>>,
    ) -> Result<(), FetchError> {
        let _now = Now::new(&self.counters().fetching);
        let turn = self.turn(&want.root);
        let fetch = async {
            let _turn = turn.lock().await;
            download(self, want, progress).await
        };
        let fetched = match want.deadline {
            None => fetch.await,
            Some(deadline) => match tokio::time::timeout(deadline, fetch).await {
                Ok(fetched) => fetched,
                Err(_) => Err(FetchError::Deadline { root: want.root }),
            },
        };
        let counters = self.counters();
        add(if fetched.is_ok() { &counters.fetched } else { &counters.unfetched }, 1);
        fetched
    }

    /// [`Network::fetch`] for threads; it panics on a thread that runs async tasks. `go_on` hears of the progress ten
    /// times a second and ends the fetch by saying no.
    ///
    /// # Errors
    /// As [`Network::fetch`].
    pub fn fetch_blocking(
        &self,
        want: &Want,
        mut go_on: impl FnMut(Progress) -> bool,
    ) -> Result<(), FetchError> {
        // Whoever says no at once is heard before anything is asked for.
        if !go_on(Progress::default()) {
            return Err(FetchError::Cancelled { root: want.root });
        }
        self.inner.runtime.block_on(async {
            let (tell, progress) = watch::channel(Progress::default());
            let mut fetch = pin!(self.fetch(want, Some(&tell)));
            let mut tick = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    biased;
                    _ = tick.tick() => if !go_on(*progress.borrow()) {
                        return Err(FetchError::Cancelled { root: want.root });
                    },
                    fetched = &mut fetch => return fetched,
                }
            }
        })
    }

    /// Stops listening, finishes what is being sent as far as the limits give time, and closes. Fetches that go on
    /// end with an error.
    pub async fn shutdown(&self) {
        // It may have ended already.
        let _ = self.inner.commands.send(Command::Stop).await;
        let driver = self.inner.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(driver) = driver {
            // It ends by itself within the drain time; a panic in it was reported where it happened.
            let _ = driver.await;
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.shared.limits
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.shared.counters
    }

    pub(crate) fn is_banned_peer(&self, peer: &PeerId) -> bool {
        self.inner.shared.is_banned(peer)
    }

    pub(crate) fn book(&self) -> Arc<PeerBook> {
        self.inner.shared.book()
    }

    pub(crate) async fn ban(&self, peer: PeerId) {
        // The set is what fetches look at; the driver closes the connections. After a shutdown there are none.
        self.inner.shared.banned.lock().unwrap_or_else(PoisonError::into_inner).insert(peer);
        let _ = self.inner.commands.send(Command::Ban(peer)).await;
    }

    /// Asks a peer once; `Ok(Err)` is a failure in words.
    pub(crate) fn ask(
        &self,
        peer: PeerId,
        request: Request,
    ) -> impl Future<Output = Result<Result<Answer, String>, FetchError>> + Send + 'static {
        let permits = self.limits().peer_requests.max(1);
        let gate = self
            .gates(|gates| gates.entry(peer).or_insert_with(|| Arc::new(Semaphore::new(permits))).clone());
        let commands = self.inner.commands.clone();
        // The driver ends every request; this is for the day that it doesn't.
        let most = (self.limits().connect + self.limits().request) * 2;
        async move {
            // Never closed; whoever holds a permit is bounded by the same time.
            let _permit = gate.acquire().await;
            let (reply, answer) = oneshot::channel();
            let sent = commands.send(Command::Ask { peer, request, reply }).await;
            sent.map_err(|_| FetchError::Stopped)?;
            match tokio::time::timeout(most, answer).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(_)) => Err(FetchError::Stopped),
                Err(_) => Ok(Err("no answer in time".to_owned())),
            }
        }
    }

    fn gates<T>(&self, change: impl FnOnce(&mut HashMap<PeerId, Arc<Semaphore>>) -> T) -> T {
        change(&mut self.inner.gates.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn turn(&self, root: &Root) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(root).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(*root, Arc::downgrade(&turn));
        turn
    }
}

/// Listens on all addresses and waits until each is bound.
async fn bind(
    swarm: &mut Swarm<Behaviour>,
    listen: &[Multiaddr],
    most: Duration,
) -> Result<Vec<Multiaddr>, NetError> {
    let refused =
        |address: &Multiaddr, reason: String| NetError::Listen { address: address.to_string(), reason };
    // All of them before the first is listened on: the test of `::` would find the node's own `0.0.0.0` in its way.
    for address in listen {
        free(address).map_err(|error| NetError::listen(address, &error))?;
    }
    let mut waiting = HashMap::new();
    for address in listen {
        let listener = swarm.listen_on(address.clone()).map_err(|error| match error {
            // Its own words are none; those of its cause say what the system said.
            libp2p::TransportError::Other(cause) => NetError::listen(address, &cause),
            other => refused(address, other.to_string()),
        })?;
        waiting.insert(listener, address);
    }
    let mut bound: HashSet<Multiaddr> = HashSet::new();
    let all = async {
        while !waiting.is_empty() {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } => {
                    waiting.remove(&listener_id);
                    bound.insert(address);
                }
                SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                    if let Some(address) = waiting.get(&listener_id) {
                        return Err(match reason {
                            Err(error) => NetError::listen(address, &error),
                            Ok(()) => refused(address, "the listener closed".to_owned()),
                        });
                    }
                }
                SwarmEvent::ListenerError { listener_id, error } => {
                    if let Some(address) = waiting.get(&listener_id) {
                        return Err(NetError::listen(address, &error));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    };
    match tokio::time::timeout(most, all).await {
        Ok(done) => done?,
        Err(_) => {
            let reason = "not bound in time".to_owned();
            return Err(listen.first().map_or(NetError::Stopped, |address| refused(address, reason)));
        }
    }
    Ok(bound.into_iter().collect())
}

/// Refuses an address that cannot be listened on, in the system's own words, which libp2p does not always keep. A TCP
/// port that somebody listens on it would even share with them, and each would get a part of the connections.
fn free(address: &Multiaddr) -> std::io::Result<()> {
    let parts: Vec<_> = address.iter().take(2).collect();
    let (ip, port) = match parts[..] {
        [Protocol::Ip4(ip), Protocol::Tcp(port) | Protocol::Udp(port)] => (IpAddr::from(ip), port),
        [Protocol::Ip6(ip), Protocol::Tcp(port) | Protocol::Udp(port)] => (IpAddr::from(ip), port),
        _ => return Ok(()),
    };
    let at = SocketAddr::from((ip, port));
    match parts[1] {
        Protocol::Tcp(_) => TcpListener::bind(at).map(drop),
        _ => UdpSocket::bind(at).map(drop),
    }
}
