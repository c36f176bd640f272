//! [`Journal`]: a node's roles on disk, whole or not at all. It is written before anything is sent, so that a node
//! killed at any moment still has what it committed to.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{AgentError, Result, Roles};

/// The version this software writes, and the only one it reads.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Entry<R> {
    version: u32,
    /// The chain the roles acted on.
    chain_id: String,
    /// Height of the last observation they took in.
    cursor: u64,
    roles: R,
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
    /// The roles as they were written last.
    last: Vec<u8>,
}

impl Journal {
    /// The journal in a node's folder, which is created if there is none.
    pub(crate) fn open(folder: &Path, chain_id: &str) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| AgentError::Io { path: folder.to_path_buf(), source })?;
        Ok(Self { path: folder.join("journal.json"), chain_id: chain_id.to_owned(), last: Vec::new() })
    }

    /// What was written last, on this chain; nothing at first.
    pub(crate) fn read(&self) -> Result<Option<Roles>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(AgentError::Io { path: self.path.clone(), source }),
        };
        let bad = |reason: String| AgentError::Journal { path: self.path.clone(), reason };
        let Kind { version } = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        if version != VERSION {
            return Err(bad(format!("version {version} is unknown, expected {VERSION}")));
        }
        let entry: Entry<Roles> = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        if entry.chain_id != self.chain_id {
            return Err(bad(format!("it is of chain {}, not {}", entry.chain_id, self.chain_id)));
        }
        Ok(Some(entry.roles))
    }

    /// Writes the roles, unless they are what was written last.
    pub(crate) fn write(&mut self, cursor: u64, roles: &Roles) -> Result<()> {
        let bad =
            |e: serde_json::Error| AgentError::Journal { path: self.path.clone(), reason: e.to_string() };
        let text = serde_json::to_vec(roles).map_err(bad)?;
        if self.last == text {
            return Ok(());
        }
        let io = |source| AgentError::Io { path: self.path.clone(), source };
        let entry = Entry { version: VERSION, chain_id: self.chain_id.clone(), cursor, roles };
        let bytes = serde_json::to_vec(&entry).map_err(bad)?;
        let temp = self.path.with_extension("json.new");
        let mut file = File::create(&temp).map_err(io)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(io)?;
        fs::rename(&temp, &self.path).map_err(io)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder).and_then(|f| f.sync_all()).map_err(io)?;
        }
        self.last = text;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Takes, Trainer};

    #[test]
    fn a_journal_gives_back_what_was_written_and_nothing_of_another_chain() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), "chain").unwrap();
        assert_eq!(journal.read().unwrap(), None);
        let roles = Roles { trainer: Some(Trainer::new(Takes::default())), ..Roles::default() };
        journal.write(7, &roles).unwrap();
        assert_eq!(Journal::open(dir.path(), "chain").unwrap().read().unwrap(), Some(roles));
        assert!(Journal::open(dir.path(), "other").unwrap().read().is_err());
        let refused = |text: &str| {
            fs::write(dir.path().join("journal.json"), text).unwrap();
            Journal::open(dir.path(), "chain").unwrap().read().unwrap_err().to_string()
        };
        refused("{");
        let later = refused(r#"{"version":2,"chain_id":"chain","anything":"else"}"#);
        assert!(later.contains("version 2 is unknown"), "{later}");
    }

    #[test]
    fn a_write_that_was_cut_off_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), "chain").unwrap();
        journal.write(1, &Roles::default()).unwrap();
        fs::write(dir.path().join("journal.json.new"), b"{\"vers").unwrap();
        assert_eq!(Journal::open(dir.path(), "chain").unwrap().read().unwrap(), Some(Roles::default()));
    }
}
