//! Which `config.json` is read, with what values, and which key of it is refused by name.

use lyceum_learn::{LearnError, ModelConfig};
use serde_json::{Value, json};

/// What transformers 4.57 writes for a `MixtralConfig` of small sizes, defaults and all.
fn of_transformers_4() -> Value {
    serde_json::from_str(
        r#"{
        "_name_or_path": "", "add_cross_attention": false, "architectures": ["MixtralForCausalLM"],
        "attention_dropout": 0.0, "bad_words_ids": null, "begin_suppress_tokens": null, "bos_token_id": 1,
        "chunk_size_feed_forward": 0, "cross_attention_hidden_size": null, "decoder_start_token_id": null,
        "diversity_penalty": 0.0, "do_sample": false, "dtype": "float32", "early_stopping": false,
        "encoder_no_repeat_ngram_size": 0, "eos_token_id": 2, "exponential_decay_length_penalty": null,
        "finetuning_task": null, "forced_bos_token_id": null, "forced_eos_token_id": null, "head_dim": null,
        "hidden_act": "silu", "hidden_size": 32, "id2label": {"0": "LABEL_0", "1": "LABEL_1"},
        "initializer_range": 0.02, "intermediate_size": 48, "is_decoder": false, "is_encoder_decoder": false,
        "label2id": {"LABEL_0": 0, "LABEL_1": 1}, "length_penalty": 1.0, "max_length": 20,
        "max_position_embeddings": 32, "min_length": 0, "model_type": "mixtral", "no_repeat_ngram_size": 0,
        "num_attention_heads": 4, "num_beam_groups": 1, "num_beams": 1, "num_experts_per_tok": 2,
        "num_hidden_layers": 2, "num_key_value_heads": 2, "num_local_experts": 3, "num_return_sequences": 1,
        "output_attentions": false, "output_hidden_states": false, "output_router_logits": false,
        "output_scores": false, "pad_token_id": null, "prefix": null, "problem_type": null, "pruned_heads": {},
        "remove_invalid_values": false, "repetition_penalty": 1.0, "return_dict": true,
        "return_dict_in_generate": false, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "router_aux_loss_coef": 0.001, "router_jitter_noise": 0.0, "sep_token_id": null,
        "sliding_window": null, "suppress_tokens": null, "task_specific_params": null, "temperature": 1.0,
        "tf_legacy_loss": false, "tie_encoder_decoder": false, "tie_word_embeddings": false,
        "tokenizer_class": null, "top_k": 50, "top_p": 1.0, "torchscript": false, "transformers_version": "4.57.1",
        "typical_p": 1.0, "use_bfloat16": false, "use_cache": true, "vocab_size": 256
        }"#,
    )
    .unwrap()
}

fn read(value: &Value) -> Result<ModelConfig, LearnError> {
    ModelConfig::from_json(&value.to_string())
}

/// The small configuration with these keys instead.
fn with(change: &Value) -> Value {
    let mut value = of_transformers_4();
    for (key, new) in change.as_object().unwrap() {
        value[key] = new.clone();
    }
    value
}

fn without(keys: &[&str]) -> Value {
    let mut value = of_transformers_4();
    for key in keys {
        value.as_object_mut().unwrap().remove(*key).expect(key);
    }
    value
}

/// The key that a refusal names.
fn refused(value: &Value) -> String {
    match read(value) {
        Err(LearnError::Config { field, .. }) => field,
        other => panic!("{value} gave {other:?}"),
    }
}

#[test]
fn what_transformers_4_writes_is_read_and_what_is_written_is_read_back() {
    assert_eq!(read(&of_transformers_4()).unwrap(), ModelConfig::tiny());
    let other =
        ModelConfig { head_dim: Some(6), rope_theta: 5e5, tie_word_embeddings: true, ..ModelConfig::tiny() };
    for config in [ModelConfig::tiny(), ModelConfig::demo(4), other] {
        assert_eq!(read(&serde_json::to_value(&config).unwrap()).unwrap(), config);
    }
}

#[test]
fn what_is_written_says_what_a_tool_needs_to_know_to_load_it() {
    let written = serde_json::to_string_pretty(&ModelConfig::tiny()).unwrap();
    let golden = r#"{
  "architectures": [
    "MixtralForCausalLM"
  ],
  "model_type": "mixtral",
  "vocab_size": 256,
  "hidden_size": 32,
  "intermediate_size": 48,
  "num_hidden_layers": 2,
  "num_attention_heads": 4,
  "num_key_value_heads": 2,
  "hidden_act": "silu",
  "num_local_experts": 3,
  "num_experts_per_tok": 2,
  "rms_norm_eps": 0.00001,
  "rope_theta": 10000.0,
  "max_position_embeddings": 32,
  "sliding_window": null,
  "tie_word_embeddings": false,
  "router_aux_loss_coef": 0.001,
  "bos_token_id": null,
  "eos_token_id": null
}"#;
    assert_eq!(written, golden);
}

#[test]
fn what_is_absent_has_the_default_of_the_family() {
    for without_type in [false, true] {
        let mut keys = vec![
            "rope_theta",
            "rms_norm_eps",
            "router_aux_loss_coef",
            "head_dim",
            "sliding_window",
            "hidden_act",
            "tie_word_embeddings",
            "num_experts_per_tok",
            "architectures",
        ];
        keys.extend(without_type.then_some("model_type"));
        let config = read(&without(&keys)).unwrap();
        assert_eq!(config, ModelConfig { rope_theta: 1e6, ..ModelConfig::tiny() });
    }
    let heads = without(&["num_key_value_heads"]);
    assert_eq!(refused(&heads), "num_key_value_heads", "8 are more than the 4 query heads");
    assert_eq!(read(&with(&json!({"num_key_value_heads": null}))).unwrap().num_key_value_heads, 4);
    assert_eq!(read(&without(&["num_local_experts"])).unwrap().num_local_experts, 8);
    assert_eq!(read(&without(&["max_position_embeddings"])).unwrap().max_position_embeddings, 131_072);
    assert_eq!(refused(&json!({})), "parameters", "the whole family's default has 47 G");
}

#[test]
fn the_rotary_base_is_read_wherever_it_stands_and_must_be_one() {
    let at = |theta: Value| with(&json!({"rope_theta": theta}));
    assert_eq!(read(&at(json!(10_000))).unwrap().rope_theta, 1e4);
    for kind in [
        json!({"rope_type": "default", "rope_theta": 5e5}),
        json!({"rope_theta": 5e5}),
        json!({"type": "default", "rope_theta": 5e5, "factor": null}),
    ] {
        for key in ["rope_parameters", "rope_scaling"] {
            let mut value = without(&["rope_theta"]);
            value[key] = kind.clone();
            assert_eq!(read(&value).unwrap().rope_theta, 5e5);
            value["rope_theta"] = Value::Null;
            assert_eq!(read(&value).unwrap().rope_theta, 5e5);
            value["rope_theta"] = json!(5e5);
            assert_eq!(read(&value).unwrap().rope_theta, 5e5);
            value["rope_theta"] = json!(1e4);
            assert_eq!(refused(&value), "rope_theta");
        }
    }
    for nothing in
        [json!(null), json!({}), json!({"rope_type": "default"}), json!({"partial_rotary_factor": 1.0})]
    {
        let both = with(&json!({"rope_parameters": nothing, "rope_scaling": nothing}));
        assert_eq!(read(&both).unwrap().rope_theta, 1e4);
    }
    let two = with(&json!({"rope_parameters": {"rope_theta": 1e4}, "rope_scaling": {"rope_theta": 2e4}}));
    assert_eq!(refused(&two), "rope_scaling.rope_theta");
    assert_eq!(refused(&at(json!("1e4"))), "rope_theta");
    assert_eq!(
        refused(&with(&json!({"rope_parameters": {"rope_theta": "1e4"}}))),
        "rope_parameters.rope_theta"
    );
}

#[test]
fn every_form_of_other_rotary_positions_is_refused_by_name() {
    let forms = [
        (json!({"type": "linear", "factor": 4.0}), "type"),
        (json!({"rope_type": "linear", "factor": 4.0}), "rope_type"),
        (json!({"factor": 4.0, "rope_type": "dynamic"}), "rope_type"),
        (json!({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}), "type"),
        (json!({"rope_type": "longrope", "short_factor": [1.0], "long_factor": [2.0]}), "rope_type"),
        (json!({"type": "su"}), "type"),
        (json!({"rope_type": "llama3", "low_freq_factor": 1.0}), "rope_type"),
        (json!({"rope_type": "default", "mrope_section": [2, 2]}), "mrope_section"),
        (json!({"type": "linear", "rope_type": "default"}), "type"),
        (json!({"rope_type": 3}), "rope_type"),
        (json!({"factor": 4.0}), "factor"),
        (json!({"rope_theta": 1e4, "partial_rotary_factor": 0.5}), "partial_rotary_factor"),
        (json!({"full_attention": {"rope_type": "yarn", "factor": 4.0}}), "full_attention"),
        (
            json!({"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}),
            "full_attention",
        ),
    ];
    for (form, inner) in forms {
        for (key, other) in [("rope_parameters", "rope_scaling"), ("rope_scaling", "rope_parameters")] {
            for beside in [json!(null), json!({"rope_type": "default", "rope_theta": 1e4})] {
                let value = with(&json!({key: form, other: beside}));
                assert_eq!(refused(&value), format!("{key}.{inner}"), "{value}");
            }
        }
    }
    for wrong in [json!("linear"), json!(4.0), json!([]), json!(false)] {
        assert_eq!(refused(&with(&json!({"rope_scaling": wrong}))), "rope_scaling");
    }
}

#[test]
fn a_key_that_changes_what_is_computed_is_refused_by_name() {
    for (key, value) in [
        ("model_type", json!("qwen3_moe")),
        ("architectures", json!(["MixtralForSequenceClassification"])),
        ("hidden_act", json!("gelu")),
        ("hidden_act", json!(1)),
        ("attention_bias", json!(true)),
        ("mlp_bias", json!(true)),
        ("qkv_bias", json!(true)),
        ("use_qk_norm", json!(true)),
        ("partial_rotary_factor", json!(0.5)),
        ("rope_local_base_freq", json!(1e4)),
        ("sliding_window", json!(16)),
        ("sliding_window", json!(31)),
        ("sliding_window", json!("16")),
        ("use_sliding_window", json!(true)),
        ("layer_types", json!(["sliding_attention", "full_attention"])),
        ("layer_types", json!(["full_attention"])),
        ("attn_logit_softcapping", json!(50.0)),
        ("final_logit_softcapping", json!(30.0)),
        ("attention_multiplier", json!(0.0078125)),
        ("residual_multiplier", json!(0.22)),
        ("query_pre_attn_scalar", json!(256)),
        ("clip_qkv", json!(8.0)),
        ("quantization_config", json!({"quant_method": "fp8"})),
        ("norm_topk_prob", json!(false)),
        ("scoring_func", json!("sigmoid")),
        ("n_shared_experts", json!(1)),
        ("shared_expert_intermediate_size", json!(48)),
        ("moe_intermediate_size", json!(24)),
        ("first_k_dense_replace", json!(1)),
        ("mlp_only_layers", json!([0])),
        ("num_experts", json!(4)),
        ("router_jitter_noise", json!(0.1)),
        ("attention_dropout", json!(0.1)),
        ("layer_norm_eps", json!(1e-5)),
        ("auto_map", json!({"AutoModel": "modeling.Other"})),
        ("is_encoder_decoder", json!(true)),
        ("a_key_of_tomorrow", json!(0)),
    ] {
        assert_eq!(refused(&with(&json!({key: value}))), key, "{value}");
    }
}

#[test]
fn a_key_that_changes_nothing_is_allowed() {
    let same = |change: Value| assert_eq!(read(&with(&change)).unwrap(), ModelConfig::tiny(), "{change}");
    same(json!({"attention_bias": false, "mlp_bias": false, "use_qk_norm": false, "qkv_bias": null}));
    same(json!({"partial_rotary_factor": 1, "norm_topk_prob": true, "hidden_act": "swish"}));
    same(json!({"sliding_window": 32, "max_window_layers": 1, "use_sliding_window": false}));
    same(json!({"layer_types": ["full_attention", "full_attention"], "mlp_only_layers": []}));
    same(json!({"torch_dtype": "bfloat16", "eos_token_id": [2, 3], "quantization_config": null}));
    same(json!({"num_experts": 3, "router_jitter_noise": 0, "a_key_of_tomorrow": null}));
    let mut alias = without(&["num_local_experts"]);
    alias["num_experts"] = json!(3);
    assert_eq!(read(&alias).unwrap(), ModelConfig::tiny());
}

#[test]
fn sizes_out_of_bounds_or_of_another_type_are_refused_by_name() {
    for (key, value) in [
        ("vocab_size", json!(0)),
        ("vocab_size", json!("256")),
        ("hidden_size", json!(0)),
        ("hidden_size", json!(30)),
        ("hidden_size", json!(1u64 << 40)),
        ("hidden_size", json!(null)),
        ("intermediate_size", json!(48.5)),
        ("num_hidden_layers", json!(-1)),
        ("num_key_value_heads", json!(3)),
        ("num_experts_per_tok", json!(5)),
        ("num_local_experts", json!(0)),
        ("head_dim", json!(7)),
        ("rms_norm_eps", json!(-1.0)),
        ("rope_theta", json!(0.0)),
        ("router_aux_loss_coef", json!(true)),
        ("tie_word_embeddings", json!("no")),
        ("max_position_embeddings", json!(1)),
    ] {
        assert_eq!(refused(&with(&json!({key: value}))), key, "{value}");
    }
    assert_eq!(refused(&json!([])), "config.json");
    assert!(matches!(ModelConfig::from_json("{"), Err(LearnError::Json(_))));
}
