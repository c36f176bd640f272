//! A configuration as `config.json`: a `MixtralConfig` of transformers 4 and 5, complete enough for `AutoConfig`.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::ModelConfig;

impl Serialize for ModelConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("architectures", &["MixtralForCausalLM"])?;
        map.serialize_entry("model_type", "mixtral")?;
        map.serialize_entry("vocab_size", &self.vocab_size)?;
        map.serialize_entry("hidden_size", &self.hidden_size)?;
        map.serialize_entry("intermediate_size", &self.intermediate_size)?;
        map.serialize_entry("num_hidden_layers", &self.num_hidden_layers)?;
        map.serialize_entry("num_attention_heads", &self.num_attention_heads)?;
        map.serialize_entry("num_key_value_heads", &self.num_key_value_heads)?;
        if let Some(head_dim) = self.head_dim {
            map.serialize_entry("head_dim", &head_dim)?;
        }
        map.serialize_entry("hidden_act", "silu")?;
        map.serialize_entry("num_local_experts", &self.num_local_experts)?;
        map.serialize_entry("num_experts_per_tok", &self.num_experts_per_tok)?;
        map.serialize_entry("rms_norm_eps", &self.rms_norm_eps)?;
        // Both versions read this key; `rope_parameters` only one of them.
        map.serialize_entry("rope_theta", &self.rope_theta)?;
        map.serialize_entry("max_position_embeddings", &self.max_position_embeddings)?;
        map.serialize_entry("sliding_window", &())?;
        map.serialize_entry("tie_word_embeddings", &self.tie_word_embeddings)?;
        map.serialize_entry("router_aux_loss_coef", &self.router_aux_loss_coef)?;
        // Tokens are bytes: the family's defaults, 1 and 2, would begin and end text at bytes that mean neither.
        map.serialize_entry("bos_token_id", &())?;
        map.serialize_entry("eos_token_id", &())?;
        map.end()
    }
}
