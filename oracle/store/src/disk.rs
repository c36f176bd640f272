//! Every change the store makes on disk goes through here, one step at a time, so that a test can stop or
//! fail any of them.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// A change that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A folder is created.
    CreateFolder,
    /// A temporary file is created.
    CreateFile,
    /// So many bytes are written to a file that isn't in its place yet.
    Write(usize),
    /// A file gets its length, full of holes.
    SetLen,
    /// A file is made durable.
    SyncFile,
    /// A file is moved into its place.
    Rename,
    /// A folder's entries are made durable.
    SyncFolder,
    /// A file is removed.
    Remove,
}

/// Watches every [`Step`] before it is taken. For tests: it may fail the step, shorten a write, or never return.
pub trait Faults: Send + Sync {
    /// Called before each step; how many bytes of a [`Step::Write`] are let through (at most as many as it has).
    fn before(&self, step: Step) -> io::Result<usize>;
}

#[derive(Clone, Default)]
pub(crate) struct Disk(pub Option<Arc<dyn Faults>>);

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Disk(watched)" } else { "Disk" })
    }
}

impl Disk {
    fn before(&self, step: Step) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |faults| faults.before(step).map(drop))
    }

    /// Creates a folder and makes it durable in its parent.
    pub(crate) fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.before(Step::CreateFolder)?;
        match fs::create_dir(path) {
            // What is there must be a folder, and no link to a disk that is not mounted.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return lyceum_files::is_folder(path).map(|_| ()).map_err(lyceum_files::Error::into_source);
            }
            done => done?,
        }
        path.parent().map_or(Ok(()), |parent| self.sync_folder(parent))
    }

    pub(crate) fn create_file(&self, path: &Path) -> io::Result<File> {
        self.before(Step::CreateFile)?;
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    pub(crate) fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        let allowed = match &self.0 {
            Some(faults) => faults.before(Step::Write(bytes.len()))?.min(bytes.len()),
            None => bytes.len(),
        };
        file.write(&bytes[..allowed])
    }

    pub(crate) fn write_all(&self, file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(file, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes at a place of a file whose length stays.
    pub(crate) fn write_all_at(&self, file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let allowed = match &self.0 {
                Some(faults) => faults.before(Step::Write(bytes.len()))?.min(bytes.len()),
                None => bytes.len(),
            };
            match file.write_at(&bytes[..allowed], at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    at += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives a file its length; what wasn't written reads as zeros and takes no room.
    pub(crate) fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        self.before(Step::SetLen)?;
        file.set_len(len)
    }

    pub(crate) fn sync_file(&self, file: &File) -> io::Result<()> {
        self.before(Step::SyncFile)?;
        file.sync_all()
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(Step::Rename)?;
        fs::rename(from, to)
    }

    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.before(Step::SyncFolder)?;
        File::open(path)?.sync_all()
    }

    /// Removes a file; that it wasn't there is no error.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.before(Step::Remove)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}
