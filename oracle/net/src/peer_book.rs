//! Who may connect, and where they are: what the chain registered, checked.

use std::collections::BTreeMap;

use libp2p::identity::{PublicKey, ed25519};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::error::NetError;
use crate::public::{ip_of, is_public};

/// A peer's ed25519 public key, as its account bound it on chain.
pub type PeerKey = [u8; 32];

/// Most addresses a peer may have.
pub const MAX_ADDRESSES: usize = 4;
/// Most bytes of an address as text.
pub const MAX_ADDRESS_LEN: usize = 128;

/// A registered peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerEntry {
    /// The key bound on chain.
    pub key: PeerKey,
    /// The account that bound it: for logs.
    pub account: String,
    /// Where it says it can be reached; may be empty for one that only connects to others.
    pub addresses: Vec<String>,
}

/// What of an entry is of no use, and why. The rest of it is used.
#[derive(Debug)]
pub struct Refused {
    /// The entry's account.
    pub account: String,
    /// What is wrong.
    pub error: NetError,
}

/// A peer that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownPeer {
    pub key: PeerKey,
    pub account: String,
    pub addresses: Vec<Multiaddr>,
}

/// All peers that may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerBook(pub BTreeMap<PeerId, KnownPeer>);

impl PeerBook {
    /// Takes what is of use of entries from the chain. One that isn't doesn't keep the others out. A name is taken
    /// wherever it leads: that is looked at when it is dialled.
    pub(crate) fn new(entries: Vec<PeerEntry>, own: &PeerId, allow_private: bool) -> (Self, Vec<Refused>) {
        let (mut book, mut refused) = (Self::default(), Vec::new());
        for PeerEntry { key, account, addresses } in entries {
            let peer = match peer_id(&key) {
                Ok(peer) if peer == *own => continue,
                Ok(peer) => peer,
                Err(error) => {
                    refused.push(Refused { account, error });
                    continue;
                }
            };
            let mut good = Vec::new();
            let mut refuse = |error| refused.push(Refused { account: account.clone(), error });
            for (index, address) in addresses.into_iter().enumerate() {
                if index == MAX_ADDRESSES {
                    let reason = format!("more than {MAX_ADDRESSES}; it and those after it are passed over");
                    refuse(NetError::Address { address: shown(&address), reason });
                    break;
                }
                match check_address(&address, Some(&key)) {
                    Ok(found) if !allow_private && leads_inside(&found) => {
                        let reason = "not a public address, and only those are dialled".to_owned();
                        refuse(NetError::Address { address, reason });
                    }
                    Ok(address) => good.push(address),
                    Err(error) => refuse(error),
                }
            }
            book.0.insert(peer, KnownPeer { key, account, addresses: good });
        }
        (book, refused)
    }

    /// All peers: those with `first` keys in that order, then by the distance of their key from the root, so that
    /// different blobs are asked of different peers first.
    pub(crate) fn order(&self, root: &[u8; 32], first: &[PeerKey]) -> Vec<PeerId> {
        let mut peers: Vec<_> = self.0.iter().collect();
        peers.sort_by_key(|(_, peer)| {
            let place = first.iter().position(|key| *key == peer.key).unwrap_or(first.len());
            let distance: [u8; 32] = std::array::from_fn(|i| peer.key[i] ^ root[i]);
            (place, distance)
        });
        peers.into_iter().map(|(peer, _)| *peer).collect()
    }
}

/// As much of an address as one may have.
fn shown(text: &str) -> String {
    text.chars().take(MAX_ADDRESS_LEN).collect()
}

/// What libp2p calls the holder of a key.
pub(crate) fn peer_id(key: &PeerKey) -> Result<PeerId, NetError> {
    let key = ed25519::PublicKey::try_from_bytes(key).map_err(|_| NetError::Key)?;
    Ok(PublicKey::from(key).to_peer_id())
}

/// Checks an address: an IP address or a name, then a TCP port or a UDP port with QUIC, then nothing but, maybe,
/// the peer's own id; it is left out of what is returned.
///
/// # Errors
/// What is wrong with it.
pub fn check_address(text: &str, key: Option<&PeerKey>) -> Result<Multiaddr, NetError> {
    let refuse = |reason: &str| NetError::Address { address: shown(text), reason: reason.to_owned() };
    if text.len() > MAX_ADDRESS_LEN {
        return Err(refuse("longer than 128 bytes"));
    }
    let mut address: Multiaddr = text.parse().map_err(|_| refuse("not a multiaddr"))?;
    if let Some(Protocol::P2p(peer)) = address.iter().last() {
        match key.map(peer_id).transpose()? {
            Some(own) if own != peer => return Err(refuse("it ends in another peer's id")),
            _ => drop(address.pop()),
        }
    }
    let parts: Vec<_> = address.iter().collect();
    let host = match parts.first() {
        Some(Protocol::Ip6(ip)) if ip.to_ipv4_mapped().is_some() => {
            return Err(refuse("write it as the /ip4 address that it is"));
        }
        Some(Protocol::Ip4(ip)) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()),
        Some(Protocol::Ip6(ip)) => !(ip.is_unspecified() || ip.is_multicast()),
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => !name.is_empty(),
        _ => return Err(refuse("it must begin with /ip4, /ip6, /dns, /dns4 or /dns6")),
    };
    if !host {
        return Err(refuse("nobody can be reached at its first part"));
    }
    match &parts[1..] {
        [Protocol::Tcp(port)] | [Protocol::Udp(port), Protocol::QuicV1] if *port != 0 => Ok(address),
        _ => Err(refuse("after the host there must be /tcp/<port> or /udp/<port>/quic-v1")),
    }
}

/// Whether an address names a host that isn't the public internet's, so that no node dials it unless it is told to
/// ([`crate::Limits::allow_private`]). A name is none: where it leads is seen when it is dialled.
pub fn is_private(address: &str) -> bool {
    address.parse().is_ok_and(|address| leads_inside(&address))
}

fn leads_inside(address: &Multiaddr) -> bool {
    ip_of(address).is_some_and(|ip| !is_public(ip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    #[test]
    fn only_addresses_that_somebody_can_be_reached_at_are_taken() {
        let identity = Identity::from_secret([1; 32]);
        let key = identity.public();
        let own = identity.peer_id();
        let other = Identity::from_secret([2; 32]).peer_id();
        for good in [
            "/ip4/127.0.0.1/tcp/4001".to_owned(),
            "/ip6/::1/udp/4001/quic-v1".to_owned(),
            "/dns4/node.example.org/tcp/1".to_owned(),
            format!("/dns/node.example.org/udp/1/quic-v1/p2p/{own}"),
        ] {
            let checked = check_address(&good, Some(&key)).unwrap();
            assert!(!checked.to_string().contains("p2p"), "{checked}");
        }
        let long = format!("/dns/{}/tcp/1", "x".repeat(MAX_ADDRESS_LEN));
        let others = format!("/ip4/127.0.0.1/tcp/1/p2p/{other}");
        let relayed = format!("/ip4/127.0.0.1/tcp/1/p2p/{other}/p2p-circuit");
        for bad in [
            "",
            "/",
            "127.0.0.1:4001",
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/127.0.0.1/tcp/0",
            "/ip4/127.0.0.1",
            "/ip4/127.0.0.1/udp/1",
            "/ip4/127.0.0.1/tcp/1/ws",
            "/ip4/224.0.0.1/tcp/1",
            "/ip6/::/tcp/1",
            "/ip6/::ffff:127.0.0.1/tcp/1",
            "/dns/node.example.org/tcp/0",
            "/dns/node.example.org/udp/0/quic-v1",
            "/unix/tmp",
            "/memory/1",
            "/ip4/127.0.0.1/tcp/1/tcp/2",
            &long,
            &others,
            &relayed,
        ] {
            let error = check_address(bad, Some(&key)).unwrap_err();
            assert_eq!(error.code(), "net.address", "{bad}");
        }
    }

    #[test]
    fn an_entry_of_no_use_is_named_and_keeps_nobody_out() {
        let keys: Vec<PeerKey> = (1..4).map(|n| Identity::from_secret([n; 32]).public()).collect();
        let entry = |key: PeerKey, addresses: &[&str]| PeerEntry {
            key,
            account: "wasm1x".to_owned(),
            addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        };
        // 2 is no point's y coordinate.
        let mut no_key = [0; 32];
        no_key[0] = 2;
        let entries = vec![
            entry(keys[0], &["/ip4/127.0.0.1/tcp/1", "nonsense"]),
            entry(no_key, &["/ip4/127.0.0.1/tcp/1"]),
            entry(keys[1], &["/ip4/127.0.0.1/tcp/1"; 6]),
            entry(keys[2], &[]),
        ];
        let own = peer_id(&keys[2]).unwrap();
        let (book, refused) = PeerBook::new(entries, &own, true);
        assert_eq!(book.0.len(), 2, "not ourselves");
        assert_eq!(refused.len(), 3);
        assert!(book.0.values().all(|peer| (1..=MAX_ADDRESSES).contains(&peer.addresses.len())));
        let order = book.order(&keys[0], &[]);
        assert_eq!(order[0], peer_id(&keys[0]).unwrap(), "nothing is nearer to a key than itself");
        assert_eq!(book.order(&keys[0], &[keys[1]])[0], peer_id(&keys[1]).unwrap());
    }

    #[test]
    fn private_addresses_are_taken_only_where_they_are_allowed() {
        let key = Identity::from_secret([1; 32]).public();
        let own = Identity::from_secret([2; 32]).peer_id();
        let private = ["/ip4/10.0.0.1/tcp/1", "/ip4/169.254.169.254/tcp/80", "/ip6/::1/udp/1/quic-v1"];
        let addresses = private.iter().chain(&["/ip4/9.9.9.9/tcp/1"]).map(|a| (*a).to_owned()).collect();
        let entry = PeerEntry { key, account: "wasm1x".to_owned(), addresses };
        for (allow, taken) in [(false, 1), (true, 4)] {
            let (book, refused) = PeerBook::new(vec![entry.clone()], &own, allow);
            assert_eq!(book.0.values().map(|k| k.addresses.len()).sum::<usize>(), taken);
            assert_eq!(refused.len(), 4 - taken, "{refused:?}");
            assert!(refused.iter().all(|r| r.error.to_string().contains("public")));
        }
    }
}
