//! The swarm: its transports, and what its connections may do.

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::upgrade::Version;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Swarm, SwarmBuilder, Transport, allow_block_list, identify, noise, quic, tcp, yamux};

use crate::error::NetError;
use crate::guard::Guard;
use crate::handshake_limits::HandshakeLimits;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::twin::Life;
use crate::wire::{Codec, PROTOCOL};

/// What identify says we are.
const VERSION: &str = "/lyceum/1";

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    /// First, so that a stranger's connection ends before anything else hears of it.
    pub allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    pub handshake_limits: HandshakeLimits,
    pub limits: connection_limits::Behaviour,
    pub identify: identify::Behaviour,
    pub blob: request_response::Behaviour<Codec>,
}

fn behaviour(identity: &Identity, limits: &Limits, life: &Life) -> Behaviour {
    let connections = ConnectionLimits::default()
        .with_max_pending_outgoing(Some(limits.pending))
        // Apart, so that peers that connect to us never take what we reach others by.
        .with_max_established_incoming(Some(limits.connections))
        .with_max_established_outgoing(Some(limits.connections))
        .with_max_established_per_peer(Some(limits.peer_connections));
    // Addresses come from the chain, so none are told and none are kept.
    let identify = identify::Config::new(VERSION.to_owned(), identity.keypair().public())
        .with_agent_version(life.agent())
        .with_hide_listen_addrs(true)
        .with_cache_size(0);
    let streams = limits.peer_requests.saturating_mul(2).saturating_add(8);
    let blob = request_response::Config::default()
        .with_request_timeout(limits.request)
        .with_max_concurrent_streams(streams);
    Behaviour {
        allowed: allow_block_list::Behaviour::default(),
        handshake_limits: HandshakeLimits::new(limits),
        limits: connection_limits::Behaviour::new(connections),
        identify: identify::Behaviour::new(identify),
        blob: request_response::Behaviour::new([(PROTOCOL, ProtocolSupport::Full)], blob),
    }
}

/// TCP with Noise and Yamux, or QUIC. Names are resolved above it, so that the guard sees what is dialled.
fn transport(identity: &Identity, limits: &Limits) -> Result<Guard, noise::Error> {
    let keys = identity.keypair();
    let tcp = tcp::tokio::Transport::new(tcp::Config::default())
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(&keys)?)
        .multiplex(yamux::Config::default())
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));
    let mut config = quic::Config::new(&keys);
    config.handshake_timeout = limits.connect;
    let quic = quic::tokio::Transport::new(config)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));
    let both = tcp.or_transport(quic).map(|either, _| either.into_inner());
    let both = TransportTimeout::with_ingoing_timeout(both, limits.handshake).boxed();
    Ok(Guard::new(both, limits.allow_private))
}

/// Must be called within a tokio runtime.
pub(crate) fn build(identity: &Identity, limits: &Limits, life: &Life) -> Result<Swarm<Behaviour>, NetError> {
    let failed = |e: &dyn std::fmt::Display| NetError::Transport { reason: e.to_string() };
    let transports = || {
        let builder = SwarmBuilder::with_existing_identity(identity.keypair()).with_tokio();
        let guard = transport(identity, limits).map_err(|e| failed(&e))?;
        builder.with_other_transport(|_| guard).map_err(|e| failed(&e))
    };
    macro_rules! swarm {
        ($transports:expr) => {
            $transports
                .with_behaviour(|_| behaviour(identity, limits, life))
                .map_err(|e| failed(&e))?
                .with_swarm_config(|config| config.with_idle_connection_timeout(limits.idle))
                .with_connection_timeout(limits.connect)
                .build()
        };
    }
    match transports()?.with_dns() {
        Ok(with_names) => Ok(swarm!(with_names)),
        Err(error) => {
            tracing::warn!("this machine resolves no names, so only IP addresses are dialled: {error}");
            Ok(swarm!(transports()?))
        }
    }
}
