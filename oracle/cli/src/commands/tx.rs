//! `lyceum tx`: sends a contract a message. What it will do is shown first, from a simulation.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_api::DENOM;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Client, Fee};
use serde_json::{Value, json};

use super::foreseen;
use crate::deploy::chain::execute_msg;
use crate::failure::{BadInput, Failure, Refusal};
use crate::output;
use crate::session::{GasArgs, Network, NetworkArgs, runtime};
use crate::speech::{Common, Consequence, Kind, Spoken, lyc};
use crate::wallet::{Entry, Keyring, PassphraseArgs, Purpose};

/// Flags that all messages have.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// The key that signs [default: that of node.toml, or the only one]
    #[arg(long, value_name = "NAME", help_heading = "Sending")]
    from: Option<String>,
    /// Send so many ulyc along (1 LYC is 1000000 ulyc)
    #[arg(long, value_name = "ULYC", help_heading = "Sending")]
    funds: Option<u128>,
    /// Show message, gas, fee and what would happen, and send nothing
    #[arg(long, help_heading = "Sending")]
    dry_run: bool,
    /// Send without asking
    #[arg(long, help_heading = "Sending")]
    yes: bool,
    #[command(flatten, next_help_heading = "Sending")]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    gas: GasArgs,
}

impl Common for Flags {
    const KIND: Kind = Kind::Execute;
    const RAW: &'static str = "Send JSON of your own";
}

/// Arguments: which contract, which message, its fields.
pub type Args = Spoken<Flags>;

/// A message on its way.
struct Draft {
    contract: String,
    address: Addr,
    message: Value,
    funds: u128,
    sender: Entry,
    account: Addr,
}

impl Draft {
    fn any(&self) -> anyhow::Result<Any> {
        let msg = serde_json::to_vec(&self.message)?;
        Ok(execute_msg(self.account.as_str(), self.address.as_str(), msg, self.funds))
    }
}

/// What a simulation says.
struct Foreseen {
    fee: Fee,
    consequence: Consequence,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let (contract, message, flags) = args.read()?;
    let network = flags.network.network(Some(&flags.gas))?;
    let address = network.contract(&contract)?;
    let ring = Keyring::of(&network.home);
    let sender = sender(&flags, &network, &ring)?;
    let account = sender.address(&network.settings.prefix)?;
    let funds = flags.funds.unwrap_or_default();
    let draft = Draft { contract, address, message, funds, sender, account };
    let runtime = runtime()?;
    let foreseen = runtime.block_on(foresee(&network, &draft))?;
    let ask = !flags.dry_run && !flags.yes;
    if !json || ask {
        // What is asked about is shown where the question is.
        let mut out: Box<dyn Write> = if json { Box::new(output::Notes) } else { Box::new(output::stdout()) };
        show(&mut out, &draft, &foreseen)?;
    }
    if flags.dry_run {
        if json {
            outln!("{}", dry(&draft, &foreseen))?;
        }
        return Ok(());
    }
    if ask {
        confirm()?;
    }
    let passphrase = passphrase(&flags, &network, &draft.sender.name)?;
    let key = ring.open(&draft.sender.name, &passphrase)?;
    drop(passphrase);
    let done = runtime.block_on(async {
        let client = Client::connect(network.settings.clone(), Arc::new(key)).await?;
        anyhow::Ok(client.send(vec![draft.any()?]).await?)
    })?;
    let consequence = Consequence::of(&done.events, draft.account.as_str(), &network.names());
    if json {
        let value = json!({
            "hash": done.hash,
            "height": done.height,
            "gas_wanted": done.gas_wanted,
            "gas_used": done.gas_used,
            "consequence": consequence,
            "events": done.events,
        });
        output::receipt(&value.to_string())?;
    } else {
        let mut text =
            format!("\nincluded at height {} as {}, {} gas used", done.height, done.hash, done.gas_used);
        for line in &consequence.lines {
            text.push_str("\n  ");
            text.push_str(line);
        }
        output::receipt(&text)?;
    }
    Ok(())
}

/// Who signs.
fn sender(flags: &Flags, network: &Network, ring: &Keyring) -> anyhow::Result<Entry> {
    if let Some(name) = flags.from.as_ref().or(network.config.as_ref().map(|c| &c.key.name)) {
        return ring.entry(name);
    }
    let mut all = ring.entries()?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => {
            let words = "there is no key to sign with: `lyceum keys add NAME` makes one";
            Err(Refusal::new(Failure::Key, "key.missing", words).into())
        }
        _ => {
            Err(BadInput("which key signs? Name it with --from; `lyceum keys list` shows them".to_owned())
                .into())
        }
    }
}

fn passphrase(flags: &Flags, network: &Network, key: &str) -> anyhow::Result<zeroize::Zeroizing<String>> {
    let of_config = || {
        let config = network.config.as_ref().filter(|c| c.key.name == key)?;
        config.key.passphrase_file.as_ref().map(|p| PassphraseArgs::from_file(config.path(p)))
    };
    match of_config().filter(|_| flags.passphrase.is_empty()) {
        Some(file) => file.read(key, Purpose::Open),
        None => flags.passphrase.read(key, Purpose::Open),
    }
}

/// Simulates, and reads the events that come of it.
async fn foresee(network: &Network, draft: &Draft) -> anyhow::Result<Foreseen> {
    let client = network.look(draft.sender.public).await?;
    network.check(&client).await?;
    // The chain would only say that it cannot pay; here both numbers are known.
    let held = client.balance(&draft.account).await?;
    if held < draft.funds {
        let (account, short) = (draft.account.to_string(), draft.funds - held);
        let words = format!(
            "it holds {}, {} are sent along, {} are missing",
            lyc(held),
            lyc(draft.funds),
            lyc(short)
        );
        return Err(ChainError::InsufficientFunds { account, words }.into());
    }
    let (fee, events) = client.foresee(&[draft.any()?]).await?;
    let consequence = Consequence::of(&events, draft.account.as_str(), &network.names());
    Ok(Foreseen { fee, consequence })
}

fn dry(draft: &Draft, foreseen: &Foreseen) -> Value {
    let value = json!({
        "dry_run": true,
        "contract": draft.contract,
        "address": draft.address,
        "message": draft.message,
        "from": draft.account,
        "funds": draft.funds.to_string(),
        "consequence": foreseen.consequence,
    });
    foreseen::with_fee(value, &foreseen.fee)
}

fn show(out: &mut dyn Write, draft: &Draft, foreseen: &Foreseen) -> std::io::Result<()> {
    writeln!(out, "message  {} to {} ({})", draft.message, draft.contract, draft.address)?;
    writeln!(out, "from     {} ({})", draft.sender.name, draft.account)?;
    if draft.funds > 0 {
        writeln!(out, "funds    {} ({} {DENOM})", lyc(draft.funds), draft.funds)?;
    }
    foreseen::write(out, &foreseen.fee, &foreseen.consequence)
}

fn confirm() -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        let words = "nobody is there to say yes: add --yes to send it, or --dry-run to look only".to_owned();
        return Err(BadInput(words).into());
    }
    note!("Send it? [y/N] ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    match matches!(line.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(Refusal::new(Failure::Input, "tx.declined", "nothing was sent").into()),
    }
}
