//! `lyceum balance`: what accounts hold. It needs an endpoint, and neither a node nor a passphrase.

use cosmwasm_std::Addr;
use serde_json::{Value, json};

use crate::contract_cli::{both, lyc};
use crate::failure::{self, Failure, Refusal};
use crate::session::{AccountsArgs, look_as_nobody, runtime};
use crate::wallet::{Keyring, account};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A key's name or an address [default: every key there is]
    #[arg(value_name = "KEY|ADDRESS")]
    who: Option<String>,
    /// What was held at a height [default: the latest]
    #[arg(long, value_name = "HEIGHT", help_heading = "Network")]
    at_height: Option<u64>,
    #[command(flatten)]
    accounts: AccountsArgs,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let chain = args.accounts.accounts(None)?;
    let ring = Keyring::of(&chain.home);
    let prefix = &chain.settings.prefix;
    let listing = ring.entries();
    let mut asked: Vec<(Option<String>, Addr)> = vec![];
    match &args.who {
        Some(who) => {
            let address = account(&ring, prefix, "KEY|ADDRESS", who)?;
            // The name of an address that is a key's; keys that cannot be listed have none.
            let keys = listing.map(|keys| keys.entries).unwrap_or_default();
            let name = keys.iter().find(|e| e.address(prefix).is_ok_and(|a| a == address));
            asked.push((name.map(|e| e.name.clone()), address));
        }
        None => {
            let listing = listing?;
            for (name, error) in &listing.unreadable {
                noteln!("key {name} cannot be read: {}", failure::words(error));
            }
            if listing.entries.is_empty() {
                let words =
                    format!("{}: {}; name an address to ask about", ring.dir().display(), listing.have(""));
                return Err(Refusal::new(Failure::Key, "key.missing", words).into());
            }
            for entry in listing.entries {
                let address = entry.address(prefix)?;
                asked.push((Some(entry.name), address));
            }
        }
    }
    let held = runtime()?.block_on(async {
        let client = look_as_nobody(chain.settings.clone()).await?;
        let mut held = vec![];
        for (_, address) in &asked {
            held.push(client.balance_at(address, args.at_height).await?);
        }
        anyhow::Ok(held)
    })?;
    let all = asked.iter().zip(held);
    if json {
        let of = |((name, address), ulyc): (&(Option<String>, Addr), u128)| json!({ "name": name, "address": address, "ulyc": ulyc.to_string(), "lyc": lyc(ulyc) });
        outln!("{}", json!({ "balances": all.map(of).collect::<Vec<Value>>() }))?;
        return Ok(());
    }
    for ((name, address), ulyc) in all {
        match name {
            Some(name) => outln!("{name:<20} {address}  {}", both(ulyc))?,
            None => outln!("{address}  {}", both(ulyc))?,
        }
    }
    Ok(())
}
