//! Where tensors live: the CPU in fp32, or a CUDA device in bf16.

use tch::{Device, Kind};

use crate::{LearnError, Result};

/// The device of a name: `cpu`, `cuda` or `cuda:N`. Refuses CUDA where libtorch sees none.
pub fn device(name: &str) -> Result<Device> {
    let index = match name {
        "cpu" => return Ok(Device::Cpu),
        "cuda" => 0,
        _ => name
            .strip_prefix("cuda:")
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| LearnError::Device(name.chars().take(40).collect()))?,
    };
    if !tch::Cuda::is_available() || index as i64 >= tch::Cuda::device_count() {
        return Err(LearnError::NoCuda);
    }
    Ok(Device::Cuda(index))
}

/// The kind matrix products are done in. Weights, optimizer and norms stay fp32 everywhere.
pub(crate) fn compute_kind(device: Device) -> Kind {
    if device.is_cuda() { Kind::BFloat16 } else { Kind::Float }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_devices_are_refused() {
        assert_eq!(device("cpu").unwrap(), Device::Cpu);
        for name in ["", "gpu", "cuda:", "cuda:x", "cuda:99999999999999999999"] {
            assert!(matches!(device(name), Err(LearnError::Device(_))), "{name}");
        }
    }

    #[test]
    fn cuda_is_refused_where_there_is_none() {
        if !tch::Cuda::is_available() {
            assert!(matches!(device("cuda"), Err(LearnError::NoCuda)));
        }
    }
}
