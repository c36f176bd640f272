//! A state of the chain: the weights that are trained, Adam's m and v, and the step. The seed is the whole of the
//! RNG's state, since every random number is counted from it.

use lyceum_api::canonical::Encoder;
use lyceum_api::manifest::{salted_state, state_root};
use tch::Device;

use crate::block;
use crate::tensors::TensorMap;
use crate::{Hash32, LearnError, ModelConfig, Result, Target};

/// Weights, optimizer and step; tensors lie on the CPU in fp32.
#[derive(Debug, Default)]
pub struct State {
    /// Steps taken.
    pub step: u64,
    /// The trained weights.
    pub w: TensorMap,
    /// First moments.
    pub m: TensorMap,
    /// Second moments.
    pub v: TensorMap,
}

impl State {
    /// `r₀`'s state: a parent's weights with an empty optimizer at step 0.
    pub fn initial(parent: &TensorMap) -> Self {
        let w = parent.copy_to(Device::Cpu);
        Self { step: 0, m: w.zeros_like(), v: w.zeros_like(), w }
    }

    /// A deep copy.
    pub fn copy(&self) -> Self {
        let copy = |t: &TensorMap| t.copy_to(Device::Cpu);
        Self { step: self.step, w: copy(&self.w), m: copy(&self.m), v: copy(&self.v) }
    }

    /// Checks names, shapes and values against what a target trains; v must not be negative.
    pub fn check(&self, config: &ModelConfig, target: Target) -> Result<()> {
        let expected = config.trained_tensors(target)?;
        self.w.check(&expected)?;
        self.m.check(&expected)?;
        self.v.check(&expected)?;
        for (name, v) in &self.v {
            if v.f_min()?.f_double_value(&[])? < 0.0 {
                return Err(LearnError::NotFinite { name: format!("v/{name}") });
            }
        }
        Ok(())
    }

    /// The tensor block of a state: tensors `m/…`, `v/…` and `w/…`. The step is not in it but in the root.
    pub fn to_block(&self) -> Result<Vec<u8>> {
        let mut all = TensorMap::new();
        for (part, tensors) in [("w", &self.w), ("m", &self.m), ("v", &self.v)] {
            tensors.iter().for_each(|(n, t)| all.insert(format!("{part}/{n}"), t.shallow_clone()));
        }
        block::write(&all)
    }

    /// Reads a state's block; the caller checks it with [`State::check`] before training from it.
    pub fn from_block(bytes: &[u8], step: u64) -> Result<Self> {
        let mut state = Self { step, ..Self::default() };
        for (name, tensor) in block::read(bytes)?.iter() {
            let (part, rest) = name.split_once('/').unwrap_or(("", name));
            let into = match part {
                "w" => &mut state.w,
                "m" => &mut state.m,
                "v" => &mut state.v,
                _ => return Err(LearnError::Tensor { name: name.clone(), problem: "unexpected" }),
            };
            into.insert(rest, tensor.shallow_clone());
        }
        Ok(state)
    }

    /// The root of the state before salting: step, seed and the content root of its block.
    pub fn root(&self, seed: &Hash32) -> Result<Hash32> {
        Ok(root_of_block(self.step, seed, &self.to_block()?))
    }
}

/// The root of a state whose block is at hand.
pub fn root_of_block(step: u64, seed: &Hash32, block: &[u8]) -> Hash32 {
    state_root(step, seed, &Hash32::of(block))
}

/// The salt of state `j` from a secret that the trainer keeps for the run.
pub fn salt(secret: &Hash32, j: u32) -> Hash32 {
    let mut e = Encoder::new("lyceum/state-salt", 1);
    e.hash(secret).u32(j);
    e.digest()
}

/// `r₀ … rₙ`: the roots of a run's states, salted from its secret.
pub fn salted(secret: &Hash32, roots: &[Hash32]) -> Vec<Hash32> {
    (0..).zip(roots).map(|(j, root)| salted_state(&salt(secret, j), root)).collect()
}
