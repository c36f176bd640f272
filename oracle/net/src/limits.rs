//! Every bound of the network in one place, so that nothing waits, grows or retries for ever.

use std::time::Duration;

/// How much, how many and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection must be established and authenticated.
    pub connect: Duration,
    /// Until whoever connected to us must have shown its key.
    pub handshake: Duration,
    /// Until a request must be answered in full; one window of 1 MiB, so it bounds the slowest peer that is used.
    pub request: Duration,
    /// Until a connection that nobody uses is closed.
    pub idle: Duration,
    /// How long a peer that sent a bad tile is kept out.
    pub ban: Duration,
    /// Until a window that a peer keeps us waiting for is asked of another one as well.
    pub patience: Duration,
    /// The pause after a peer's first failure; it doubles with each one that follows.
    pub pause: Duration,
    /// How long a shutdown waits for answers that are on their way.
    pub drain: Duration,
    /// Failures in a row after which a peer isn't asked again in one fetch.
    pub retries: u32,
    /// Times in a row that a peer may tell a fetch to come back. It works, so it is far more than failures; with the
    /// pauses between, some minutes.
    pub busies: u32,
    /// Peers asked at once whether they have a blob.
    pub asking: usize,
    /// Peers that one fetch takes windows from.
    pub sources: usize,
    /// Windows that one fetch has on their way from one peer.
    pub depth: usize,
    /// Requests on their way to one peer, and from it: what is beyond is told to come back.
    pub peer_requests: usize,
    /// Answers being made or sent, of all peers together; each holds at most a window. Peers share them evenly, and a
    /// quarter is kept for peers that hold none.
    pub answers: usize,
    /// Answers being made at once: each takes a thread.
    pub answering: usize,
    /// Connections with one peer.
    pub peer_connections: u32,
    /// Connections from peers, and as many again to them.
    pub connections: u32,
    /// Connections being established from outside, over TCP and over QUIC each, and as many again to others. Of those
    /// from outside a quarter is kept for addresses that peers are known to come from.
    pub pending: u32,
    /// How many of those from outside one IPv4 address, or one IPv6 network of 64 bits, may have, over TCP and over
    /// QUIC each.
    pub pending_per_ip: u32,
    /// Whether addresses are dialled that are not the public internet's: for networks of one's own.
    pub allow_private: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(5),
            request: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            ban: Duration::from_secs(30 * 60),
            patience: Duration::from_secs(2),
            pause: Duration::from_millis(100),
            drain: Duration::from_secs(5),
            retries: 3,
            busies: 60,
            asking: 8,
            sources: 4,
            depth: 8,
            peer_requests: 16,
            answers: 128,
            answering: 4,
            peer_connections: 4,
            connections: 256,
            pending: 128,
            pending_per_ip: 8,
            allow_private: false,
        }
    }
}

impl Limits {
    /// Limits for a network of one's own, such as a test network on one machine: private addresses are dialled, and
    /// many nodes may connect from one address.
    pub fn private() -> Self {
        let limits = Self::default();
        Self { pending_per_ip: limits.pending, allow_private: true, ..limits }
    }

    /// The pause after so many failures in a row.
    pub(crate) fn pause_after(&self, failures: u32) -> Duration {
        self.pause.saturating_mul(1 << failures.min(6))
    }
}
