//! Small files that are read whole: bounded, and without waiting for anybody.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::error::{Error, Result};
use crate::look::look;
use crate::place::{Place, kind_of};

/// A plain file that is open for reading.
#[derive(Debug)]
pub struct PlainFile {
    path: PathBuf,
    file: File,
    about: Metadata,
}

impl PlainFile {
    /// Opens a plain file, links followed. Refuses all else without waiting: opening a pipe would wait for a writer,
    /// and opening a device can do something.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_if_there(path)?.ok_or_else(|| Error::io(path, rustix::io::Errno::NOENT.into()))
    }

    /// The same; none if nothing has the name, not even a link that leads nowhere.
    pub fn open_if_there(path: &Path) -> Result<Option<Self>> {
        let refuse = |about: &Metadata| Error::not_plain(path.to_path_buf(), kind_of(about));
        match look(path)? {
            None => return Ok(None),
            Some(about) if !about.is_file() => return Err(refuse(&about)),
            Some(_) => {}
        }
        let file = open_now(path)?;
        // What stood there a moment ago may be something else by now.
        let about = file.metadata().map_err(|e| Error::io(path, e))?;
        match about.is_file() {
            true => Ok(Some(Self { path: path.to_path_buf(), file, about })),
            false => Err(refuse(&about)),
        }
    }

    /// What the system says about it.
    pub fn metadata(&self) -> &Metadata {
        &self.about
    }

    /// Who may do what with it: the lowest nine bits of its mode.
    pub fn mode(&self) -> u32 {
        self.about.permissions().mode() & 0o777
    }

    /// All of it, if that is at most `most` bytes. The memory is asked for once, so that a secret leaves no copies.
    pub fn read(self, most: u64) -> Result<Vec<u8>> {
        let len = self.about.len();
        if len > most {
            return Err(Error::TooLarge { path: self.path, found: Some(len), most });
        }
        bounded(self.file, &self.path, len, most)
    }

    /// The open file.
    pub fn into_file(self) -> File {
        self.file
    }
}

/// Reads a plain file of at most `most` bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    PlainFile::open(path)?.read(most)
}

/// The same; none if nothing has the name, not even a link that leads nowhere.
pub fn read_if_there(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    PlainFile::open_if_there(path)?.map(|file| file.read(most)).transpose()
}

/// Reads what a user names for a command to read: a plain file, or an open descriptor such as `/dev/stdin` or a shell's
/// `<(…)`, of at most `most` bytes.
pub fn read_input(path: &Path, most: u64) -> Result<Vec<u8>> {
    match Place::of(path) {
        Ok(Place::Descriptor(descriptor)) => {
            let file = open_now(&descriptor)?;
            let about = file.metadata().map_err(|e| Error::io(path, e))?;
            if about.is_dir() {
                return Err(Error::not_plain(path.to_path_buf(), kind_of(&about)));
            }
            // Opened at once; but whoever writes into it may take the time that it takes.
            let waits = fcntl_getfl(&file).and_then(|flags| fcntl_setfl(&file, flags - OFlags::NONBLOCK));
            waits.map_err(|e| Error::io(path, e.into()))?;
            bounded(file, path, 0, most)
        }
        // What else stands there, or why that cannot be told, is found again.
        _ => read(path, most),
    }
}

fn open_now(path: &Path) -> Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let open = OpenOptions::new().read(true).custom_flags(flags).open(path);
    open.map_err(|e| Error::io(path, e))
}

/// All bytes, of which `likely` are expected.
fn bounded(file: File, path: &Path, likely: u64, most: u64) -> Result<Vec<u8>> {
    // A little more than is expected, so that the end is found without asking for more memory.
    let room = usize::try_from(likely.min(most).saturating_add(64)).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(room).map_err(|_| Error::io(path, io::ErrorKind::OutOfMemory.into()))?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    match bytes.len() as u64 > most {
        true => Err(Error::TooLarge { path: path.to_path_buf(), found: None, most }),
        false => Ok(bytes),
    }
}
