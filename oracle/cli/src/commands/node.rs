//! `lyceum node`: a node on a real chain, as its node.toml says.

use std::path::PathBuf;

use crate::config::Config;
use crate::logs;
use crate::node::{check, life};
use crate::session::runtime;
use crate::wallet::{HomeArgs, PassphraseArgs};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration [default: node.toml of the operator's folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check all that a start reads, the chain and the contracts, say what is found, and end; no file is made
    #[arg(long)]
    check: bool,
    /// `human` or `json` [default: that of node.toml]
    #[arg(long, value_enum)]
    log_format: Option<logs::Format>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    home: HomeArgs,
    /// Leave when standard input ends: whoever started the node is gone
    #[arg(long, hide = true)]
    ends_with_input: bool,
    /// Be dishonest in this way, for demos and tests that show it caught; it costs the stake
    #[arg(long, value_name = "FILE", hide = true)]
    misbehave: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let path = match &args.config {
        Some(path) => path.clone(),
        None => args.home.resolve()?.config(),
    };
    let config = Config::load(&path);
    // Logs are for what comes after the configuration; what is wrong with that is told as any command tells it.
    let (format, level) = match &config {
        Ok(config) => (config.log.format, config.log.level.as_str()),
        Err(_) => (logs::Format::Human, "warn"),
    };
    let log_format = args.log_format.unwrap_or(format);
    logs::start(log_format, if args.check { "warn" } else { level });
    let config = config?;
    let runtime = runtime()?;
    if args.check {
        let found = runtime.block_on(check::check(&config, &args.passphrase))?;
        return Ok(found.print(json)?);
    }
    let how = life::How { ends_with_input: args.ends_with_input, misbehave: args.misbehave, log_format };
    let result = runtime.block_on(life::live(&config, &args.passphrase, &how));
    // Work that still runs on the pool hears of the end at its next step.
    runtime.shutdown_timeout(std::time::Duration::from_secs(20));
    result
}
