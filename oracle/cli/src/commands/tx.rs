//! `lyceum tx`: sends a contract a message. What it will do is shown first, from a simulation.

use std::io::Write;
use std::sync::Arc;

use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Client, Fee};
use serde_json::{Value, json};

use super::foreseen;
use super::sending::{SendingArgs, confirm, shown_on};
use crate::contract_cli::{Amount, Common, Consequence, ContractArgs, Kind, Names, both, lyc, plain};
use crate::deploy::chain::execute_msg;
use crate::failure::{Failure, Refusal};
use crate::interrupted::{LastSent, Repeated};
use crate::output;
use crate::session::{GasArgs, Network, NetworkArgs, runtime};
use crate::wallet::{Entry, Keyring, account};

/// How contracts say that a message takes funds and came without (cw-utils, `PaymentError::NoFunds`).
const NO_FUNDS: &str = "No funds sent";

/// Flags that all messages have.
#[derive(Debug, clap::Args)]
pub struct Flags {
    #[command(flatten)]
    sending: SendingArgs,
    /// Send an amount along, such as 500LYC or 500000000ulyc; a plain number is ulyc
    #[arg(long, value_name = "AMOUNT", help_heading = "Sending", default_value_t, hide_default_value = true)]
    funds: Amount,
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
pub type Args = ContractArgs<Flags>;

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
        self.with_funds(self.funds)
    }

    fn with_funds(&self, ulyc: u128) -> anyhow::Result<Any> {
        let msg = serde_json::to_vec(&self.message)?;
        Ok(execute_msg(self.account.as_str(), self.address.as_str(), msg, ulyc))
    }

    /// The message's name.
    fn name(&self) -> &str {
        self.message.as_object().and_then(|o| o.keys().next()).map_or("this message", String::as_str)
    }

    /// Refuses a delegation to the account that signs: the contract takes it for a bond, which only the words of
    /// another command say.
    fn check_delegation(&self) -> anyhow::Result<()> {
        if self.contract != "nodes" || self.message["delegate"]["node"] != json!(self.account) {
            return Ok(());
        }
        let words = format!(
            "--node is the account of {} ({}), which signs this itself: that would be no delegation but a bond. Name \
             the key that delegates with --from; to bond, say `lyceum tx nodes bond --funds {}`",
            self.sender.name,
            self.account,
            Amount(self.funds)
        );
        Err(Refusal::new(Failure::Input, "tx.own_bond", words).into())
    }
}

/// What a simulation says.
struct Foreseen {
    fee: Fee,
    consequence: Consequence,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let (said, flags) = args.read()?;
    let network = flags.network.network(Some(&flags.gas))?;
    let address = network.contract(&said.contract)?;
    let ring = Keyring::of(&network.home);
    let runtime = runtime()?;
    let contract = said.contract.clone();
    let gpu_salt = said.has_uuid().then(|| runtime.block_on(network.gpu_salt())).transpose()?;
    let prefix = network.settings.prefix.clone();
    let named = |field: &str, text: &str| account(&ring, &prefix, field, text);
    let message = said.message(&Names { account: &named, gpu_salt })?;
    let config = network.config.as_ref();
    let sender = flags.sending.sender(config, &ring)?;
    let account = sender.address(&prefix)?;
    let draft = Draft { contract, address, message, funds: flags.funds.0, sender, account };
    draft.check_delegation()?;
    let foreseen = runtime.block_on(foresee(&network, &draft))?;
    let ask = flags.sending.asks();
    if !json || ask {
        show(&mut *shown_on(json), &draft, &foreseen)?;
    }
    if flags.sending.dry_run {
        if json {
            outln!("{}", dry(&draft, &foreseen))?;
        }
        return Ok(());
    }
    if ask {
        confirm()?;
    }
    let passphrase = flags.sending.passphrase(config, &draft.sender.name)?;
    let key = ring.open(&draft.sender.name, &passphrase)?;
    drop(passphrase);
    let sent = LastSent::default();
    let work = async {
        let client = sent.connect(network.settings.clone(), Arc::new(key)).await?;
        Ok(client.send(vec![draft.any()?]).await?)
    };
    let done = runtime.block_on(sent.unless_stopped(work, Repeated::Again))?;
    let consequence = Consequence::of(&done.events, draft.account.as_str(), &network.names());
    output::receipt(&foreseen::receipt(&done, &consequence, json))?;
    Ok(())
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
    let (fee, events) = match client.foresee(&[draft.any()?]).await {
        Err(ChainError::Refused { words }) if draft.funds == 0 && words.contains(NO_FUNDS) => {
            return Err(without_funds(&client, draft).await);
        }
        foreseen => foreseen?,
    };
    let consequence = Consequence::of(&events, draft.account.as_str(), &network.names());
    Ok(Foreseen { fee, consequence })
}

/// Why a message that came without funds is refused: the contract says how much it takes once there is some.
async fn without_funds(client: &Client, draft: &Draft) -> anyhow::Error {
    let tried = match draft.with_funds(1) {
        Ok(message) => client.foresee(&[message]).await,
        Err(error) => return error,
    };
    let name = draft.name();
    let words = match tried {
        Err(ChainError::Refused { words }) => {
            let wanted = words
                .split(' ')
                .zip(words.split(' ').skip(1))
                .find(|(_, unit)| unit.trim_end_matches(',') == "ulyc");
            let wanted = wanted.and_then(|(n, _)| n.parse().ok()).map(Amount);
            let flag = wanted.map_or("--funds AMOUNT".to_owned(), |amount| format!("--funds {amount}"));
            format!("{name} takes funds, and none are sent along: say {flag} ({})", plain(&words))
        }
        _ => format!(
            "{name} takes funds, and none are sent along: say how much with --funds, such as --funds 500LYC"
        ),
    };
    Refusal::new(Failure::Refused, "tx.funds", words).into()
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
        writeln!(out, "funds    {}", both(draft.funds))?;
    }
    foreseen::write(out, &foreseen.fee, &foreseen.consequence)
}
