//! A file that appears whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::FileError;

/// A file being written beside its final place. [`AtomicFile::commit`] makes it durable and then visible;
/// dropped before that, it is removed and a file that stood there before is untouched.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    temp: PathBuf,
    path: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Begins a file that will be `path`.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = path.file_name().ok_or_else(|| FileError::NotAFile { path: path.to_path_buf() })?;
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let temp = format!(".{}.{}.{number}.tmp", name.to_string_lossy(), std::process::id());
            let temp = path.with_file_name(temp);
            match OpenOptions::new().write(true).create_new(true).open(&temp) {
                Ok(file) => return Ok(Self { file, temp, path: path.to_path_buf(), committed: false }),
                // Left by a killed process that had our id, as every one has in a container.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(FileError::io(&temp, error)),
            }
        }
    }

    /// Writes everything to the disk, then puts the file in its place.
    pub fn commit(mut self) -> Result<(), FileError> {
        self.file.sync_all().map_err(|e| FileError::io(&self.temp, e))?;
        std::fs::rename(&self.temp, &self.path).map_err(|e| FileError::io(&self.path, e))?;
        self.committed = true;
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| FileError::io(folder, e))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a temporary file that can't be removed.
            let _ = std::fs::remove_file(&self.temp);
        }
    }
}
