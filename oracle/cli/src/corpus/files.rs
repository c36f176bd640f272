//! Reading the user's texts: a file, or every text file under a folder.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Corpus;
use crate::failure::BadInput;

/// The most bytes read from one path; what follows is not needed for a demo.
const MAX_READ: usize = 64 << 20;
/// The most files of a folder that are looked at, and how deep.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 32;

/// Reads a `--data` path as one domain. In folders, binary files are skipped and counted; a binary file that is
/// named itself is an error.
pub fn read(path: &Path) -> anyhow::Result<Corpus> {
    let meta = fs::metadata(path).with_context(|| format!("--data {}: cannot be read", path.display()))?;
    let (text, files, skipped) = if meta.is_dir() { folder(path)? } else { (file(path)?, 1, 0) };
    if text.is_empty() {
        let kind = if meta.is_dir() { "no text in it" } else { "it is empty" };
        return Err(BadInput(format!("--data {}: {kind}", path.display())).into());
    }
    let stem = path.canonicalize().ok().and_then(|p| p.file_stem().map(|s| s.to_string_lossy().into_owned()));
    let name = stem.unwrap_or_else(|| "text".to_owned()).chars().take(64).collect();
    // The user's own text: whose licence it has, only the user knows; the demo says so in its manifest.
    let licence = "CC0-1.0".to_owned();
    Corpus { name, licence, from: path.to_path_buf(), text, files, skipped }.fit()
}

fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes =
        bytes_of(path, MAX_READ).with_context(|| format!("--data {}: cannot be read", path.display()))?;
    if is_binary(&bytes) {
        let text =
            format!("--data {}: it is a binary file; name a text file or a folder of them", path.display());
        return Err(BadInput(text).into());
    }
    Ok(bytes)
}

fn folder(path: &Path) -> anyhow::Result<(Vec<u8>, u64, u64)> {
    let mut text = vec![];
    let (mut files, mut skipped) = (0, 0);
    for found in walk(path)? {
        if text.len() >= MAX_READ {
            break;
        }
        match bytes_of(&found, MAX_READ - text.len()) {
            Ok(bytes) if !bytes.is_empty() && !is_binary(&bytes) => {
                text.extend_from_slice(&bytes);
                text.push(b'\n');
                files += 1;
            }
            Ok(bytes) if bytes.is_empty() => {}
            _ => skipped += 1,
        }
    }
    Ok((text, files, skipped))
}

/// The plain files under a folder, sorted, so that the same folder gives the same text. Links are not followed.
pub(super) fn walk(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = vec![];
    let mut open = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let mut entries = entries.with_context(|| format!("cannot read the folder {}", folder.display()))?;
        // In order already here, or the bound would cut off other files on another file system.
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < MAX_DEPTH && !entry.file_name().to_string_lossy().starts_with('.') {
                open.push((entry.path(), depth + 1));
            } else if kind.is_file() && found.len() < MAX_FILES {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn bytes_of(path: &Path, max: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    File::open(path)?.take(max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether bytes are no text: a NUL, or no UTF-8 (a character cut at the end of what was read is allowed).
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.contains(&0)
        || std::str::from_utf8(bytes)
            .is_err_and(|e| e.error_len().is_some() || e.valid_up_to() + 4 < bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path) -> String {
        format!("{:#}", read(path).unwrap_err())
    }

    #[test]
    fn missing_empty_and_binary_files_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        assert!(refused(&dir.path().join("no-such.txt")).contains("no-such.txt"));
        let empty = dir.path().join("empty.txt");
        fs::write(&empty, "").unwrap();
        assert!(refused(&empty).contains("empty"));
        let binary = dir.path().join("a.bin");
        fs::write(&binary, [1, 0, 2]).unwrap();
        assert!(refused(&binary).contains("binary"));
    }

    #[test]
    fn binary_files_of_a_folder_are_skipped_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.bin"), [0; 10]).unwrap();
        fs::write(dir.path().join("b.txt"), "x".repeat(super::super::MIN_TEXT)).unwrap();
        let corpus = read(dir.path()).unwrap();
        assert_eq!((corpus.files, corpus.skipped), (1, 1));
    }

    #[test]
    fn text_cut_within_a_character_is_text() {
        assert!(!is_binary(&"aé".as_bytes()[..2]));
        assert!(is_binary(&[b'a', 0xff, b'a']));
    }
}
