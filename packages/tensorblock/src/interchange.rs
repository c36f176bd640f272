//! safetensors in and out. Element types map one to one where both formats have them; safetensors'
//! free-form metadata has no place in a tensor block and is left out.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use safetensors::{Dtype as Other, SafeTensors, View};

use crate::atomic::AtomicFile;
use crate::block::{Block, TensorView};
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

/// Writes a block as a safetensors file, atomically. int4 has no counterpart there and is refused.
pub fn export_safetensors<B: AsRef<[u8]>>(block: &Block<B>, to: impl AsRef<Path>) -> Result<(), FileError> {
    let bytes = safetensors_bytes(block)?;
    let mut file = AtomicFile::create(to.as_ref())?;
    file.write_all(&bytes).map_err(|e| FileError::io(to.as_ref(), e))?;
    file.commit()
}

/// The safetensors file of a block, in memory.
pub fn safetensors_bytes<B: AsRef<[u8]>>(block: &Block<B>) -> Result<Vec<u8>, FileError> {
    let views = (0..).zip(block.tensors()).map(|(entry, t)| Ok((t.name, Exported::new(entry, t)?)));
    let views: Vec<(&str, Exported<'_>)> = views.collect::<Result<_, FileError>>()?;
    Ok(safetensors::serialize(views, None)?)
}

struct Exported<'a> {
    data: &'a [u8],
    dtype: Other,
    shape: Vec<usize>,
}

impl<'a> Exported<'a> {
    fn new(entry: u32, tensor: TensorView<'a>) -> Result<Self, FileError> {
        let dtype = match tensor.dtype {
            Dtype::Fp16 => Other::F16,
            Dtype::Bf16 => Other::BF16,
            Dtype::Fp32 => Other::F32,
            Dtype::Int8 => Other::I8,
            Dtype::Fp8 => Other::F8_E4M3,
            Dtype::Int4 => {
                let (name, dtype) = (tensor.name.to_owned(), tensor.dtype.to_string());
                return Err(FileError::UnsupportedDtype { name, dtype });
            }
        };
        // A shape with a 0 may name dimensions far beyond the file's length.
        let shape = tensor.shape.iter().map(|&dim| usize::try_from(dim));
        let shape = shape.collect::<Result<_, _>>().map_err(|_| FormatError::ShapeOverflow { entry })?;
        Ok(Self { data: tensor.data, dtype, shape })
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
