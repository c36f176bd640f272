//! Where tensors live: the CPU in fp32, or a CUDA device in bf16.

use tch::{Device, Kind};

use crate::{LearnError, Result};

/// The greatest number that libtorch has for a device (`c10::DeviceIndex`, 8 bits with a sign).
const MAX_INDEX: usize = 127;

/// The device of a name: `cpu`, `cuda` or `cuda:N`. Refuses one that libtorch does not see on this machine.
pub fn device(name: &str) -> Result<Device> {
    let Some(index) = cuda_index(name)? else { return Ok(Device::Cpu) };
    let found = if tch::Cuda::is_available() { tch::Cuda::device_count() } else { 0 };
    match usize::try_from(found).unwrap_or(0) {
        0 => Err(LearnError::NoCuda),
        found if index >= found => Err(LearnError::NoSuchCuda { index, found }),
        _ => Ok(Device::Cuda(index)),
    }
}

/// The CUDA device that a name means, whether or not this machine has it; none for the CPU.
pub fn cuda_index(name: &str) -> Result<Option<usize>> {
    let digits = match name {
        "cpu" => return Ok(None),
        "cuda" => return Ok(Some(0)),
        _ => name.strip_prefix("cuda:").filter(|n| n.bytes().all(|b| b.is_ascii_digit())),
    };
    let index = digits.and_then(|n| n.parse().ok()).filter(|n| *n <= MAX_INDEX);
    index.map(Some).ok_or_else(|| LearnError::Device(name.chars().take(40).collect()))
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
        for name in
            ["", "gpu", "cuda:", "cuda:x", "cuda:+1", "cuda:-1", "cuda:128", "cuda:99999999999999999999"]
        {
            assert!(matches!(device(name), Err(LearnError::Device(_))), "{name}");
        }
        assert_eq!(cuda_index("cuda:127").unwrap(), Some(127));
    }

    #[test]
    fn cuda_is_refused_where_there_is_none() {
        if !tch::Cuda::is_available() {
            assert!(matches!(device("cuda"), Err(LearnError::NoCuda)));
        } else if tch::Cuda::device_count() < 127 {
            let found = tch::Cuda::device_count() as usize;
            let refused = device("cuda:127").unwrap_err();
            assert!(matches!(refused, LearnError::NoSuchCuda { index: 127, found: n } if n == found));
        }
    }
}
