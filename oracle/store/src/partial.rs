//! What is there of a blob that is still being fetched, in `partial/`: the blob and its sidecar as they will be, with
//! holes. Windows come in any order, each proved, and the last comes first because it proves the length.
//!
//! Nothing says which windows are there but the bytes themselves: whoever resumes holds every window against the
//! root, so that a killed process, a torn write or a rotten disk costs the windows it touched and nothing else.
//! For the same reason nothing is made durable before the blob is whole.

use std::borrow::Borrow;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use lyceum_tensorblock::outboard::sidecar_len;
use lyceum_tensorblock::verified::encode_range;
use lyceum_tensorblock::{Backing, Outboard, Root};

use crate::error::StoreError;
use crate::store::Store;
use crate::window::{Window, window_count, window_range};
use crate::writer::{Temp, cost};

/// A root that one fetch at a time has; others wait for it.
#[derive(Debug)]
struct Claim<S: Borrow<Store>> {
    store: S,
    root: Root,
}

impl<S: Borrow<Store>> Drop for Claim<S> {
    fn drop(&mut self) {
        let store = self.store.borrow();
        store.entries().fetching.remove(&self.root);
        store.freed.notify_all();
    }
}

/// What a store has of a blob that is to be fetched.
#[derive(Debug)]
pub enum Begun<S: Borrow<Store>> {
    /// All of it.
    Whole,
    /// Some windows, the last among them, so that its length is known.
    Partial(Partial<S>),
    /// Nothing.
    Nothing(Vacant<S>),
}

/// A root of which nothing is there yet.
#[derive(Debug)]
pub struct Vacant<S: Borrow<Store>>(Claim<S>);

/// A blob that is being fetched. It stays on disk when this is dropped, to be resumed.
#[derive(Debug)]
pub struct Partial<S: Borrow<Store>> {
    claim: Claim<S>,
    len: u64,
    blob: (PathBuf, File),
    sidecar: (PathBuf, File),
    /// Whether each window is there.
    there: Mutex<Vec<bool>>,
}

/// Begins or resumes a fetch. Waits while another fetch of the same root goes on in this process, so don't call it
/// from an async task. Resuming reads what is there once.
///
/// # Errors
/// The store's own.
pub fn begin<S: Borrow<Store>>(store: S, root: &Root) -> Result<Begun<S>, StoreError> {
    {
        let here = store.borrow();
        let mut entries = here.entries();
        while entries.fetching.contains(root) {
            entries = here.freed.wait(entries).unwrap_or_else(PoisonError::into_inner);
        }
        if entries.is_healthy(root) {
            return Ok(Begun::Whole);
        }
        entries.fetching.insert(*root);
    }
    let claim = Claim { store, root: *root };
    match found(&claim)? {
        Some((len, there)) => Partial::open(claim, len, there).map(Begun::Partial),
        None => {
            claim.store.borrow().drop_partial(root)?;
            Ok(Begun::Nothing(Vacant(claim)))
        }
    }
}

/// The length of what is there and which windows are the root's; `None` if the last isn't.
fn found<S: Borrow<Store>>(claim: &Claim<S>) -> Result<Option<(u64, Vec<bool>)>, StoreError> {
    let (store, root) = (claim.store.borrow(), &claim.root);
    if !store.entries().partials.contains_key(root) {
        return Ok(None);
    }
    let [blob, sidecar] = store.layout.partial(root);
    let (Ok(blob), Ok(sidecar)) = (Backing::map(&blob), Outboard::open(&sidecar, *root)) else {
        return Ok(None);
    };
    let len = sidecar.file_len();
    let mut there = Vec::new();
    // From the last, without which the length isn't proved and the others can't be.
    for index in (0..window_count(len)).rev() {
        let good = if len == 0 {
            lyceum_tensorblock::root_of(&[]) == *root && blob.is_empty()
        } else {
            encode_range(&blob, &sidecar, window_range(len, index), io::sink()).is_ok()
        };
        if there.is_empty() && !good {
            return Ok(None);
        }
        there.push(good);
    }
    there.reverse();
    Ok(Some((len, there)))
}

impl<S: Borrow<Store>> Vacant<S> {
    /// The root.
    pub fn root(&self) -> &Root {
        &self.0.root
    }

    /// Sets room aside for the whole blob and begins it with its last window, which proves its length.
    ///
    /// # Errors
    /// Another root's window, one that isn't the last, or the store's own errors.
    pub fn begin(self, last: &Window) -> Result<Partial<S>, StoreError> {
        let (root, len) = (self.0.root, last.len());
        if last.root() != &root || !last.is_last() {
            return Err(StoreError::WrongWindow { root, index: last.index() });
        }
        let store = self.0.store.borrow();
        store.reserve(cost(len))?;
        store.entries().partials.insert(root, cost(len));
        let made = make(store, &root, len);
        if let Err(error) = made {
            store.drop_partial(&root)?;
            return Err(error);
        }
        let there = vec![false; window_count(len) as usize];
        let partial = Partial::open(self.0, len, there)?;
        partial.add(last)?;
        Ok(partial)
    }
}

/// The two files, full of holes.
fn make(store: &Store, root: &Root, len: u64) -> Result<(), StoreError> {
    let folder = store.layout.partials();
    if !folder.is_dir() {
        store.disk.create_folder(&folder).map_err(|e| StoreError::io(&folder, e))?;
    }
    for (path, len) in store.layout.partial(root).iter().zip([len, sidecar_len(len)]) {
        let made = store.disk.create_file(path).and_then(|file| store.disk.set_len(&file, len));
        made.map_err(|e| StoreError::io(path, e))?;
    }
    Ok(())
}

impl<S: Borrow<Store>> Partial<S> {
    fn open(claim: Claim<S>, len: u64, there: Vec<bool>) -> Result<Self, StoreError> {
        let [blob, sidecar] = claim.store.borrow().layout.partial(&claim.root);
        let open = |path: PathBuf| match File::options().write(true).open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(StoreError::io(&path, error)),
        };
        let partial =
            Self { len, blob: open(blob)?, sidecar: open(sidecar)?, there: Mutex::new(there), claim };
        // Written at once, so that it is there whatever else is lost.
        partial.write(&partial.sidecar, 0, &len.to_le_bytes())?;
        Ok(partial)
    }

    /// The root.
    pub fn root(&self) -> &Root {
        &self.claim.root
    }

    /// The blob's length in bytes, proved.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the blob has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The windows that aren't there, ascending.
    pub fn missing(&self) -> Vec<u64> {
        let there = self.there();
        (0..).zip(there.iter()).filter(|(_, there)| !**there).map(|(index, _)| index).collect()
    }

    /// Bytes that are there.
    pub fn done(&self) -> u64 {
        let there = self.there();
        let windows = (0..).zip(there.iter()).filter(|(_, there)| **there);
        windows.map(|(index, _)| window_range(self.len, index)).map(|range| range.end - range.start).sum()
    }

    /// Writes a window to its place; one that is there already is left. Any thread may call it.
    ///
    /// # Errors
    /// A window of another blob, or the store's own errors.
    pub fn add(&self, window: &Window) -> Result<(), StoreError> {
        if window.root() != self.root() || window.len() != self.len {
            return Err(StoreError::WrongWindow { root: *self.root(), index: window.index() });
        }
        let Some(place) = usize::try_from(window.index()).ok().filter(|i| *i < self.there().len()) else {
            return Err(StoreError::WrongWindow { root: *self.root(), index: window.index() });
        };
        if self.there()[place] {
            return Ok(());
        }
        self.write(&self.blob, window_range(self.len, window.index()).start, window.bytes())?;
        for (at, bytes) in window.pairs() {
            self.write(&self.sidecar, at, bytes)?;
        }
        self.there()[place] = true;
        Ok(())
    }

    /// Makes the whole blob durable and visible. Its tiles were checked when they came and its sidecar is made of
    /// the hashes they were checked with, so nothing is hashed again. To be called once.
    ///
    /// # Errors
    /// A window that is missing, or the store's own errors; what is there stays.
    pub fn commit(&self) -> Result<(), StoreError> {
        if let Some(&index) = self.missing().first() {
            return Err(StoreError::WindowMissing { root: *self.root(), index });
        }
        let (store, root) = (self.claim.store.borrow(), self.claim.root);
        for (path, file) in [&self.blob, &self.sidecar] {
            store.disk.sync_file(file).map_err(|e| StoreError::io(path, e))?;
        }
        // Reads the sidecar's head back: if it is not this blob's, what is there is of no use.
        if Outboard::open(&self.sidecar.0, root).is_err() {
            store.drop_partial(&root)?;
            return Err(StoreError::BadTile { root, tile: 0 });
        }
        let (mut blob, mut sidecar) =
            (Temp::at(store, self.blob.0.clone()), Temp::at(store, self.sidecar.0.clone()));
        let installed = store.install(&root, self.len, &mut blob, &mut sidecar);
        drop((blob, sidecar));
        // Either nothing of it is there any more, or the move failed and took half of it away.
        if installed.is_ok() || !self.blob.0.exists() || !self.sidecar.0.exists() {
            store.drop_partial(&root)?;
        }
        installed
    }

    fn there(&self) -> std::sync::MutexGuard<'_, Vec<bool>> {
        // Single flags: a thread that panicked left them whole.
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, (path, file): &(PathBuf, File), at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.claim.store.borrow().disk.write_all_at(file, bytes, at);
        written.map_err(|e| StoreError::io(path, e))
    }
}

impl Store {
    /// Roots of which something was fetched and nobody fetches now, with the bytes set aside for each.
    pub fn partials(&self) -> Vec<(Root, u64)> {
        let entries = self.entries();
        let idle = entries.partials.iter().filter(|(root, _)| !entries.fetching.contains(*root));
        idle.map(|(root, cost)| (*root, *cost)).collect()
    }

    /// Gives up what was fetched of a blob; whether there was anything. What is being fetched now is left alone.
    ///
    /// # Errors
    /// The disk's.
    pub fn abandon(&self, root: &Root) -> Result<bool, StoreError> {
        {
            let mut entries = self.entries();
            if entries.fetching.contains(root) || !entries.partials.contains_key(root) {
                return Ok(false);
            }
            entries.fetching.insert(*root);
        }
        let _claim = Claim { store: self, root: *root };
        self.drop_partial(root).map(|()| true)
    }

    /// Removes what is there of a partial blob and releases its room. Only who has claimed the root calls it.
    pub(crate) fn drop_partial(&self, root: &Root) -> Result<(), StoreError> {
        for path in self.layout.partial(root) {
            self.disk.remove(&path).map_err(|e| StoreError::io(&path, e))?;
        }
        let set_aside = self.entries().partials.remove(root);
        self.release(set_aside.unwrap_or(0));
        Ok(())
    }

    /// Takes stock of `partial/` when the store opens: halves of pairs and foreign names go.
    pub(crate) fn scan_partials(&self) -> Result<(), StoreError> {
        let folder = self.layout.partials();
        if !lyceum_files::is_folder(&folder).map_err(|e| StoreError::look(&folder, e))? {
            return Ok(());
        }
        let names = fs::read_dir(&folder)
            .and_then(|names| names.map(|n| Ok(n?.path())).collect::<io::Result<Vec<_>>>());
        for path in names.map_err(|e| StoreError::io(&folder, e))? {
            let Some(root) = crate::layout::root_of_name(&path) else { continue };
            let [blob, sidecar] = self.layout.partial(&root);
            if blob.exists() && sidecar.exists() && !self.entries().contains(&root) {
                let len = fs::metadata(&blob).map_err(|e| StoreError::io(&blob, e))?.len();
                let mut entries = self.entries();
                if entries.partials.insert(root, cost(len)).is_none() {
                    entries.reserved = entries.reserved.saturating_add(cost(len));
                }
            } else {
                self.drop_partial(&root)?;
            }
        }
        Ok(())
    }
}
