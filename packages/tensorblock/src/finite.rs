//! Expert blocks hold finite numbers only. The format itself doesn't ask for it (a state after a
//! diverged run is still a file), so it is a check of its own.

use alloc::string::{String, ToString};

use crate::block::{Block, TensorView};
use crate::dtype::Dtype;

/// A NaN or an infinity in a tensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("element {element} of tensor {tensor:?} is not a finite number")]
pub struct NotFinite {
    /// The tensor's name.
    pub tensor: String,
    /// The element's place in row-major order.
    pub element: u64,
}

/// Refuses a block with a NaN or an infinity in an fp32, bf16, fp16 or fp8 tensor. Reads all the data.
pub fn check<B: AsRef<[u8]>>(block: &Block<B>) -> Result<(), NotFinite> {
    block.tensors().try_for_each(|tensor| check_tensor(&tensor))
}

/// [`check`] for one tensor.
pub fn check_tensor(tensor: &TensorView<'_>) -> Result<(), NotFinite> {
    // A number is not finite when all bits of its exponent are set. E4M3 has no infinities, and spends
    // only the pattern with the mantissa set as well on NaN.
    let (width, mask) = match tensor.dtype {
        Dtype::Fp32 => (4, 0x7f80_0000),
        Dtype::Bf16 => (2, 0x7f80),
        Dtype::Fp16 => (2, 0x7c00),
        Dtype::Fp8 => (1, 0x7f),
        Dtype::Int8 | Dtype::Int4 => return Ok(()),
    };
    let bits = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte));
    match tensor.data.chunks_exact(width).position(|number| bits(number) & mask == mask) {
        None => Ok(()),
        Some(at) => Err(NotFinite { tensor: tensor.name.to_string(), element: at as u64 }),
    }
}
