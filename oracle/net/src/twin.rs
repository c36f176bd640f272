//! Another process with the same peer key: a copy of the node's folder that runs elsewhere.
//!
//! libp2p closes a connection whose far end has the own key, so a process looks for its twin with a second key that is
//! derived from the first. Only a holder of the peer key can compute it, so a node lets it in, and both ends tell in
//! identify which life of the node they are. What a twin says is authenticated by the peer key itself: no other peer,
//! and nobody who relays bytes between two connections, can pretend to be one. A node that reaches itself by its own
//! address, or because somebody leads its connection back to it, meets its own life and knows it.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, Swarm, identify};

use crate::error::NetError;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::swarm::{self, Behaviour, BehaviourEvent};

/// How long a process may take to identify itself once a connection is established.
const SPEAKS: Duration = Duration::from_secs(5);
/// How long a connection with a twin is kept so that it learns of us.
const LINGERS: Duration = Duration::from_secs(2);
/// What stands before a life in what identify says of a node.
const MARK: &str = "life/";

/// One life of a node: a process, from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    /// When it began, Unix seconds of its own machine's clock.
    pub since: u64,
    /// Random, so that no two lives are the same.
    pub id: u64,
}

impl Life {
    /// A life that begins now.
    pub fn begin() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let random = Identity::generate().public();
        let id = random.iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte));
        Self { since, id }
    }

    /// Whether it is the older of two: it began earlier, or the lower number decides. Of two lives each comes to the
    /// same answer, whatever their clocks say.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self < other
    }

    /// What identify says of a node: the program, its version and its life.
    pub(crate) fn agent(&self) -> String {
        format!("lyceum/{} {MARK}{self}", env!("CARGO_PKG_VERSION"))
    }

    pub(crate) fn of_agent(agent: &str) -> Option<Self> {
        agent.split(' ').find_map(|word| word.strip_prefix(MARK))?.parse().ok()
    }
}

impl fmt::Display for Life {
    /// Seconds and 16 hexadecimal digits, as [`Life::from_str`] reads them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.since, self.id)
    }
}

impl FromStr for Life {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (since, id) = text.split_once('-').ok_or(())?;
        let life =
            Self { since: since.parse().map_err(drop)?, id: u64::from_str_radix(id, 16).map_err(drop)? };
        // One text for one life: no sign, no leading zero.
        if life.to_string() == text { Ok(life) } else { Err(()) }
    }
}

/// Another process that holds this node's peer key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its life.
    pub life: Life,
    /// Where it was met: its address, or the one from which it connected.
    pub address: String,
}

/// Looks for a twin at some addresses. Returns the first process with this key that is another life.
pub(crate) async fn look(
    identity: &Identity,
    life: &Life,
    addresses: Vec<Multiaddr>,
    limits: &Limits,
) -> Result<Option<Twin>, NetError> {
    let own = identity.peer_id();
    let mut swarm = swarm::build(&identity.probe(), limits, life)?;
    swarm.behaviour_mut().allowed.allow_peer(own);
    for address in addresses {
        // One after another: the first that answers would end the others of one dial.
        let dial = DialOpts::peer_id(own)
            .condition(PeerCondition::Always)
            .addresses(vec![address])
            .allocate_new_port()
            .build();
        let connection = dial.connection_id();
        if swarm.dial(dial).is_err() {
            continue;
        }
        let most = limits.connect + SPEAKS;
        let met = tokio::time::timeout(most, met(&mut swarm, connection)).await.ok().flatten();
        if let Some(twin) = met.filter(|twin| twin.life != *life) {
            // The twin must learn of us too: it may be unable to reach us.
            told(&mut swarm).await;
            return Ok(Some(twin));
        }
        // Another address may lead to another process.
        let _ = swarm.disconnect_peer_id(own);
    }
    Ok(None)
}

/// Who is at the far end of the dial that was begun.
async fn met(swarm: &mut Swarm<Behaviour>, dial: ConnectionId) -> Option<Twin> {
    let mut address = String::new();
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { connection_id, endpoint, .. } if connection_id == dial => {
                address = endpoint.get_remote_address().to_string();
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                connection_id,
                info,
                ..
            })) if connection_id == dial => {
                return Life::of_agent(&info.agent_version).map(|life| Twin { life, address });
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } if connection_id == dial => {
                tracing::debug!(%error, "no process with this node's key is met");
                return None;
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } if connection_id == dial => return None,
            _ => {}
        }
    }
}

/// Goes on until the far end has been told who we are.
async fn told(swarm: &mut Swarm<Behaviour>) {
    // It may have been sent while the answer was awaited, and what was sent needs a moment to arrive.
    let go_on = async {
        loop {
            swarm.select_next_some().await;
        }
    };
    let _: Result<(), _> = tokio::time::timeout(LINGERS, go_on).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_as_it_was_written_and_nothing_else_is() {
        let life = Life { since: 1_764_531_234, id: 0x00ab };
        assert_eq!(life.to_string(), "1764531234-00000000000000ab");
        assert_eq!(life.to_string().parse(), Ok(life));
        assert_eq!(Life::of_agent(&life.agent()), Some(life));
        for wrong in ["", "-", "1-ab", "+1-00000000000000ab", "1764531234", "01-00000000000000ab"] {
            assert_eq!(wrong.parse::<Life>(), Err(()), "{wrong}");
        }
        assert_eq!(Life::of_agent("lyceum/0.1.0"), None);
        assert_ne!(Life::begin().id, Life::begin().id);
    }

    #[test]
    fn of_two_lives_exactly_one_is_older() {
        let lives = [(5, 1), (5, 2), (6, 0)].map(|(since, id)| Life { since, id });
        for (i, one) in lives.iter().enumerate() {
            for (j, other) in lives.iter().enumerate() {
                assert_eq!(one.is_older_than(other), i < j);
            }
        }
    }
}
