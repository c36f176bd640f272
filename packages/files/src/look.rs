//! What has a name, told apart from what hides it: a link that leads nowhere, links in a circle, a folder that may not
//! be searched. `Path::exists` takes all of these for nothing.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::place::kind_of;

/// Whether anything has this name, links followed. A link that leads nowhere is an error.
pub fn is_there(path: &Path) -> Result<bool> {
    Ok(look(path)?.is_some())
}

/// Whether a folder has this name, links followed; that anything else has it is an error.
pub fn is_folder(path: &Path) -> Result<bool> {
    match look(path)? {
        None => Ok(false),
        Some(there) if there.is_dir() => Ok(true),
        Some(there) => {
            let path = path.to_path_buf();
            Err(Error::Unexpected { path, found: kind_of(&there), expected: "folder" })
        }
    }
}

/// Whether a plain file has this name, links followed; that anything else has it is an error.
pub fn is_plain(path: &Path) -> Result<bool> {
    match look(path)? {
        None => Ok(false),
        Some(there) if there.is_file() => Ok(true),
        Some(there) => Err(Error::not_plain(path.to_path_buf(), kind_of(&there))),
    }
}

/// Whether the name is taken, be it by a link that leads nowhere: then nothing new can be made under it.
pub fn is_taken(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(_) => is_there(path),
    }
}

/// What stands at a path, if anything does.
pub(crate) fn look(path: &Path) -> Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(there) => Ok(Some(there)),
        Err(e) if e.kind() == ErrorKind::NotFound => match leads_nowhere(path) {
            Some((link, why)) => {
                // Whoever shows it names the path.
                let what = if link == path { "this".into() } else { link.to_string_lossy() };
                Err(Error::Dangling { path: path.to_path_buf(), reason: format!("{what} {why}") })
            }
            None => Ok(None),
        },
        Err(e) => Err(Error::io(path, e)),
    }
}

/// What is wrong with a path that leads nowhere through a link: where the link points, and whether it looks as if a
/// disk is not mounted. Nothing if the path leads somewhere, or is no link.
pub fn dangling(path: &Path) -> Option<String> {
    leads_nowhere(path).map(|(link, why)| format!("{} {why}", link.display()))
}

/// The link, and what is wrong with it.
fn leads_nowhere(path: &Path) -> Option<(&Path, String)> {
    let missing = |path: &Path| fs::metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound);
    if !missing(path) {
        return None;
    }
    // The link may be the path itself or a folder on the way to it.
    let link =
        path.ancestors().find(|at| fs::symlink_metadata(at).is_ok_and(|m| m.is_symlink()) && missing(at))?;
    let mut target = link.to_path_buf();
    for _ in 0..40 {
        let Ok(to) = fs::read_link(&target) else { break };
        target = target.parent().unwrap_or(Path::new("")).join(to);
    }
    let why = match nearest(&target) {
        Some(folder) if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_none()) => {
            format!("{} is empty: is the disk that belongs there mounted?", folder.display())
        }
        Some(folder) => format!("{} is there, and nothing of that name in it", folder.display()),
        None => "nor is any folder above it".to_owned(),
    };
    Some((link, format!("is a link to {}, which does not exist; {why}", target.display())))
}

/// The nearest folder above a path that exists.
fn nearest(path: &Path) -> Option<PathBuf> {
    let above = path.ancestors().skip(1).filter(|at| !at.as_os_str().is_empty());
    above.into_iter().find(|at| at.is_dir()).map(Path::to_path_buf)
}
