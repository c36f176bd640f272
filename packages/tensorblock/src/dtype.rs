//! Element types and how many bytes a shape of them takes.

use core::fmt;

/// Element type of a tensor; the codes are the format's and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dtype {
    /// IEEE 754 binary16.
    Fp16 = 1,
    /// Signed 8-bit integer.
    Int8 = 2,
    /// 8-bit float, E4M3 (the variant without infinities).
    Fp8 = 3,
    /// IEEE 754 binary32.
    Fp32 = 4,
    /// bfloat16: the upper half of a binary32.
    Bf16 = 5,
    /// Signed 4-bit integer, two to a byte, the earlier element in the low half.
    Int4 = 6,
}

impl Dtype {
    /// Every element type, by code.
    pub const ALL: [Self; 6] = [Self::Fp16, Self::Int8, Self::Fp8, Self::Fp32, Self::Bf16, Self::Int4];

    /// The type with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.code() == code)
    }

    /// The code written into files.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Bits of one element.
    pub fn bits(self) -> u64 {
        match self {
            Self::Int4 => 4,
            Self::Int8 | Self::Fp8 => 8,
            Self::Fp16 | Self::Bf16 => 16,
            Self::Fp32 => 32,
        }
    }

    /// Bytes that a tensor of `shape` takes; `None` when its dimensions (counting a 0 as 1) multiply
    /// beyond what a signed 64-bit size can say, which tensor libraries can't hold.
    pub fn byte_len(self, shape: &[u64]) -> Option<u64> {
        let extent = shape.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim.max(1)))?;
        i64::try_from(extent.checked_mul(self.bits())?).ok()?;
        let elements = if shape.contains(&0) { 0 } else { extent };
        Some((elements * self.bits()).div_ceil(8))
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
            Self::Fp8 => "fp8",
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Int4 => "int4",
        })
    }
}
