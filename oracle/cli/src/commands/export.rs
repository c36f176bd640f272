//! `lyceum export`: tensor blocks and model folders as safetensors.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_tensorblock::export_safetensors;

use crate::failure::{Failure, Refusal};
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
    check_target(&args.from, to)?;
    if args.from.is_dir() {
        let model = ModelFolder::open(&args.from)?.model(!args.base, tch::Device::Cpu)?;
        return model.write_safetensors(to).with_context(cannot);
    }
    export_safetensors(&open_block(&args.from)?, to).with_context(cannot)
}

/// Refuses to replace what is read: a tensor block is more than its safetensors, and nothing brings it back.
fn check_target(from: &Path, to: &Path) -> anyhow::Result<()> {
    let Ok(target) = std::fs::metadata(to).map(|there| (there.dev(), there.ino())) else { return Ok(()) };
    let is_target = |file: &Path| std::fs::metadata(file).is_ok_and(|f| (f.dev(), f.ino()) == target);
    let files: Vec<PathBuf> = match std::fs::read_dir(from) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![from.to_path_buf()],
    };
    match files.iter().find(|file| file.is_file() && is_target(file)) {
        Some(file) => {
            let words = format!(
                "--safetensors {} is {}, which is read: name another file",
                to.display(),
                file.display()
            );
            Err(Refusal::new(Failure::Input, "export.same_file", words).into())
        }
        None => Ok(()),
    }
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
