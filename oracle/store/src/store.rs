//! The store itself: what is there, and the ways in and out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use lyceum_files::{is_folder, is_plain, is_there};
use lyceum_tensorblock::outboard::sidecar_len;
use lyceum_tensorblock::{Backing, Outboard, Root, TensorBlock, root_of};

use crate::disk::{Disk, Faults};
use crate::error::{Damage, StoreError};
use crate::layout::{BLOB, Layout, SIDECAR, parse};
use crate::writer::{BlobWriter, cost};

/// How a store is opened.
#[derive(Clone, Default)]
pub struct Options {
    /// Most bytes that blobs and sidecars together may take; `None` = as many as the disk holds.
    /// [`Store::set_quota`] changes it.
    pub quota: Option<u64>,
    /// For tests: watches every change on disk.
    pub faults: Option<Arc<dyn Faults>>,
}

/// A content-addressed store of one node. All methods take `&self` and may be called from any thread.
#[derive(Debug)]
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) disk: Disk,
    entries: Mutex<Entries>,
    /// Told whenever a root is no longer fetched.
    pub(crate) freed: Condvar,
    next_temp: AtomicU64,
    /// Locked while the store is open; the operating system lets go of it even when we are killed.
    _lock: File,
}

/// What a store takes on disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Blobs and sidecars.
    pub stored: u64,
    /// Set aside for what is being written, and for what was fetched in part.
    pub reserved: u64,
    /// The most that both may be.
    pub quota: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) blobs: BTreeMap<Root, Entry>,
    stored: u64,
    pub(crate) reserved: u64,
    pub(crate) quota: Option<u64>,
    /// What must stay; until it is set (`None`), everything stays.
    pub(crate) needed: Option<BTreeSet<Root>>,
    /// What must stay whatever is needed.
    pub(crate) pins: BTreeSet<Root>,
    /// Counts uses, so that the order of the last ones is known.
    pub(crate) uses: u64,
    /// The number of uses up to which `needed` knows what is there; blobs added later stay.
    pub(crate) known: u64,
    /// Blobs of which something is there, and the bytes set aside for each.
    pub(crate) partials: BTreeMap<Root, u64>,
    /// Roots that somebody fetches or clears right now.
    pub(crate) fetching: BTreeSet<Root>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    len: u64,
    /// Bytes on disk with the sidecar.
    cost: u64,
    damage: Option<Damage>,
    /// When it was used last, as a number of [`Entries::uses`].
    pub(crate) used: u64,
    /// When it was added, the same way.
    pub(crate) added: u64,
}

impl Entries {
    /// Whether the blob is there and not known to be damaged.
    pub(crate) fn is_healthy(&self, root: &Root) -> bool {
        self.blobs.get(root).is_some_and(|entry| entry.damage.is_none())
    }

    /// Whether anything is known of a root.
    pub(crate) fn contains(&self, root: &Root) -> bool {
        self.blobs.contains_key(root)
    }

    /// A blob has come in. What was set aside for it is released by whoever set it aside.
    pub(crate) fn settle(&mut self, root: Root, len: u64) {
        self.add(root, Entry { len, cost: cost(len), damage: None, used: 0, added: 0 });
    }

    /// Bytes beyond the quota if so many more were set aside.
    pub(crate) fn excess(&self, more: u64) -> u64 {
        let used = self.stored.saturating_add(self.reserved).saturating_add(more);
        self.quota.map_or(0, |quota| used.saturating_sub(quota))
    }

    /// A blob is used now.
    fn touch(&mut self, root: &Root) {
        self.uses += 1;
        if let Some(entry) = self.blobs.get_mut(root) {
            entry.used = self.uses;
        }
    }

    /// Drops what is known of a root.
    pub(crate) fn forget(&mut self, root: &Root) {
        self.stored -= self.blobs.remove(root).map_or(0, |entry| entry.cost);
    }

    fn add(&mut self, root: Root, entry: Entry) {
        self.forget(&root);
        self.stored += entry.cost;
        self.blobs.insert(root, entry);
        self.touch(&root);
        if let Some(entry) = self.blobs.get_mut(&root) {
            entry.added = entry.used;
        }
    }
}

/// A blob in mapped memory. It stays readable even if the store removes it meanwhile.
#[derive(Debug)]
pub struct Blob {
    root: Root,
    bytes: Backing,
}

impl Blob {
    /// Its root.
    pub fn root(&self) -> Root {
        self.root
    }

    /// The blob as a tensor block; its tensors are views of the map.
    pub fn into_tensor_block(self) -> Result<TensorBlock, StoreError> {
        TensorBlock::parse(self.bytes).map_err(|source| StoreError::Format { root: self.root, source })
    }
}

impl Deref for Blob {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Store {
    /// Opens the store in `dir`, which is created if there is none, without a quota.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(dir, Options::default())
    }

    /// Opens a store: removes what an interrupted process left, and holds every blob's length against its sidecar
    /// ([`Store::damaged`] tells). It reads lengths, not blobs; [`Store::verify`] reads a blob.
    pub fn open_with(dir: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let dir = dir.as_ref();
        fs::create_dir_all(dir).map_err(|e| StoreError::io(dir, e))?;
        let layout = Layout { dir: fs::canonicalize(dir).map_err(|e| StoreError::io(dir, e))? };
        let disk = Disk(options.faults);
        let path = layout.lock();
        is_plain(&path).map_err(|e| StoreError::look(&path, e))?;
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = opened.map_err(|e| StoreError::io(&path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { dir: layout.dir }),
            Err(TryLockError::Error(error)) => return Err(StoreError::io(&path, error)),
        }
        if let Some(parent) = layout.dir.parent() {
            disk.sync_folder(parent).map_err(|e| StoreError::io(parent, e))?;
        }
        for folder in [layout.tmp(), layout.blobs()] {
            disk.create_folder(&folder).map_err(|e| StoreError::io(&folder, e))?;
        }
        let entries = Mutex::new(Entries { quota: options.quota, ..scan(&layout, &disk)? });
        let next_temp = AtomicU64::new(0);
        let store = Self { layout, disk, entries, freed: Condvar::new(), next_temp, _lock: lock };
        store.scan_partials()?;
        store.scan_pins()?;
        Ok(store)
    }

    /// Looks whether a store in `dir` could be opened now, and how many files of blobs lie there. It makes and changes
    /// nothing; a folder that is not there yet is an empty store.
    pub fn look(dir: impl AsRef<Path>) -> Result<usize, StoreError> {
        let layout = Layout { dir: dir.as_ref().to_path_buf() };
        let lock = layout.lock();
        if is_plain(&lock).map_err(|e| StoreError::look(&lock, e))? {
            match File::options().write(true).open(&lock).and_then(|file| match file.try_lock() {
                Err(TryLockError::Error(error)) => Err(error),
                other => Ok(other.is_ok()),
            }) {
                Ok(true) => {}
                Ok(false) => return Err(StoreError::InUse { dir: layout.dir }),
                Err(error) => return Err(StoreError::io(&lock, error)),
            }
        }
        for folder in [layout.tmp(), layout.blobs(), layout.partials(), layout.pins()] {
            is_folder(&folder).map_err(|e| StoreError::look(&folder, e))?;
        }
        let mut blobs = 0;
        for shelf in shelves(&layout)? {
            blobs += files(&shelf)?.iter().filter(|file| file.extension().is_some_and(|e| e == BLOB)).count();
        }
        Ok(blobs)
    }

    /// Stores bytes under their root.
    pub fn put(&self, bytes: &[u8]) -> Result<Root, StoreError> {
        let root = root_of(bytes);
        if !self.has(&root) {
            let mut writer = self.writer()?;
            writer.append(bytes)?;
            writer.commit_as(&root)?;
        }
        Ok(root)
    }

    /// Moves a written file in under its root; the path is gone afterwards. It must be on the store's own file
    /// system, such as under [`Store::temp_path`], and nobody may write to it any more. On an error the file stays
    /// where it is.
    pub fn put_file(&self, path: impl AsRef<Path>) -> Result<Root, StoreError> {
        let path = path.as_ref();
        let meta = fs::symlink_metadata(path).map_err(|e| StoreError::io(path, e))?;
        if !meta.is_file() {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "not a plain file");
            return Err(StoreError::Io { path: path.to_path_buf(), source });
        }
        let root = BlobWriter::adopt(self, path)?.commit()?;
        // Still there if the blob already was.
        self.disk.remove(path).map_err(|e| StoreError::io(path, e))?;
        Ok(root)
    }

    /// Begins a blob that is written piece by piece.
    pub fn writer(&self) -> Result<BlobWriter<'_>, StoreError> {
        BlobWriter::new(self)
    }

    /// A fresh path in the store's own temporary folder, for [`Store::put_file`]. What lies there is removed when
    /// the store is opened the next time.
    pub fn temp_path(&self) -> PathBuf {
        self.layout.tmp().join(self.next_temp.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Maps a blob. Its length is checked; its bytes were verified when they came in.
    pub fn get(&self, root: &Root) -> Result<Blob, StoreError> {
        let required = self.len(root)?;
        let path = self.layout.blob(root);
        let bytes = Backing::map(&path).map_err(|e| StoreError::file(&path, e))?;
        let found = bytes.len() as u64;
        if found != required {
            let damage = Damage::Length { required, found };
            return Err(StoreError::Damaged { root: *root, damage });
        }
        self.entries().touch(root);
        Ok(Blob { root: *root, bytes })
    }

    /// The length of a blob in bytes.
    pub fn len(&self, root: &Root) -> Result<u64, StoreError> {
        match self.entries().blobs.get(root) {
            None => Err(StoreError::Missing { root: *root }),
            Some(Entry { damage: Some(damage), .. }) => {
                Err(StoreError::Damaged { root: *root, damage: damage.clone() })
            }
            Some(entry) => Ok(entry.len),
        }
    }

    /// Whether the blob is there and not known to be damaged.
    pub fn has(&self, root: &Root) -> bool {
        self.entries().is_healthy(root)
    }

    /// The roots and lengths of all blobs that aren't known to be damaged, ascending by root.
    pub fn list(&self) -> Vec<(Root, u64)> {
        let entries = self.entries();
        let healthy = entries.blobs.iter().filter(|(_, entry)| entry.damage.is_none());
        healthy.map(|(root, entry)| (*root, entry.len)).collect()
    }

    /// The blobs that are known to be damaged, and how.
    pub fn damaged(&self) -> Vec<(Root, Damage)> {
        let entries = self.entries();
        let damaged = entries.blobs.iter().filter_map(|(root, entry)| Some((*root, entry.damage.clone()?)));
        damaged.collect()
    }

    /// Removes a blob, damaged or not; whether it was there.
    pub fn remove(&self, root: &Root) -> Result<bool, StoreError> {
        self.remove_entry(&mut self.entries(), root)
    }

    /// [`Store::remove`] for who has the entries already.
    pub(crate) fn remove_entry(&self, entries: &mut Entries, root: &Root) -> Result<bool, StoreError> {
        if !entries.contains(root) {
            return Ok(false);
        }
        let (blob, sidecar, shelf) =
            (self.layout.blob(root), self.layout.sidecar(root), self.layout.shelf(root));
        // The blob first: a sidecar without a blob is what opening cleans up.
        self.disk.remove(&blob).map_err(|e| StoreError::io(&blob, e))?;
        entries.forget(root);
        self.disk.remove(&sidecar).map_err(|e| StoreError::io(&sidecar, e))?;
        self.disk.sync_folder(&shelf).map_err(|e| StoreError::io(&shelf, e))?;
        Ok(true)
    }

    /// Reads a blob and holds its bytes and its sidecar against the root. What is found to be damaged is from then
    /// on reported as such, and replaced when it is put or fetched again.
    pub fn verify(&self, root: &Root) -> Result<(), StoreError> {
        let damage = match self.get(root) {
            Err(StoreError::Damaged { damage, .. }) => damage,
            Err(error) => return Err(error),
            Ok(blob) => {
                let path = self.layout.blob(root);
                let outboard = Outboard::of(&blob).map_err(|e| StoreError::io(&path, e))?;
                if outboard.root() != *root {
                    Damage::Bytes
                } else {
                    let most = outboard.bytes().len() as u64;
                    match lyceum_files::read(&self.layout.sidecar(root), most) {
                        Ok(sidecar) if sidecar == outboard.bytes() => return Ok(()),
                        _ => Damage::Sidecar,
                    }
                }
            }
        };
        if let Some(entry) = self.entries().blobs.get_mut(root) {
            entry.damage = Some(damage.clone());
        }
        Err(StoreError::Damaged { root: *root, damage })
    }

    /// What the store takes on disk.
    pub fn usage(&self) -> Usage {
        let entries = self.entries();
        Usage { stored: entries.stored, reserved: entries.reserved, quota: entries.quota }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.layout.dir
    }

    /// What is known to be there. A thread that panicked while holding it left it whole: every change is a
    /// single insertion or removal.
    pub(crate) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets room aside. Where the quota leaves none, others give way ([`Store::give_way`]).
    pub(crate) fn reserve(&self, needed: u64) -> Result<(), StoreError> {
        loop {
            let refused = {
                let mut entries = self.entries();
                let used = entries.stored.saturating_add(entries.reserved);
                match entries.quota.filter(|_| entries.excess(needed) > 0) {
                    Some(quota) => StoreError::QuotaExceeded { quota, used, needed },
                    None => {
                        entries.reserved = entries.reserved.saturating_add(needed);
                        return Ok(());
                    }
                }
            };
            // Nothing is removed for a blob that would not fit into an empty store.
            let hopeless = matches!(refused, StoreError::QuotaExceeded { quota, .. } if needed > quota);
            if hopeless || !self.give_way()? {
                return Err(refused);
            }
        }
    }

    pub(crate) fn release(&self, bytes: u64) {
        let mut entries = self.entries();
        entries.reserved = entries.reserved.saturating_sub(bytes);
    }
}

/// Cleans up after an interrupted process and takes stock. Files that aren't the store's are left alone.
fn scan(layout: &Layout, disk: &Disk) -> Result<Entries, StoreError> {
    for path in files(&layout.tmp())?.into_iter().filter(|path| !path.is_dir()) {
        tracing::info!("removing what an interrupted process left: {}", path.display());
        disk.remove(&path).map_err(|e| StoreError::io(&path, e))?;
    }
    let mut found = Vec::new();
    for shelf in shelves(layout)? {
        for path in files(&shelf)? {
            match parse(&path) {
                Some((root, BLOB)) => {
                    found.push((modified(&path), root, inspect(layout, &root, &path)?));
                }
                Some((root, SIDECAR)) if matches!(is_there(&layout.blob(&root)), Ok(false)) => {
                    disk.remove(&path).map_err(|e| StoreError::io(&path, e))?;
                }
                _ => {}
            }
        }
    }
    // Uses of an earlier process are not known; when a blob came in is the best guess.
    found.sort_by_key(|(modified, root, _)| (*modified, *root));
    let mut entries = Entries::default();
    for (_, root, entry) in found {
        entries.add(root, entry);
    }
    Ok(entries)
}

/// The folders of blobs. One on a disk that is not mounted is an error: its blobs are not gone.
fn shelves(layout: &Layout) -> Result<Vec<PathBuf>, StoreError> {
    let blobs = layout.blobs();
    if !is_folder(&blobs).map_err(|e| StoreError::look(&blobs, e))? {
        return Ok(vec![]);
    }
    let mut found = files(&blobs)?;
    for path in &found {
        if let Err(error @ lyceum_files::Error::Dangling { .. }) = is_folder(path) {
            return Err(StoreError::look(path, error));
        }
    }
    // Plain files are not the store's.
    found.retain(|path| path.is_dir());
    Ok(found)
}

/// When a file was written; the beginning of time if the system does not say.
fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A blob's entry, by the lengths of its files and the length its sidecar states.
fn inspect(layout: &Layout, root: &Root, blob: &Path) -> Result<Entry, StoreError> {
    let len = fs::metadata(blob).map_err(|e| StoreError::io(blob, e))?.len();
    let path = layout.sidecar(root);
    let side_len = fs::metadata(&path).map_or(0, |meta| meta.len());
    let damage = match Outboard::open(&path, *root) {
        Ok(sidecar) if sidecar.file_len() == len => None,
        Ok(sidecar) => Some(Damage::Length { required: sidecar.file_len(), found: len }),
        Err(_) => Some(Damage::Sidecar),
    };
    if let Some(damage) = &damage {
        tracing::warn!("blob {} is damaged, and fetched again when it is needed: {damage}", blob.display());
    }
    debug_assert!(damage.is_some() || side_len == sidecar_len(len));
    Ok(Entry { len, cost: len.saturating_add(side_len), damage, used: 0, added: 0 })
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let read = fs::read_dir(dir).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    read.map_err(|e| StoreError::io(dir, e))
}
