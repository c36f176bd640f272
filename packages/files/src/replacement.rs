//! A plain file that is replaced as a whole or not at all.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::place::{Place, folder};

/// Bytes that [`check`] tries to write; more than any file has that is asked for before it is known.
const PROBE: usize = 64 * 1024;

/// A file that is written beside its final place. [`Replacement::commit`] makes it durable and then visible. Dropped
/// before that, it is removed, and the file that stood there before is untouched.
#[derive(Debug)]
pub struct Replacement {
    file: File,
    temp: PathBuf,
    path: PathBuf,
    before: Option<Access>,
    committed: bool,
}

impl Replacement {
    /// Begins the file that will stand at `path`, or where a link of that name points. Refuses a folder, a pipe, a
    /// device, and a file that may not be written.
    pub fn begin(path: &Path) -> Result<Self> {
        match Place::of(path)? {
            Place::Plain { path, there } => Self::at(path, there),
            Place::Folder { path, .. } => Err(Error::io(&path, ErrorKind::IsADirectory.into())),
            Place::Descriptor(path) => Err(Error::not_plain(path, "descriptor")),
            Place::Special { path, found } => Err(Error::not_plain(path, found)),
        }
    }

    pub(crate) fn at(path: PathBuf, there: Option<Metadata>) -> Result<Self> {
        let before =
            there.map(|there| Access { uid: there.uid(), gid: there.gid(), mode: there.mode() & 0o7777 });
        if before.is_some() {
            // A folder's owner could replace a file that nobody may write. That is not what its owner meant.
            OpenOptions::new().write(true).open(&path).map_err(|e| Error::io(&path, e))?;
        }
        // Never wider than what it replaces, not even while it is written.
        let mode = before.as_ref().map_or(0o666, |b| b.mode & 0o777);
        let create = |temp: &Path| OpenOptions::new().write(true).create_new(true).mode(mode).open(temp);
        // The error names the file that was asked for: nobody knows the temporary name.
        let (file, temp) = beside(&path, create).map_err(|e| Error::io(&path, e))?;
        Ok(Self { file, temp, path, before, committed: false })
    }

    /// Writes everything to the disk, then puts the file in its place.
    pub fn commit(mut self) -> Result<()> {
        let io = |e| Error::io(&self.path, e);
        if let Some(before) = &self.before {
            before.keep(&self.file).map_err(io)?;
        }
        self.file.sync_all().map_err(io)?;
        std::fs::rename(&self.temp, &self.path).map_err(io)?;
        self.committed = true;
        sync_folder(folder(&self.path))
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a temporary file that can't be removed.
            let _ = std::fs::remove_file(&self.temp);
        }
    }
}

/// Puts these bytes at `path`, durable when this returns. Refuses what [`Replacement::begin`] refuses.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = Replacement::begin(path)?;
    file.write_all(bytes).map_err(|e| Error::io(path, e))?;
    file.commit()
}

/// Fails as [`replace`] would, and changes nothing: no such folder, no permission, no room for 64 KiB.
pub fn check(path: &Path) -> Result<()> {
    let mut file = Replacement::begin(path)?;
    let written = file.write_all(&[0; PROBE]).and_then(|()| file.file.sync_all());
    written.map_err(|e| Error::io(path, e))
}

/// Makes something new beside `path`, under a name that nothing has. The name is short whatever the file is called.
pub(crate) fn beside<T>(path: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temp = folder(path).join(format!(".lyceum-{}-{number}.tmp", std::process::id()));
        match make(&temp) {
            Ok(made) => return Ok((made, temp)),
            // Left by a killed process that had our id, as every one has in a container.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Who may do what with a file.
#[derive(Debug)]
struct Access {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Access {
    /// Gives a new file owner, group and mode of the one before it.
    fn keep(&self, file: &File) -> io::Result<()> {
        let now = file.metadata()?;
        let mut mode = self.mode;
        let same = (now.uid(), now.gid()) == (self.uid, self.gid);
        if !same && fchown(file, Some(self.uid), Some(self.gid)).is_err() {
            // The file is ours now: our group may do no more than everybody, and it runs as nobody else.
            mode = (mode & 0o707) | (((mode & 0o007) << 3) & mode);
        }
        file.set_permissions(Permissions::from_mode(mode))
    }
}

/// Makes a new name durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    // A folder that may be written but not read cannot be opened, and some file systems cannot sync one. What can be
    // done is done then.
    let Ok(open) = File::open(folder) else { return Ok(()) };
    match open.sync_all() {
        Err(e) if !matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(Error::io(folder, e))
        }
        _ => Ok(()),
    }
}
