//! Weights made ready for a pass: cast to the device's compute kind, and matrices that share an input joined, so
//! that one product serves q, k and v, and one serves an expert's gate and up projections.

use tch::{Device, Kind, Tensor};

use super::rotary_tables;
use crate::device::compute_kind;
use crate::tensors::TensorMap;
use crate::{ModelConfig, Result};

/// One layer's weights.
#[derive(Debug)]
pub(crate) struct Layer {
    pub norm_in: Tensor,
    pub norm_post: Tensor,
    /// [q + 2·kv, hidden]
    pub qkv: Tensor,
    /// [hidden, q]
    pub o: Tensor,
    /// [experts, hidden]
    pub gate: Tensor,
    pub experts: Vec<Expert>,
}

/// One expert's weights.
#[derive(Debug)]
pub(crate) struct Expert {
    /// [2·intermediate, hidden]: w1 above w3.
    pub w13: Tensor,
    /// [hidden, intermediate]
    pub w2: Tensor,
}

/// A model ready for a pass.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub config: ModelConfig,
    pub device: Device,
    pub kind: Kind,
    /// Whether attention's backward comes from autograd: everywhere but on the CPU.
    pub autograd: bool,
    pub embed: Tensor,
    pub norm: Tensor,
    pub head: Tensor,
    pub layers: Vec<Layer>,
    /// Rotary cosines and sines, each [positions, head / 2], fp32.
    pub cos: Tensor,
    pub sin: Tensor,
}

impl Prepared {
    /// From a model's weights; nothing is copied on the CPU but what is joined.
    pub fn new(config: &ModelConfig, weights: &TensorMap, device: Device) -> Result<Self> {
        Self::with(config, weights, device, compute_kind(device), device != Device::Cpu)
    }

    /// The same with the kind and the way of attention given, so that tests can walk a GPU's way on a CPU.
    pub fn with(
        config: &ModelConfig,
        weights: &TensorMap,
        device: Device,
        kind: Kind,
        autograd: bool,
    ) -> Result<Self> {
        let cast = |name: &str| -> Result<Tensor> { Ok(weights.get(name)?.to_kind(kind)) };
        let plain = |name: &str| -> Result<Tensor> { Ok(weights.get(name)?.shallow_clone()) };
        let layers = (0..config.num_hidden_layers)
            .map(|layer| {
                let at = format!("model.layers.{layer}");
                let qkv: Vec<_> = ["q", "k", "v"]
                    .iter()
                    .map(|p| weights.get(&format!("{at}.self_attn.{p}_proj.weight")))
                    .collect::<Result<_>>()?;
                Ok(Layer {
                    norm_in: plain(&format!("{at}.input_layernorm.weight"))?,
                    norm_post: plain(&format!("{at}.post_attention_layernorm.weight"))?,
                    qkv: Tensor::cat(&qkv, 0).to_kind(kind),
                    o: cast(&format!("{at}.self_attn.o_proj.weight"))?,
                    gate: cast(&format!("{at}.block_sparse_moe.gate.weight"))?,
                    experts: (0..config.num_local_experts)
                        .map(|e| Self::expert(weights, layer, e, kind))
                        .collect::<Result<_>>()?,
                })
            })
            .collect::<Result<_>>()?;
        let embed = cast("model.embed_tokens.weight")?;
        let head = if config.tie_word_embeddings { embed.shallow_clone() } else { cast("lm_head.weight")? };
        let (cos, sin) = rotary_tables(config, device);
        let norm = plain("model.norm.weight")?;
        Ok(Self { config: config.clone(), device, kind, autograd, embed, norm, head, layers, cos, sin })
    }

    fn expert(weights: &TensorMap, layer: usize, expert: usize, kind: Kind) -> Result<Expert> {
        let at = format!("model.layers.{layer}.block_sparse_moe.experts.{expert}");
        let (w1, w3) = (weights.get(&format!("{at}.w1.weight"))?, weights.get(&format!("{at}.w3.weight"))?);
        let w2 = weights.get(&format!("{at}.w2.weight"))?.to_kind(kind);
        Ok(Expert { w13: Tensor::cat(&[w1, w3], 0).to_kind(kind), w2 })
    }

    /// Takes one expert's changed weights over, leaving the rest as it is.
    pub fn refresh_expert(&mut self, weights: &TensorMap, index: usize) -> Result<()> {
        for (l, layer) in self.layers.iter_mut().enumerate() {
            layer.experts[index] = Self::expert(weights, l, index, self.kind)?;
        }
        Ok(())
    }
}
