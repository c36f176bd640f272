//! The files of a path as they are, for an audit: undecoded, each on its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::decode::decode;
use super::files::{bytes_of, open};
use super::names::shown;
use super::walk::{Skipped, walk};
use crate::failure::BadInput;

/// Files and their bytes.
#[derive(Debug, Default)]
pub struct Texts {
    /// The files that were read.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// What was not read, by its reason.
    pub skipped: Skipped,
    bytes: usize,
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
        let left = max.saturating_sub(self.bytes);
        if left == 0 {
            self.skipped.beyond += 1;
            return Ok(());
        }
        let (mut file, kind) = open(path)?;
        if !kind.is_file() {
            self.skipped.special += 1;
            return Ok(());
        }
        let bytes = bytes_of(&mut file, left)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if decode(&bytes).is_none() {
            self.skipped.binary += 1;
            return Ok(());
        }
        self.bytes += bytes.len();
        self.files.push((path.to_path_buf(), bytes));
        Ok(())
    }
}
