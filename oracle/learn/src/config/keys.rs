//! Keys of a `config.json` that are not sizes of a [`crate::ModelConfig`], and the values with which they leave what
//! the model computes as it is. A key that stands nowhere here is refused by name: nobody knows what it changes.

use serde_json::Value;

/// Values with which a key changes nothing. Null, which stands for "not set", is one for every key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Neutral {
    /// Whatever it is: the key is about names, token ids, sampling or how a program works, not about numbers.
    Any,
    /// `false`.
    False,
    /// `true`.
    True,
    /// 0, as a number of either kind.
    Zero,
    /// 1, as a number of either kind.
    One,
    /// An empty list or object.
    Empty,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of this word alone.
    Each(&'static str),
}

use Neutral::{Any, Each, Empty, False, One, True, Word, Zero};

impl Neutral {
    pub(super) fn holds(self, value: &Value) -> bool {
        let word = |value: &Value, words: &[&str]| value.as_str().is_some_and(|v| words.contains(&v));
        value.is_null()
            || match self {
                Any => true,
                False => value == &Value::Bool(false),
                True => value == &Value::Bool(true),
                Zero => value.as_f64() == Some(0.0),
                One => value.as_f64() == Some(1.0),
                Empty => {
                    value.as_array().is_some_and(Vec::is_empty)
                        || value.as_object().is_some_and(serde_json::Map::is_empty)
                }
                Word(words) => word(value, words),
                Each(one) => value.as_array().is_some_and(|list| list.iter().all(|v| word(v, &[one]))),
            }
    }

    /// What would have been accepted, for a refusal.
    pub(super) fn expected(self) -> String {
        match self {
            Any => "anything".to_owned(),
            False => "false or absent".to_owned(),
            True => "true or absent".to_owned(),
            Zero => "0 or absent".to_owned(),
            One => "1 or absent".to_owned(),
            Empty => "empty or absent".to_owned(),
            Word(words) => format!("{} or absent", words.join(" or ")),
            Each(one) => format!("{one} alone, or absent"),
        }
    }
}

/// The values with which a key changes nothing; none if the key is unknown.
pub(super) fn neutral(key: &str) -> Option<Neutral> {
    NEUTRAL.iter().find(|(_, keys)| keys.contains(&key)).map(|(values, _)| *values)
}

const NEUTRAL: &[(Neutral, &[&str])] = &[
    // Names and bookkeeping of a checkpoint.
    (
        Any,
        &[
            "_commit_hash",
            "_name_or_path",
            "finetuning_task",
            "id2label",
            "label2id",
            "name_or_path",
            "num_labels",
            "prefix",
            "problem_type",
            "task_specific_params",
            "tokenizer_class",
            "transformers_version",
        ],
    ),
    // Token ids, and how text is drawn from the model.
    (
        Any,
        &[
            "bad_words_ids",
            "begin_suppress_tokens",
            "bos_token_id",
            "decoder_start_token_id",
            "diversity_penalty",
            "do_sample",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "eos_token_id",
            "exponential_decay_length_penalty",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "length_penalty",
            "max_length",
            "max_new_tokens",
            "min_length",
            "no_repeat_ngram_size",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "pad_token_id",
            "remove_invalid_values",
            "repetition_penalty",
            "sep_token_id",
            "suppress_tokens",
            "temperature",
            "top_k",
            "top_p",
            "typical_p",
        ],
    ),
    // How a program runs the model and what it hands out; numbers here are fp32 whatever is asked for.
    (
        Any,
        &[
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_experts_implementation",
            "attn_implementation",
            "chunk_size_feed_forward",
            "dtype",
            "experts_implementation",
            "gradient_checkpointing",
            "initializer_range",
            "is_decoder",
            "output_attentions",
            "output_hidden_states",
            "output_router_logits",
            "output_scores",
            "return_dict",
            "return_dict_in_generate",
            "tf_legacy_loss",
            "torch_dtype",
            "torchscript",
            "use_bfloat16",
            "use_cache",
        ],
    ),
    // Reached only with sliding windows, which are refused.
    (Any, &["max_window_layers"]),
    // Other kinds of model.
    (Word(&["mixtral"]), &["model_type"]),
    (Each("MixtralForCausalLM"), &["architectures"]),
    (False, &["add_cross_attention", "is_encoder_decoder", "tie_encoder_decoder"]),
    (Empty, &["auto_map", "pruned_heads"]),
    // Attention.
    (
        False,
        &[
            "add_bias_linear",
            "add_qkv_bias",
            "alibi",
            "attention_bias",
            "attention_out_bias",
            "attention_qkv_bias",
            "attn_bias",
            "lm_head_bias",
            "mlp_bias",
            "qk_layernorm",
            "qk_norm",
            "qkv_bias",
            "rope_interleave",
            "rope_interleaved",
            "use_bias",
            "use_parallel_residual",
            "use_qk_norm",
            "use_qkv_bias",
            "use_sliding_window",
        ],
    ),
    (One, &["partial_rotary_factor", "rotary_pct"]),
    (Each("full_attention"), &["layer_types"]),
    // Activations and scales.
    (Word(&["silu", "swish"]), &["hidden_act", "hidden_activation"]),
    (
        One,
        &[
            "embedding_multiplier",
            "logit_scale",
            "logits_scaling",
            "pretraining_tp",
            "residual_multiplier",
            "routed_scaling_factor",
        ],
    ),
    // Experts: every layer has them, the router's weights of the chosen ones sum to 1.
    (True, &["norm_topk_prob"]),
    (One, &["decoder_sparse_step", "moe_layer_freq"]),
    (Empty, &["mlp_only_layers"]),
    (Each("sparse"), &["mlp_layer_types"]),
    (Word(&["softmax"]), &["scoring_func"]),
    (
        Zero,
        &[
            "first_k_dense_replace",
            "n_shared_experts",
            "num_nextn_predict_layers",
            "num_shared_experts",
            "shared_expert_intermediate_size",
        ],
    ),
    // Noise in training; the trainer here has none.
    (
        Zero,
        &[
            "attention_dropout",
            "attention_probs_dropout_prob",
            "attn_pdrop",
            "dropout",
            "embd_pdrop",
            "hidden_dropout",
            "hidden_dropout_prob",
            "resid_pdrop",
            "router_jitter_noise",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_in_one_place_of_the_table() {
        let mut keys: Vec<_> = NEUTRAL.iter().flat_map(|(_, keys)| keys.iter()).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}
