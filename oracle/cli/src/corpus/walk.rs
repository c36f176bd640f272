//! The files under a folder, and what else lies there.

use std::collections::{BTreeSet, BinaryHeap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::names::shown;

/// The most files of a folder that are looked at, the most folders, and how deep.
const MAX_FILES: usize = 100_000;
const MAX_FOLDERS: usize = 100_000;
const MAX_DEPTH: usize = 32;

/// What is no part of a text, by its reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// Files that are no text.
    pub binary: u64,
    /// Files that could not be read.
    pub unreadable_files: u64,
    /// Folders that could not be listed.
    pub unreadable_folders: u64,
    /// Symbolic links that lead nowhere, in a circle, or to a folder.
    pub links: u64,
    /// Files that had been read under another name.
    pub again: u64,
    /// Pipes, sockets and devices.
    pub special: u64,
    /// Files and folders beyond the limits of size, number and depth.
    pub beyond: u64,
}

impl Skipped {
    /// Adds what was skipped elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.binary += other.binary;
        self.unreadable_files += other.unreadable_files;
        self.unreadable_folders += other.unreadable_folders;
        self.links += other.links;
        self.again += other.again;
        self.special += other.special;
        self.beyond += other.beyond;
    }
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons = [
            (self.binary, "binary"),
            (self.unreadable_files, "unreadable"),
            (self.unreadable_folders, "folders unreadable"),
            (self.links, "links not followed"),
            (self.again, "the same file again"),
            (self.special, "pipes or devices"),
            (self.beyond, "beyond the limits"),
        ];
        let words: Vec<String> =
            reasons.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
        f.write_str(&words.join(", "))
    }
}

/// Files to read, sorted by path, and what was skipped on the way.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Plain files, and links that lead to one.
    pub files: Vec<PathBuf>,
    /// The rest.
    pub skipped: Skipped,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    File,
    Folder,
    Link,
    Special,
    Unknown,
}

/// The entries of a folder in order, and how many were left out.
type Listing = (Vec<(PathBuf, Kind)>, u64);

/// Walks a folder; the same folder gives the same files in the same order. Folders whose name begins with a dot are
/// not entered. A link to a file counts as that file, since caches consist of such links; a link to a folder could
/// lead anywhere and is not followed.
pub(super) fn walk(root: &Path) -> anyhow::Result<Found> {
    walk_by(root, list)
}

fn walk_by(root: &Path, list: impl Fn(&Path) -> io::Result<Listing>) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let first = list(root).with_context(|| format!("cannot read the folder {}", shown(root)))?;
    let mut open = BTreeSet::new();
    take(&mut found, &mut open, first, 0);
    let mut folders = 1;
    while let Some((folder, depth)) = open.pop_first() {
        if folders >= MAX_FOLDERS || found.files.len() >= MAX_FILES {
            found.skipped.beyond += 1;
            continue;
        }
        folders += 1;
        match list(&folder) {
            Ok(listing) => take(&mut found, &mut open, listing, depth),
            Err(_) => found.skipped.unreadable_folders += 1,
        }
    }
    found.files.sort();
    Ok(found)
}

fn take(found: &mut Found, open: &mut BTreeSet<(PathBuf, usize)>, (entries, left): Listing, depth: usize) {
    let skipped = &mut found.skipped;
    skipped.beyond += left;
    for (path, kind) in entries {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match kind {
            Kind::Folder if hidden => {}
            Kind::Folder if depth < MAX_DEPTH && open.len() < MAX_FOLDERS => {
                open.insert((path, depth + 1));
            }
            Kind::File if found.files.len() < MAX_FILES => found.files.push(path),
            Kind::Folder | Kind::File => skipped.beyond += 1,
            Kind::Link => match fs::metadata(&path) {
                Ok(target) if target.is_file() && found.files.len() < MAX_FILES => found.files.push(path),
                Ok(target) if target.is_file() => skipped.beyond += 1,
                Ok(target) if !target.is_dir() => skipped.special += 1,
                _ => skipped.links += 1,
            },
            Kind::Special => skipped.special += 1,
            Kind::Unknown => skipped.unreadable_files += 1,
        }
    }
}

/// Keeps the first [`MAX_FILES`] by name, however many there are and in whichever order the file system tells them.
fn list(folder: &Path) -> io::Result<Listing> {
    let mut kept = BinaryHeap::new();
    let mut left = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => Kind::Link,
            Ok(kind) if kind.is_dir() => Kind::Folder,
            Ok(kind) if kind.is_file() => Kind::File,
            Ok(_) => Kind::Special,
            Err(_) => Kind::Unknown,
        };
        kept.push((entry.path(), kind));
        if kept.len() > MAX_FILES {
            kept.pop();
            left += 1;
        }
    }
    Ok((kept.into_sorted_vec(), left))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_to_files_are_files_and_other_links_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (blobs, snapshot) = (dir.path().join("blobs"), dir.path().join("snapshots/main"));
        fs::create_dir_all(&blobs).unwrap();
        fs::create_dir_all(&snapshot).unwrap();
        fs::write(blobs.join("abc"), "text").unwrap();
        symlink("../../blobs/abc", snapshot.join("train.txt")).unwrap();
        symlink("../../blobs/gone", snapshot.join("dangling.txt")).unwrap();
        symlink("loop.txt", snapshot.join("loop.txt")).unwrap();
        symlink("..", snapshot.join("up")).unwrap();
        let found = walk(&snapshot).unwrap();
        assert_eq!(found.files, [snapshot.join("train.txt")]);
        assert_eq!(found.skipped, Skipped { links: 3, ..Skipped::default() });
    }

    #[test]
    fn a_folder_that_cannot_be_listed_ends_nothing_unless_it_is_the_named_one() {
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        let list = |folder: &Path| match folder.to_str() {
            Some("root") => {
                let entries = [("root/closed", Kind::Folder), ("root/a.txt", Kind::File)];
                Ok((entries.map(|(path, kind)| (PathBuf::from(path), kind)).to_vec(), 0))
            }
            _ => Err(refused()),
        };
        let found = walk_by(Path::new("root"), list).unwrap();
        assert_eq!(found.files, [Path::new("root/a.txt")]);
        assert_eq!(found.skipped, Skipped { unreadable_folders: 1, ..Skipped::default() });
        let error = walk_by(Path::new("other"), list).unwrap_err();
        assert!(error.to_string().contains("other"), "{error}");
    }

    #[test]
    fn sockets_are_counted_and_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
        let found = walk(dir.path()).unwrap();
        assert_eq!(found.skipped, Skipped { special: 1, ..Skipped::default() });
    }

    #[test]
    fn every_reason_is_said_in_words() {
        let skipped = Skipped { links: 2, unreadable_files: 3, ..Skipped::default() };
        assert_eq!(skipped.to_string(), "3 unreadable, 2 links not followed");
    }
}
