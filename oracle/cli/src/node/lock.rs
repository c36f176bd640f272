//! One process a folder: two nodes of one account would answer for each other.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::Context;

use crate::failure::{Failure, Refusal};

/// Held while the node lives; the system lets go of it even when the process is killed.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a folder.
    pub fn take(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("node.lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot lock {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let words = format!(
                    "another process runs the node in {}: stop that one first (`systemctl status lyceum`)",
                    folder.display()
                );
                Err(Refusal::new(Failure::Busy, "node.in_use", words).into())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_node_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let refused = Lock::take(dir.path()).unwrap_err();
        assert_eq!(Failure::of(&refused), Failure::Busy);
        assert!(refused.to_string().contains("another process"), "{refused}");
        drop(lock);
        Lock::take(dir.path()).unwrap();
    }
}
