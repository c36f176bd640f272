//! `lyceum keys`: the keys that sign.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use lyceum_chain::cosmos::Key;
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure::{BadInput, Failure, Refusal};
use crate::output;
use crate::wallet::{Entry, HomeArgs, Keyring, PassphraseArgs, Purpose, secret_line};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a key, or bring one back from its 24 words
    Add(Add),
    /// List all keys and their addresses
    List(Where),
    /// Show one key
    Show(Show),
    /// Delete a key file; only its words bring it back
    Delete(Delete),
}

#[derive(Debug, clap::Args)]
struct Where {
    #[command(flatten)]
    home: HomeArgs,
    /// The chain's address prefix
    #[arg(long, default_value = "wasm")]
    prefix: String,
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Its name
    name: String,
    /// Bring back the key of words you have: asked for, or read from standard input
    #[arg(long)]
    recover: bool,
    /// Read the words to recover from a file's first line
    #[arg(long, value_name = "FILE", requires = "recover")]
    words_file: Option<PathBuf>,
    /// The account of the words, m/44'/118'/N'/0/0
    #[arg(long, value_name = "N", default_value_t = 0)]
    account: u32,
    /// Print the new words even where output is not a terminal, or is JSON
    #[arg(long, conflicts_with = "recover")]
    show_words: bool,
    /// Never show the new words: the key file and its passphrase are then all there is
    #[arg(long, conflicts_with_all = ["recover", "show_words"])]
    no_words: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    at: Where,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Its name
    name: String,
    /// The address alone
    #[arg(long, conflicts_with = "pubkey")]
    address: bool,
    /// The public key alone, hex
    #[arg(long)]
    pubkey: bool,
    #[command(flatten)]
    at: Where,
}

#[derive(Debug, clap::Args)]
struct Delete {
    /// Its name
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    home: HomeArgs,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    match args.command {
        Command::Add(args) => add(args, json),
        Command::List(at) => {
            let entries = Keyring::of(&at.home.resolve()?).entries()?;
            let shown = entries.iter().map(|e| shown(e, &at.prefix)).collect::<anyhow::Result<Vec<_>>>()?;
            if json {
                outln!("{}", json!({ "keys": shown }))?;
            } else if entries.is_empty() {
                noteln!("no keys yet: `lyceum keys add NAME` makes one");
            } else {
                for entry in &entries {
                    outln!("{:<20} {}", entry.name, entry.address(&at.prefix)?)?;
                }
            }
            Ok(())
        }
        Command::Show(args) => {
            let entry = Keyring::of(&args.at.home.resolve()?).entry(&args.name)?;
            if json {
                outln!("{}", shown(&entry, &args.at.prefix)?)?;
            } else if args.address {
                outln!("{}", entry.address(&args.at.prefix)?)?;
            } else if args.pubkey {
                outln!("{}", entry.public_hex())?;
            } else {
                outln!("name        {}", entry.name)?;
                outln!("address     {}", entry.address(&args.at.prefix)?)?;
                outln!("public key  {}", entry.public_hex())?;
            }
            Ok(())
        }
        Command::Delete(args) => delete(args, json),
    }
}

fn shown(entry: &Entry, prefix: &str) -> anyhow::Result<serde_json::Value> {
    let address = entry.address(prefix)?;
    Ok(json!({ "name": entry.name, "address": address, "public_key": entry.public_hex() }))
}

fn add(args: Add, json: bool) -> anyhow::Result<()> {
    let ring = Keyring::of(&args.at.home.resolve()?);
    ring.check_free(&args.name)?;
    // Before anything exists: words that nobody may see make a key that nobody can bring back.
    if !args.recover && !args.show_words && !args.no_words && (json || !std::io::stdout().is_terminal()) {
        let words =
            "the new key's 24 words would not be shown here, as output is no terminal: add --show-words to \
                     print them anyway, or --no-words to go without"
                .to_owned();
        return Err(BadInput(words).into());
    }
    let (key, words) = if args.recover {
        let words = secret_line("The key's words: ", args.words_file.as_deref())?;
        (Key::from_mnemonic(words.trim(), args.account)?, None)
    } else {
        let (first, words) = Key::generate()?;
        let key = if args.account == 0 { first } else { Key::from_mnemonic(&words, args.account)? };
        (key, (!args.no_words).then_some(words))
    };
    let passphrase = args.passphrase.read(&args.name, Purpose::Lock)?;
    let entry = ring.add(&args.name, &key, &passphrase)?;
    let mut out = output::stdout();
    if json {
        let mut value = shown(&entry, &args.at.prefix)?;
        if let Some(words) = &words {
            value["words"] = json!(words.as_str());
        }
        writeln!(out, "{}", Zeroizing::new(value.to_string()).as_str())?;
        return Ok(());
    }
    writeln!(out, "{} {}", entry.name, entry.address(&args.at.prefix)?)?;
    if let Some(words) = words {
        writeln!(
            out,
            "\nIts words, shown this once. Write them on paper: whoever has them has the account, and without\n\
             them nothing brings it back.\n\n{}",
            words.as_str()
        )?;
    }
    Ok(())
}

fn delete(args: Delete, json: bool) -> anyhow::Result<()> {
    let ring = Keyring::of(&args.home.resolve()?);
    let entry = ring.entry(&args.name)?;
    if !args.yes {
        note!("Type the key's name again to delete {} for good: ", entry.name);
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        if line.trim() != entry.name {
            let words = format!("key {} stays; --yes deletes it without asking", entry.name);
            return Err(Refusal::new(Failure::Input, "key.kept", words).into());
        }
    }
    ring.delete(&entry.name)?;
    if json {
        outln!("{}", json!({ "deleted": entry.name }))?;
    } else {
        outln!("{} is deleted from {}", entry.name, ring.dir().display())?;
    }
    Ok(())
}
