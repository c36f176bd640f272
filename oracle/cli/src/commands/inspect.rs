//! `lyceum inspect`: what a tensor block holds, and whether it is whole.

use std::path::PathBuf;

use lyceum_api::Hash32;
use lyceum_tensorblock::finite;
use serde_json::json;

use crate::folder::open_block;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tensor block
    file: PathBuf,
    /// Fail unless the block's content root is this one
    #[arg(long, value_name = "HEX")]
    root: Option<Hash32>,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let block = open_block(&args.file)?;
    let root = Hash32(block.root());
    if let Some(wanted) = args.root
        && wanted != root
    {
        let text =
            format!("{} has the root {root}, not {wanted}: its bytes were changed", args.file.display());
        return Err(crate::failure::BadInput(text).into());
    }
    let finite = finite::check(&block);
    let bytes = block.bytes().len() as u64;
    if json {
        let tensors: Vec<_> = block
            .tensors()
            .map(|t| json!({ "name": t.name, "dtype": t.dtype.to_string(), "shape": t.shape.dims(), "bytes": t.data.len() }))
            .collect();
        let value = json!({
            "root": root,
            "bytes": bytes,
            "tiles": lyceum_tensorblock::tile::tile_count(bytes),
            "finite": finite.is_ok(),
            "tensors": tensors,
        });
        outln!("{}", serde_json::to_string_pretty(&value)?)?;
        return Ok(());
    }
    outln!("root    {root}")?;
    outln!("bytes   {bytes} in {} tiles", lyceum_tensorblock::tile::tile_count(bytes))?;
    match finite {
        Ok(()) => outln!("values  all finite")?,
        Err(error) => outln!("values  not fit for an expert block: {error}")?,
    }
    outln!("tensors {}", block.tensor_count())?;
    for t in block.tensors() {
        let shape: Vec<String> = t.shape.dims().iter().map(u64::to_string).collect();
        outln!(
            "  {:<56} {:<5} {:>14} {:>12} bytes",
            t.name,
            t.dtype.to_string(),
            shape.join("×"),
            t.data.len()
        )?;
    }
    Ok(())
}
