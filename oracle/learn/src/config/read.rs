//! A `config.json` read key by key: what is absent has the value that `MixtralConfig` gives it, and what this decoder
//! does not compute is refused by name.

use serde_json::{Map, Value};

use super::keys::{Neutral, neutral};
use super::{ModelConfig, refused};
use crate::Result;

/// Characters of a value that are shown in a refusal.
const SHOWN: usize = 60;

/// Keys of [`ModelConfig`], with those that are read together with them.
const READ: [&str; 19] = [
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "num_local_experts",
    "num_experts",
    "num_experts_per_tok",
    "rms_norm_eps",
    "rope_theta",
    "rope_parameters",
    "rope_scaling",
    "max_position_embeddings",
    "tie_word_embeddings",
    "router_aux_loss_coef",
    "sliding_window",
    "layer_types",
];

/// Reads a configuration; sizes are the caller's to validate.
pub(super) fn read(value: &Value) -> Result<ModelConfig> {
    let Some(map) = value.as_object() else {
        return Err(refused("config.json", shown(value), "an object"));
    };
    // What kind of model it is comes first: of another kind, every other key means something else.
    for key in ["model_type", "architectures"] {
        check(map, key)?;
    }
    let num_attention_heads = size(map, "num_attention_heads", 32)?;
    let config = ModelConfig {
        vocab_size: size(map, "vocab_size", 32_000)?,
        hidden_size: size(map, "hidden_size", 4096)?,
        intermediate_size: size(map, "intermediate_size", 14_336)?,
        num_hidden_layers: size(map, "num_hidden_layers", 32)?,
        num_attention_heads,
        num_key_value_heads: match map.get("num_key_value_heads") {
            Some(Value::Null) => num_attention_heads,
            _ => size(map, "num_key_value_heads", 8)?,
        },
        head_dim: match map.get("head_dim") {
            None | Some(Value::Null) => None,
            Some(_) => Some(size(map, "head_dim", 0)?),
        },
        num_local_experts: experts(map)?,
        num_experts_per_tok: size(map, "num_experts_per_tok", 2)?,
        rms_norm_eps: number(map, "rms_norm_eps", 1e-5)?,
        rope_theta: rope_theta(map)?,
        max_position_embeddings: size(map, "max_position_embeddings", 4096 * 32)?,
        tie_word_embeddings: match map.get("tie_word_embeddings") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(tied)) => *tied,
            Some(other) => return Err(refused("tie_word_embeddings", shown(other), "true or false")),
        },
        router_aux_loss_coef: number(map, "router_aux_loss_coef", 1e-3)?,
    };
    windows(map, &config)?;
    map.keys().filter(|key| !READ.contains(&key.as_str())).try_for_each(|key| check(map, key))?;
    Ok(config)
}

/// Refuses a key that is unknown, or has a value that changes what is computed.
fn check(map: &Map<String, Value>, key: &str) -> Result<()> {
    let Some(value) = map.get(key).filter(|value| !value.is_null()) else { return Ok(()) };
    match neutral(key) {
        Some(neutral) if neutral.holds(value) => Ok(()),
        Some(neutral) => Err(refused(key, shown(value), neutral.expected())),
        None => Err(refused(key, shown(value), "absent: this decoder does not know what the key changes")),
    }
}

fn size(map: &Map<String, Value>, key: &str, default: usize) -> Result<usize> {
    let Some(value) = map.get(key) else { return Ok(default) };
    let whole = value.as_u64().and_then(|n| usize::try_from(n).ok());
    whole.ok_or_else(|| refused(key, shown(value), "a whole number"))
}

fn number(map: &Map<String, Value>, key: &str, default: f64) -> Result<f64> {
    let Some(value) = map.get(key) else { return Ok(default) };
    value.as_f64().ok_or_else(|| refused(key, shown(value), "a number"))
}

/// Experts of a layer, under the name of transformers 4 or the one that transformers 5 understands too.
fn experts(map: &Map<String, Value>) -> Result<usize> {
    let local = size(map, "num_local_experts", 8)?;
    if !map.contains_key("num_experts") {
        return Ok(local);
    }
    let other = size(map, "num_experts", 8)?;
    if map.contains_key("num_local_experts") && local != other {
        return Err(refused("num_experts", other, format!("{local}, as num_local_experts has it")));
    }
    Ok(other)
}

/// The base of the rotary frequencies: a key of its own in transformers 4, within `rope_parameters` in 5. Refuses
/// every form of scaled, partial or per-layer rotary positions, wherever it stands.
fn rope_theta(map: &Map<String, Value>) -> Result<f64> {
    let mut found: Option<(String, f64)> = None;
    let mut meet = |name: String, value: &Value| {
        let theta = value.as_f64().ok_or_else(|| refused(name.clone(), shown(value), "a number"))?;
        match &found {
            Some((other, first)) if *first != theta => {
                Err(refused(name, theta, format!("{first}, as {other} has it")))
            }
            _ => {
                found = Some((name, theta));
                Ok(())
            }
        }
    };
    for key in ["rope_parameters", "rope_scaling"] {
        let rope = match map.get(key) {
            None | Some(Value::Null) => continue,
            Some(Value::Object(rope)) => rope,
            Some(other) => return Err(refused(key, shown(other), "an object or null")),
        };
        let set = || rope.iter().filter(|(_, value)| !value.is_null());
        // The kind first: it says more than the numbers that belong to it.
        for (inner, value) in set().filter(|(inner, _)| ["rope_type", "type"].contains(&inner.as_str())) {
            if value.as_str() != Some("default") {
                return Err(refused(format!("{key}.{inner}"), shown(value), "default"));
            }
        }
        for (inner, value) in set() {
            let name = format!("{key}.{inner}");
            match inner.as_str() {
                "rope_type" | "type" => {}
                "rope_theta" => meet(name, value)?,
                "partial_rotary_factor" if Neutral::One.holds(value) => {}
                "partial_rotary_factor" => return Err(refused(name, shown(value), "1 or absent")),
                _ => {
                    return Err(refused(
                        name,
                        shown(value),
                        "absent: rotary positions are the same everywhere",
                    ));
                }
            }
        }
    }
    if let Some(value) = map.get("rope_theta").filter(|value| !value.is_null()) {
        meet("rope_theta".to_owned(), value)?;
    }
    Ok(found.map_or(1e6, |(_, theta)| theta))
}

/// Refuses attention that sees less than the whole context.
fn windows(map: &Map<String, Value>, config: &ModelConfig) -> Result<()> {
    let context = config.max_position_embeddings;
    if let Some(value) = map.get("sliding_window").filter(|value| !value.is_null())
        && value.as_u64().is_none_or(|window| window < context as u64)
    {
        return Err(refused(
            "sliding_window",
            shown(value),
            format!("null, or at least the context of {context}"),
        ));
    }
    check(map, "layer_types")?;
    let layers = config.num_hidden_layers;
    match map.get("layer_types").and_then(Value::as_array) {
        Some(list) if list.len() != layers => Err(refused(
            "layer_types",
            format!("{} entries", list.len()),
            format!("one for each of {layers} layers"),
        )),
        _ => Ok(()),
    }
}

/// A value as it stands in the file, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
