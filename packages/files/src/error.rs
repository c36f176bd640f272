//! Why a file could not be written, with the operating system's reason kept as it was.

use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file or folder could not be replaced. What was there before is still there.
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
    /// A pipe, device or socket stands where a plain file is expected. It is never replaced.
    #[error("{}: this is a {found}, expected a plain file", path.display())]
    NotPlain {
        /// The file.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
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
}

impl Error {
    /// What the operating system said, for those who name the path themselves.
    pub fn into_source(self) -> io::Error {
        match self {
            Self::Io { source, .. } => source,
            other => other.into(),
        }
    }
}

impl From<Error> for io::Error {
    /// Keeps the kind, which callers sort errors by; the path is in the words.
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io { source, .. } | Error::LeftBehind { source, .. } => source.kind(),
            Error::NotPlain { .. } => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
