//! The architecture of a model, with Hugging Face's field names (`MixtralConfig`), so that a `config.json` of
//! either side reads on the other.

mod keys;
mod read;
mod write;

use crate::{LearnError, Result, Target};

/// Most parameters a model may have here: 2³⁴ (17 G).
const MAX_PARAMETERS: u64 = 1 << 34;

/// A Mixtral-shaped decoder's sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Tokens in the vocabulary; 256 for the byte tokenizer.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside an expert.
    pub intermediate_size: usize,
    /// Decoder layers.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads; divides the query heads.
    pub num_key_value_heads: usize,
    /// Width of a head; `hidden_size / num_attention_heads` where absent.
    pub head_dim: Option<usize>,
    /// Experts of a layer, the shared one (the last) included.
    pub num_local_experts: usize,
    /// Experts a token uses.
    pub num_experts_per_tok: usize,
    /// ε of RMSNorm.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Longest context.
    pub max_position_embeddings: usize,
    /// Whether the output matrix is the embedding.
    pub tie_word_embeddings: bool,
    /// Weight of the load-balancing loss where the router learns.
    pub router_aux_loss_coef: f64,
}

impl ModelConfig {
    /// The demo's model: 0.95 M parameters over bytes; with `experts` experts, the shared one included.
    pub fn demo(experts: usize) -> Self {
        Self {
            vocab_size: 256,
            hidden_size: 128,
            intermediate_size: 256,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            head_dim: None,
            num_local_experts: experts,
            num_experts_per_tok: 2,
            rms_norm_eps: 1e-5,
            rope_theta: 1e4,
            max_position_embeddings: 256,
            tie_word_embeddings: false,
            router_aux_loss_coef: 1e-3,
        }
    }

    /// A model small enough for tests: 2 layers of width 32, three experts of 48, context 32.
    pub fn tiny() -> Self {
        Self {
            hidden_size: 32,
            intermediate_size: 48,
            num_local_experts: 3,
            max_position_embeddings: 32,
            ..Self::demo(3)
        }
    }

    /// Reads a `config.json` of transformers 4 or 5 and checks it. What is absent has the value that `MixtralConfig`
    /// gives it. A key that changes what a model computes, other than the sizes here, is refused by name: scaled or
    /// partial rotary positions, windows shorter than the context, biases, other activations and routers.
    pub fn from_json(text: &str) -> Result<Self> {
        let config = read::read(&serde_json::from_str(text)?)?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every bound; everything else here and in [`crate::model`] relies on it.
    pub fn validate(&self) -> Result<()> {
        let range = |field, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(refused(field, value, format!("{low} to {high}")))
            }
        };
        range("vocab_size", self.vocab_size, 2, 1 << 20)?;
        range("hidden_size", self.hidden_size, 1, 1 << 16)?;
        range("intermediate_size", self.intermediate_size, 1, 1 << 18)?;
        range("num_hidden_layers", self.num_hidden_layers, 1, 512)?;
        range("num_attention_heads", self.num_attention_heads, 1, 1024)?;
        range("num_key_value_heads", self.num_key_value_heads, 1, self.num_attention_heads)?;
        range("num_local_experts", self.num_local_experts, 1, 1024)?;
        range("num_experts_per_tok", self.num_experts_per_tok, 1, self.num_local_experts)?;
        range("max_position_embeddings", self.max_position_embeddings, 2, 1 << 20)?;
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            return Err(refused(
                "num_key_value_heads",
                self.num_key_value_heads,
                format!("a divisor of {}", self.num_attention_heads),
            ));
        }
        match self.head_dim {
            Some(d) => range("head_dim", d, 2, 1024)?,
            None if !self.hidden_size.is_multiple_of(self.num_attention_heads) => {
                let wanted = format!("a multiple of {}", self.num_attention_heads);
                return Err(refused("hidden_size", self.hidden_size, wanted));
            }
            None => {}
        }
        if !self.head_size().is_multiple_of(2) {
            return Err(refused("head_dim", self.head_size(), "an even number"));
        }
        let float = |field, value: f64, low: f64, high: f64| {
            if value.is_finite() && (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(refused(field, value, format!("{low} to {high}")))
            }
        };
        float("rms_norm_eps", self.rms_norm_eps, 1e-12, 1e-1)?;
        float("rope_theta", self.rope_theta, 1.0, 1e9)?;
        float("router_aux_loss_coef", self.router_aux_loss_coef, 0.0, 10.0)?;
        match self.parameters() {
            n if n <= MAX_PARAMETERS => Ok(()),
            n => Err(refused("parameters", n, format!("at most {MAX_PARAMETERS}"))),
        }
    }

    /// Width of a head.
    pub fn head_size(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads.max(1))
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        let (h, d) = (self.hidden_size as u64, self.head_size() as u64);
        let heads = 2 * (self.num_attention_heads as u64 + self.num_key_value_heads as u64);
        let experts = self.num_local_experts as u64 * (3 * h * self.intermediate_size as u64 + h);
        let outer = if self.tie_word_embeddings { 1 } else { 2 } * self.vocab_size as u64 * h;
        outer + h + self.num_hidden_layers as u64 * (heads * d * h + experts + 2 * h)
    }

    /// Names and shapes of the tensors of one expert across all layers, as a Mixtral checkpoint names them.
    pub fn expert_tensors(&self, index: usize) -> Vec<(String, Vec<i64>)> {
        let (h, i) = (self.hidden_size as i64, self.intermediate_size as i64);
        let mut out = Vec::new();
        for layer in 0..self.num_hidden_layers {
            let at = format!("model.layers.{layer}.block_sparse_moe.experts.{index}");
            out.push((format!("{at}.w1.weight"), vec![i, h]));
            out.push((format!("{at}.w2.weight"), vec![h, i]));
            out.push((format!("{at}.w3.weight"), vec![i, h]));
        }
        out
    }

    /// Names and shapes of the router's tensors.
    pub fn router_tensors(&self) -> Vec<(String, Vec<i64>)> {
        let shape = vec![self.num_local_experts as i64, self.hidden_size as i64];
        (0..self.num_hidden_layers)
            .map(|l| (format!("model.layers.{l}.block_sparse_moe.gate.weight"), shape.clone()))
            .collect()
    }

    /// Names and shapes of every tensor of the model.
    pub fn tensors(&self) -> Vec<(String, Vec<i64>)> {
        let (h, v, d) = (self.hidden_size as i64, self.vocab_size as i64, self.head_size() as i64);
        let (q, kv) = (self.num_attention_heads as i64 * d, self.num_key_value_heads as i64 * d);
        let mut out = vec![("model.embed_tokens.weight".to_owned(), vec![v, h])];
        if !self.tie_word_embeddings {
            out.push(("lm_head.weight".to_owned(), vec![v, h]));
        }
        out.push(("model.norm.weight".to_owned(), vec![h]));
        for layer in 0..self.num_hidden_layers {
            let at = format!("model.layers.{layer}");
            out.push((format!("{at}.input_layernorm.weight"), vec![h]));
            out.push((format!("{at}.post_attention_layernorm.weight"), vec![h]));
            out.push((format!("{at}.self_attn.q_proj.weight"), vec![q, h]));
            out.push((format!("{at}.self_attn.k_proj.weight"), vec![kv, h]));
            out.push((format!("{at}.self_attn.v_proj.weight"), vec![kv, h]));
            out.push((format!("{at}.self_attn.o_proj.weight"), vec![h, q]));
        }
        out.extend(self.router_tensors());
        (0..self.num_local_experts).for_each(|e| out.extend(self.expert_tensors(e)));
        out
    }

    /// Names and shapes of what a target trains. Refuses experts the model lacks and the shared one.
    pub fn trained_tensors(&self, target: Target) -> Result<Vec<(String, Vec<i64>)>> {
        match target {
            Target::Base {} => Ok(self.tensors()),
            Target::Router {} => Ok(self.router_tensors()),
            Target::Expert { index } if (index as usize) + 1 < self.num_local_experts => {
                Ok(self.expert_tensors(index as usize))
            }
            Target::Expert { index } => Err(LearnError::Expert { index, experts: self.num_local_experts }),
        }
    }

    /// The shared expert: the last index.
    pub fn shared_expert(&self) -> usize {
        self.num_local_experts - 1
    }
}

fn refused(field: impl Into<String>, found: impl ToString, expected: impl ToString) -> LearnError {
    LearnError::Config { field: field.into(), found: found.to_string(), expected: expected.to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_demo_has_0_95_million_parameters_and_every_tensor_once() {
        let config = ModelConfig::demo(4);
        config.validate().unwrap();
        let tensors = config.tensors();
        let count: i64 = tensors.iter().map(|(_, s)| s.iter().product::<i64>()).sum();
        assert_eq!(count as u64, config.parameters());
        assert_eq!(config.parameters(), 951_936);
        let names: std::collections::BTreeSet<_> = tensors.iter().map(|(n, _)| n).collect();
        assert_eq!(names.len(), tensors.len());
    }

    #[test]
    fn the_shared_expert_and_missing_experts_cannot_be_trained() {
        let config = ModelConfig::demo(4);
        assert!(config.trained_tensors(Target::Expert { index: 2 }).is_ok());
        for index in [3, 4, u32::MAX] {
            assert!(matches!(
                config.trained_tensors(Target::Expert { index }),
                Err(LearnError::Expert { .. })
            ));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,200}") {
            let _ = ModelConfig::from_json(&text);
        }

        #[test]
        fn any_sizes_are_accepted_or_refused_without_a_panic(sizes in proptest::collection::vec(any::<usize>(), 9)) {
            let config = ModelConfig {
                vocab_size: sizes[0], hidden_size: sizes[1], intermediate_size: sizes[2],
                num_hidden_layers: sizes[3], num_attention_heads: sizes[4], num_key_value_heads: sizes[5],
                num_local_experts: sizes[6], num_experts_per_tok: sizes[7], max_position_embeddings: sizes[8],
                ..ModelConfig::demo(4)
            };
            let _ = config.validate();
        }
    }
}
