//! Named tensors as a tensor block and back: the one place of this crate that knows the format's crate.

use std::path::Path;

use lyceum_tensorblock::{Block, Dtype, Tensor as Entry, TensorView, encode, f32_bytes};
use tch::{Kind, Tensor};

use crate::tensors::{TensorMap, to_vec};
use crate::{LearnError, Result};

/// The bytes of a tensor block of these tensors in fp32; one set of tensors has one encoding.
pub fn write(tensors: &TensorMap) -> Result<Vec<u8>> {
    with_entries(tensors, |entries| encode(entries).map_err(|e| LearnError::Block(e.to_string())))
}

/// Writes these tensors in fp32 as a safetensors file, which is replaced as a whole or not at all.
pub(crate) fn write_safetensors(tensors: &TensorMap, path: &Path) -> Result<u64> {
    with_entries(tensors, |entries| Ok(lyceum_tensorblock::write_safetensors(path, entries)?))
}

/// Hands tensors on as what a file is made of.
fn with_entries<T>(tensors: &TensorMap, take: impl FnOnce(&[Entry<'_>]) -> Result<T>) -> Result<T> {
    let values: Vec<Vec<f32>> = tensors.iter().map(|(_, t)| to_vec(t)).collect();
    let entries: Vec<Entry<'_>> = tensors
        .iter()
        .zip(&values)
        .map(|((name, t), values)| Entry {
            name,
            dtype: Dtype::Fp32,
            // Sizes of a tensor are never negative.
            shape: t.size().into_iter().map(i64::unsigned_abs).collect(),
            data: f32_bytes(values),
        })
        .collect();
    take(&entries)
}

/// The tensors of a block, as fp32 on the CPU. Blocks in fp16 and bf16 are widened; quantised ones are refused,
/// since nothing is trained or scored from them. Names, shapes and finite values are the caller's to check.
pub fn read(bytes: &[u8]) -> Result<TensorMap> {
    let block = Block::parse(bytes).map_err(|e| LearnError::Block(e.to_string()))?;
    block.tensors().map(|view| Ok((view.name.to_owned(), tensor(&view)?))).collect()
}

fn tensor(view: &TensorView<'_>) -> Result<Tensor> {
    let kind = match view.dtype {
        Dtype::Fp32 => Kind::Float,
        Dtype::Fp16 => Kind::Half,
        Dtype::Bf16 => Kind::BFloat16,
        other => return Err(LearnError::Block(format!("tensor {} is {other}", view.name))),
    };
    let shape: Vec<i64> = view
        .shape
        .iter()
        .map(|d| {
            i64::try_from(*d).map_err(|_| LearnError::Block(format!("tensor {} is too large", view.name)))
        })
        .collect::<Result<_>>()?;
    Ok(Tensor::f_from_data_size(view.data, &shape, kind)?.to_kind(Kind::Float))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::from_slice;

    #[test]
    fn tensors_survive_their_block_bit_for_bit() {
        let mut map = TensorMap::new();
        map.insert("w/b", from_slice(&[1.5, -0.0, 3.0, f32::MIN_POSITIVE, 5.0, 6.0], &[2, 3]));
        map.insert("w/a", from_slice(&[7.0], &[1]));
        let bytes = write(&map).unwrap();
        let back = read(&bytes).unwrap();
        assert_eq!(back.names().collect::<Vec<_>>(), ["w/a", "w/b"]);
        assert_eq!(back.get("w/b").unwrap().size(), [2, 3]);
        assert_eq!(
            back.flat().iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
            map.flat().iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        );
        assert_eq!(write(&back).unwrap(), bytes);
    }

    #[test]
    fn a_cut_or_foreign_file_is_refused() {
        let mut map = TensorMap::new();
        map.insert("w", from_slice(&[1.0, 2.0], &[2]));
        let bytes = write(&map).unwrap();
        assert!((0..bytes.len()).all(|n| read(&bytes[..n]).is_err()));
        assert!(read(b"not a block").is_err());
    }
}
