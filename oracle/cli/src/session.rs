//! What `tx`, `query` and other commands that talk to a chain share: which network, through which endpoint, as whom.
//!
//! What flags do not say, the operator's node.toml does; without one, the deployment file and `--rpc` are enough.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use cosmwasm_std::Addr;
use lyceum_api::{Hash32, nodes};
use lyceum_chain::cosmos::{BoxFuture, Client, PublicKey, Settings, Signature, Signer, check_address};
use lyceum_chain::{ChainError, Deployment};
use lyceum_files::is_there;

use crate::config::Config;
use crate::failure::{Failure, Refusal};
use crate::wallet::{Home, HomeArgs, Keyring, account};

/// Which network.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NetworkArgs {
    #[command(flatten, next_help_heading = "Network")]
    pub home: HomeArgs,
    /// CometBFT RPC endpoint, may be repeated [default: those of node.toml]
    #[arg(long, value_name = "URL", help_heading = "Network")]
    rpc: Vec<String>,
    /// Where the contracts are [default: deployment.json of the operator's folder]
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    deployment: Option<PathBuf>,
}

/// Which chain, where accounts alone matter: without a node and without the network's contracts as well.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AccountsArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// The chain's id, where there is no deployment file to say it
    #[arg(long = "chain", value_name = "CHAIN_ID", help_heading = "Network", conflicts_with = "deployment")]
    chain_id: Option<String>,
    /// The prefix of its addresses [default: wasm]
    #[arg(long, help_heading = "Network", requires = "chain_id")]
    prefix: Option<String>,
}

/// A chain with accounts on it.
#[derive(Debug)]
pub struct Accounts {
    /// The operator's folder.
    pub home: Home,
    /// The operator's node.toml, if there is one of this chain.
    pub config: Option<Config>,
    /// How it is reached.
    pub settings: Settings,
    /// The network's contracts by address, as far as they are known.
    pub names: BTreeMap<String, String>,
}

impl AccountsArgs {
    /// Puts flags and files together.
    pub fn accounts(&self, gas: Option<&GasArgs>) -> anyhow::Result<Accounts> {
        let Some(chain_id) = &self.chain_id else {
            let network = self.network.network(gas).map_err(|error| {
                match error.downcast_ref::<Refusal>().is_some_and(|r| r.code() == "deployment.missing") {
                    true => error.context(
                        "which chain? Name it with --chain CHAIN_ID and --rpc URL, or with its file",
                    ),
                    false => error,
                }
            })?;
            let names = network.names();
            return Ok(Accounts {
                home: network.home,
                config: network.config,
                settings: network.settings,
                names,
            });
        };
        let home = self.network.home.resolve()?;
        let mut settings = Settings::new(chain_id, self.network.rpc.clone());
        if let Some(prefix) = &self.prefix {
            settings.prefix.clone_from(prefix);
        }
        if settings.rpc.is_empty() {
            let words = "no endpoint is known: name one with --rpc http://HOST:26657";
            return Err(Refusal::new(Failure::Input, "rpc.missing", words).into());
        }
        if let Some(gas) = gas {
            gas.apply(&mut settings, &Keyring::of(&home))?;
        }
        settings.check()?;
        Ok(Accounts { home, config: None, settings, names: BTreeMap::new() })
    }
}

/// What a transaction may cost.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct GasArgs {
    /// ulyc per gas
    #[arg(long, value_name = "DECIMAL", help_heading = "Gas")]
    gas_price: Option<String>,
    /// Gas allowed for each gas of the simulation
    #[arg(long, value_name = "FACTOR", help_heading = "Gas")]
    gas_adjustment: Option<f64>,
    /// The most gas; a transaction that needs more is not sent
    #[arg(long, value_name = "GAS", help_heading = "Gas")]
    gas_ceiling: Option<u64>,
    /// Who pays the fee, as it granted to: a key's name or an address
    #[arg(long, value_name = "KEY|ADDRESS", help_heading = "Gas")]
    fee_granter: Option<String>,
}

/// A network that may be talked to.
#[derive(Debug)]
pub struct Network {
    /// The operator's folder.
    pub home: Home,
    /// The operator's node.toml, if there is one.
    pub config: Option<Config>,
    /// Its contracts.
    pub deployment: Deployment,
    /// The file that says so.
    pub deployment_file: PathBuf,
    /// How it is reached.
    pub settings: Settings,
}

impl NetworkArgs {
    /// Puts flags and files together. Files that do not belong together are refused.
    pub fn network(&self, gas: Option<&GasArgs>) -> anyhow::Result<Network> {
        let home = self.home.resolve()?;
        let config = match home.config() {
            path if is_there(&path)? => Some(Config::load(&path)?),
            _ => None,
        };
        let path = match (&self.deployment, &config) {
            (Some(path), _) => path.clone(),
            (None, Some(config)) => config.path(&config.chain.deployment),
            (None, None) => home.deployment(),
        };
        if !is_there(&path)? {
            let words = format!(
                "there is no deployment file {}: name the one that `lyceum deploy` wrote, or that your network \
                 publishes, with --deployment",
                path.display()
            );
            return Err(Refusal::new(Failure::Input, "deployment.missing", words).into());
        }
        // With endpoints of their own, flags may speak of another network than node.toml does.
        let ours = config.as_ref().filter(|_| self.rpc.is_empty() || self.deployment.is_none());
        let deployment = match ours {
            Some(config) => Deployment::load_for(&path, &config.chain.id)?,
            None => Deployment::load(&path)?,
        };
        let mut settings = match ours {
            Some(config) => config.settings(),
            None => {
                Settings { prefix: prefix_of(&deployment), ..Settings::new(&deployment.chain_id, vec![]) }
            }
        };
        if !self.rpc.is_empty() {
            settings.rpc.clone_from(&self.rpc);
        }
        if settings.rpc.is_empty() {
            let words = "no endpoint is known: name one with --rpc http://HOST:26657, or prepare the operator's \
                         folder with `lyceum init`";
            return Err(Refusal::new(Failure::Input, "rpc.missing", words).into());
        }
        if let Some(gas) = gas {
            gas.apply(&mut settings, &Keyring::of(&home))?;
        }
        settings.check()?;
        for (name, address) in deployment.contracts.named() {
            check_address(address, &settings.prefix)
                .with_context(|| format!("contracts.{name} of {}", path.display()))?;
        }
        Ok(Network { home, config, deployment, deployment_file: path, settings })
    }
}

impl GasArgs {
    /// Puts what was said into settings.
    pub fn apply(&self, settings: &mut Settings, ring: &Keyring) -> anyhow::Result<()> {
        if let Some(price) = &self.gas_price {
            settings.gas_price.clone_from(price);
        }
        settings.gas_adjustment = self.gas_adjustment.unwrap_or(settings.gas_adjustment);
        settings.gas_ceiling = self.gas_ceiling.unwrap_or(settings.gas_ceiling);
        if let Some(granter) = &self.fee_granter {
            settings.fee_granter = Some(account(ring, &settings.prefix, "--fee-granter", granter)?);
        }
        Ok(())
    }
}

/// The prefix of a deployment's addresses; each was checked to have one when the file was read.
fn prefix_of(deployment: &Deployment) -> String {
    deployment.authority.rsplit_once('1').map(|(prefix, _)| prefix.to_owned()).unwrap_or_default()
}

impl Network {
    /// The address of a contract.
    pub fn contract(&self, name: &str) -> anyhow::Result<Addr> {
        let found = self.deployment.contracts.named().into_iter().find(|(n, _)| *n == name);
        let found = found.map(|(_, address)| Addr::unchecked(address));
        found.ok_or_else(|| {
            let names = lyceum_chain::CONTRACTS.join(", ");
            let words = format!("there is no contract {name}; there are {names}");
            Refusal::new(Failure::Network, "contract.unknown", words).into()
        })
    }

    /// Names by address.
    pub fn names(&self) -> BTreeMap<String, String> {
        let named = self.deployment.contracts.named();
        named.into_iter().map(|(name, address)| (address.to_owned(), name.to_owned())).collect()
    }

    /// Holds every contract against the deployment file, before anything is sent to one.
    pub async fn check(&self, client: &Client) -> anyhow::Result<()> {
        check_contracts(client, &self.deployment)
            .await
            .with_context(|| self.deployment_file.display().to_string())
    }

    /// The salt of GPUs' ids.
    pub async fn gpu_salt(&self) -> anyhow::Result<Hash32> {
        let (nodes, client) = (self.contract("nodes")?, self.look_as_nobody().await?);
        let config: nodes::ConfigResponse = client.smart(&nodes, &nodes::QueryMsg::Config {}, None).await?;
        Ok(config.gpu_salt)
    }

    /// A client that can look but not sign, as an account.
    pub async fn look(&self, account: PublicKey) -> anyhow::Result<Client> {
        look(self.settings.clone(), account).await
    }

    /// A client that can look, as nobody.
    pub async fn look_as_nobody(&self) -> anyhow::Result<Client> {
        look_as_nobody(self.settings.clone()).await
    }
}

/// Whether every contract is the one that a deployment says.
pub async fn check_contracts(client: &Client, deployment: &Deployment) -> anyhow::Result<()> {
    let checked = client.check_contracts(deployment).await;
    checked.map_err(|(name, error)| anyhow::Error::from(error).context(format!("contract {name}")))
}

/// A client that can look but not sign, as an account.
pub async fn look(settings: Settings, account: PublicKey) -> anyhow::Result<Client> {
    Ok(Client::connect(settings, Arc::new(Watcher(account))).await?)
}

/// A client that can look, as nobody.
pub async fn look_as_nobody(settings: Settings) -> anyhow::Result<Client> {
    let (key, _) = lyceum_chain::cosmos::Key::generate()?;
    look(settings, key.public_key()).await
}

/// Somebody's public key: enough to simulate, and nothing is ever signed.
#[derive(Debug)]
struct Watcher(PublicKey);

impl Signer for Watcher {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, lyceum_chain::Result<Signature>> {
        Box::pin(async { Err(ChainError::Key("this command looks only; nothing is signed".to_owned())) })
    }
}

/// A runtime for one command.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
