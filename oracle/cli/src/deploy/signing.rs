//! Which chain and which key: what `deploy`, `upgrade` and `authority` are given.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lyceum_chain::cosmos::{Client, Key, Settings, keyfile};

use crate::failure::{Failure, Refusal};
use crate::session::GasArgs;
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
    /// Opens the key.
    pub fn open(&self, home: &Home) -> anyhow::Result<Key> {
        let ring = Keyring::of(home);
        let name = match &self.key {
            Some(name) => name.clone(),
            None => only_key(&ring)?,
        };
        let passphrase = self.passphrase.read(&name, Purpose::Open)?;
        if name.contains('/') || name.ends_with(".age") {
            return Ok(keyfile::load(Path::new(&name), &passphrase)?);
        }
        ring.open(&name, &passphrase)
    }

    /// Connects as the key's account.
    pub async fn connect(&self, home: &Home, settings: Settings) -> anyhow::Result<Client> {
        let key = self.open(home)?;
        let settings = Settings { request_timeout: REQUEST_TIMEOUT, ..settings };
        Ok(Client::connect(settings, Arc::new(key)).await?)
    }
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
