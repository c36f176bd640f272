//! The table of named tensors: entries back to back, each
//! `name length u16 | name | dtype u8 | rank u8 | shape rank × u64 | offset u64 | length u64`.

use alloc::vec::Vec;
use core::ops::Deref;

use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::header::read_u64;

/// Most tensors a block may have.
pub const MAX_TENSORS: u32 = 65_536;
/// Most bytes of a tensor's name.
pub const MAX_NAME_LEN: usize = 256;
/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Bytes of the shortest entry: a name of one byte, no dimensions.
pub(crate) const MIN_ENTRY_LEN: u64 = 2 + 1 + 2 + 16;

/// The dimensions of a tensor, outermost first; at most [`MAX_RANK`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    dims: [u64; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// A shape of these dimensions; `None` if there are more than [`MAX_RANK`].
    pub fn new(dims: &[u64]) -> Option<Self> {
        let mut shape = Self { dims: [0; MAX_RANK], rank: dims.len().try_into().ok()? };
        shape.dims.get_mut(..dims.len())?.copy_from_slice(dims);
        Some(shape)
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[u64] {
        &self.dims[..usize::from(self.rank)]
    }
}

impl Deref for Shape {
    type Target = [u64];
    fn deref(&self) -> &[u64] {
        self.dims()
    }
}

/// One entry as it stands in the table.
pub(crate) struct Entry<'a> {
    pub name: &'a str,
    pub dtype: Dtype,
    pub shape: Shape,
    pub offset: u64,
    pub len: u64,
}

/// Whether `name` is 1 to 256 of the allowed characters.
pub(crate) fn name_is_valid(name: &[u8]) -> bool {
    (1..=MAX_NAME_LEN).contains(&name.len())
        && name.iter().all(|c| c.is_ascii_alphanumeric() || b"_.-/".contains(c))
}

/// Reads the entry that begins at `at`; returns it and where the next one begins. `entry` numbers it.
pub(crate) fn read_entry(table: &[u8], at: usize, entry: u32) -> Result<(Entry<'_>, usize), FormatError> {
    let truncated = FormatError::TableTruncated { entry };
    let slice = |from: usize, len: usize| {
        from.checked_add(len).and_then(|to| table.get(from..to)).ok_or_else(|| truncated.clone())
    };
    let prefix = slice(at, 2)?;
    let name_len = usize::from(u16::from_le_bytes([prefix[0], prefix[1]]));
    let name = slice(at + 2, name_len)?;
    if !name_is_valid(name) {
        return Err(FormatError::BadName { entry });
    }
    let name = core::str::from_utf8(name).map_err(|_| FormatError::BadName { entry })?;
    let at = at + 2 + name_len;
    let codes = slice(at, 2)?;
    let dtype = Dtype::from_code(codes[0]).ok_or(FormatError::UnknownDtype { entry, code: codes[0] })?;
    let rank = usize::from(codes[1]);
    if rank > MAX_RANK {
        return Err(FormatError::RankTooLarge { entry, rank: rank as u64 });
    }
    let field = |i: usize| read_u64(table, at + 2 + 8 * i).ok_or_else(|| truncated.clone());
    let mut shape = Shape { dims: [0; MAX_RANK], rank: codes[1] };
    for (i, dim) in shape.dims.iter_mut().enumerate().take(rank) {
        *dim = field(i)?;
    }
    let (offset, len) = (field(rank)?, field(rank + 1)?);
    Ok((Entry { name, dtype, shape, offset, len }, at + 2 + 8 * (rank + 2)))
}

/// Appends an entry. The caller has checked the name and the rank.
pub(crate) fn write_entry(out: &mut Vec<u8>, entry: &Entry<'_>) {
    out.extend_from_slice(&(entry.name.len() as u16).to_le_bytes());
    out.extend_from_slice(entry.name.as_bytes());
    out.extend_from_slice(&[entry.dtype.code(), entry.shape.rank]);
    for dim in entry.shape.dims() {
        out.extend_from_slice(&dim.to_le_bytes());
    }
    out.extend_from_slice(&entry.offset.to_le_bytes());
    out.extend_from_slice(&entry.len.to_le_bytes());
}

/// Bytes of an entry with a name of `name_len` bytes and `rank` dimensions.
pub(crate) fn entry_len(name_len: usize, rank: usize) -> u64 {
    (2 + name_len + 2 + 8 * (rank + 2)) as u64
}
