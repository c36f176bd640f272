//! Named tensors in name order: the form weights, gradients and optimizer moments have at every border.

use std::collections::BTreeMap;
use std::collections::btree_map;

use tch::{Device, Kind, Tensor};

use crate::{LearnError, Result};

/// Tensors by name; iteration is in name order, which numbers the elements for sketches.
#[derive(Debug, Default)]
pub struct TensorMap(BTreeMap<String, Tensor>);

impl TensorMap {
    /// No tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.0.insert(name.into(), tensor);
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        self.0.get(name).ok_or_else(|| LearnError::Tensor { name: name.to_owned(), problem: "missing" })
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) -> Result<Tensor> {
        self.0.remove(name).ok_or_else(|| LearnError::Tensor { name: name.to_owned(), problem: "missing" })
    }

    /// All of them, in name order.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Tensor> {
        self.0.iter()
    }

    /// The tensor of a name, to change.
    pub(crate) fn get_mut(&mut self, name: &str) -> Result<&mut Tensor> {
        self.0.get_mut(name).ok_or_else(|| LearnError::Tensor { name: name.to_owned(), problem: "missing" })
    }

    /// All of them, to change.
    pub(crate) fn iter_mut(&mut self) -> btree_map::IterMut<'_, String, Tensor> {
        self.0.iter_mut()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// How many tensors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of elements over all tensors.
    pub fn elements(&self) -> usize {
        self.0.values().map(Tensor::numel).sum()
    }

    /// A deep copy on a device.
    pub fn copy_to(&self, device: Device) -> Self {
        Self(self.0.iter().map(|(n, t)| (n.clone(), t.detach().to_device(device).copy())).collect())
    }

    /// Zeros of the same names and shapes.
    pub fn zeros_like(&self) -> Self {
        Self(self.0.iter().map(|(n, t)| (n.clone(), t.zeros_like())).collect())
    }

    /// Checks that exactly these tensors are there, with these shapes, in fp32 and finite.
    pub fn check(&self, expected: &[(String, Vec<i64>)]) -> Result<()> {
        for (name, shape) in expected {
            let tensor = self.get(name)?;
            if tensor.size() != *shape {
                let (found, expected) = (tensor.size(), shape.clone());
                return Err(LearnError::Shape { name: name.clone(), found, expected });
            }
            if tensor.kind() != Kind::Float || tensor.f_isfinite()?.all().f_int64_value(&[])? == 0 {
                return Err(LearnError::NotFinite { name: name.clone() });
            }
        }
        if self.len() != expected.len() {
            let known: std::collections::BTreeSet<&str> = expected.iter().map(|(n, _)| n.as_str()).collect();
            let name = self.names().find(|n| !known.contains(n)).unwrap_or_default().to_owned();
            return Err(LearnError::Tensor { name, problem: "unexpected" });
        }
        Ok(())
    }

    /// All elements, tensor after tensor in name order.
    pub fn flat(&self) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.elements());
        self.0.values().for_each(|t| out.extend(to_vec(t)));
        out
    }
}

impl FromIterator<(String, Tensor)> for TensorMap {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a TensorMap {
    type Item = (&'a String, &'a Tensor);
    type IntoIter = btree_map::Iter<'a, String, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A tensor's elements as f32, row-major.
pub(crate) fn to_vec(tensor: &Tensor) -> Vec<f32> {
    let cpu = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous();
    let mut out = vec![0.0; cpu.numel()];
    let count = out.len();
    cpu.copy_data(&mut out, count);
    out
}

/// An fp32 tensor of a shape on the CPU.
pub(crate) fn from_slice(values: &[f32], shape: &[i64]) -> Tensor {
    Tensor::from_slice(values).reshape(shape)
}
