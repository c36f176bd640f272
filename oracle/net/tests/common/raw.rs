//! A peer that speaks the protocol's name and nothing else of it: bytes of the test's choice.

use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use lyceum_net::wire::PROTOCOL;

/// Reads answers as they come, or never.
#[derive(Clone, Copy)]
pub enum Raw {
    Reads,
    NeverReads,
}

impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;
    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await.map(|_| bytes)
    }
    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        match self {
            Self::Reads => self.read_request(protocol, io).await,
            Self::NeverReads => {
                // What is short is an answer that holds nothing.
                let mut bytes = vec![0; 16];
                let read = io.read(&mut bytes).await?;
                match bytes[0] {
                    1 => Ok(bytes[..read].to_vec()),
                    _ => std::future::pending().await,
                }
            }
        }
    }
    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
    }
    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        self.write_request(protocol, io, bytes).await
    }
}

pub type RawSwarm = Swarm<request_response::Behaviour<Raw>>;

pub fn raw_swarm(seed: u8, raw: Raw, patience: Duration) -> RawSwarm {
    let keys = libp2p::identity::Keypair::ed25519_from_bytes([seed; 32]).unwrap();
    let config = request_response::Config::default().with_request_timeout(patience);
    let behaviour = request_response::Behaviour::with_codec(raw, [(PROTOCOL, ProtocolSupport::Full)], config);
    SwarmBuilder::with_existing_identity(keys)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| behaviour)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(10)))
        .build()
}
