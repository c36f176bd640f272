//! A model folder: `config.json`, `base.tblock`, and `expert-N.tblock` for every expert that has a block.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_learn::{Model, ModelConfig, Target};
use lyceum_tensorblock::TensorBlock;
use tch::Device;

use crate::failure::BadInput;

/// The longest `config.json` that is read, in bytes.
const MAX_CONFIG: u64 = 64 * 1024;

/// A model folder's files.
#[derive(Debug)]
pub struct ModelFolder {
    path: PathBuf,
    config: ModelConfig,
}

impl ModelFolder {
    /// Writes the files of a model; blocks are given as their bytes. Blocks of another model that was there go.
    pub fn write(
        path: &Path,
        config: &ModelConfig,
        base: &[u8],
        experts: &[(u32, Vec<u8>)],
    ) -> anyhow::Result<()> {
        fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        for index in 0..config.num_local_experts {
            match fs::remove_file(path.join(format!("expert-{index}.tblock"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let put = |name: &str, bytes: &[u8]| {
            let file = path.join(name);
            fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
        };
        put("config.json", &serde_json::to_vec_pretty(config)?)?;
        put("base.tblock", base)?;
        experts.iter().try_for_each(|(index, bytes)| put(&format!("expert-{index}.tblock"), bytes))
    }

    /// Opens a folder and checks its config.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = path.join("config.json");
        let size = fs::metadata(&file).with_context(|| {
            format!("{} is not a model folder: it has no config.json (the demo writes one)", path.display())
        })?;
        if size.len() > MAX_CONFIG {
            let text = format!("{} has {} bytes, at most {MAX_CONFIG} are read", file.display(), size.len());
            return Err(BadInput(text).into());
        }
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let config = ModelConfig::from_json(&text).with_context(|| format!("in {}", file.display()))?;
        Ok(Self { path: path.to_path_buf(), config })
    }

    /// The base, with every expert block of the folder in place if `improved`.
    pub fn model(&self, improved: bool, device: Device) -> anyhow::Result<Model> {
        let open = |name: &str| {
            let file = self.path.join(name);
            TensorBlock::open(&file).with_context(|| format!("cannot read {}", file.display()))
        };
        let base = open("base.tblock")?;
        let mut model =
            Model::from_block(self.config.clone(), base.bytes(), device).context("in base.tblock")?;
        for index in (0..self.config.num_local_experts as u32).filter(|_| improved) {
            let name = format!("expert-{index}.tblock");
            if !self.path.join(&name).exists() {
                continue;
            }
            let block = open(&name)?;
            let tensors = lyceum_learn::block::read(block.bytes()).with_context(|| format!("in {name}"))?;
            model.import(Target::Expert { index }, &tensors).with_context(|| format!("in {name}"))?;
        }
        Ok(model)
    }
}
