//! Tensors as slices of numbers, without a copy.

use crate::block::TensorView;
use crate::dtype::Dtype;

#[cfg(target_endian = "big")]
compile_error!(
    "tensor data is little-endian and served without a copy: big-endian machines are not supported"
);

/// Why a tensor can't be seen as a slice of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The elements are of another type.
    #[error("the tensor is {found}, not {required}")]
    WrongDtype {
        /// The type asked for.
        required: Dtype,
        /// The tensor's.
        found: Dtype,
    },
    /// The memory under the block isn't aligned; blocks opened or made by `TensorBlock` always are.
    #[error("the block's memory is not aligned for its elements")]
    Misaligned,
}

impl<'a> TensorView<'a> {
    /// The elements of an fp32 tensor.
    pub fn as_f32(&self) -> Result<&'a [f32], ViewError> {
        if self.dtype != Dtype::Fp32 {
            return Err(ViewError::WrongDtype { required: Dtype::Fp32, found: self.dtype });
        }
        #[expect(unsafe_code, reason = "a slice of f32 from aligned bytes; every bit pattern is an f32")]
        // SAFETY: `align_to` yields only the aligned middle, and any 4 bytes are a valid f32.
        let (before, numbers, after) = unsafe { self.data.align_to::<f32>() };
        // The middle may leave out numbers where the memory isn't aligned: then it isn't the tensor.
        if before.is_empty() && after.is_empty() { Ok(numbers) } else { Err(ViewError::Misaligned) }
    }
}

/// The bytes of fp32 elements as a tensor block holds them.
pub fn f32_bytes(numbers: &[f32]) -> &[u8] {
    #[expect(unsafe_code, reason = "f32 has no padding and no invalid bytes")]
    // SAFETY: u8 has alignment 1 and f32 no padding, so the middle is everything.
    let (_, bytes, _) = unsafe { numbers.align_to::<u8>() };
    bytes
}
