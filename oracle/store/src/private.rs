//! Secrets that are made once (keys, a node's secret): private files that are created whole and never replace another.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// Creates a file that only its owner may read, with all of its bytes or not at all.
///
/// No file system is asked for more than it has: where neither a rename without replacing nor a hard link exists
/// (exFAT, SMB, some FUSE), the name is claimed with an empty file, which the whole one then replaces.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if anything has the name, which then stays as it is; else the system's error.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut part = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    place(part, path)?;
    match File::open(folder)?.sync_all() {
        // Some file systems cannot sync a folder; the file itself is on disk.
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

fn place(part: NamedTempFile, path: &Path) -> io::Result<()> {
    match part.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Err(refused.error),
        // The reasons differ by file system and kernel (EPERM, EINVAL, ENOSYS, EOPNOTSUPP, …). One that also keeps a
        // name from being claimed is told by the claim.
        Err(refused) => claim(refused.file.into_temp_path(), path),
    }
}

/// Only one process can create the name, and a rename replaces at once: whoever reads it sees nothing, or everything.
fn claim(part: TempPath, path: &Path) -> io::Result<()> {
    drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?);
    part.persist(path).map_err(|refused| {
        // The claim is ours and empty; that it cannot be removed adds nothing.
        let _ = std::fs::remove_file(path);
        refused.error
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn part(folder: &Path, bytes: &[u8]) -> NamedTempFile {
        let mut part = NamedTempFile::new_in(folder).unwrap();
        part.write_all(bytes).unwrap();
        part
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
        create_private(&path, b"one").unwrap();
        assert_eq!(create_private(&path, b"two").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        assert_eq!(create_private(&dangling, b"two").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn without_links_and_renames_that_keep_what_is_there_a_name_is_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        claim(part(folder.path(), b"one").into_temp_path(), &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = claim(part(folder.path(), b"two").into_temp_path(), &path).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_claim_that_cannot_be_filled_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let gone = part(folder.path(), b"one").into_temp_path();
        fs::remove_file(&gone).unwrap();
        assert_eq!(claim(gone, &path).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!path.exists());
    }
}
