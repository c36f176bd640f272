//! What is removed when the quota is reached. First: unfinished fetches that nobody continues, of blobs that are not
//! needed. Then: blobs that are neither needed nor pinned, the least recently used first. Last: unfinished fetches of
//! needed blobs, which only have to be fetched again. A needed blob is never removed; the store reports that it is full.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use lyceum_tensorblock::Root;

use crate::error::StoreError;
use crate::layout::parse_hex;
use crate::store::{Entries, Store};

impl Entries {
    /// Whether a blob must stay.
    fn stays(&self, root: &Root) -> bool {
        self.pins.contains(root)
            || self.fetching.contains(root)
            || self.needed.as_ref().is_none_or(|needed| needed.contains(root))
            || self.blobs.get(root).is_some_and(|entry| entry.added > self.known)
    }

    /// The blob that gives way next.
    fn next_out(&self) -> Option<Root> {
        let out = self.blobs.iter().filter(|(root, _)| !self.stays(root));
        out.min_by_key(|(root, entry)| (entry.used, **root)).map(|(root, _)| *root)
    }
}

impl Store {
    /// Most bytes that blobs, sidecars and what is set aside may take from now on; `None` = as many as the disk holds.
    /// What is beyond it already gives way at the next [`Store::set_needed`].
    pub fn set_quota(&self, quota: Option<u64>) {
        self.entries().quota = quota;
    }

    /// A moment of the store's life, for [`Store::set_needed_of`].
    pub fn moment(&self) -> u64 {
        self.entries().uses
    }

    /// Sets what is needed of all that is there now; see [`Store::set_needed_of`].
    ///
    /// # Errors
    /// The disk's.
    pub fn set_needed(&self, needed: BTreeSet<Root>) -> Result<u64, StoreError> {
        self.set_needed_of(self.moment(), needed)
    }

    /// Sets what is needed of what was there at a moment: every other blob of then that is not pinned may be removed for
    /// new ones. A blob that was added later stays, because whoever looked before could not know of it. Before the first
    /// call no blob is removed. Removes what is beyond the quota at once, and returns the number of removed blobs.
    ///
    /// # Errors
    /// The disk's.
    pub fn set_needed_of(&self, moment: u64, needed: BTreeSet<Root>) -> Result<u64, StoreError> {
        let mut removed = 0;
        let mut entries = self.entries();
        entries.known = moment;
        entries.needed = Some(needed);
        while entries.excess(0) > 0 {
            let Some(root) = entries.next_out() else { break };
            self.remove_entry(&mut entries, &root)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Pins a root, whether its blob is there or not: the blob is never removed, also not after a restart.
    ///
    /// # Errors
    /// The disk's.
    pub fn pin(&self, root: &Root) -> Result<(), StoreError> {
        let (folder, path) = (self.layout.pins(), self.layout.pin(root));
        let mut entries = self.entries();
        if !folder.is_dir() {
            self.disk.create_folder(&folder).map_err(|e| StoreError::io(&folder, e))?;
        }
        match self.disk.create_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StoreError::io(&path, error));
            }
            _ => {}
        }
        self.disk.sync_folder(&folder).map_err(|e| StoreError::io(&folder, e))?;
        entries.pins.insert(*root);
        Ok(())
    }

    /// Takes a pin away; whether there was one.
    ///
    /// # Errors
    /// The disk's.
    pub fn unpin(&self, root: &Root) -> Result<bool, StoreError> {
        let path = self.layout.pin(root);
        let mut entries = self.entries();
        self.disk.remove(&path).map_err(|e| StoreError::io(&path, e))?;
        Ok(entries.pins.remove(root))
    }

    /// Removes one unfinished fetch or one blob; returns whether there was anything to remove.
    pub(crate) fn give_way(&self) -> Result<bool, StoreError> {
        let idle = self.partials();
        let (stay, go): (Vec<Root>, Vec<Root>) = {
            let entries = self.entries();
            idle.into_iter().map(|(root, _)| root).partition(|root| entries.stays(root))
        };
        let abandon = |roots: &[Root]| roots.iter().any(|root| matches!(self.abandon(root), Ok(true)));
        if abandon(&go) {
            return Ok(true);
        }
        let mut entries = self.entries();
        if let Some(root) = entries.next_out() {
            return self.remove_entry(&mut entries, &root);
        }
        drop(entries);
        Ok(abandon(&stay))
    }

    /// Reads the pins when the store opens. Names that are no roots are left alone.
    pub(crate) fn scan_pins(&self) -> Result<(), StoreError> {
        let folder = self.layout.pins();
        // A link that leads nowhere would look like a store without pins, whose blobs may go.
        if !lyceum_files::is_folder(&folder).map_err(|e| StoreError::look(&folder, e))? {
            return Ok(());
        }
        for name in fs::read_dir(&folder).map_err(|e| StoreError::io(&folder, e))? {
            let name = name.map_err(|e| StoreError::io(&folder, e))?.file_name();
            self.entries().pins.extend(name.to_str().and_then(parse_hex));
        }
        Ok(())
    }
}
