//! A model folder: `config.json`, `base.tblock`, `expert-N.tblock` for every expert that has a block, and
//! `blocks.json`, which says which experts those are. A folder without `blocks.json` has the blocks that lie in it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_files::{dangling, replace, replace_folder};
use lyceum_learn::{Model, ModelConfig, Target};
use lyceum_tensorblock::TensorBlock;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::failure::{BadInput, Failure, Refusal};

/// The longest `config.json` or `blocks.json` that is read, in bytes.
const MAX_TEXT: u64 = 64 * 1024;
const CONFIG: &str = "config.json";
const BASE: &str = "base.tblock";
const BLOCKS: &str = "blocks.json";

/// What `blocks.json` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocks {
    /// The experts that have a block.
    experts: BTreeSet<u32>,
}

/// A model folder's files.
#[derive(Debug)]
pub struct ModelFolder {
    path: PathBuf,
    config: ModelConfig,
}

fn expert_file(index: u32) -> String {
    format!("expert-{index}.tblock")
}

/// Whether a file is of the kind that a model folder has; all others are the user's.
fn of_a_model(name: &OsStr) -> bool {
    let expert = |name: &str| name.starts_with("expert-") && name.ends_with(".tblock");
    name.to_str().is_some_and(|name| [CONFIG, BASE, BLOCKS].contains(&name) || expert(name))
}

impl ModelFolder {
    /// Puts a model's folder in place, as a whole or not at all; blocks are given as their bytes. A model that was
    /// there goes, with all its blocks. Files that are not a model's stay.
    pub fn write(
        path: &Path,
        config: &ModelConfig,
        base: &[u8],
        experts: &[(u32, Vec<u8>)],
    ) -> anyhow::Result<()> {
        let blocks = Blocks { experts: experts.iter().map(|(index, _)| *index).collect() };
        replace_folder(path, of_a_model, |folder| {
            replace(&folder.join(CONFIG), &serde_json::to_vec_pretty(config)?)?;
            replace(&folder.join(BLOCKS), &serde_json::to_vec(&blocks)?)?;
            replace(&folder.join(BASE), base)?;
            experts
                .iter()
                .try_for_each(|(index, bytes)| anyhow::Ok(replace(&folder.join(expert_file(*index)), bytes)?))
        })
        .with_context(|| format!("cannot write the model folder {}", path.display()))
    }

    /// Fails where [`ModelFolder::write`] would for what stands there: something that is no folder.
    pub fn check(path: &Path) -> anyhow::Result<()> {
        match fs::metadata(path) {
            Ok(there) if !there.is_dir() => Err(BadInput(format!(
                "{} is not a folder, and the model's folder goes there: move it, or name another place",
                path.display()
            ))
            .into()),
            _ => Ok(()),
        }
    }

    /// Opens a folder and checks its config.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = path.join(CONFIG);
        let text = read(&file).map_err(|error| match fs::symlink_metadata(&file) {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let words = format!(
                    "{} is not a model folder: it has no {CONFIG} (the demo writes one)",
                    path.display()
                );
                if dangling(path).is_some() { error } else { error.context(words) }
            }
            _ => error,
        })?;
        let config = ModelConfig::from_json(&text).with_context(|| format!("in {}", file.display()))?;
        Ok(Self { path: path.to_path_buf(), config })
    }

    /// The base, with every expert block of the folder in place if `improved`.
    pub fn model(&self, improved: bool, device: Device) -> anyhow::Result<Model> {
        let experts = if improved { self.experts()? } else { BTreeSet::new() };
        let base = self.block(BASE)?;
        let mut model = Model::from_block(self.config.clone(), base.bytes(), device)
            .with_context(|| self.inside(BASE))?;
        for index in experts {
            let name = expert_file(index);
            let block = self.block(&name)?;
            let tensors = lyceum_learn::block::read(block.bytes()).with_context(|| self.inside(&name))?;
            model.import(Target::Expert { index }, &tensors).with_context(|| self.inside(&name))?;
        }
        Ok(model)
    }

    fn inside(&self, name: &str) -> String {
        format!("in {}", self.path.join(name).display())
    }

    fn block(&self, name: &str) -> anyhow::Result<TensorBlock> {
        open_block(&self.path.join(name))
    }

    /// The experts that have a block. What is listed must be there, and what is there must be listed.
    fn experts(&self) -> anyhow::Result<BTreeSet<u32>> {
        let found = self.expert_files()?;
        let list = self.path.join(BLOCKS);
        if fs::symlink_metadata(&list).is_err_and(|e| e.kind() == ErrorKind::NotFound) {
            return Ok(found);
        }
        let blocks: Blocks = serde_json::from_str(&read(&list)?)
            .map_err(|e| malformed("model.blocks", format!("{}: {e}", list.display())))?;
        if let Some(index) = found.difference(&blocks.experts).next() {
            return Err(malformed(
                "model.surplus",
                format!(
                    "{} is not listed in {}: add {index} to its \"experts\", or move the file away",
                    self.path.join(expert_file(*index)).display(),
                    list.display()
                ),
            ));
        }
        if let Some(index) = blocks.experts.difference(&found).next() {
            return Err(malformed(
                "model.missing",
                format!(
                    "{} is missing, {} lists it: put the block there, or use the base alone with --base",
                    self.path.join(expert_file(*index)).display(),
                    list.display()
                ),
            ));
        }
        Ok(found)
    }

    /// The indices of the expert files that lie here. A file of an expert that the model does not have is refused.
    fn expert_files(&self) -> anyhow::Result<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
        let entries =
            fs::read_dir(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        for entry in entries {
            let name = entry.with_context(|| format!("cannot read {}", self.path.display()))?.file_name();
            let Some(index) = name.to_str().and_then(|n| n.strip_prefix("expert-")?.strip_suffix(".tblock"))
            else {
                continue;
            };
            let shared = self.config.shared_expert();
            match index.parse::<u32>() {
                Ok(n) if n.to_string() == index && (n as usize) < shared => {
                    found.insert(n);
                }
                _ => {
                    let file = self.path.join(&name);
                    let expected = match shared {
                        0 => "none: its only expert is shared and is never trained".to_owned(),
                        _ => format!("expert-0.tblock to {}", expert_file(shared as u32 - 1)),
                    };
                    let words =
                        format!("{} is no expert of this model, which can have {expected}", file.display());
                    return Err(malformed("model.surplus", words));
                }
            }
        }
        Ok(found)
    }
}

fn malformed(code: &'static str, words: String) -> anyhow::Error {
    Refusal::new(Failure::Format, code, words).into()
}

/// Opens a tensor block. A link to nothing is told from a file that is not there.
pub fn open_block(file: &Path) -> anyhow::Result<TensorBlock> {
    TensorBlock::open(file).map_err(|error| unreadable(file, error))
}

fn unreadable(file: &Path, error: impl Into<anyhow::Error>) -> anyhow::Error {
    match dangling(file) {
        Some(words) => Refusal::new(Failure::Input, "file.dangling", words).into(),
        None => error.into().context(format!("cannot read {}", file.display())),
    }
}

/// The text of a small file.
fn read(file: &Path) -> anyhow::Result<String> {
    let bytes = lyceum_files::read(file, MAX_TEXT).map_err(|error| match error {
        lyceum_files::Error::Io { source, .. } => unreadable(file, source),
        other => unreadable(file, other),
    })?;
    String::from_utf8(bytes).map_err(|_| malformed("model.text", format!("{} is not UTF-8", file.display())))
}

#[cfg(test)]
mod tests {
    use lyceum_learn::{Hash32, block};

    use super::*;

    #[test]
    fn a_folder_that_is_written_again_holds_the_new_model_alone_and_what_is_not_a_model_s() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        let model = Model::init(ModelConfig::tiny(), &Hash32([1; 32]), Device::Cpu).unwrap();
        let base = model.to_block().unwrap();
        let expert = |index| (index, block::write(&model.export(Target::Expert { index }).unwrap()).unwrap());
        let write =
            |experts: &[(u32, Vec<u8>)]| ModelFolder::write(&path, model.config(), &base, experts).unwrap();
        let experts = || ModelFolder::open(&path).unwrap().experts().unwrap().into_iter().collect::<Vec<_>>();
        write(&[expert(0), expert(1)]);
        assert_eq!(experts(), [0, 1]);
        fs::write(path.join("notes.txt"), "mine").unwrap();
        write(&[expert(1)]);
        assert_eq!(experts(), [1]);
        assert_eq!(fs::read_to_string(path.join("notes.txt")).unwrap(), "mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        ModelFolder::open(&path).unwrap().model(true, Device::Cpu).unwrap();
        ModelFolder::check(&path).unwrap();
        assert!(ModelFolder::check(&path.join("notes.txt")).is_err());
    }
}
