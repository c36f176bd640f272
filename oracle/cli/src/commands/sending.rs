//! What commands share that sign: who does, with which passphrase, and whether somebody says yes.

use std::io::{IsTerminal, Write};

use crate::config::Config;
use crate::failure::{BadInput, Failure, Refusal};
use crate::output;
use crate::terminal;
use crate::wallet::{Entry, Keyring, PassphraseArgs, Purpose};

/// Flags of whatever sends a transaction as a key's account.
#[derive(Debug, clap::Args)]
pub struct SendingArgs {
    /// The key that signs, by its name or address [default: that of node.toml, or the only one]
    #[arg(long, value_name = "KEY", help_heading = "Sending")]
    pub from: Option<String>,
    /// Show message, gas, fee and what would happen, and send nothing
    #[arg(long, help_heading = "Sending")]
    pub dry_run: bool,
    /// Send without asking
    #[arg(long, help_heading = "Sending")]
    pub yes: bool,
    #[command(flatten, next_help_heading = "Sending")]
    passphrase: PassphraseArgs,
}

impl SendingArgs {
    /// Who signs.
    pub fn sender(&self, config: Option<&Config>, ring: &Keyring) -> anyhow::Result<Entry> {
        match self.from.as_ref().or(config.map(|c| &c.key.name)) {
            Some(name) => ring.by_name_or_address(name),
            None => ring.entries()?.only("--from"),
        }
    }

    /// The passphrase of a key: as flags say, else as node.toml says of its own key, else asked for.
    pub fn passphrase(
        &self,
        config: Option<&Config>,
        key: &str,
    ) -> anyhow::Result<zeroize::Zeroizing<String>> {
        let of_config = || {
            let config = config.filter(|c| c.key.name == key)?;
            config.key.passphrase_file.as_ref().map(|p| PassphraseArgs::from_file(config.path(p)))
        };
        match of_config().filter(|_| self.passphrase.is_empty()) {
            Some(file) => file.read(key, Purpose::Open),
            None => self.passphrase.read(key, Purpose::Open),
        }
    }

    /// Whether somebody has to say yes.
    pub fn asks(&self) -> bool {
        !self.dry_run && !self.yes
    }
}

/// Where it is shown what will happen: where the question is, if the data are for a program.
pub fn shown_on(json: bool) -> Box<dyn Write> {
    match json {
        true => Box::new(output::Notes),
        false => Box::new(output::stdout()),
    }
}

/// Goes on if somebody says yes.
pub fn confirm() -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        let words = "nobody is there to say yes: add --yes to send it, or --dry-run to look only".to_owned();
        return Err(BadInput(words).into());
    }
    note!("Send it? [y/N] ");
    match matches!(terminal::answer()?.as_str(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(Refusal::new(Failure::Input, "tx.declined", "nothing was sent").into()),
    }
}
