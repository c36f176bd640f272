//! A file that a user names, whatever stands there.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::place::{Place, open_descriptor};
use crate::replacement::Replacement;

/// A file that a user names. A plain file is replaced as a whole or not at all; a pipe, a terminal, another character
/// device or an open descriptor (`/dev/stdout`) is written into, and stays.
#[derive(Debug)]
pub enum Output {
    /// Becomes a plain file when it is committed.
    Whole(Replacement),
    /// Goes where it is written at once.
    Stream(File),
}

impl Output {
    /// Begins to write. Refuses a folder, a block device and a socket.
    pub fn create(path: &Path) -> Result<Self> {
        match Place::of(path)? {
            Place::Plain { path, there } => Ok(Self::Whole(Replacement::at(path, there)?)),
            Place::Folder { path, .. } => Err(Error::io(&path, ErrorKind::IsADirectory.into())),
            Place::Descriptor(path) => {
                open_descriptor(&path).map(Self::Stream).map_err(|e| Error::io(&path, e))
            }
            // Whoever names a disk, rather than a file on it, has most likely mistyped.
            Place::Special { path, found: found @ ("block device" | "socket") } => {
                Err(Error::not_plain(path, found))
            }
            Place::Special { path, .. } => {
                let open = OpenOptions::new().write(true).open(&path);
                open.map(Self::Stream).map_err(|e| Error::io(&path, e))
            }
        }
    }

    /// Whether what is written becomes a plain file.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// Ends: a plain file is durable and visible from now on.
    pub fn commit(self) -> Result<()> {
        match self {
            Self::Whole(file) => file.commit(),
            Self::Stream(_) => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Whole(file) => file.write(bytes),
            Self::Stream(file) => file.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Whole(file) => file.flush(),
            Self::Stream(file) => file.flush(),
        }
    }
}
