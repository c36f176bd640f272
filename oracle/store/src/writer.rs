//! How a blob gets in. The order of steps is what keeps a store clean that is killed at any byte:
//!
//! 1. the blob, then its sidecar, are written to `tmp/` and made durable;
//! 2. the sidecar is moved to its place, then the blob: that move is the moment the blob exists;
//! 3. the folder is made durable, and only then is the blob reported as stored.
//!
//! Killed before the blob's move, opening finds files in `tmp/` or a sidecar without a blob, and removes them.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lyceum_tensorblock::outboard::sidecar_len;
use lyceum_tensorblock::{Backing, Outboard, Root};

use crate::error::StoreError;
use crate::store::Store;

/// A file on its way into its place.
#[derive(Debug)]
pub(crate) struct Temp<'a> {
    store: &'a Store,
    path: PathBuf,
    /// Whether it is the store's own and goes when this is dropped: until it has been moved.
    remove: bool,
}

impl<'a> Temp<'a> {
    fn create(store: &'a Store) -> Result<(Self, File), StoreError> {
        let path = store.temp_path();
        let file = store.disk.create_file(&path).map_err(|e| StoreError::io(&path, e))?;
        Ok((Self { store, path, remove: true }, file))
    }

    /// A file that stays where it is if it isn't moved.
    pub(crate) fn at(store: &'a Store, path: PathBuf) -> Self {
        Self { store, path, remove: false }
    }

    fn move_to(&mut self, to: &Path) -> Result<(), StoreError> {
        self.store.disk.rename(&self.path, to).map_err(|e| StoreError::io(to, e))?;
        self.remove = false;
        Ok(())
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if self.remove
            && let Err(error) = self.store.disk.remove(&self.path)
        {
            let path = self.path.display();
            tracing::warn!("a temporary file stays until the store is opened again, {path}: {error}");
        }
    }
}

/// A blob being written into the store; it exists once [`BlobWriter::commit`] returns. Dropped before that, it
/// leaves nothing. Room is reserved from the quota as bytes come.
#[derive(Debug)]
pub struct BlobWriter<'a> {
    temp: Temp<'a>,
    file: File,
    len: u64,
    reserved: Reserved<'a>,
}

/// Quota set aside for what is being written.
#[derive(Debug)]
struct Reserved<'a> {
    store: &'a Store,
    bytes: u64,
}

impl Reserved<'_> {
    fn grow_to(&mut self, bytes: u64) -> Result<(), StoreError> {
        self.store.reserve(bytes.saturating_sub(self.bytes))?;
        self.bytes = self.bytes.max(bytes);
        Ok(())
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.store.release(self.bytes);
    }
}

/// Bytes that a blob of `len` bytes takes, with its sidecar.
pub(crate) fn cost(len: u64) -> u64 {
    len.saturating_add(sidecar_len(len))
}

impl<'a> BlobWriter<'a> {
    pub(crate) fn new(store: &'a Store) -> Result<Self, StoreError> {
        let (temp, file) = Temp::create(store)?;
        Ok(Self { temp, file, len: 0, reserved: Reserved { store, bytes: 0 } })
    }

    /// Takes over a written file where it lies. Until it is moved in, it stays the caller's.
    pub(crate) fn adopt(store: &'a Store, path: &Path) -> Result<Self, StoreError> {
        let error = |e| StoreError::io(path, e);
        let file = File::open(path).map_err(error)?;
        let len = file.metadata().map_err(error)?.len();
        let mut reserved = Reserved { store, bytes: 0 };
        reserved.grow_to(cost(len))?;
        let temp = Temp::at(store, path.to_path_buf());
        Ok(Self { temp, file, len, reserved })
    }

    /// Appends bytes. The error is the store's own, where `Write` must wrap it.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.reserved.grow_to(cost(self.len.saturating_add(bytes.len() as u64)))?;
        let done = self.temp.store.disk.write_all(&mut self.file, bytes);
        done.map_err(|e| StoreError::io(&self.temp.path, e))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Makes the blob durable and visible, and returns its root. A blob that is already there stays as it is.
    pub fn commit(self) -> Result<Root, StoreError> {
        self.finish(None)
    }

    /// [`BlobWriter::commit`], refused if the root is another.
    pub fn commit_as(self, required: &Root) -> Result<(), StoreError> {
        self.finish(Some(required)).map(drop)
    }

    fn finish(mut self, required: Option<&Root>) -> Result<Root, StoreError> {
        let store = self.temp.store;
        let error = |e| StoreError::io(&self.temp.path, e);
        store.disk.sync_file(&self.file).map_err(error)?;
        let bytes = Backing::map(&self.temp.path).map_err(|e| StoreError::file(&self.temp.path, e))?;
        let outboard = Outboard::of(&bytes).map_err(error)?;
        let root = outboard.root();
        if let Some(&required) = required.filter(|&required| *required != root) {
            return Err(StoreError::WrongRoot { required, found: root });
        }
        let (mut sidecar, mut file) = Temp::create(store)?;
        let written = store.disk.write_all(&mut file, outboard.bytes());
        written.and_then(|()| store.disk.sync_file(&file)).map_err(|e| StoreError::io(&sidecar.path, e))?;
        store.install(&root, self.len, &mut self.temp, &mut sidecar)?;
        Ok(root)
    }
}

impl Store {
    /// Moves a durable blob and its durable sidecar into their places. A blob that is already there stays.
    pub(crate) fn install(
        &self,
        root: &Root,
        len: u64,
        temp: &mut Temp<'_>,
        sidecar: &mut Temp<'_>,
    ) -> Result<(), StoreError> {
        // The lock is held over the moves: nobody else adds or removes this root meanwhile.
        let mut entries = self.entries();
        if entries.is_healthy(root) {
            return Ok(());
        }
        let (blob, side, shelf) =
            (self.layout.blob(root), self.layout.sidecar(root), self.layout.shelf(root));
        if entries.contains(root) {
            // What is damaged goes first, or its blob would stand beside the new sidecar if we were killed now.
            self.disk.remove(&blob).map_err(|e| StoreError::io(&blob, e))?;
            entries.forget(root);
        }
        if !shelf.is_dir() {
            self.disk.create_folder(&shelf).map_err(|e| StoreError::io(&shelf, e))?;
        }
        let moved = sidecar
            .move_to(&side)
            .and_then(|()| temp.move_to(&blob))
            .and_then(|()| self.disk.sync_folder(&shelf).map_err(|e| StoreError::io(&shelf, e)));
        if let Err(error) = moved {
            // Unreported, so it must not stay; if these fail as well, the next opening settles it.
            let _ = self.disk.remove(&blob);
            let _ = self.disk.remove(&side);
            return Err(error);
        }
        entries.settle(*root, len);
        Ok(())
    }
}

impl Write for BlobWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.append(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(StoreError::Io { source, .. }) => Err(source),
            Err(error @ StoreError::QuotaExceeded { .. }) => {
                Err(io::Error::new(io::ErrorKind::QuotaExceeded, error))
            }
            Err(error @ StoreError::DiskFull { .. }) => {
                Err(io::Error::new(io::ErrorKind::StorageFull, error))
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
