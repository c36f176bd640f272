//! Which chain and which key: what `deploy`, `upgrade` and `authority` are given.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lyceum_chain::cosmos::{Client, Key, Settings, Signer as _, keyfile};

use crate::failure::{Failure, Refusal};
use crate::session::{GasArgs, look};
use crate::wallet::{Home, Keyring, PassphraseArgs, Purpose};

/// A chain on which nothing of ours is known yet.
#[derive(Debug, Clone, clap::Args)]
pub struct ChainArgs {
    /// The chain's id
    #[arg(long = "chain", value_name = "CHAIN_ID")]
    chain_id: String,
    /// CometBFT RPC endpoint, may be repeated
    #[arg(long, value_name = "URL", required = true)]
    rpc: Vec<String>,
    /// The chain's address prefix
    #[arg(long, default_value = "wasm")]
    prefix: String,
}

/// The key that signs.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyArgs {
    /// The key that signs: its name, or the path of a key file [default: the only one]
    #[arg(long, value_name = "NAME|FILE")]
    key: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// A Wasm file takes a node longer to answer for than other messages do.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

impl ChainArgs {
    /// How the chain is reached.
    pub fn settings(&self, gas: &GasArgs) -> anyhow::Result<Settings> {
        let mut settings = Settings::new(&self.chain_id, self.rpc.clone());
        settings.prefix.clone_from(&self.prefix);
        gas.apply(&mut settings);
        settings.check()?;
        Ok(settings)
    }
}

impl KeyArgs {
    fn name(&self, ring: &Keyring) -> anyhow::Result<String> {
        self.key.clone().map_or_else(|| only_key(ring), Ok)
    }

    /// Opens the key.
    pub fn open(&self, home: &Home) -> anyhow::Result<Key> {
        let ring = Keyring::of(home);
        let name = self.name(&ring)?;
        let passphrase = self.passphrase.read(&name, Purpose::Open)?;
        if is_file(&name) {
            return Ok(keyfile::load(Path::new(&name), &passphrase)?);
        }
        ring.open(&name, &passphrase)
    }

    /// Connects as the key's account.
    pub async fn connect(&self, home: &Home, settings: Settings) -> anyhow::Result<Client> {
        let key = self.open(home)?;
        Ok(Client::connect(patient(settings), Arc::new(key)).await?)
    }

    /// Connects as the key's account to look only; a key of the folder need not be opened for that.
    pub async fn look(&self, home: &Home, settings: Settings) -> anyhow::Result<Client> {
        let ring = Keyring::of(home);
        let name = self.name(&ring)?;
        let public = if is_file(&name) { self.open(home)?.public_key() } else { ring.entry(&name)?.public };
        look(patient(settings), public).await
    }
}

fn is_file(name: &str) -> bool {
    name.contains('/') || name.ends_with(".age")
}

fn patient(settings: Settings) -> Settings {
    Settings { request_timeout: REQUEST_TIMEOUT, ..settings }
}

fn only_key(ring: &Keyring) -> anyhow::Result<String> {
    let mut entries = ring.entries()?;
    if entries.len() == 1 {
        return Ok(entries.remove(0).name);
    }
    let names: Vec<String> = entries.into_iter().map(|e| e.name).collect();
    let words = match names.as_slice() {
        [] => format!("there is no key in {}: `lyceum keys add` makes one", ring.dir().display()),
        names => format!("which key signs? name one with --key: {}", names.join(", ")),
    };
    Err(Refusal::new(Failure::Key, "key.which", words).into())
}
