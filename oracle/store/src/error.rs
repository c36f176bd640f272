//! What can go wrong, with its values.

use std::io;
use std::path::{Path, PathBuf};

use lyceum_tensorblock::verified::SliceError;
use lyceum_tensorblock::{FileError, FormatError, Root};

use crate::layout::hex;

/// Why the store refused or failed. Whatever it is, no half-written blob can be seen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such blob.
    #[error("no blob {}", hex(root))]
    Missing {
        /// Its root.
        root: Root,
    },
    /// The blob is there but not as it was put; put or fetch it again to replace it.
    #[error("blob {} is damaged: {damage}", hex(root))]
    Damaged {
        /// Its root.
        root: Root,
        /// In what way.
        damage: Damage,
    },
    /// Bytes with another root than was asked for.
    #[error("the bytes have the root {}, not {}", hex(found), hex(required))]
    WrongRoot {
        /// The root asked for.
        required: Root,
        /// The root of the bytes.
        found: Root,
    },
    /// A tile that another store sent is not the root's.
    #[error("blob {}: tile {tile} is bad", hex(root))]
    BadTile {
        /// The blob's root.
        root: Root,
        /// The tile, from 0.
        tile: u64,
    },
    /// Another store's stream ended, or couldn't be made or read.
    #[error("blob {}: {source}", hex(root))]
    Slice {
        /// The blob's root.
        root: Root,
        /// What was wrong.
        source: SliceError,
    },
    /// A verified stream that isn't as long as the range's must be.
    #[error("blob {}: a stream of {found} bytes where {required} are needed", hex(root))]
    StreamLength {
        /// The blob's root.
        root: Root,
        /// Bytes it must have.
        required: u64,
        /// Bytes it had.
        found: u64,
    },
    /// The blob is longer than it may be; its last tile proves it.
    #[error("blob {} has {found} bytes, at most {most} are taken", hex(root))]
    TooLarge {
        /// The blob's root.
        root: Root,
        /// Its length.
        found: u64,
        /// The most it may have.
        most: u64,
    },
    /// A window was given to a blob that has no place for it.
    #[error("blob {}: window {index} is of another blob, or not the one that begins it", hex(root))]
    WrongWindow {
        /// The blob's root.
        root: Root,
        /// The window.
        index: u64,
    },
    /// A blob isn't whole yet.
    #[error("blob {}: window {index} is missing", hex(root))]
    WindowMissing {
        /// The blob's root.
        root: Root,
        /// The first window that isn't there.
        index: u64,
    },
    /// The blob would exceed the quota.
    #[error(
        "{needed} bytes more would exceed the store's quota of {quota}, of which {used} are used by what is needed: \
         raise the quota"
    )]
    QuotaExceeded {
        /// Bytes that the store may take.
        quota: u64,
        /// Bytes it takes, with what is being written.
        used: u64,
        /// Bytes that were to be added.
        needed: u64,
    },
    /// No room on the disk.
    #[error("{}: the disk is full", path.display())]
    DiskFull {
        /// What didn't fit.
        path: PathBuf,
    },
    /// Another process (or another value in this one) has the store open.
    #[error("{}: the store is in use", dir.display())]
    InUse {
        /// The store's folder.
        dir: PathBuf,
    },
    /// The blob is not a tensor block.
    #[error("blob {}: {source}", hex(root))]
    Format {
        /// The blob's root.
        root: Root,
        /// What was wrong.
        source: FormatError,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// How a blob on disk differs from the one that was put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its length isn't the one its sidecar states.
    #[error("{found} bytes where there were {required}")]
    Length {
        /// The length when it was put.
        required: u64,
        /// The length now.
        found: u64,
    },
    /// Its sidecar is missing, of the wrong length, or belongs to other bytes.
    #[error("its sidecar is missing or wrong")]
    Sidecar,
    /// Its bytes have another root.
    #[error("its bytes changed")]
    Bytes,
}

impl StoreError {
    /// Whether it proves that who sent the bytes is faulty or lies: they are not the root's.
    pub fn is_senders_fault(&self) -> bool {
        match self {
            Self::BadTile { .. } | Self::StreamLength { .. } => true,
            Self::Slice { source, .. } => {
                !matches!(source, SliceError::Io(_) | SliceError::DataLength { .. })
            }
            _ => false,
        }
    }

    /// Gives an operating system's error its path, and a full disk its own name.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { path }
            }
            _ => Self::Io { path, source },
        }
    }

    /// What a look at a file found, told of the file that was looked at.
    pub(crate) fn look(path: &Path, error: lyceum_files::Error) -> Self {
        Self::io(path, error.into_source())
    }

    pub(crate) fn file(path: &Path, error: FileError) -> Self {
        match error {
            FileError::Io { path, source } => Self::Io { path, source },
            FileError::DiskFull { path } => Self::DiskFull { path },
            other => Self::Io { path: path.to_path_buf(), source: io::Error::other(other) },
        }
    }

    pub(crate) fn slice(root: Root, source: SliceError) -> Self {
        match source {
            SliceError::BadTile { tile } | SliceError::BadHash { tile } => Self::BadTile { root, tile },
            source => Self::Slice { root, source },
        }
    }
}
