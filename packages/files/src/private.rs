//! Secrets that are made once (keys, a node's secret): private files that are created whole and never replace another.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::place::folder;
use crate::replacement::{beside, sync_folder};

/// Creates a file that only its owner may read, with all of its bytes or not at all.
///
/// No file system is asked for more than it has: where neither a rename without replacing nor a hard link exists
/// (exFAT, SMB, some FUSE), the name is claimed with an empty file, which the whole one then replaces.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if anything has the name, be it a link that leads nowhere: it stays as it is. Else the
/// system's error.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |e| Error::io(path, e);
    let create = |temp: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(temp);
    let (mut file, temp) = beside(path, create).map_err(io)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| place(&temp, path));
    if written.is_err() {
        // Nothing more can be done about a temporary file that can't be removed.
        let _ = fs::remove_file(&temp);
    }
    written.map_err(io)?;
    sync_folder(folder(path))
}

/// Gives a file its name, unless anything has it.
fn place(temp: &Path, path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, temp, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::EXIST) => return Err(ErrorKind::AlreadyExists.into()),
            // The reasons differ by file system and kernel (EPERM, EINVAL, ENOSYS, EOPNOTSUPP, …). One that also keeps
            // a name from being claimed is told by the claim.
            Err(_) => {}
        }
    }
    match fs::hard_link(temp, path) {
        // The name is given; a second one that can't be removed is as private.
        Ok(()) => {
            let _ = fs::remove_file(temp);
            Ok(())
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(e),
        Err(_) => claim(temp, path),
    }
}

/// Only one process can create the name, and a rename replaces at once: whoever reads it sees nothing, or everything.
fn claim(temp: &Path, path: &Path) -> io::Result<()> {
    drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?);
    fs::rename(temp, path).inspect_err(|_| {
        // The claim is ours and empty; that it cannot be removed adds nothing.
        let _ = fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    fn part(folder: &Path, bytes: &[u8]) -> PathBuf {
        let path = folder.join("part");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .unwrap()
            .write_all(bytes)
            .unwrap();
        path
    }

    #[test]
    fn a_private_file_is_whole_and_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create_private(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_or_link_that_has_the_name_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let refused = |path: &Path| create_private(path, b"two").unwrap_err().into_source().kind();
        create_private(&path, b"one").unwrap();
        assert_eq!(refused(&path), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        assert_eq!(refused(&dangling), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn without_links_and_renames_that_keep_what_is_there_a_name_is_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        claim(&part(folder.path(), b"one"), &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = claim(&part(folder.path(), b"two"), &path).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_claim_that_cannot_be_filled_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let gone = folder.path().join("gone");
        assert_eq!(claim(&gone, &path).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!path.exists());
    }
}
