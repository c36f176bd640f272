//! A CPU tensor's elements as a slice: the one place with `unsafe` in this crate.
#![allow(unsafe_code)]

use tch::{Device, Kind, Tensor};

fn checked<T>(tensor: &Tensor, kind: Kind) -> (*mut T, usize) {
    assert!(
        tensor.device() == Device::Cpu && tensor.kind() == kind && tensor.is_contiguous(),
        "kernels take contiguous CPU tensors of one kind"
    );
    (tensor.data_ptr().cast(), tensor.numel())
}

/// The elements of a contiguous fp32 CPU tensor.
pub(crate) fn floats(tensor: &Tensor) -> &[f32] {
    let (data, count) = checked::<f32>(tensor, Kind::Float);
    if count == 0 {
        return &[];
    }
    // SAFETY: the tensor is contiguous fp32 on the CPU (checked), so `count` floats lie at `data`, alive as long
    // as the borrow of the tensor.
    unsafe { std::slice::from_raw_parts(data, count) }
}

/// The elements of a contiguous fp32 CPU tensor, to write. Other handles of the same storage (shallow clones,
/// views) must not be read meanwhile; the callers hold the only ones.
pub(crate) fn floats_mut(tensor: &mut Tensor) -> &mut [f32] {
    let (data, count) = checked::<f32>(tensor, Kind::Float);
    if count == 0 {
        return &mut [];
    }
    // SAFETY: as above; exclusivity by the `&mut` and the rule stated for callers. A `Tensor` is not `Sync`.
    unsafe { std::slice::from_raw_parts_mut(data, count) }
}

/// The elements of a contiguous i64 CPU tensor.
pub(crate) fn ints(tensor: &Tensor) -> &[i64] {
    let (data, count) = checked::<i64>(tensor, Kind::Int64);
    if count == 0 {
        return &[];
    }
    // SAFETY: as in `floats`.
    unsafe { std::slice::from_raw_parts(data, count) }
}
