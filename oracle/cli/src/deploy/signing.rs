//! Which chain and which key: what `deploy`, `upgrade` and `authority` are given.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lyceum_chain::cosmos::{Client, Key, PublicKey, Settings, Signer as _, keyfile};

use crate::interrupted::LastSent;
use crate::session::{GasArgs, look};
use crate::wallet::{Entry, Home, Keyring, PassphraseArgs, Purpose};

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
    pub fn settings(&self, gas: &GasArgs, home: &Home) -> anyhow::Result<Settings> {
        let mut settings = Settings::new(&self.chain_id, self.rpc.clone());
        settings.prefix.clone_from(&self.prefix);
        gas.apply(&mut settings, &Keyring::of(home))?;
        settings.check()?;
        Ok(settings)
    }
}

impl KeyArgs {
    /// Which key it is. A key of the folder stays closed for this; a key file is opened.
    pub fn held(&self, home: &Home) -> anyhow::Result<Held<'_>> {
        let ring = Keyring::of(home);
        let name = match &self.key {
            Some(name) => name.clone(),
            None => ring.entries()?.only("--key")?.name,
        };
        if !is_file(&name) {
            let Entry { name, public } = ring.by_name_or_address(&name)?;
            return Ok(Held { args: self, ring, name, public, opened: None });
        }
        let passphrase = self.passphrase.read(&name, Purpose::Open)?;
        let key = keyfile::load(Path::new(&name), &passphrase)?;
        Ok(Held { args: self, ring, name, public: key.public_key(), opened: Some(Arc::new(key)) })
    }

    /// Connects as the key's account to look only; a key of the folder need not be opened for that.
    pub async fn look(&self, home: &Home, settings: Settings) -> anyhow::Result<Client> {
        self.held(home)?.look(settings).await
    }
}

/// A key that was found, and is opened once at most: a passphrase may come from where it cannot be read twice.
#[derive(Debug)]
pub struct Held<'a> {
    args: &'a KeyArgs,
    ring: Keyring,
    name: String,
    public: PublicKey,
    opened: Option<Arc<Key>>,
}

impl Held<'_> {
    /// Connects as its account to look only.
    pub async fn look(&self, settings: Settings) -> anyhow::Result<Client> {
        look(patient(settings), self.public).await
    }

    /// Opens the key, unless it is open.
    pub fn open(&mut self) -> anyhow::Result<Arc<Key>> {
        if let Some(key) = &self.opened {
            return Ok(key.clone());
        }
        let passphrase = self.args.passphrase.read(&self.name, Purpose::Open)?;
        let key = Arc::new(self.ring.open(&self.name, &passphrase)?);
        self.opened = Some(key.clone());
        Ok(key)
    }

    /// Connects as its account, with the key.
    pub async fn connect(mut self, settings: Settings, sent: &LastSent) -> anyhow::Result<Client> {
        sent.connect(patient(settings), self.open()?).await
    }
}

fn is_file(name: &str) -> bool {
    name.contains('/') || name.ends_with(".age")
}

fn patient(settings: Settings) -> Settings {
    Settings { request_timeout: REQUEST_TIMEOUT, ..settings }
}
