//! `lyceum export`: tensor blocks and model folders as safetensors.

use std::path::PathBuf;

use anyhow::Context;
use lyceum_tensorblock::{TensorBlock, export_safetensors};

use crate::folder::ModelFolder;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A tensor block, or a model folder (its base with every expert block in place)
    from: PathBuf,
    /// Where to write; Hugging Face tools read it
    #[arg(long, value_name = "FILE")]
    safetensors: PathBuf,
    /// Of a model folder, the base alone
    #[arg(long)]
    base: bool,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let to = &args.safetensors;
    if args.from.is_dir() {
        let model = ModelFolder::open(&args.from)?.model(!args.base, tch::Device::Cpu)?;
        model.write_safetensors(to).with_context(|| format!("cannot write {}", to.display()))?;
    } else {
        let block =
            TensorBlock::open(&args.from).with_context(|| format!("cannot read {}", args.from.display()))?;
        export_safetensors(&block, to).with_context(|| format!("cannot write {}", to.display()))?;
    }
    let bytes = std::fs::metadata(to)?.len();
    if json {
        outln!("{}", serde_json::json!({ "written": to, "bytes": bytes }))?;
    } else {
        outln!("{} ({bytes} bytes)", to.display())?;
    }
    Ok(())
}
