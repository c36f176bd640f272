//! `lyceum send`: LYC from one account to another. What it costs is shown first, and then asked.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use cosmos_sdk_proto::cosmos::bank::v1beta1::MsgSend;
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::Fee;
use prost::Message as _;
use serde_json::{Value, json};

use super::foreseen;
use super::sending::{SendingArgs, confirm, shown_on};
use crate::contract_cli::{Amount, Consequence, Denominated, both};
use crate::deploy::chain::coins;
use crate::failure::{Failure, Refusal};
use crate::interrupted::{LastSent, Repeated};
use crate::output;
use crate::session::{Accounts, AccountsArgs, GasArgs, look, runtime};
use crate::wallet::{Entry, Keyring, account};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who gets it: a key's name or an address
    #[arg(value_name = "TO")]
    to: String,
    /// How much, such as 500LYC, 0.25LYC or 500000000ulyc
    #[arg(value_name = "AMOUNT")]
    amount: Denominated,
    /// A public note in the transaction; exchanges use it to identify their customers
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    memo: String,
    #[command(flatten)]
    sending: SendingArgs,
    #[command(flatten)]
    accounts: AccountsArgs,
    #[command(flatten)]
    gas: GasArgs,
}

/// A payment on its way.
struct Draft {
    sender: Entry,
    from: Addr,
    to: Addr,
    amount: u128,
    memo: String,
}

/// What a simulation says.
struct Foreseen {
    fee: Fee,
    held: u128,
    consequence: Consequence,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let mut chain = args.accounts.accounts(Some(&args.gas))?;
    chain.settings.memo.clone_from(&args.memo);
    chain.settings.check().context("--memo")?;
    let ring = Keyring::of(&chain.home);
    let to = account(&ring, &chain.settings.prefix, "TO", &args.to)?;
    let sender = args.sending.sender(chain.config.as_ref(), &ring)?;
    let from = sender.address(&chain.settings.prefix)?;
    let draft = Draft { sender, from, to, amount: args.amount.0, memo: args.memo };
    draft.check(&chain)?;
    let runtime = runtime()?;
    let foreseen = runtime.block_on(foresee(&chain, &draft))?;
    let ask = args.sending.asks();
    if !json || ask {
        show(&mut *shown_on(json), &draft, &foreseen)?;
    }
    if args.sending.dry_run {
        if json {
            outln!("{}", dry(&draft, &foreseen))?;
        }
        return Ok(());
    }
    if ask {
        confirm()?;
    }
    let passphrase = args.sending.passphrase(chain.config.as_ref(), &draft.sender.name)?;
    let key = ring.open(&draft.sender.name, &passphrase)?;
    drop(passphrase);
    let sent = LastSent::default();
    let work = async {
        let client = sent.connect(chain.settings.clone(), Arc::new(key)).await?;
        Ok(client.send(vec![draft.any(draft.amount)]).await?)
    };
    let done = runtime.block_on(sent.unless_stopped(work, Repeated::Again))?;
    let consequence = Consequence::of(&done.events, draft.from.as_str(), &chain.names);
    output::receipt(&foreseen::receipt(&done, &consequence, json))?;
    Ok(())
}

impl Draft {
    fn any(&self, ulyc: u128) -> Any {
        let (from_address, to_address) = (self.from.to_string(), self.to.to_string());
        let msg = MsgSend { from_address, to_address, amount: coins(ulyc) };
        Any { type_url: "/cosmos.bank.v1beta1.MsgSend".to_owned(), value: msg.encode_to_vec() }
    }

    /// Refuses payments that are certainly a mistake.
    fn check(&self, chain: &Accounts) -> anyhow::Result<()> {
        let refuse = |code, words: String| Err(Refusal::new(Failure::Input, code, words).into());
        if self.amount == 0 {
            return refuse(
                "send.nothing",
                "AMOUNT: 0 sends nothing; name an amount such as 500LYC".to_owned(),
            );
        }
        if self.to == self.from {
            let words = format!(
                "TO is the account of {} ({}), which sends it: only the fee would be lost. Name another account, or \
                 another key with --from",
                self.sender.name, self.from
            );
            return refuse("send.self", words);
        }
        // The contracts count only funds that come with a message, and nobody can withdraw any others.
        if let Some(name) = chain.names.get(self.to.as_str()) {
            let remedy = match name.as_str() {
                "rewards" => {
                    format!("`lyceum tx rewards fund --funds {}` adds to the treasury", Amount(self.amount))
                }
                name => format!("`lyceum tx {name} --help` lists the messages that take funds"),
            };
            let words = format!(
                "TO is the contract {name} ({}): what is sent to it without a message is lost; {remedy}",
                self.to
            );
            return refuse("send.contract", words);
        }
        Ok(())
    }

    /// Refuses what the account cannot pay, with the numbers that the chain would not say.
    fn check_funds(&self, held: u128, fee: Option<u128>) -> anyhow::Result<()> {
        let needed = self.amount.saturating_add(fee.unwrap_or_default());
        if needed <= held {
            return Ok(());
        }
        let with_fee = fee.map(|fee| format!(" and the fee is {}", both(fee))).unwrap_or_default();
        let most = fee.and_then(|fee| held.checked_sub(fee)).filter(|most| *most > 0);
        let most =
            most.map(|most| format!("; {} is the most that can be sent", both(most))).unwrap_or_default();
        let words = format!(
            "it holds {}, {} are to be sent{with_fee}, {} are missing{most}",
            both(held),
            both(self.amount),
            both(needed - held)
        );
        Err(ChainError::InsufficientFunds { account: self.from.to_string(), words }.into())
    }
}

async fn foresee(chain: &Accounts, draft: &Draft) -> anyhow::Result<Foreseen> {
    let client = look(chain.settings.clone(), draft.sender.public).await?;
    let held = client.balance(&draft.from).await?;
    draft.check_funds(held, None)?;
    // A simulation pays a fee as well, so it cannot send the whole balance. It shows how high the fee is.
    let tried = draft.amount.min(held.saturating_sub(1)).max(1);
    let (fee, events) = client.foresee(&[draft.any(tried)]).await?;
    let own_fee = chain.settings.fee_granter.is_none().then_some(fee.amount);
    draft.check_funds(held, own_fee)?;
    // With a granter, everything may be sent.
    let (fee, events) = match tried == draft.amount {
        true => (fee, events),
        false => client.foresee(&[draft.any(draft.amount)]).await?,
    };
    let consequence = Consequence::of(&events, draft.from.as_str(), &chain.names);
    Ok(Foreseen { fee, held, consequence })
}

fn dry(draft: &Draft, foreseen: &Foreseen) -> Value {
    let value = json!({
        "dry_run": true,
        "from": draft.from,
        "to": draft.to,
        "ulyc": draft.amount.to_string(),
        "memo": draft.memo,
        "held": foreseen.held.to_string(),
        "consequence": foreseen.consequence,
    });
    foreseen::with_fee(value, &foreseen.fee)
}

fn show(out: &mut dyn Write, draft: &Draft, foreseen: &Foreseen) -> std::io::Result<()> {
    writeln!(out, "send     {}", both(draft.amount))?;
    writeln!(out, "from     {} ({}), which holds {}", draft.sender.name, draft.from, both(foreseen.held))?;
    writeln!(out, "to       {}", draft.to)?;
    if !draft.memo.is_empty() {
        writeln!(out, "memo     {}", draft.memo)?;
    }
    foreseen::write(out, &foreseen.fee, &foreseen.consequence)
}
