//! From tensors to the one encoding they have.

use alloc::vec;
use alloc::vec::Vec;

use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::header::{self, HEADER_LEN};
use crate::table::{Entry, MAX_TENSORS, Shape, entry_len, name_is_valid, write_entry};
use crate::tile::MAX_FILE_LEN;

/// A tensor to be written; `data` is row-major, little-endian, as long as dtype and shape need.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// 1 to 256 of `A-Z a-z 0-9 _ . - /`, unique in its block.
    pub name: &'a str,
    /// Element type.
    pub dtype: Dtype,
    /// Dimensions, outermost first, at most 8.
    pub shape: Vec<u64>,
    /// The elements.
    pub data: &'a [u8],
}

/// Everything before the data, and in which order the data follows.
pub(crate) struct Plan {
    /// Header and table.
    pub head: Vec<u8>,
    /// For each tensor in the file's order: its place in the given slice and its data's offset.
    pub order: Vec<(usize, u64)>,
    /// Bytes of the whole file.
    pub file_len: u64,
}

impl Plan {
    /// Sorts and checks the tensors. In errors, `entry` is the place after sorting by name.
    pub(crate) fn new(tensors: &[Tensor<'_>]) -> Result<Self, FormatError> {
        let count = u32::try_from(tensors.len()).unwrap_or(u32::MAX);
        if count == 0 || count > MAX_TENSORS {
            return Err(FormatError::TensorCount { found: tensors.len() as u64 });
        }
        let mut sorted: Vec<usize> = (0..tensors.len()).collect();
        sorted.sort_by_key(|&i| tensors[i].name);
        let table_len = tensors.iter().map(|tensor| entry_len(tensor.name.len(), tensor.shape.len())).sum();

        let mut head = vec![0u8; HEADER_LEN as usize];
        let mut order = Vec::with_capacity(tensors.len());
        let mut end = HEADER_LEN + table_len;
        let mut single = None;
        for (number, &i) in (0..).zip(&sorted) {
            let tensor = &tensors[i];
            if !name_is_valid(tensor.name.as_bytes()) {
                return Err(FormatError::BadName { entry: number });
            }
            if order.last().is_some_and(|&(last, _): &(usize, u64)| tensors[last].name == tensor.name) {
                return Err(FormatError::NameOrder { entry: number });
            }
            let rank = tensor.shape.len() as u64;
            let shape = Shape::new(&tensor.shape).ok_or(FormatError::RankTooLarge { entry: number, rank })?;
            let required =
                tensor.dtype.byte_len(&shape).ok_or(FormatError::ShapeOverflow { entry: number })?;
            let len = tensor.data.len() as u64;
            if len != required {
                return Err(FormatError::DataLength { entry: number, required, found: len });
            }
            let half_unused = tensor.dtype == Dtype::Int4 && shape.iter().all(|dim| dim % 2 == 1);
            let beyond = FormatError::BeyondFile { entry: number, end: u64::MAX, file_len: MAX_FILE_LEN };
            let offset = header::align(end).ok_or(beyond.clone())?;
            end = offset.checked_add(len).filter(|&end| end <= MAX_FILE_LEN).ok_or(beyond)?;
            if half_unused && tensor.data.last().is_some_and(|byte| byte >> 4 != 0) {
                return Err(FormatError::Padding { at: end - 1 });
            }
            let entry = Entry { name: tensor.name, dtype: tensor.dtype, shape, offset, len };
            write_entry(&mut head, &entry);
            order.push((i, offset));
            single = Some(entry);
        }
        let single = single.filter(|_| count == 1);
        let start = header::build(count, table_len, end, single.as_ref());
        head[..start.len()].copy_from_slice(&start);
        Ok(Self { head, order, file_len: end })
    }

    /// Hands the file out piece by piece, paddings included.
    pub(crate) fn pieces<E>(
        &self,
        tensors: &[Tensor<'_>],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        take(&self.head)?;
        let mut at = self.head.len() as u64;
        for &(i, offset) in &self.order {
            take(&[0; header::ALIGNMENT as usize][..(offset - at) as usize])?;
            take(tensors[i].data)?;
            at = offset + tensors[i].data.len() as u64;
        }
        Ok(())
    }
}

/// The tensor block of these tensors, in memory. The order in which they are given doesn't matter.
pub fn encode(tensors: &[Tensor<'_>]) -> Result<Vec<u8>, FormatError> {
    let plan = Plan::new(tensors)?;
    let mut out = Vec::with_capacity(plan.file_len as usize); // the data is in memory, so its length fits
    let done: Result<(), core::convert::Infallible> = plan.pieces(tensors, |piece| {
        out.extend_from_slice(piece);
        Ok(())
    });
    match done {
        Ok(()) => Ok(out),
    }
}
