//! A folder whose files belong together, replaced as a whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::place::{Place, folder};
use crate::replacement::{beside, sync_folder};

/// Puts a new folder at `path`, or where a link of that name points. `fill` writes its files, each durable, into the
/// folder it is given. The folder that was there goes in the same step. Its files for which `ours` is false are kept:
/// they are moved into the new one.
pub fn replace_folder<E: From<Error>>(
    path: &Path,
    ours: impl Fn(&OsStr) -> bool,
    fill: impl FnOnce(&Path) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let (path, there) = match Place::of(path)? {
        Place::Folder { path, there } => (path, Some(there)),
        Place::Plain { path, there: None } => (path, None),
        Place::Plain { path, .. } | Place::Descriptor(path) | Place::Special { path, .. } => {
            return Err(Error::io(&path, ErrorKind::NotADirectory.into()).into());
        }
    };
    let mode = there.as_ref().map(|m| m.mode() & 0o7777);
    let io = |e| Error::io(&path, e);
    let make = |temp: &Path| fs::DirBuilder::new().mode((mode.unwrap_or(0o777) & 0o777) | 0o700).create(temp);
    let ((), temp) = beside(&path, make).map_err(io)?;
    let guard = Guard(&temp);
    fill(&temp)?;
    if let Some(mode) = mode {
        fs::set_permissions(&temp, Permissions::from_mode(mode)).map_err(io)?;
    }
    sync_folder(&temp)?;
    if there.is_none() {
        fs::rename(&temp, &path).map_err(io)?;
        sync_folder(folder(&path))?;
        std::mem::forget(guard);
        return Ok(());
    }
    exchange(&temp, &path).map_err(io)?;
    // From here on `temp` is the folder that was there before, and holds what is not ours to remove.
    std::mem::forget(guard);
    keep(&temp, &path, ours)?;
    sync_folder(folder(&path))?;
    // The new folder is in place; that the old one cannot be removed changes nothing about that.
    let _ = fs::remove_dir_all(&temp);
    Ok(())
}

/// Removes a folder that did not come to be.
struct Guard<'a>(&'a Path);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // Nothing more can be done about a temporary folder that can't be removed.
        let _ = fs::remove_dir_all(self.0);
    }
}

/// Moves what is not ours from the old folder into the new one.
fn keep(old: &Path, new: &Path, ours: impl Fn(&OsStr) -> bool) -> Result<()> {
    for entry in fs::read_dir(old).map_err(|e| Error::io(old, e))? {
        let name = entry.map_err(|e| Error::io(old, e))?.file_name();
        if !ours(&name) {
            let path = old.join(&name);
            let moved = fs::rename(&path, new.join(&name));
            moved.map_err(|source| Error::LeftBehind { path, into: new.to_path_buf(), source })?;
        }
    }
    Ok(())
}

/// Exchanges two folders: in one step where the system can, else in two that are undone if the second fails.
fn exchange(new: &Path, there: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, new, CWD, there, RenameFlags::EXCHANGE) {
            // File systems that cannot: some network and user-space ones.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            done => return Ok(done?),
        }
    }
    in_two_steps(new, there)
}

fn in_two_steps(new: &Path, there: &Path) -> io::Result<()> {
    let (_, aside): ((), PathBuf) = beside(there, |aside| match aside.try_exists()? {
        true => Err(ErrorKind::AlreadyExists.into()),
        false => fs::rename(there, aside),
    })?;
    if let Err(error) = fs::rename(new, there) {
        fs::rename(&aside, there)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_exchange_two_folders_and_a_failure_leaves_both() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
        fs::create_dir(&a).unwrap();
        fs::write(a.join("new"), "").unwrap();
        fs::create_dir(&b).unwrap();
        in_two_steps(&a, &b).unwrap();
        assert!(b.join("new").exists() && fs::read_dir(&a).unwrap().next().is_none());
        assert!(in_two_steps(&dir.path().join("none"), &b).is_err());
        assert!(b.join("new").exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left aside");
    }
}
