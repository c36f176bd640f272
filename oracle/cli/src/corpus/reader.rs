//! Reading one file after the other: each once, within a limit, and no further than is needed to see what it is.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::decode::{Decoded, decode};

/// Bytes of a file that are enough to see that it is not text, however long the file is.
const HEAD: usize = 64 << 10;

/// What came of a file.
pub(super) enum Piece {
    /// Its bytes, and the text that they are.
    Text(Vec<u8>, Decoded),
    Empty,
    Binary,
    /// It was read under another name.
    Again,
    /// Nothing is left of the limit.
    Beyond,
    /// A pipe, a socket or a device, in words.
    Special(&'static str),
}

/// Reads files, and knows which it has read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Device and number of files that were read: links and hard links lead to the same ones.
    seen: BTreeSet<(u64, u64)>,
    /// Bytes read of texts.
    pub bytes: usize,
}

impl Reader {
    /// Reads at most `left` bytes of a file, if it is a text that was not read before.
    pub fn read(&mut self, path: &Path, left: usize) -> io::Result<Piece> {
        if left == 0 {
            return Ok(Piece::Beyond);
        }
        let (mut file, meta) = open(path)?;
        if !meta.is_file() {
            return Ok(Piece::Special(kind_of(&meta)));
        }
        if self.seen.contains(&(meta.dev(), meta.ino())) {
            return Ok(Piece::Again);
        }
        let mut bytes = bytes_of(&mut file, HEAD.min(left))?;
        if bytes.is_empty() {
            return Ok(Piece::Empty);
        }
        if decode(&bytes).is_none() {
            return Ok(Piece::Binary);
        }
        bytes.append(&mut bytes_of(&mut file, left - bytes.len())?);
        self.bytes += bytes.len();
        let Some(decoded) = decode(&bytes) else { return Ok(Piece::Binary) };
        self.seen.insert((meta.dev(), meta.ino()));
        Ok(if decoded.text.is_empty() { Piece::Empty } else { Piece::Text(bytes, decoded) })
    }
}

/// What a file is that is neither plain nor a folder.
pub(super) fn kind_of(meta: &fs::Metadata) -> &'static str {
    let kind = meta.file_type();
    match () {
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

/// Opens a file without waiting; opening a pipe without a writer would never return.
pub(super) fn open(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let waits = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(waits).open(path)?;
    let meta = file.metadata()?;
    Ok((file, meta))
}

pub(super) fn bytes_of(file: &mut File, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    file.take(max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
