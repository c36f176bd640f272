//! Logits equal transformers' `MixtralForCausalLM` on the same safetensors: on the small golden files made by
//! `scripts/parity --golden`, and on a demo-sized model where `scripts/parity` names a folder in `LYCEUM_PARITY`.

use std::path::{Path, PathBuf};

use lyceum_learn::{Model, ModelConfig};
use tch::{Device, Kind, Tensor};

fn compare(folder: &Path) {
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let config = ModelConfig::from_json(&config).unwrap();
    let model = Model::read_safetensors(config, &folder.join("model.safetensors"), Device::Cpu).unwrap();
    let io: std::collections::HashMap<_, _> =
        Tensor::read_safetensors(folder.join("io.safetensors")).unwrap().into_iter().collect();
    let logits = model.logits(&io["ids"]).unwrap();
    let expected = &io["logits"];
    assert_eq!(logits.size(), expected.size());
    let apart = (&logits - expected).abs().max().double_value(&[]);
    println!("{}: largest difference {apart:.2e}", folder.display());
    assert!(apart <= 1e-4, "{apart}");
    assert!(expected.abs().max().double_value(&[]) > 0.5, "logits near zero prove nothing");
    // The test would notice a wrong layer: without the last norm's weight the logits are elsewhere.
    let mut weights: lyceum_learn::tensors::TensorMap =
        model.weights().iter().map(|(n, t)| (n.clone(), t.copy())).collect();
    let ones = Tensor::ones_like(weights.get("model.norm.weight").unwrap());
    weights.insert("model.norm.weight", ones);
    let other = Model::from_weights(model.config().clone(), weights, Device::Cpu).unwrap();
    let apart = (other.logits(&io["ids"]).unwrap() - expected).abs().max().double_value(&[]);
    assert!(apart > 1e-2, "{apart}");
    assert_eq!(logits.kind(), Kind::Float);
}

#[test]
fn logits_equal_transformers_on_the_golden_files() {
    compare(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"));
}

#[test]
fn logits_equal_transformers_on_a_live_model_where_one_is_given() {
    if let Some(folder) = std::env::var_os("LYCEUM_PARITY") {
        compare(Path::new(&folder));
    }
}
