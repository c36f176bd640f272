//! The files of a path as they are, for an audit: undecoded, each on its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::files::{bytes_of, is_binary, walk};
use crate::failure::BadInput;

/// Files and their bytes.
#[derive(Debug, Default)]
pub struct Texts {
    /// The files that were read.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Files that are no text or cannot be read.
    pub skipped: u64,
    /// Files that were left out because `max` bytes had been read.
    pub beyond: u64,
    bytes: usize,
}

impl Texts {
    /// Adds the file, or the files of the folder, at a path; of all paths together at most `max` bytes.
    pub fn add(&mut self, path: &Path, max: usize) -> anyhow::Result<()> {
        let meta = fs::metadata(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        if !meta.is_dir() {
            if !meta.is_file() {
                let text = format!("{}: it is no plain file; name a text file or a folder", path.display());
                return Err(BadInput(text).into());
            }
            let bytes = bytes_of(path, max.saturating_sub(self.bytes))
                .with_context(|| format!("{}: cannot be read", path.display()))?;
            self.push(path.to_path_buf(), bytes);
            return Ok(());
        }
        for found in walk(path)? {
            if self.bytes >= max {
                self.beyond += 1;
                continue;
            }
            match bytes_of(&found, max - self.bytes) {
                Ok(bytes) => self.push(found, bytes),
                Err(_) => self.skipped += 1,
            }
        }
        Ok(())
    }

    fn push(&mut self, path: PathBuf, bytes: Vec<u8>) {
        if is_binary(&bytes) {
            self.skipped += 1;
        } else if !bytes.is_empty() {
            self.bytes += bytes.len();
            self.files.push((path, bytes));
        }
    }
}
