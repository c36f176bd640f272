//! Connections from outside whose key nobody knows yet. They hold a place until their handshake ends, and whoever opens
//! many and says nothing would hold them all. So one address holds few; TCP and QUIC, whose senders can be made up,
//! have places of their own; and a quarter of them is kept for addresses that peers are known to come from.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::limits::Limits;
use crate::public::ip_of;

/// Most addresses that peers are known to come from.
const MOST_KNOWN: usize = 65_536;

/// Whom a connection counts for: an IPv4 address, or the IPv6 network of 64 bits that one host has to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Origin(IpAddr);

impl Origin {
    fn of(address: &Multiaddr) -> Self {
        Self(match ip_of(address) {
            Some(IpAddr::V6(ip)) => Ipv6Addr::from(u128::from(ip) >> 64 << 64).into(),
            Some(ip) => ip,
            // No transport of ours accepts such; all of them together count as one.
            None => Ipv4Addr::UNSPECIFIED.into(),
        })
    }
}

struct Waiting {
    origin: Origin,
    udp: bool,
    known: bool,
}

/// Why a connection was refused before its handshake.
#[derive(Debug, thiserror::Error)]
#[error("too many handshakes under way {what}, at most {most}")]
struct TooMany {
    what: &'static str,
    most: usize,
}

/// Counts handshakes under way.
pub(crate) struct HandshakeLimits {
    most: usize,
    most_per_ip: usize,
    waiting: HashMap<ConnectionId, Waiting>,
    known: HashSet<Origin>,
}

impl HandshakeLimits {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.pending as usize,
            most_per_ip: limits.pending_per_ip as usize,
            waiting: HashMap::new(),
            known: HashSet::new(),
        }
    }

    /// Where registered peers say that they are. Where others came from whose key was good is forgotten.
    pub(crate) fn set_known<'a>(&mut self, addresses: impl Iterator<Item = &'a Multiaddr>) {
        self.known = addresses.filter(|a| ip_of(a).is_some()).map(Origin::of).take(MOST_KNOWN).collect();
    }

    fn enter(&mut self, id: ConnectionId, from: &Multiaddr) -> Result<(), TooMany> {
        let origin = Origin::of(from);
        let udp = from.iter().any(|part| matches!(part, Protocol::Udp(_)));
        let known = self.known.contains(&origin);
        let count = |which: &dyn Fn(&Waiting) -> bool| self.waiting.values().filter(|w| which(w)).count();
        let bounds = [
            ("from one address", count(&|w| w.origin == origin && w.udp == udp), self.most_per_ip),
            ("over one transport", count(&|w| w.udp == udp), self.most),
        ];
        let strangers =
            ("from strangers", count(&|w| w.udp == udp && !w.known), self.most - self.most.div_ceil(4));
        for (what, now, most) in bounds.into_iter().chain((!known).then_some(strangers)) {
            if now >= most.max(1) {
                return Err(TooMany { what, most });
            }
        }
        self.waiting.insert(id, Waiting { origin, udp, known });
        Ok(())
    }
}

impl NetworkBehaviour for HandshakeLimits {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.enter(id, from).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.waiting.remove(&id);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            // Refused by another behaviour, too.
            FromSwarm::ListenFailure(failure) => drop(self.waiting.remove(&failure.connection_id)),
            FromSwarm::ConnectionEstablished(established) => {
                if let ConnectedPoint::Listener { send_back_addr, .. } = established.endpoint
                    && self.known.len() < MOST_KNOWN
                {
                    self.known.insert(Origin::of(send_back_addr));
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_places(pending: u32, pending_per_ip: u32) -> HandshakeLimits {
        HandshakeLimits::new(&Limits { pending, pending_per_ip, ..Limits::default() })
    }

    fn from(limits: &mut HandshakeLimits, id: usize, ip: &str, rest: &str) -> Result<(), TooMany> {
        let version = if ip.contains(':') { "ip6" } else { "ip4" };
        limits.enter(ConnectionId::new_unchecked(id), &format!("/{version}/{ip}/{rest}").parse().unwrap())
    }

    #[test]
    fn one_address_holds_few_places_and_an_ipv6_host_is_one_address() {
        let mut limits = with_places(100, 2);
        for (n, ip) in ["1.1.1.1", "::ffff:1.1.1.1", "2606::1", "2606::ffff:2"].into_iter().enumerate() {
            from(&mut limits, n, ip, "tcp/9").unwrap();
        }
        for ip in ["1.1.1.1", "2606::3"] {
            assert!(from(&mut limits, 10, ip, "tcp/10").is_err());
        }
        // The sender of a packet can be made up, so what comes in packets shuts nobody out of TCP, nor the other way.
        for n in 20..22 {
            from(&mut limits, n, "1.1.1.1", "udp/10/quic-v1").unwrap();
        }
        assert!(from(&mut limits, 10, "1.1.1.1", "udp/10/quic-v1").is_err());
        from(&mut limits, 11, "1.1.1.2", "tcp/9").unwrap();
        limits.waiting.remove(&ConnectionId::new_unchecked(0));
        from(&mut limits, 12, "1.1.1.1", "tcp/11").unwrap();
    }

    #[test]
    fn strangers_with_many_addresses_leave_a_quarter_to_the_known_and_the_other_transport_alone() {
        let mut limits = with_places(16, 16);
        let peer: Multiaddr = "/ip4/9.9.9.9/tcp/4001".parse().unwrap();
        limits.set_known([peer].iter());
        let (mut id, mut entered) = (0, 0);
        for n in 0..40 {
            id += 1;
            entered += u32::from(from(&mut limits, id, &format!("1.1.1.{n}"), "udp/5/quic-v1").is_ok());
        }
        assert_eq!(entered, 12);
        for _ in 0..4 {
            id += 1;
            from(&mut limits, id, "9.9.9.9", "udp/77/quic-v1").unwrap();
        }
        assert!(from(&mut limits, 1_000, "9.9.9.9", "udp/77/quic-v1").is_err(), "all are taken");
        from(&mut limits, 1_001, "2.2.2.2", "tcp/5").unwrap();
    }
}
