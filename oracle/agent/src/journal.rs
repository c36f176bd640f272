//! [`Journal`]: a node's roles on disk, whole or not at all. It is written before anything is sent, so that a node
//! killed at any moment still has what it committed to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::views::Settled;
use crate::{AgentError, Result, Roles};

/// The name of a journal in a node's folder.
pub const JOURNAL: &str = "journal.json";

/// The version this software writes, and the only one it reads.
const VERSION: u32 = 1;

/// The longest journal that is read; no node writes one that is nearly as long.
const MAX_BYTES: u64 = 256 << 20;

/// Heights by which the cursor on disk may lag behind while the roles stay as they are.
const LAG: u64 = 100;

#[derive(Serialize, Deserialize)]
struct Entry<R> {
    version: u32,
    /// The chain the roles acted on.
    chain_id: String,
    /// Height of the last observation they took in.
    cursor: u64,
    /// Up to where everything on chain was over at that height.
    #[serde(default)]
    settled: Settled,
    roles: R,
}

/// What an earlier life left.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Earlier {
    /// Height of the last observation that it took in.
    pub cursor: u64,
    /// Up to where everything on chain was over at that height.
    pub settled: Settled,
    /// Its roles.
    pub roles: Roles,
}

/// What to do with a journal that does not read.
const REMEDY: &str = "restore it from your backup. Without a backup, move it away: the node then forgets what it \
                      committed to and has not revealed, and loses the bonds of that";

/// Looks whether a node's journal reads, without making or changing anything. Gives the height up to which the node
/// had seen the chain, or nothing if there is no journal.
///
/// # Errors
/// As the node's own start would have it.
pub fn check_journal(folder: &Path, chain_id: &str) -> Result<Option<u64>> {
    Ok(Journal::at(folder, chain_id).read()?.map(|earlier| earlier.cursor))
}

/// What every version begins with: read first, as the rest of another version may look different.
#[derive(Deserialize)]
struct Kind {
    version: u32,
}

/// A node's journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    chain_id: String,
    /// The roles as they were written last, and the cursor with them.
    last: Vec<u8>,
    cursor: u64,
    /// Whether the cursor could not be written the last time, so that this is said once.
    behind: bool,
}

impl Journal {
    /// The journal in a node's folder, which is created if there is none.
    pub(crate) fn open(folder: &Path, chain_id: &str) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| AgentError::Io { path: folder.to_path_buf(), source })?;
        Ok(Self::at(folder, chain_id))
    }

    fn at(folder: &Path, chain_id: &str) -> Self {
        Self {
            path: folder.join(JOURNAL),
            chain_id: chain_id.to_owned(),
            last: Vec::new(),
            cursor: 0,
            behind: false,
        }
    }

    /// What was written last, on this chain; nothing at first.
    pub(crate) fn read(&self) -> Result<Option<Earlier>> {
        // A link that leads nowhere is a journal on a disk that is not mounted, and no first start.
        let read = lyceum_files::read_if_there(&self.path, MAX_BYTES);
        let Some(bytes) = read.map_err(|e| self.failed(e.into_source()))? else { return Ok(None) };
        let bad = |reason: String| AgentError::Journal { path: self.path.clone(), reason };
        let damaged = |e: serde_json::Error| bad(format!("it is damaged ({e}): {REMEDY}"));
        let Kind { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if version != VERSION {
            return Err(bad(format!(
                "its version {version} is unknown, this program knows {VERSION}: take the program that wrote it"
            )));
        }
        let entry: Entry<Roles> = serde_json::from_slice(&bytes).map_err(damaged)?;
        if entry.chain_id != self.chain_id {
            return Err(bad(format!(
                "it is of the chain {}, not of {}: give each chain a folder of its own",
                entry.chain_id, self.chain_id
            )));
        }
        let Entry { cursor, settled, roles, .. } = entry;
        Ok(Some(Earlier { cursor, settled, roles }))
    }

    /// Writes the roles, unless they are what was written last and the cursor there is not far behind. Says whether
    /// it wrote.
    pub(crate) fn write(&mut self, cursor: u64, settled: Settled, roles: &Roles) -> Result<bool> {
        let bad =
            |e: serde_json::Error| AgentError::Journal { path: self.path.clone(), reason: e.to_string() };
        let text = serde_json::to_vec(roles).map_err(bad)?;
        let same = self.last == text;
        if same && cursor.saturating_sub(self.cursor) < LAG {
            return Ok(false);
        }
        let entry = Entry { version: VERSION, chain_id: self.chain_id.clone(), cursor, settled, roles };
        let bytes = serde_json::to_vec(&entry).map_err(bad)?;
        match self.replace(&bytes) {
            Ok(()) => {
                (self.last, self.cursor) = (text, cursor);
                if std::mem::take(&mut self.behind) {
                    tracing::info!("the journal is written again, up to height {cursor}");
                }
                Ok(true)
            }
            // The cursor alone may wait for room on the disk: nothing depends on it.
            Err(error) if same => {
                if !std::mem::replace(&mut self.behind, true) {
                    let to = self.cursor;
                    tracing::warn!("the journal stays at height {to} until it can be written: {error}");
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The file as a whole, or as it was.
    fn replace(&self, bytes: &[u8]) -> Result<()> {
        lyceum_files::replace(&self.path, bytes).map_err(|e| self.failed(e.into_source()))
    }

    fn failed(&self, source: std::io::Error) -> AgentError {
        let path = self.path.clone();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                AgentError::DiskFull { path }
            }
            _ => AgentError::Io { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Takes, Trainer};

    fn settled() -> Settled {
        Settled { tasks: Some(3), ..Settled::default() }
    }

    #[test]
    fn a_journal_gives_back_what_was_written_and_nothing_of_another_chain() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), "chain").unwrap();
        assert_eq!(journal.read().unwrap(), None);
        assert_eq!(check_journal(dir.path(), "chain").unwrap(), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "a look makes nothing");
        let roles = Roles { trainer: Some(Trainer::new(Takes::default())), ..Roles::default() };
        assert!(journal.write(7, settled(), &roles).unwrap());
        assert!(!journal.write(8, settled(), &roles).unwrap(), "nothing changed");
        let earlier = Earlier { cursor: 7, settled: settled(), roles: roles.clone() };
        assert_eq!(Journal::open(dir.path(), "chain").unwrap().read().unwrap(), Some(earlier));
        assert!(journal.write(7 + LAG, Settled::default(), &roles).unwrap(), "the cursor is far behind");
        assert_eq!(check_journal(dir.path(), "chain").unwrap(), Some(7 + LAG));
        let other = check_journal(dir.path(), "other").unwrap_err().to_string();
        assert!(other.contains("of the chain chain, not of other"), "{other}");
        let refused = |text: &str| {
            fs::write(dir.path().join("journal.json"), text).unwrap();
            Journal::open(dir.path(), "chain").unwrap().read().unwrap_err().to_string()
        };
        for damaged in ["", "{", r#"{"version":1,"chain_id":"chain","cursor":7,"ro"#, "\0\0\0\0"] {
            let words = refused(damaged);
            assert!(words.contains("damaged") && words.contains("backup"), "{words}");
            assert!(check_journal(dir.path(), "chain").is_err());
        }
        let later = refused(r#"{"version":2,"chain_id":"chain","anything":"else"}"#);
        assert!(
            later.contains("version 2 is unknown") && later.contains("the program that wrote it"),
            "{later}"
        );
    }

    #[test]
    fn a_journal_on_a_disk_that_is_not_mounted_is_no_first_start() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/journal.json", dir.path().join(JOURNAL)).unwrap();
        assert!(matches!(check_journal(dir.path(), "lyceum-1"), Err(AgentError::Io { .. })));
    }

    #[test]
    fn a_journal_that_cannot_be_written_says_so_and_keeps_what_it_had() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), "chain").unwrap();
        journal.write(1, Settled::default(), &Roles::default()).unwrap();
        // A folder that is gone fails like a disk that refuses.
        let path = std::mem::replace(&mut journal.path, dir.path().join("gone/journal.json"));
        let roles = Roles { trainer: Some(Trainer::new(Takes::default())), ..Roles::default() };
        assert!(journal.write(2, Settled::default(), &roles).is_err());
        let same = journal.write(1 + LAG, Settled::default(), &Roles::default());
        assert!(!same.unwrap(), "the cursor alone may wait");
        journal.path = path;
        assert_eq!(journal.read().unwrap().unwrap().cursor, 1);
        assert!(journal.write(2, Settled::default(), &roles).unwrap());
    }
}
