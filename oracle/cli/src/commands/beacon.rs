//! `lyceum beacon`: a randomness beacon for local networks, over drand's HTTP API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use lyceum_files::is_there;
use lyceum_serve::{ServeError, Server};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::beacon::{Info, Key, machine_time, router};
use crate::failure::{BadInput, Failure, Refusal};
use crate::node::signals;
use crate::session::runtime;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The beacon's secret key; made if there is none
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where it answers; port 0 takes any
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:26670")]
    listen: SocketAddr,
    /// Seconds between rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    period: u32,
    /// When round 1 comes out, Unix seconds [default: now, rounded down to a whole day]
    #[arg(long, value_name = "TIME")]
    genesis: Option<u64>,
    /// Write the beacon's description here, for `lyceum deploy --beacon`
    #[arg(long, value_name = "FILE")]
    info: Option<PathBuf>,
    /// End when standard input ends: whoever started the beacon is gone
    #[arg(long, hide = true)]
    ends_with_input: bool,
    /// Write the description and end
    #[arg(long)]
    describe: bool,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    if args.period == 0 {
        return Err(BadInput("--period 0: rounds are at least a second apart".to_owned()).into());
    }
    keep_key(&args)?;
    let key = Key::load_or_create(&args.key)?;
    let info = Info::local(&key.public(), genesis(&args)?, args.period);
    if let Some(path) = &args.info {
        write(path, &info)?;
    }
    if args.describe {
        outln!("{}", serde_json::to_string(&info)?)?;
        return Ok(());
    }
    runtime()?.block_on(async {
        let server = Server::bind(args.listen).await.map_err(|error| match error {
            // It is the command line that is wrong, no configuration.
            ServeError::Unusable { .. } => {
                anyhow::Error::from(Refusal::new(Failure::Input, error.code(), format!("--listen: {error}")))
            }
            other => other.into(),
        })?;
        let url = format!("http://{}", server.address());
        if json {
            outln!("{}", json!({ "url": url, "info": info }))?;
        } else {
            outln!("{url}")?;
            noteln!(
                "rounds of {} every {} s from {} on",
                hex::encode(&info.hash),
                info.period,
                info.genesis_time
            );
        }
        let pages = router(key, info, Arc::new(machine_time));
        let mut stop = signal(SignalKind::terminate())?;
        tokio::select! {
            () = server.answer(pages) => {}
            _ = tokio::signal::ctrl_c() => {}
            _ = stop.recv() => {}
            () = signals::input_ended(), if args.ends_with_input => {}
        }
        Ok(())
    })
}

/// Refuses to make a key anew for a beacon that has one: its networks verify rounds against that.
fn keep_key(args: &Args) -> anyhow::Result<()> {
    match described(args)? {
        Some(info) if !is_there(&args.key)? => {
            let words = format!(
                "{} describes a beacon, and its key {} is missing: restore the key from your backup; for a new beacon \
                 name another file with --info",
                info.display(),
                args.key.display()
            );
            Err(Refusal::new(Failure::Key, "beacon.key_missing", words).into())
        }
        _ => Ok(()),
    }
}

/// The genesis that was named; else the one of an earlier description, so that a beacon that is started again is the
/// same beacon; else this day's begin.
fn genesis(args: &Args) -> anyhow::Result<u64> {
    let earlier = described(args)?.and_then(|path| Info::load(path).ok());
    let named = args.genesis.or(earlier.map(|info| info.genesis_time));
    Ok(named.unwrap_or_else(|| machine_time() / 86_400 * 86_400))
}

/// The description of an earlier run, if there is one.
fn described(args: &Args) -> anyhow::Result<Option<&Path>> {
    Ok(match args.info.as_deref() {
        Some(path) if is_there(path)? => Some(path),
        _ => None,
    })
}

fn write(path: &Path, info: &Info) -> anyhow::Result<()> {
    if is_there(path)? {
        let found = Info::load(path)?;
        if found == *info {
            return Ok(());
        }
        let words = format!(
            "{} describes another beacon (genesis {}, period {} s): start it with the same key, --genesis and \
             --period, or name another file",
            path.display(),
            found.genesis_time,
            found.period
        );
        return Err(Refusal::new(Failure::Input, "beacon.other", words).into());
    }
    let written = lyceum_files::replace(path, &serde_json::to_vec_pretty(info)?);
    written.with_context(|| format!("cannot write {}", path.display()))
}
