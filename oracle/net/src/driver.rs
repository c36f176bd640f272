//! The task that owns the swarm. Everybody else sends it commands through a bounded channel; it never waits for
//! any of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures::StreamExt;
use libp2p::request_response::{
    Event as Blob, InboundRequestId, Message, OutboundRequestId, ResponseChannel,
};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, TransportError, identify};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::limits::Limits;
use crate::peer_book::PeerBook;
use crate::serve::{Served, answer};
use crate::share::{Load, admits};
use crate::stats::{Counters, add};
use crate::swarm::{Behaviour, BehaviourEvent};
use crate::twin::{Life, Twin};
use crate::wire::{Answer, Request};

/// What the task and its handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub limits: Limits,
    pub counters: Counters,
    pub book: RwLock<Arc<PeerBook>>,
    pub banned: Mutex<HashSet<PeerId>>,
    pub listening: RwLock<Vec<Multiaddr>>,
    /// The last other process with the own key that was met.
    pub twin: watch::Sender<Option<Twin>>,
}

impl Shared {
    pub(crate) fn meet(&self, twin: Twin) {
        self.twin.send_replace(Some(twin));
    }

    pub(crate) fn book(&self) -> Arc<PeerBook> {
        // Replaced whole: a thread that panicked left it so.
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_banned(&self, peer: &PeerId) -> bool {
        self.banned.lock().unwrap_or_else(PoisonError::into_inner).contains(peer)
    }
}

/// By what a driver knows another process with its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// The key that such a process connects with.
    pub peer: PeerId,
    /// The own life: what a connection from ourselves tells.
    pub life: Life,
}

pub(crate) enum Command {
    /// Asks a peer; a failure comes back in words.
    Ask { peer: PeerId, request: Request, reply: oneshot::Sender<Result<Answer, String>> },
    /// These and no others may connect from now on.
    PeerBook(Arc<PeerBook>),
    /// A peer sent what isn't the root's.
    Ban(PeerId),
    /// Finish what is being sent, then end.
    Stop,
}

/// An answer that a thread has made.
struct Made {
    id: InboundRequestId,
    channel: ResponseChannel<Answer>,
    answer: Answer,
}

/// A request that is being answered. It counts until its answer is made and its stream has ended, whichever is last.
struct Serving {
    peer: PeerId,
    bytes: u64,
    made: bool,
    ended: bool,
}

pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    shared: Arc<Shared>,
    source: Served,
    commands: mpsc::Receiver<Command>,
    made: (mpsc::Sender<Made>, mpsc::Receiver<Made>),
    answering: Arc<Semaphore>,
    asked: HashMap<OutboundRequestId, oneshot::Sender<Result<Answer, String>>>,
    serving: HashMap<InboundRequestId, Serving>,
    bans: HashMap<PeerId, Instant>,
    /// Why the last attempt to reach a peer failed: requests that waited for it are told.
    unreached: HashMap<PeerId, String>,
    stopping: Option<Instant>,
    probe: Probe,
    /// Where the last connection with the probe's key came from.
    probed_from: String,
}

impl Driver {
    pub(crate) fn new(
        mut swarm: Swarm<Behaviour>,
        shared: Arc<Shared>,
        source: Served,
        commands: mpsc::Receiver<Command>,
        probe: Probe,
    ) -> Self {
        swarm.behaviour_mut().allowed.allow_peer(probe.peer);
        let limits = &shared.limits;
        Self {
            // As many as are counted at once, so that no thread waits to hand its answer over.
            made: mpsc::channel(limits.answers.max(1)),
            answering: Arc::new(Semaphore::new(limits.answering.max(1))),
            swarm,
            source,
            commands,
            asked: HashMap::new(),
            serving: HashMap::new(),
            bans: HashMap::new(),
            unreached: HashMap::new(),
            stopping: None,
            probe,
            probed_from: String::new(),
            shared,
        }
    }

    pub(crate) async fn run(mut self) {
        loop {
            let wake = self.bans.values().chain(&self.stopping).min().copied();
            let wakes = wake.unwrap_or_else(Instant::now);
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                Some(made) = self.made.1.recv() => self.on_made(made),
                command = self.commands.recv(), if self.stopping.is_none() => match command {
                    Some(command) => self.on_command(command),
                    None => self.stop(),
                },
                () = tokio::time::sleep_until(wakes), if wake.is_some() => self.lift_bans(),
            }
            if let Some(deadline) = self.stopping
                && (self.serving.is_empty() || deadline <= Instant::now())
            {
                break;
            }
        }
        self.shared.counters.peers.store(0, Ordering::Relaxed);
    }

    fn stop(&mut self) {
        self.stopping = Some(Instant::now() + self.shared.limits.drain);
        // Whoever waits for these is told at once.
        self.asked.clear();
        self.commands.close();
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Ask { peer, request, reply } => self.ask(peer, request, reply),
            Command::PeerBook(book) => self.set_book(&book),
            Command::Ban(peer) => {
                let account = self.shared.book().0.get(&peer).map(|known| known.account.clone());
                let most = self.shared.limits.ban.as_secs();
                tracing::warn!(
                    account,
                    "peer {peer} sent bytes that are not the root's: cut off for {most} s"
                );
                self.bans.insert(peer, Instant::now() + self.shared.limits.ban);
                self.shared.banned.lock().unwrap_or_else(PoisonError::into_inner).insert(peer);
                self.swarm.behaviour_mut().allowed.disallow_peer(peer);
            }
            Command::Stop => self.stop(),
        }
    }

    fn set_book(&mut self, book: &PeerBook) {
        let allowed = &mut self.swarm.behaviour_mut().allowed;
        let probe = self.probe.peer;
        let stays = |peer: &PeerId| *peer == probe || book.0.contains_key(peer);
        let gone: Vec<_> = allowed.allowed_peers().iter().filter(|p| !stays(p)).copied().collect();
        for peer in gone {
            tracing::debug!("peer {peer} is no longer registered");
            allowed.disallow_peer(peer);
        }
        for peer in book.0.keys().filter(|peer| !self.bans.contains_key(peer)) {
            allowed.allow_peer(*peer);
        }
        self.unreached.retain(|peer, _| book.0.contains_key(peer));
        self.swarm
            .behaviour_mut()
            .handshake_limits
            .set_known(book.0.values().flat_map(|known| &known.addresses));
    }

    fn lift_bans(&mut self) {
        let (now, book) = (Instant::now(), self.shared.book());
        let over: Vec<_> =
            self.bans.iter().filter(|(_, until)| **until <= now).map(|(peer, _)| *peer).collect();
        for peer in over {
            self.bans.remove(&peer);
            self.shared.banned.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
            if book.0.contains_key(&peer) {
                self.swarm.behaviour_mut().allowed.allow_peer(peer);
            }
        }
    }

    fn ask(&mut self, peer: PeerId, request: Request, reply: oneshot::Sender<Result<Answer, String>>) {
        // Nobody listens for the answer any more where sending fails; that is all right here and below.
        if reply.is_closed() {
            return;
        }
        if !self.swarm.is_connected(&peer) {
            let addresses = self.shared.book().0.get(&peer).map_or_else(Vec::new, |k| k.addresses.clone());
            let dial = DialOpts::peer_id(peer)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(addresses)
                // Calling from the port that is listened on serves hole punching only, and fails wherever something
                // else on the machine holds that port.
                .allocate_new_port()
                .build();
            match self.swarm.dial(dial) {
                Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => {}
                Err(error) => {
                    let _ = reply.send(Err(error.to_string()));
                    return;
                }
            }
        }
        add(&self.shared.counters.requests_out, 1);
        let id = self.swarm.behaviour_mut().blob.send_request(&peer, request);
        self.asked.insert(id, reply);
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let counters = &self.shared.counters;
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Blob(event)) => self.on_blob(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::Behaviour(_) => {}
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                self.unreached.remove(&peer_id);
                let account = self.shared.book().0.get(&peer_id).map(|known| known.account.clone());
                let address = endpoint.get_remote_address();
                if peer_id == self.probe.peer {
                    self.probed_from = address.to_string();
                }
                tracing::debug!(account, "peer {peer_id} is connected at {address}");
                self.count_peers();
            }
            SwarmEvent::ConnectionClosed { peer_id, cause, .. } => {
                let why = cause.map_or_else(|| "it was idle, or left".to_owned(), |cause| cause.to_string());
                tracing::debug!("peer {peer_id} is disconnected: {why}");
                self.count_peers();
            }
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                add(&counters.refused, 1);
                tracing::debug!("a connection from {send_back_addr} was refused: {error}");
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                if let DialError::WrongPeerId { obtained, address } = &error {
                    add(&counters.wrong_keys, 1);
                    let registered = peer_id.map_or_else(|| "another".to_owned(), |peer| peer.to_string());
                    tracing::debug!("{address} has the key of peer {obtained}, registered is {registered}");
                }
                if let Some(peer) = peer_id {
                    self.unreached.insert(peer, dial_words(&error));
                }
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                let mut listening = self.shared.listening.write().unwrap_or_else(PoisonError::into_inner);
                if !listening.contains(&address) {
                    listening.push(address);
                }
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                let mut listening = self.shared.listening.write().unwrap_or_else(PoisonError::into_inner);
                listening.retain(|other| *other != address);
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!("a listening address had an error, and goes on: {error}");
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                let why = reason.err().map_or_else(|| "it was told to".to_owned(), |error| error.to_string());
                tracing::warn!("no longer listening on {}: {why}", addresses.join(" "));
            }
            _ => {}
        }
    }

    /// Whoever connects with the probe's key holds ours. If it is not this life, it is another process.
    fn on_identify(&self, event: identify::Event) {
        let identify::Event::Received { peer_id, info, .. } = event else { return };
        if peer_id != self.probe.peer {
            return;
        }
        let life = Life::of_agent(&info.agent_version).filter(|life| *life != self.probe.life);
        if let Some(life) = life {
            self.shared.meet(Twin { life, address: self.probed_from.clone() });
        }
    }

    fn count_peers(&self) {
        let peers = self.swarm.connected_peers().filter(|peer| **peer != self.probe.peer).count() as u64;
        self.shared.counters.peers.store(peers, Ordering::Relaxed);
    }

    fn on_blob(&mut self, event: Blob<Request, Answer>) {
        let counters = &self.shared.counters;
        match event {
            Blob::Message { peer, message: Message::Request { request_id, request, channel }, .. } => {
                add(&counters.requests_in, 1);
                self.on_request(peer, request_id, request, channel);
            }
            Blob::Message { message: Message::Response { request_id, response }, .. } => {
                add(&counters.bytes_in, response.stream_len());
                if let Some(reply) = self.asked.remove(&request_id) {
                    let _ = reply.send(Ok(response));
                }
            }
            Blob::OutboundFailure { peer, request_id, error, .. } => {
                add(&counters.failures, 1);
                let why = match (&error, self.unreached.get(&peer)) {
                    (libp2p::request_response::OutboundFailure::DialFailure, Some(why)) => why.clone(),
                    _ => error.to_string(),
                };
                tracing::debug!("a request to peer {peer} failed: {why}");
                if let Some(reply) = self.asked.remove(&request_id) {
                    let _ = reply.send(Err(why));
                }
            }
            Blob::InboundFailure { request_id, .. } => {
                self.settle(request_id, |serving| serving.ended = true)
            }
            Blob::ResponseSent { request_id, .. } => {
                if let Some(serving) = self.serving.get(&request_id) {
                    add(&counters.bytes_out, serving.bytes);
                }
                self.settle(request_id, |serving| serving.ended = true);
            }
        }
    }

    fn on_request(
        &mut self,
        peer: PeerId,
        id: InboundRequestId,
        request: Request,
        channel: ResponseChannel<Answer>,
    ) {
        if self.stopping.is_some() || !admits(&self.shared.limits, self.load(&peer)) {
            add(&self.shared.counters.busy, 1);
            // If the stream has ended already, an event says so.
            let _ = self.swarm.behaviour_mut().blob.send_response(channel, Answer::Busy);
            return;
        }
        self.serving.insert(id, Serving { peer, bytes: 0, made: false, ended: false });
        let (source, answering, made) = (self.source.clone(), self.answering.clone(), self.made.0.clone());
        tokio::spawn(async move {
            // The semaphore is never closed, so there is always a permit to wait for.
            let _permit = answering.acquire().await;
            let answer = if channel.is_open() {
                // An answer whose making panicked must count as made all the same.
                tokio::task::spawn_blocking(move || answer(&*source, &request))
                    .await
                    .unwrap_or(Answer::Failed)
            } else {
                Answer::Failed
            };
            // Fails only after the driver has ended.
            let _ = made.send(Made { id, channel, answer }).await;
        });
    }

    fn load(&self, peer: &PeerId) -> Load {
        Load {
            held: self.serving.values().filter(|serving| serving.peer == *peer).count(),
            total: self.serving.len(),
            holders: self.serving.values().map(|serving| serving.peer).collect::<HashSet<_>>().len(),
        }
    }

    fn on_made(&mut self, Made { id, channel, answer }: Made) {
        let bytes = answer.stream_len();
        self.settle(id, |serving| {
            serving.made = true;
            serving.bytes = bytes;
        });
        // If the stream has ended already, an event said so.
        let _ = self.swarm.behaviour_mut().blob.send_response(channel, answer);
    }

    fn settle(&mut self, id: InboundRequestId, change: impl FnOnce(&mut Serving)) {
        let Some(serving) = self.serving.get_mut(&id) else { return };
        change(serving);
        if serving.made && serving.ended {
            self.serving.remove(&id);
        }
    }
}

/// Why a peer could not be dialled, each address with the system's own words: libp2p's are those of Rust's `Debug`.
fn dial_words(error: &DialError) -> String {
    let DialError::Transport(tried) = error else { return error.to_string() };
    let why = |(address, error): &(Multiaddr, TransportError<std::io::Error>)| match error {
        TransportError::Other(cause) => format!("{address}: {cause}"),
        TransportError::MultiaddrNotSupported(_) => format!("{address}: no transport for such an address"),
    };
    tried.iter().map(why).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_peer_that_cannot_be_dialled_is_told_in_the_words_of_the_system() {
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        let refused = TransportError::Other(io::Error::other("connection refused"));
        let said = dial_words(&DialError::Transport(vec![(address, refused)]));
        assert_eq!(said, "/ip4/127.0.0.1/tcp/1: connection refused");
    }
}
