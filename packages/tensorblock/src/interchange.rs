//! safetensors in and out. Element types map one to one where both formats have them; safetensors'
//! free-form metadata has no place in a tensor block and is left out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use lyceum_files::Output;
use safetensors::{Dtype as Other, SafeTensors, View};

use crate::block::Block;
use crate::dtype::Dtype;
use crate::error::{FileError, FormatError};
use crate::file::{Backing, Written, write};
use crate::plan::Tensor;

/// Reads a safetensors file and hands its tensors, as views of `bytes`, to `take`.
pub fn tensors_of_safetensors<T>(
    bytes: &[u8],
    take: impl FnOnce(&[Tensor<'_>]) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let file = SafeTensors::deserialize(bytes)?;
    let mut tensors = Vec::with_capacity(file.len());
    for (name, view) in file.iter() {
        let dtype = match view.dtype() {
            Other::F16 => Dtype::Fp16,
            Other::BF16 => Dtype::Bf16,
            Other::F32 => Dtype::Fp32,
            Other::I8 => Dtype::Int8,
            Other::F8_E4M3 => Dtype::Fp8,
            other => {
                let (name, dtype) = (name.to_owned(), format!("{other:?}"));
                return Err(FileError::UnsupportedDtype { name, dtype });
            }
        };
        let shape = view.shape().iter().map(|&dim| dim as u64).collect();
        tensors.push(Tensor { name, dtype, shape, data: view.data() });
    }
    take(&tensors)
}

/// Turns the safetensors file `from` into the tensor block `to`, written atomically.
pub fn import_safetensors(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Written, FileError> {
    let bytes = Backing::map(from.as_ref())?;
    tensors_of_safetensors(&bytes, |tensors| write(to, tensors))
}

/// Writes a block as a safetensors file, as [`write_safetensors`] does.
pub fn export_safetensors<B: AsRef<[u8]>>(block: &Block<B>, to: impl AsRef<Path>) -> Result<u64, FileError> {
    put(&safetensors_bytes(block)?, to.as_ref())
}

/// Writes tensors as a safetensors file: `to` is replaced as a whole or not at all. A pipe or device is written into.
/// int4 has no counterpart there and is refused. Gives the number of bytes.
pub fn write_safetensors(to: impl AsRef<Path>, tensors: &[Tensor<'_>]) -> Result<u64, FileError> {
    put(&serialize((0..).zip(tensors).map(|(entry, t)| Exported::of_tensor(entry, t)))?, to.as_ref())
}

/// The safetensors file of a block, in memory.
pub fn safetensors_bytes<B: AsRef<[u8]>>(block: &Block<B>) -> Result<Vec<u8>, FileError> {
    serialize((0..).zip(block.tensors()).map(|(entry, t)| {
        let dims = t.shape.iter().copied();
        Ok((t.name, Exported::new(entry, t.name, t.dtype, dims, t.data)?))
    }))
}

fn put(bytes: &[u8], to: &Path) -> Result<u64, FileError> {
    let mut file = Output::create(to)?;
    file.write_all(bytes).map_err(|e| FileError::io(to, e))?;
    file.commit()?;
    Ok(bytes.len() as u64)
}

fn serialize<'a>(
    views: impl Iterator<Item = Result<(&'a str, Exported<'a>), FileError>>,
) -> Result<Vec<u8>, FileError> {
    let views: Vec<_> = views.collect::<Result<_, _>>()?;
    // Readers of checkpoints refuse a file that does not say which framework's names and layout it has.
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    Ok(safetensors::serialize(views, Some(format))?)
}

struct Exported<'a> {
    data: &'a [u8],
    dtype: Other,
    shape: Vec<usize>,
}

impl<'a> Exported<'a> {
    fn of_tensor(entry: u32, tensor: &Tensor<'a>) -> Result<(&'a str, Self), FileError> {
        let dims = tensor.shape.iter().copied();
        Ok((tensor.name, Self::new(entry, tensor.name, tensor.dtype, dims, tensor.data)?))
    }

    fn new(
        entry: u32,
        name: &str,
        dtype: Dtype,
        dims: impl Iterator<Item = u64>,
        data: &'a [u8],
    ) -> Result<Self, FileError> {
        let dtype = match dtype {
            Dtype::Fp16 => Other::F16,
            Dtype::Bf16 => Other::BF16,
            Dtype::Fp32 => Other::F32,
            Dtype::Int8 => Other::I8,
            Dtype::Fp8 => Other::F8_E4M3,
            Dtype::Int4 => {
                let (name, dtype) = (name.to_owned(), dtype.to_string());
                return Err(FileError::UnsupportedDtype { name, dtype });
            }
        };
        // A shape with a 0 may name dimensions far beyond the file's length.
        let shape = dims.map(usize::try_from).collect::<Result<_, _>>();
        Ok(Self { data, dtype, shape: shape.map_err(|_| FormatError::ShapeOverflow { entry })? })
    }
}

impl View for Exported<'_> {
    fn dtype(&self) -> Other {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.data)
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}
