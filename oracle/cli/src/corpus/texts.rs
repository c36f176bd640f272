//! The files of a path as they are, for an audit: undecoded, each on its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::names::shown;
use super::reader::{Piece, Reader};
use super::walk::{Skipped, walk};
use crate::failure::BadInput;

/// Files and their bytes.
#[derive(Debug, Default)]
pub struct Texts {
    /// The files that were read.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// What was not read, by its reason.
    pub skipped: Skipped,
    reader: Reader,
}

impl Texts {
    /// Adds the file, or the files of the folder, at a path; of all paths together at most `max` bytes.
    pub fn add(&mut self, path: &Path, max: usize) -> anyhow::Result<()> {
        let cannot = || format!("{}: cannot be read", shown(path));
        let kind = fs::metadata(path).with_context(cannot)?;
        if kind.is_dir() {
            let found = walk(path)?;
            self.skipped.add(&found.skipped);
            for file in found.files {
                if self.one(&file, max).is_err() {
                    self.skipped.unreadable_files += 1;
                }
            }
            return Ok(());
        }
        if !kind.is_file() {
            let text = format!("{}: it is not a plain file; name a text file or a folder", shown(path));
            return Err(BadInput(text).into());
        }
        self.one(path, max).with_context(cannot)
    }

    fn one(&mut self, path: &Path, max: usize) -> std::io::Result<()> {
        match self.reader.read(path, max.saturating_sub(self.reader.bytes))? {
            Piece::Text(bytes, _) => self.files.push((path.to_path_buf(), bytes)),
            Piece::Empty => {}
            Piece::Binary => self.skipped.binary += 1,
            Piece::Again => self.skipped.again += 1,
            Piece::Beyond => self.skipped.beyond += 1,
            Piece::Special(_) => self.skipped.special += 1,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_audited_once_under_whichever_names_and_a_long_binary_one_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a.txt"), "some words\n").unwrap();
        fs::hard_link(at("a.txt"), at("b.txt")).unwrap();
        symlink("a.txt", at("c.txt")).unwrap();
        fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
        let mut texts = Texts::default();
        texts.add(dir.path(), 1 << 20).unwrap();
        texts.add(&at("a.txt"), 1 << 20).unwrap();
        assert_eq!(texts.files, [(at("a.txt"), b"some words\n".to_vec())]);
        assert_eq!(texts.skipped, Skipped { binary: 1, again: 3, ..Skipped::default() });
        assert_eq!(texts.reader.bytes, 11);
    }

    #[test]
    fn what_lies_beyond_the_limit_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.txt", "b.txt"] {
            fs::write(dir.path().join(name), "some words\n").unwrap();
        }
        let mut texts = Texts::default();
        texts.add(dir.path(), 11).unwrap();
        assert_eq!((texts.files.len(), texts.skipped.beyond), (1, 1));
    }
}
