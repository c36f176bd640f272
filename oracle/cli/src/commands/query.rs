//! `lyceum query`: asks a contract. Answers are JSON, on one line with `--json`.

use serde_json::Value;

use crate::session::{NetworkArgs, runtime};
use crate::speech::{Common, Kind, Spoken};

/// Flags that all queries have.
#[derive(Debug, clap::Args)]
pub struct Flags {
    #[command(flatten)]
    network: NetworkArgs,
    /// Ask about the state at a height [default: the latest]
    #[arg(long, value_name = "HEIGHT", help_heading = "Network")]
    at_height: Option<u64>,
}

impl Common for Flags {
    const KIND: Kind = Kind::Query;
    const RAW: &'static str = "Ask with JSON of your own";
}

/// Arguments: which contract, which query, its fields.
pub type Args = Spoken<Flags>;

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let (contract, query, flags) = args.read()?;
    let network = flags.network.network(None)?;
    let address = network.contract(&contract)?;
    let answer: Value = runtime()?.block_on(async {
        let client = network.look_as_nobody().await?;
        anyhow::Ok(client.smart(&address, &query, flags.at_height).await?)
    })?;
    match json {
        true => outln!("{answer}")?,
        false => outln!("{}", serde_json::to_string_pretty(&answer)?)?,
    }
    Ok(())
}
