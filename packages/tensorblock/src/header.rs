//! The 128-byte header. All integers are little-endian.
//!
//! | bytes | field | value |
//! | --- | --- | --- |
//! | 0..8 | magic | `TBLOCK01` |
//! | 8..12 | version u32 | 1 |
//! | 12..16 | dtype u32 | the single tensor's, else 0 = see the table |
//! | 16..32 | shape 2 × u64 | the single tensor's if of rank ≤ 2 (leading dimensions 1), else 0, 0 |
//! | 32..36 | layout u32 | 0 = row major |
//! | 36..40 | quantization u32 | 0: scales are tensors of their own |
//! | 40..48 | scale offset u64 | 0 |
//! | 48..56 | data offset u64 | the single tensor's, else 0 = see the table |
//! | 56..64 | merkle root offset u64 | 0: the tree is a sidecar |
//! | 64..96 | table offset, table length, tensor count, file length, u64 each | |
//! | 96..128 | reserved | 0 |

use crate::error::FormatError;
use crate::table::{Entry, MAX_TENSORS, MIN_ENTRY_LEN};

/// The first eight bytes of every tensor block.
pub const MAGIC: [u8; 8] = *b"TBLOCK01";
/// The format version this crate reads and writes.
pub const VERSION: u32 = 1;
/// Bytes of the header; the table follows it at once.
pub const HEADER_LEN: u64 = 128;
/// Every tensor's data begins at a multiple of this many bytes.
pub const ALIGNMENT: u64 = 64;

/// The header's own claims, bounded by the real file length and by nothing else yet.
pub(crate) struct Header {
    pub count: u32,
    pub table_len: u64,
}

/// Reads a `u64` at `at`, if it is there.
pub(crate) fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

/// The next multiple of [`ALIGNMENT`].
pub(crate) fn align(offset: u64) -> Option<u64> {
    offset.checked_next_multiple_of(ALIGNMENT)
}

impl Header {
    /// Reads what the parser needs and holds every size against the real length. The remaining fields
    /// are compared by [`check`] once the table is known.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let found = bytes.len() as u64;
        let short = FormatError::TooShort { found, required: HEADER_LEN };
        if found < HEADER_LEN {
            return Err(short);
        }
        let mut magic = [0u8; 8];
        magic.copy_from_slice(&bytes[..8]);
        if magic != MAGIC {
            return Err(FormatError::BadMagic { found: magic });
        }
        let version = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if version != VERSION {
            return Err(FormatError::UnknownVersion { found: version, supported: VERSION });
        }
        let field = |at| read_u64(bytes, at).ok_or_else(|| short.clone());
        let (offset, len, count, declared) = (field(64)?, field(72)?, field(80)?, field(88)?);
        if declared != found {
            return Err(FormatError::FileLength { declared, found });
        }
        if count == 0 || count > u64::from(MAX_TENSORS) {
            return Err(FormatError::TensorCount { found: count });
        }
        if offset != HEADER_LEN || len > found - HEADER_LEN || len < count * MIN_ENTRY_LEN {
            return Err(FormatError::TableBounds { count, offset, len, file_len: found });
        }
        Ok(Self { count: count as u32, table_len: len })
    }
}

/// The one header that fits a table; `single` is the entry of a block with exactly one tensor.
pub(crate) fn build(count: u32, table_len: u64, file_len: u64, single: Option<&Entry<'_>>) -> [u8; 128] {
    let mut out = [0u8; HEADER_LEN as usize];
    let mut put = |at: usize, field: &[u8]| out[at..at + field.len()].copy_from_slice(field);
    put(0, &MAGIC);
    put(8, &VERSION.to_le_bytes());
    if let Some(entry) = single {
        put(12, &u32::from(entry.dtype.code()).to_le_bytes());
        let (rows, columns) = match *entry.shape.dims() {
            [] => (1, 1),
            [n] => (1, n),
            [m, n] => (m, n),
            _ => (0, 0),
        };
        put(16, &u64::to_le_bytes(rows));
        put(24, &u64::to_le_bytes(columns));
        put(48, &entry.offset.to_le_bytes());
    }
    put(64, &HEADER_LEN.to_le_bytes());
    put(72, &table_len.to_le_bytes());
    put(80, &u64::from(count).to_le_bytes());
    put(88, &file_len.to_le_bytes());
    out
}

/// Refuses a header that isn't byte for byte the one that fits its table.
pub(crate) fn check(bytes: &[u8], required: &[u8; 128]) -> Result<(), FormatError> {
    match bytes.iter().zip(required).position(|(a, b)| a != b) {
        None => Ok(()),
        Some(at) => Err(FormatError::Header { at: at as u64, required: required[at], found: bytes[at] }),
    }
}
