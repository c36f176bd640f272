//! Tensor blocks as files: mapped when read, replaced whole when written.

use std::io::{self, Write};
use std::ops::Deref;
use std::path::Path;

use lyceum_files::{Output, PlainFile};

use crate::block::Block;
use crate::error::{FileError, FormatError};
use crate::header::{ALIGNMENT, HEADER_LEN};
use crate::plan::{Plan, Tensor};
use crate::{Root, tile};

/// A block in mapped or owned memory, aligned so that its tensors can be seen as slices of numbers.
pub type TensorBlock = Block<Backing>;

/// Read-only bytes that begin at a multiple of 64: a mapped file, or memory.
#[derive(Debug)]
pub struct Backing(Memory);

#[derive(Debug)]
enum Memory {
    Mapped(memmap2::Mmap),
    Owned { buffer: Vec<u8>, start: usize },
}

impl Backing {
    /// Maps a plain file. The file must not be changed while it is mapped: stores never change a blob,
    /// they only add and remove whole files.
    pub fn map(path: &Path) -> Result<Self, FileError> {
        let file = PlainFile::open(path)?;
        if file.metadata().len() == 0 {
            return Ok(Self::copy(&[])); // an empty file can't be mapped everywhere
        }
        #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
        // SAFETY: the map is read-only and private to this value; that nobody shortens the file beneath it is
        // the stated contract of this function, kept by the store's rule that blobs are immutable.
        let map = unsafe { memmap2::Mmap::map(&file.into_file()) }.map_err(|e| FileError::io(path, e))?;
        Ok(Self(Memory::Mapped(map)))
    }

    /// Copies bytes into aligned memory.
    pub fn copy(bytes: &[u8]) -> Self {
        let align = ALIGNMENT as usize;
        let mut buffer = vec![0u8; bytes.len() + align - 1];
        let start = buffer.as_ptr().align_offset(align).min(align - 1);
        buffer[start..start + bytes.len()].copy_from_slice(bytes);
        buffer.truncate(start + bytes.len());
        Self(Memory::Owned { buffer, start })
    }
}

impl AsRef<[u8]> for Backing {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Memory::Mapped(map) => map,
            Memory::Owned { buffer, start } => &buffer[*start..],
        }
    }
}

impl Deref for Backing {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_ref()
    }
}

impl Block<Backing> {
    /// Maps and checks a file. Its data is read only where it is used; [`Block::root`] reads all of it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let bytes = Backing::map(path)?;
        if (bytes.len() as u64) < HEADER_LEN {
            return Err(FormatError::TooShort { found: bytes.len() as u64, required: HEADER_LEN }.into());
        }
        Ok(Self::parse(bytes)?)
    }

    /// Checks bytes and keeps a copy of them in aligned memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        Block::parse(bytes)?; // before the copy is made
        Self::parse(Backing::copy(bytes))
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// BLAKE3 of the file.
    pub root: Root,
    /// Bytes of the file.
    pub len: u64,
}

/// Writes the block of these tensors to `path`: the file is there whole, or as it was before. A pipe or device is
/// written into.
pub fn write(path: impl AsRef<Path>, tensors: &[Tensor<'_>]) -> Result<Written, FileError> {
    let path = path.as_ref();
    let plan = Plan::new(tensors)?;
    let mut file = Output::create(path)?;
    let written = stream(&plan, tensors, &mut file).map_err(|e| FileError::io(path, e))?;
    file.commit()?;
    Ok(written)
}

/// Writes the block of these tensors into a stream.
pub fn write_to(mut out: impl Write, tensors: &[Tensor<'_>]) -> io::Result<Written> {
    let plan = Plan::new(tensors).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    stream(&plan, tensors, &mut out)
}

fn stream(plan: &Plan, tensors: &[Tensor<'_>], out: &mut impl Write) -> io::Result<Written> {
    // A block is often thousands of small tensors, and a system call for each padding would be slow.
    let mut out = io::BufWriter::with_capacity(tile::TILE_LEN as usize, out);
    let mut hasher = blake3::Hasher::new();
    plan.pieces(tensors, |piece| {
        hasher.update(piece);
        out.write_all(piece)
    })?;
    out.flush()?;
    Ok(Written { root: *hasher.finalize().as_bytes(), len: plan.file_len })
}
