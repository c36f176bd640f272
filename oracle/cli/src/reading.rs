//! Small files that are read whole, with errors that say which file cannot be read.

use std::path::Path;

/// A file that the program keeps. What stands in its place and is no plain file is refused, not waited for.
pub fn file(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    lyceum_files::read(path, most).map_err(unreadable)
}

/// A file, or an open descriptor such as `/dev/stdin`, that the user names.
pub fn input(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    lyceum_files::read_input(path, most).map_err(unreadable)
}

/// Names the file, and keeps the system's reason.
pub fn unreadable(error: lyceum_files::Error) -> anyhow::Error {
    match error {
        lyceum_files::Error::Io { path, source } => {
            anyhow::Error::from(source).context(format!("cannot read {}", path.display()))
        }
        other => other.into(),
    }
}
