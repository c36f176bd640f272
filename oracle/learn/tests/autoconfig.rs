//! What is written as `config.json` loads in the real transformers, and what they save is read here.
//! `scripts/autoconfig` installs them and runs this.

use std::path::Path;
use std::process::Command;

use lyceum_learn::ModelConfig;
use serde_json::Value;

/// What a version of transformers makes of configurations.
fn load(version: u32, configs: &[ModelConfig]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(format!(".lyceum/transformers-{version}/bin/python"));
    assert!(python.exists(), "{} is missing: `scripts/autoconfig` makes it", python.display());
    let folder = tempfile::tempdir().unwrap();
    let folders = configs.iter().enumerate().map(|(index, config)| {
        let folder = folder.path().join(index.to_string());
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("config.json"), serde_json::to_vec(config).unwrap()).unwrap();
        folder
    });
    let mut command = Command::new(python);
    command.arg("-B").arg(root.join("scripts/lib/autoconfig.py")).args(folders);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let found: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(found.len(), configs.len());
    found
}

#[test]
#[ignore = "needs transformers, which scripts/autoconfig installs"]
fn transformers_load_what_is_written_and_what_they_save_is_read() {
    let other = ModelConfig {
        head_dim: Some(6),
        rope_theta: 5e5,
        tie_word_embeddings: true,
        num_key_value_heads: 4,
        ..ModelConfig::tiny()
    };
    let configs = [ModelConfig::demo(4), other];
    for version in [4, 5] {
        for (found, config) in load(version, &configs).iter().zip(&configs) {
            println!("transformers {}: {}", found["version"], found["kind"]);
            assert_eq!(found["kind"], "MixtralConfig");
            assert_eq!(found["rope_theta"], config.rope_theta);
            let full = &found["full"];
            assert_eq!(full["architectures"][0], "MixtralForCausalLM");
            assert_eq!(full["hidden_size"], config.hidden_size);
            assert_eq!(full["num_local_experts"], config.num_local_experts);
            assert_eq!(full["tie_word_embeddings"], config.tie_word_embeddings);
            assert_eq!(full["eos_token_id"], Value::Null);
            for saved in [full, &found["short"]] {
                assert_eq!(ModelConfig::from_json(&saved.to_string()).unwrap(), *config);
            }
        }
    }
}
