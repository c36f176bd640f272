//! `lyceum keys`: the keys that sign.

use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use anyhow::Context;
use lyceum_chain::cosmos::Key;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure::{self, BadInput, Failure, Refusal};
use crate::terminal;
use crate::wallet::{Entry, HomeArgs, Keyring, PassphraseArgs, Purpose, secret_words};

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
    /// Read the words to recover from a file, where they stand on one line or several
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
        Command::List(at) => list(&at, json),
        Command::Show(args) => {
            let entry = Keyring::of(&args.at.home.resolve()?).by_name_or_address(&args.name)?;
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

fn list(at: &Where, json: bool) -> anyhow::Result<()> {
    let keys = Keyring::of(&at.home.resolve()?).entries()?;
    if json {
        let shown = keys.entries.iter().map(|e| shown(e, &at.prefix)).collect::<anyhow::Result<Vec<_>>>()?;
        let unreadable: Vec<_> = keys
            .unreadable
            .iter()
            .chain(&keys.leftover)
            .map(|(name, error)| json!({ "name": name, "reason": failure::words(error) }))
            .collect();
        outln!("{}", json!({ "keys": shown, "unreadable": unreadable }))?;
        return Ok(());
    }
    for entry in &keys.entries {
        outln!("{:<20} {}", entry.name, entry.address(&at.prefix)?)?;
    }
    for (name, error) in &keys.unreadable {
        noteln!("key {name} cannot be read: {}", failure::words(error));
    }
    for (name, error) in &keys.leftover {
        noteln!("{name} is half a key: {}", failure::words(error));
    }
    if keys.entries.is_empty() && keys.unreadable.is_empty() && keys.leftover.is_empty() {
        noteln!("no keys yet: `lyceum keys add NAME` makes one");
    }
    Ok(())
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
        (Key::from_mnemonic(&secret_words(args.words_file.as_deref())?, args.account)?, None)
    } else {
        let (first, words) = Key::generate()?;
        let key = if args.account == 0 { first } else { Key::from_mnemonic(&words, args.account)? };
        (key, (!args.no_words).then_some(words))
    };
    let passphrase = args.passphrase.read(&args.name, Purpose::Lock)?;
    let prepared = ring.prepare(&args.name, &key, &passphrase)?;
    let mut value = shown(&prepared.entry, &args.at.prefix)?;
    let address = prepared.entry.address(&args.at.prefix)?;
    let Some(words) = words else {
        let entry = prepared.keep()?;
        match json {
            true => outln!("{value}")?,
            false => outln!("{} {address}", entry.name)?,
        }
        return Ok(());
    };
    let text = if json {
        value["words"] = json!(words.as_str());
        let text = Zeroizing::new(value.to_string());
        Zeroizing::new(format!("{}\n", text.as_str()))
    } else {
        Zeroizing::new(format!(
            "{} {address}\n\nIts words, shown this once. Write them on paper: whoever has them has the account, and \
             without\nthem nothing brings it back.\n\n{}\n",
            args.name,
            words.as_str()
        ))
    };
    // First shown, then kept: a key whose words nobody saw could not be brought back.
    let name = &args.name;
    show_words(&text).map_err(|error| {
        let kind = match Failure::of(&anyhow::Error::new(std::io::Error::from(error.kind()))) {
            Failure::Internal => Failure::Disk,
            known => known,
        };
        let words = format!(
            "the words of the new key could not be shown ({error}), so key {name} was not kept: give this command an \
             output that takes them, or say --no-words to go without"
        );
        Refusal::new(kind, "key.words_unseen", words)
    })?;
    prepared.keep().with_context(|| format!("key {name} was not saved, so the words above are of no use"))?;
    Ok(())
}

/// Writes to standard output what must be seen, and finds out as far as the system tells whether it can be.
fn show_words(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    // What starts without an output is given this one.
    let about = std::fs::metadata("/proc/self/fd/1");
    let nowhere = std::fs::metadata("/dev/null");
    if let (Ok(about), Ok(nowhere)) = (&about, &nowhere)
        && about.file_type().is_char_device()
        && about.rdev() == nowhere.rdev()
    {
        return Err(std::io::Error::other("standard output is closed or /dev/null"));
    }
    out.write_all(text.as_bytes())?;
    out.flush()?;
    // Some file systems say only now that they are full.
    match rustix::fs::fsync(&out) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::ROFS | rustix::io::Errno::NOTSUP) | Ok(()) => {}
        Err(full) => return Err(full.into()),
    }
    // A pipe takes what it has room for, also when nobody is left to read it.
    let mut polled = [PollFd::new(&out, PollFlags::OUT)];
    poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    match polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
        true => Err(ErrorKind::BrokenPipe.into()),
        false => Ok(()),
    }
}

fn delete(args: Delete, json: bool) -> anyhow::Result<()> {
    let ring = Keyring::of(&args.home.resolve()?);
    let name = &args.name;
    if !ring.has_part(name)? {
        // Says what there is.
        ring.entry(name)?;
    }
    if !args.yes {
        note!("Type the key's name again to delete {name} for good: ");
        if terminal::answer()? != *name {
            let words = format!("key {name} stays; --yes deletes it without asking");
            return Err(Refusal::new(Failure::Input, "key.kept", words).into());
        }
    }
    ring.delete(name)?;
    if json {
        outln!("{}", json!({ "deleted": name }))?;
    } else {
        outln!("{name} is deleted from {}", ring.dir().display())?;
    }
    Ok(())
}
