//! The last look at an address before it is dialled. It stands below the resolver, so that a name which leads into
//! the operator's own network is refused like the address itself, whatever it resolved to a moment ago.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, PeerId, Transport};

use crate::public::{ip_of, is_public};

type Inner = Boxed<(PeerId, StreamMuxerBox)>;

/// A transport that dials public addresses only, unless it is told to dial any.
pub(crate) struct Guard {
    inner: Inner,
    allow_private: bool,
}

impl Guard {
    pub(crate) fn new(inner: Inner, allow_private: bool) -> Self {
        Self { inner, allow_private }
    }
}

impl Transport for Guard {
    type Output = <Inner as Transport>::Output;
    type Error = io::Error;
    type ListenerUpgrade = <Inner as Transport>::ListenerUpgrade;
    type Dial = <Inner as Transport>::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, opts: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        if !self.allow_private && !ip_of(&address).is_some_and(is_public) {
            let words = format!("{address} is no public address, and only those are dialled");
            return Err(TransportError::Other(io::Error::other(words)));
        }
        self.inner.dial(address, opts)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}
