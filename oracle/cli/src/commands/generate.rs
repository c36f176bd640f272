//! `lyceum generate`: text from a model folder.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use lyceum_learn::generate::{Sampling, generate};
use lyceum_learn::{Hash32, device};

use crate::failure::BadInput;
use crate::folder::ModelFolder;
use crate::output;

/// The longest continuation, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A model folder; the demo leaves one in its output folder, as `model`
    model: PathBuf,
    /// What to continue
    #[arg(long, default_value = "")]
    prompt: String,
    /// How many bytes to write
    #[arg(long, default_value_t = 300, value_name = "N")]
    bytes: usize,
    /// 0 takes the likeliest byte every time; at most 10
    #[arg(long, default_value_t = 0.7, value_name = "T", value_parser = temperature)]
    temperature: f64,
    /// The same seed gives the same text
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The base alone, without expert blocks
    #[arg(long)]
    base: bool,
    /// `cpu`, `cuda` or `cuda:N`
    #[arg(long, default_value = "cpu")]
    device: String,
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(t) if (0.0..=10.0).contains(&t) => Ok(t),
        _ => Err("a number from 0 to 10".to_owned()),
    }
}

/// Whether bytes are the beginning of a character.
fn is_cut(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    if args.bytes > MAX_BYTES {
        return Err(BadInput(format!("--bytes {} is too many, at most {MAX_BYTES}", args.bytes)).into());
    }
    let model = ModelFolder::open(&args.model)?.model(!args.base, device::device(&args.device)?)?;
    let sampling = match args.temperature {
        0.0 => Sampling::Greedy,
        temperature => Sampling::Temperature { temperature, seed: Hash32::of(&args.seed.to_le_bytes()) },
    };
    // A file or a program gets the bytes as they are, a terminal only what it may be sent.
    let shown = std::io::stdout().is_terminal();
    let mut out = if shown { output::stdout() } else { output::exact_stdout() };
    let mut pending = Vec::new();
    if !json {
        out.write_all(args.prompt.as_bytes())?;
    }
    let mut failed = None;
    let text = generate(&model, args.prompt.as_bytes(), args.bytes, sampling, |byte| {
        if !json && failed.is_none() {
            pending.push(byte);
            if shown && is_cut(&pending) {
                return;
            }
            let text = String::from_utf8_lossy(&pending);
            let bytes = if shown { text.as_bytes() } else { pending.as_slice() };
            failed = out.write_all(bytes).and_then(|()| out.flush()).err();
            pending.clear();
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    // A character that the text ends in the middle of.
    out.write_all(String::from_utf8_lossy(&pending).as_bytes())?;
    if json {
        let text = String::from_utf8_lossy(&text);
        writeln!(out, "{}", serde_json::json!({ "prompt": args.prompt, "text": text }))?;
    } else {
        writeln!(out)?;
    }
    Ok(())
}
