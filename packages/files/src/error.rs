//! Why a file could not be read or written, with the operating system's reason kept as it was.

use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file or folder could not be read or replaced. What was there before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder that was refused.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something else stands where a plain file or a folder is expected. It is never replaced.
    #[error("{}: this is a {found}, expected a {expected}", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
        /// What should.
        expected: &'static str,
    },
    /// A link leads nowhere, as to a disk that is not mounted: the file itself, or a folder above it.
    #[error("{}: {reason}", path.display())]
    Dangling {
        /// The file that was asked for.
        path: PathBuf,
        /// Which link points where.
        reason: String,
    },
    /// A file that is read whole is longer than any of its kind is.
    #[error("{}: {}", path.display(), too_large(*found, *most))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its bytes, where the system says.
        found: Option<u64>,
        /// The most bytes that are read.
        most: u64,
    },
    /// A new folder is in place, but files that do not belong to it could not be moved into it.
    #[error(
        "{} could not be moved into {}: {source}; everything else of the folder that was replaced is in place",
        path.display(),
        into.display()
    )]
    LeftBehind {
        /// The file, where it is now.
        path: PathBuf,
        /// The folder it belongs into.
        into: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn not_plain(path: PathBuf, found: &'static str) -> Self {
        Self::Unexpected { path, found, expected: "plain file" }
    }
}

fn too_large(found: Option<u64>, most: u64) -> String {
    match found {
        Some(found) => format!("this has {found} bytes, at most {most} are read"),
        None => format!("this has more than {most} bytes, which is the most that are read"),
    }
}

impl Error {
    /// What is wrong, for those who name the path themselves.
    pub fn reason(&self) -> String {
        match self {
            Self::Io { source, .. } => source.to_string(),
            Self::Unexpected { found, expected, .. } => format!("this is a {found}, expected a {expected}"),
            Self::Dangling { reason, .. } => reason.clone(),
            Self::TooLarge { found, most, .. } => too_large(*found, *most),
            Self::LeftBehind { .. } => self.to_string(),
        }
    }

    /// What the operating system said, or would have, for those who name the path themselves.
    pub fn into_source(self) -> io::Error {
        match self {
            Self::Io { source, .. } => source,
            other => io::Error::new(other.kind(), other.reason()),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { source, .. } | Self::LeftBehind { source, .. } => source.kind(),
            Self::Unexpected { found: "folder", .. } => io::ErrorKind::IsADirectory,
            Self::Unexpected { expected: "folder", .. } => io::ErrorKind::NotADirectory,
            // That of a link is not `NotFound`, which callers take for a file that may be made.
            Self::Unexpected { .. } | Self::TooLarge { .. } | Self::Dangling { .. } => {
                io::ErrorKind::InvalidInput
            }
        }
    }
}

impl From<Error> for io::Error {
    /// Keeps the kind, which callers sort errors by; the path is in the words.
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
