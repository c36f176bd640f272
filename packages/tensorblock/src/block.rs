//! The parser: bytes in, checked tensors out, nothing copied.

use alloc::vec::Vec;
use core::fmt;

use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::header::{self, HEADER_LEN, Header};
use crate::table::{Shape, read_entry};
use crate::{Root, root_of};

/// A tensor block whose every byte outside the tensors' data has been checked.
///
/// It keeps the bytes and, per tensor, four bytes of index; names, shapes and data are views. `B` must
/// give the same bytes every time (`&[u8]`, `Vec<u8>`, a read-only map).
#[derive(Clone)]
pub struct Block<B> {
    bytes: B,
    /// Where each entry begins in the file. A table is at most 22 MiB long, so `u32` holds it.
    entries: Vec<u32>,
}

/// One tensor of a block; `data` is the block's own memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorView<'a> {
    /// Its name, unique in the block.
    pub name: &'a str,
    /// Its element type.
    pub dtype: Dtype,
    /// Its dimensions, outermost first; elements are in row-major order.
    pub shape: Shape,
    /// Where its data begins in the file, a multiple of 64.
    pub offset: u64,
    /// Its elements, little-endian.
    pub data: &'a [u8],
}

impl<B: AsRef<[u8]>> Block<B> {
    /// Checks that `bytes` are a tensor block in its one canonical encoding.
    ///
    /// Every size is held against the real length before anything is allocated, and what is allocated
    /// is less than a quarter of the file. Whether numbers are finite is [`crate::finite::check`]'s business.
    pub fn parse(bytes: B) -> Result<Self, FormatError> {
        let entries = index(bytes.as_ref())?;
        Ok(Self { bytes, entries })
    }

    /// How many tensors there are; never 0.
    pub fn tensor_count(&self) -> usize {
        self.entries.len()
    }

    /// The tensors, ascending by name.
    pub fn tensors(&self) -> impl Iterator<Item = TensorView<'_>> {
        self.entries.iter().filter_map(|&at| self.view(at))
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<TensorView<'_>> {
        let found = self.entries.binary_search_by(|&at| self.view(at).map_or("", |view| view.name).cmp(name));
        self.view(*self.entries.get(found.ok()?)?)
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The content root: BLAKE3 of the whole file, computed now.
    pub fn root(&self) -> Root {
        root_of(self.bytes())
    }

    /// The bytes given to [`Block::parse`].
    pub fn into_bytes(self) -> B {
        self.bytes
    }

    fn view(&self, at: u32) -> Option<TensorView<'_>> {
        let bytes = self.bytes.as_ref();
        let (entry, _) = read_entry(bytes, at as usize, 0).ok()?;
        let start = usize::try_from(entry.offset).ok()?;
        let data = bytes.get(start..start.checked_add(usize::try_from(entry.len).ok()?)?)?;
        Some(TensorView {
            name: entry.name,
            dtype: entry.dtype,
            shape: entry.shape,
            offset: entry.offset,
            data,
        })
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for Block<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.tensors().map(|tensor| (tensor.name, tensor.dtype, tensor.shape));
        f.debug_list().entries(names).finish()
    }
}

/// Checks everything and returns where each entry begins.
fn index(bytes: &[u8]) -> Result<Vec<u32>, FormatError> {
    let file_len = bytes.len() as u64;
    let head = Header::read(bytes)?;
    let table_end = (HEADER_LEN + head.table_len) as usize; // at most the file's length
    let table = &bytes[..table_end];

    let mut entries = Vec::with_capacity(head.count as usize); // 4 bytes each; the table has 21 or more each
    let mut at = HEADER_LEN as usize;
    let mut previous = "";
    let mut end = table_end as u64;
    let mut single = None;
    for number in 0..head.count {
        let (entry, next) = read_entry(table, at, number)?;
        if number > 0 && entry.name <= previous {
            return Err(FormatError::NameOrder { entry: number });
        }
        let required =
            entry.dtype.byte_len(&entry.shape).ok_or(FormatError::ShapeOverflow { entry: number })?;
        if entry.len != required {
            return Err(FormatError::DataLength { entry: number, required, found: entry.len });
        }
        let beyond = |end| FormatError::BeyondFile { entry: number, end, file_len };
        let required = header::align(end).ok_or_else(|| beyond(u64::MAX))?;
        if entry.offset != required {
            return Err(FormatError::DataOffset { entry: number, required, found: entry.offset });
        }
        let data_end = entry.offset.checked_add(entry.len).ok_or_else(|| beyond(u64::MAX))?;
        if data_end > file_len {
            return Err(beyond(data_end));
        }
        zero(bytes, end, entry.offset)?;
        let last_half_used = entry.shape.iter().all(|dim| dim % 2 == 1);
        if entry.dtype == Dtype::Int4 && last_half_used && bytes[data_end as usize - 1] >> 4 != 0 {
            return Err(FormatError::Padding { at: data_end - 1 });
        }
        entries.push(at as u32);
        previous = entry.name;
        end = data_end;
        at = next;
        single = Some(entry);
    }
    if at != table_end {
        return Err(FormatError::TableLeftover { bytes: (table_end - at) as u64 });
    }
    if end != file_len {
        return Err(FormatError::TrailingBytes { bytes: file_len - end });
    }
    let single = single.filter(|_| head.count == 1);
    header::check(bytes, &header::build(head.count, head.table_len, file_len, single.as_ref()))?;
    Ok(entries)
}

/// Refuses a byte other than 0 in `from..to`, both within the file.
fn zero(bytes: &[u8], from: u64, to: u64) -> Result<(), FormatError> {
    match bytes[from as usize..to as usize].iter().position(|&byte| byte != 0) {
        None => Ok(()),
        Some(at) => Err(FormatError::Padding { at: from + at as u64 }),
    }
}
