//! What can go wrong, with its values and a stable code.

use std::io;

use libp2p::Multiaddr;
use lyceum_store::{Root, StoreError};

/// Why the network could not be started or told something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The key file isn't one, or can't be read or written.
    #[error("peer key {path}: {reason}")]
    KeyFile {
        /// The file.
        path: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An address that nothing can be reached at, or listened on.
    #[error("address \"{address}\": {reason}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// 32 bytes that are no ed25519 key.
    #[error("not an ed25519 public key")]
    Key,
    /// Another process listens there.
    #[error("{address} is in use by another process: stop that one, or choose another address")]
    InUse {
        /// The address.
        address: String,
    },
    /// The address can be listened on by no process of this machine, or not by this user.
    #[error("cannot listen on {address}: {reason}")]
    Unusable {
        /// The address.
        address: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The operating system refused for another reason.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The transports could not be set up.
    #[error("cannot set up the transports: {reason}")]
    Transport {
        /// Why.
        reason: String,
    },
    /// The network was shut down.
    #[error("the network is shut down")]
    Stopped,
}

impl NetError {
    /// Why an address cannot be listened on, from what the system said.
    pub(crate) fn listen(address: &Multiaddr, error: &io::Error) -> Self {
        let address = address.to_string();
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            io::ErrorKind::AddrNotAvailable => {
                let reason =
                    "this machine has no such address; 0.0.0.0 or :: listens on all it has".to_owned();
                Self::Unusable { address, reason }
            }
            io::ErrorKind::PermissionDenied => {
                let reason =
                    "permission denied; ports below 1024 need a privilege, take a greater one".to_owned();
                Self::Unusable { address, reason }
            }
            _ => Self::Listen { address, reason: error.to_string() },
        }
    }

    /// The stable code shown in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyFile { .. } => "net.key_file",
            Self::Address { .. } => "net.address",
            Self::Key => "net.key",
            Self::InUse { .. } => "net.in_use",
            Self::Unusable { .. } => "net.unusable",
            Self::Listen { .. } => "net.listen",
            Self::Transport { .. } => "net.transport",
            Self::Stopped => "net.stopped",
        }
    }
}

/// Why a blob was not fetched. What arrived of it stays in the store and is not asked for again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The blob is longer than it may be; its last tile proves it.
    #[error("blob {} has {found} bytes, at most {most} are taken", hex(root))]
    TooLarge {
        /// Its root.
        root: Root,
        /// Its length.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// No peer has it, or none sends it as it should be.
    #[error(
        "blob {} cannot be had: of {asked} peers {lacking} lack it, {failed} failed, {busy} stayed busy, {bad} sent \
         bad bytes{last}",
        hex(root)
    )]
    Unavailable {
        /// Its root.
        root: Root,
        /// Peers that were asked.
        asked: usize,
        /// Peers that don't have it.
        lacking: usize,
        /// Peers that couldn't be reached or didn't answer in time, as often as they were allowed to.
        failed: usize,
        /// Peers that told us to come back as often as they were allowed to.
        busy: usize,
        /// Peers that sent what isn't the root's.
        bad: usize,
        /// What the last failure was.
        last: String,
    },
    /// The caller's deadline passed.
    #[error("blob {}: the deadline passed", hex(root))]
    Deadline {
        /// Its root.
        root: Root,
    },
    /// The caller told it to stop.
    #[error("blob {}: stopped", hex(root))]
    Cancelled {
        /// Its root.
        root: Root,
    },
    /// The own store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network was shut down.
    #[error("the network is shut down")]
    Stopped,
}

impl FetchError {
    /// The stable code shown in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "net.too_large",
            Self::Unavailable { .. } => "net.unavailable",
            Self::Deadline { .. } => "net.deadline",
            Self::Cancelled { .. } => "net.cancelled",
            Self::Store(_) => "net.store",
            Self::Stopped => "net.stopped",
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string doesn't fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
