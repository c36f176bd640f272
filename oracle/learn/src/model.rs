//! A model: its configuration and its weights, under the names a Mixtral checkpoint has on disk.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::nn::{Prepared, forward};
use crate::rng::CounterRng;
use crate::tensors::{TensorMap, from_slice};
use crate::{Hash32, LearnError, ModelConfig, Result, Target, block};

/// Standard deviation of initial matrices, as in `MixtralConfig.initializer_range`.
const INIT_STD: f32 = 0.02;

/// A Mixtral-shaped decoder with its weights in fp32.
#[derive(Debug)]
pub struct Model {
    config: ModelConfig,
    weights: TensorMap,
    device: Device,
}

impl Model {
    /// A fresh model: norms are 1, matrices normal with deviation 0.02, each counted from the seed by its name.
    pub fn init(config: ModelConfig, seed: &Hash32, device: Device) -> Result<Self> {
        config.validate()?;
        let weights = config
            .tensors()
            .into_iter()
            .map(|(name, shape)| {
                let count = shape.iter().product::<i64>() as usize;
                let values = if shape.len() == 1 {
                    vec![1.0; count]
                } else {
                    let mut values = CounterRng::new(seed, &format!("init/{name}")).normals(0, count);
                    values.iter_mut().for_each(|v| *v *= INIT_STD);
                    values
                };
                (name, from_slice(&values, &shape).to_device(device))
            })
            .collect();
        Ok(Self { config, weights, device })
    }

    /// A model of these weights; every tensor must be there, of its shape, fp32 and finite.
    pub fn from_weights(config: ModelConfig, weights: TensorMap, device: Device) -> Result<Self> {
        config.validate()?;
        weights.check(&config.tensors())?;
        Ok(Self { weights: weights.copy_to(device), config, device })
    }

    /// Its configuration.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Its weights.
    pub fn weights(&self) -> &TensorMap {
        &self.weights
    }

    /// Where it lies.
    pub fn device(&self) -> Device {
        self.device
    }

    /// A deep copy on the same device.
    pub fn copy(&self) -> Self {
        Self { config: self.config.clone(), weights: self.weights.copy_to(self.device), device: self.device }
    }

    /// Logits [rows, positions, vocabulary] of token ids [rows, positions], in fp32.
    pub fn logits(&self, ids: &Tensor) -> Result<Tensor> {
        let size = ids.size();
        let [rows, positions] = size[..] else {
            return Err(LearnError::Shape { name: "ids".into(), found: size, expected: vec![-1, -1] });
        };
        if rows < 1 || !(1..=self.config.max_position_embeddings as i64).contains(&positions) {
            let expected = vec![-1, self.config.max_position_embeddings as i64];
            return Err(LearnError::Shape { name: "ids".into(), found: size, expected });
        }
        let ids = ids.to_device(self.device).to_kind(Kind::Int64);
        let (low, high) = (ids.f_min()?.f_int64_value(&[])?, ids.f_max()?.f_int64_value(&[])?);
        let vocab = self.config.vocab_size as i64;
        if let Some(bad) = [low, high].into_iter().find(|t| !(0..vocab).contains(t)) {
            return Err(LearnError::Items(format!("token {bad} is outside the vocabulary of {vocab}")));
        }
        let prepared = Prepared::new(&self.config, &self.weights, self.device)?;
        Ok(forward(&prepared, &ids, None))
    }

    /// The tensors a target trains: an expert block, the router, or everything. Copies.
    pub fn export(&self, target: Target) -> Result<TensorMap> {
        let names = self.config.trained_tensors(target)?;
        names
            .into_iter()
            .map(|(n, _)| Ok((n.clone(), self.weights.get(&n)?.to_device(Device::Cpu).copy())))
            .collect()
    }

    /// Puts a target's tensors in place, checked for names, shapes and finite values.
    pub fn import(&mut self, target: Target, tensors: &TensorMap) -> Result<()> {
        tensors.check(&self.config.trained_tensors(target)?)?;
        for (name, tensor) in tensors {
            self.weights.insert(name.clone(), tensor.to_device(self.device).copy());
        }
        Ok(())
    }

    /// The base with expert blocks put in place: each index once, of the right names and shapes.
    pub fn compose(&self, experts: &[(u32, &TensorMap)]) -> Result<Self> {
        let mut out = self.copy();
        for (at, (index, tensors)) in experts.iter().enumerate() {
            if experts[..at].iter().any(|(i, _)| i == index) {
                let name = format!("experts.{index}");
                return Err(LearnError::Tensor { name, problem: "given twice" });
            }
            out.import(Target::Expert { index: *index }, tensors)?;
        }
        Ok(out)
    }

    /// The bytes of a tensor block with everything; its BLAKE3 hash is the base's root.
    pub fn to_block(&self) -> Result<Vec<u8>> {
        block::write(&self.weights)
    }

    /// A model from the bytes of a tensor block.
    pub fn from_block(config: ModelConfig, bytes: &[u8], device: Device) -> Result<Self> {
        Self::from_weights(config, block::read(bytes)?, device)
    }

    /// Reads a safetensors checkpoint in fp32, fp16 or bf16.
    pub fn read_safetensors(config: ModelConfig, path: &Path, device: Device) -> Result<Self> {
        let tensors = Tensor::read_safetensors(path)?;
        let weights = tensors.into_iter().map(|(n, t)| (n, t.to_kind(Kind::Float))).collect();
        Self::from_weights(config, weights, device)
    }

    /// Writes a safetensors checkpoint that transformers reads. The file is replaced as a whole or not at
    /// all. Gives its length in bytes.
    pub fn write_safetensors(&self, path: &Path) -> Result<u64> {
        block::write_safetensors(&self.weights, path)
    }

    /// The weights, for the trainer of this crate.
    pub(crate) fn weights_mut(&mut self) -> &mut TensorMap {
        &mut self.weights
    }
}
