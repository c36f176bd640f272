//! `lyceum query`: asks a contract. Answers are JSON: with `--json` on one line and as the contract gives them, else
//! with amounts shown in LYC as well.

use lyceum_onchain::paging::MAX_LIMIT;
use serde_json::Value;

use crate::contract_cli::{Common, ContractArgs, Kind, Names, for_people};
use crate::failure::BadInput;
use crate::session::{NetworkArgs, runtime};
use crate::wallet::{Keyring, account};

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
pub type Args = ContractArgs<Flags>;

/// Refuses a limit that the contract would lower without a word.
fn within_page(query: &Value) -> anyhow::Result<()> {
    let asked = query.as_object().and_then(|fields| fields.values().next()?.get("limit")?.as_u64());
    match asked.filter(|limit| *limit > u64::from(MAX_LIMIT)) {
        None => Ok(()),
        Some(limit) => Err(BadInput(format!(
            "--limit {limit} is more than a contract answers at once: give at most {MAX_LIMIT}, and go on with the last \
             answer as --start-after"
        ))
        .into()),
    }
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let (said, flags) = args.read()?;
    within_page(said.value())?;
    let network = flags.network.network(None)?;
    let (contract, name) = (said.contract.clone(), said.name().unwrap_or_default().to_owned());
    let address = network.contract(&contract)?;
    let ring = Keyring::of(&network.home);
    let runtime = runtime()?;
    let gpu_salt = said.has_uuid().then(|| runtime.block_on(network.gpu_salt())).transpose()?;
    let named = |field: &str, text: &str| account(&ring, &network.settings.prefix, field, text);
    let query = said.message(&Names { account: &named, gpu_salt })?;
    let answer: Value = runtime.block_on(async {
        let client = network.look_as_nobody().await?;
        anyhow::Ok(client.smart(&address, &query, flags.at_height).await?)
    })?;
    match json {
        true => outln!("{answer}")?,
        false => outln!("{}", serde_json::to_string_pretty(&for_people(&contract, &name, answer))?)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_that_a_contract_would_lower_is_refused() {
        for fine in [
            json!({ "nodes": { "limit": 100 } }),
            json!({ "nodes": { "limit": null } }),
            json!({ "config": {} }),
        ] {
            within_page(&fine).unwrap();
        }
        let words = within_page(&json!({ "nodes": { "limit": 101 } })).unwrap_err().to_string();
        assert!(words.contains("101") && words.contains("at most 100"), "{words}");
    }
}
