//! What stands at a path, links followed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Place {
    /// Nothing yet, or a plain file: its real path.
    Plain { path: PathBuf, there: Option<Metadata> },
    /// A folder: its real path.
    Folder { path: PathBuf, there: Metadata },
    /// A link to an open file of this or another process, as `/dev/stdout` is.
    Descriptor(PathBuf),
    /// A pipe, device or socket, and the word for it.
    Special { path: PathBuf, found: &'static str },
}

impl Place {
    /// Follows links. A link to nothing leads to where it points, as it does for a program that opens it.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let mut at = path.to_path_buf();
        for _ in 0..=MAX_LINKS {
            let there = match fs::symlink_metadata(&at) {
                Ok(there) => there,
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    return Ok(Self::Plain { path: at, there: None });
                }
                Err(e) => return Err(Error::io(&at, e)),
            };
            let kind = there.file_type();
            if kind.is_dir() {
                return Ok(Self::Folder { path: at, there });
            }
            if kind.is_file() {
                return Ok(Self::Plain { path: at, there: Some(there) });
            }
            if !kind.is_symlink() {
                return Ok(Self::Special { path: at, found: kind_of(&there) });
            }
            if descriptors(&at) {
                return Ok(Self::Descriptor(at));
            }
            let to = fs::read_link(&at).map_err(|e| Error::io(&at, e))?;
            at = folder(&at).join(to);
        }
        Err(Error::io(path, io::Error::new(ErrorKind::NotFound, "too many links, one leads to another")))
    }
}

/// The word for what stands somewhere.
pub(crate) fn kind_of(there: &Metadata) -> &'static str {
    let kind = there.file_type();
    match () {
        () if kind.is_file() => "plain file",
        () if kind.is_dir() => "folder",
        () if kind.is_fifo() => "pipe",
        () if kind.is_char_device() => "character device",
        () if kind.is_block_device() => "block device",
        () if kind.is_socket() => "socket",
        () => "file of an unknown type",
    }
}

/// Opens what a process has open, without changing what it already holds.
pub(crate) fn open_descriptor(path: &Path) -> io::Result<File> {
    let own = fs::canonicalize(folder(path))? == fs::canonicalize("/proc/self/fd")?;
    let number = path.file_name().and_then(|n| n.to_str());
    // A copy goes on where the descriptor stands. Opened anew, a plain file would be written from its beginning.
    let copy = match number.filter(|_| own) {
        Some("1") => io::stdout().as_fd().try_clone_to_owned()?,
        Some("2") => io::stderr().as_fd().try_clone_to_owned()?,
        _ => return OpenOptions::new().append(true).open(path),
    };
    Ok(File::from(copy))
}

/// Whether a link is one of `/proc/*/fd`, whose text is no path that could be followed.
fn descriptors(link: &Path) -> bool {
    let Ok(folder) = fs::canonicalize(folder(link)) else { return false };
    folder.starts_with("/proc") && folder.file_name().is_some_and(|name| name == "fd")
}

/// The folder that a path stands in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
