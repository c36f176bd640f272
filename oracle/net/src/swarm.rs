//! The swarm: its transports, and what its connections may do.

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Swarm, SwarmBuilder, allow_block_list, identify, noise, tcp, yamux};

use crate::error::NetError;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::wire::{Codec, PROTOCOL};

/// What identify says we are.
const VERSION: &str = "/lyceum/1";

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    /// First, so that a stranger's connection ends before anything else hears of it.
    pub allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    pub limits: connection_limits::Behaviour,
    pub identify: identify::Behaviour,
    pub blob: request_response::Behaviour<Codec>,
}

fn behaviour(identity: &Identity, limits: &Limits) -> Behaviour {
    let connections = ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.pending))
        .with_max_pending_outgoing(Some(limits.pending))
        .with_max_established(Some(limits.connections))
        .with_max_established_per_peer(Some(limits.peer_connections));
    // Addresses come from the chain, so none are told and none are kept.
    let identify = identify::Config::new(VERSION.to_owned(), identity.keypair().public())
        .with_agent_version(concat!("lyceum/", env!("CARGO_PKG_VERSION")).to_owned())
        .with_hide_listen_addrs(true)
        .with_cache_size(0);
    let streams = limits.peer_requests.saturating_mul(2).saturating_add(8);
    let blob = request_response::Config::default()
        .with_request_timeout(limits.request)
        .with_max_concurrent_streams(streams);
    Behaviour {
        allowed: allow_block_list::Behaviour::default(),
        limits: connection_limits::Behaviour::new(connections),
        identify: identify::Behaviour::new(identify),
        blob: request_response::Behaviour::new([(PROTOCOL, ProtocolSupport::Full)], blob),
    }
}

/// Must be called within a tokio runtime.
pub(crate) fn build(identity: &Identity, limits: &Limits) -> Result<Swarm<Behaviour>, NetError> {
    let failed = |e: &dyn std::fmt::Display| NetError::Transport { reason: e.to_string() };
    let transports = || {
        let tcp = SwarmBuilder::with_existing_identity(identity.keypair()).with_tokio().with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        );
        Ok(tcp.map_err(|e| failed(&e))?.with_quic_config(|mut quic| {
            quic.handshake_timeout = limits.connect;
            quic
        }))
    };
    macro_rules! swarm {
        ($transports:expr) => {
            $transports
                .with_behaviour(|_| behaviour(identity, limits))
                .map_err(|e| failed(&e))?
                .with_swarm_config(|config| config.with_idle_connection_timeout(limits.idle))
                .with_connection_timeout(limits.connect)
                .build()
        };
    }
    match transports()?.with_dns() {
        Ok(with_names) => Ok(swarm!(with_names)),
        Err(error) => {
            tracing::warn!(%error, "this machine resolves no names: only IP addresses are dialled");
            Ok(swarm!(transports()?))
        }
    }
}
