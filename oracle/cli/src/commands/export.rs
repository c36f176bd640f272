//! `lyceum export`: tensor blocks and model folders as safetensors.

use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_tensorblock::export_safetensors;

use crate::folder::{ModelFolder, open_block};
use crate::paths::json_path;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A tensor block, or a model folder (its base with every expert block in place)
    from: PathBuf,
    /// Where to write; Hugging Face tools read it. A file is replaced whole or not at all, a pipe is written into
    #[arg(long, value_name = "FILE")]
    safetensors: PathBuf,
    /// Of a model folder, the base alone
    #[arg(long)]
    base: bool,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let to = &args.safetensors;
    let bytes = match export(&args) {
        // The reader of the standard output went away, which ends a command well.
        Err(error) if closed(&error) && is_stdout(to) => return Ok(()),
        written => written?,
    };
    if is_stdout(to) {
        // What was written stands there; a line behind it would be part of the file.
        noteln!("{} ({bytes} bytes)", to.display());
    } else if json {
        outln!("{}", serde_json::json!({ "written": json_path(to), "bytes": bytes }))?;
    } else {
        outln!("{} ({bytes} bytes)", to.display())?;
    }
    Ok(())
}

fn export(args: &Args) -> anyhow::Result<u64> {
    let to = &args.safetensors;
    let cannot = || format!("cannot write {}", to.display());
    if args.from.is_dir() {
        let model = ModelFolder::open(&args.from)?.model(!args.base, tch::Device::Cpu)?;
        return model.write_safetensors(to).with_context(cannot);
    }
    export_safetensors(&open_block(&args.from)?, to).with_context(cannot)
}

fn closed(error: &anyhow::Error) -> bool {
    let io = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.last().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Whether a path leads to what the standard output is.
fn is_stdout(path: &Path) -> bool {
    let out = rustix::fs::fstat(std::io::stdout());
    let there = rustix::fs::stat(path);
    out.is_ok_and(|out| there.is_ok_and(|there| (there.st_dev, there.st_ino) == (out.st_dev, out.st_ino)))
}
