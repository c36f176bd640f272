//! The deployment itself: codes, contracts with the treasury, the file. Every step looks at the chain first.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use cosmwasm_std::Addr;
use lyceum_api::{charter, rewards, tasks};
use lyceum_chain::cosmos::{Client, Fee};

use lyceum_chain::{Addresses, CONTRACTS, Code, DEPLOYMENT_VERSION, Deployment};

use super::artifacts::Artifact;
use super::chain::{self, Up};
use super::{Params, plan, proof};
use crate::contract_cli::both;
use crate::failure::{Failure, Refusal};
use crate::session::check_contracts;
use crate::terminal::excerpt;
use crate::writable;

/// A network to bring up.
#[derive(Debug)]
pub struct Plan {
    /// Its name, from which the addresses come.
    pub network: String,
    /// Who may migrate the contracts and acts through the charter.
    pub authority: Addr,
    /// What it is set up with.
    pub params: Params,
    /// Its beacon.
    pub beacon: tasks::Beacon,
    /// What the treasury begins with, ulyc.
    pub treasury: u128,
    /// The contracts' code.
    pub artifacts: Vec<Artifact>,
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    /// Where everything is.
    pub deployment: Deployment,
    /// Codes that were stored now.
    pub stored: Vec<&'static str>,
    /// Contracts that were brought up now.
    pub raised: Vec<&'static str>,
    /// Gas of the transactions sent now.
    pub gas_used: u64,
}

fn refuse<T>(code: &'static str, words: String) -> anyhow::Result<T> {
    Err(Refusal::new(Failure::Network, code, words).into())
}

impl Plan {
    fn addresses(&self, client: &Client) -> anyhow::Result<Addresses> {
        plan::addresses(client.account(), &self.network, &self.artifacts)
    }

    /// Refuses a file of another network, or of this one with other code.
    fn check_file(&self, path: &Path, client: &Client) -> anyhow::Result<()> {
        if !lyceum_files::is_there(path)? {
            return Ok(());
        }
        let found = Deployment::load_for(path, client.chain_id())?;
        let at = self.addresses(client)?;
        let other =
            self.artifacts.iter().find(|a| found.codes.get(a.name).is_none_or(|c| c.checksum != a.hex()));
        if let Some(artifact) = other {
            let words = format!(
                "{} is of a network that runs other code of {} than {}: `lyceum upgrade` changes its code, another \
                 --out deploys a second network",
                path.display(),
                artifact.name,
                artifact.hex()
            );
            return refuse("deploy.other_code", words);
        }
        if found.contracts != at || found.authority != self.authority.as_str() {
            let words = format!(
                "{} is of another network on {}, with the authority {} and the charter at {}; give another --out",
                path.display(),
                found.chain_id,
                found.authority,
                found.contracts.charter
            );
            return refuse("deploy.other_network", words);
        }
        Ok(())
    }

    /// Refuses what cannot work before anything is paid for.
    fn check(&self) -> anyhow::Result<()> {
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.network.is_empty() || self.network.len() > 40 || !self.network.chars().all(fit) {
            let words =
                format!("'{}' cannot name a network: use up to 40 letters, digits, - and _", self.network);
            return Err(Refusal::new(Failure::Input, "deploy.name", words).into());
        }
        Ok(())
    }

    /// Which contracts are not there yet. Whatever is there must be what this plan would have made.
    async fn missing(&self, client: &Client, at: &Addresses) -> anyhow::Result<Vec<&'static str>> {
        let mut missing = vec![];
        for ((name, address), artifact) in at.named().into_iter().zip(&self.artifacts) {
            let Some(found) = chain::contract(client, address).await? else {
                missing.push(name);
                continue;
            };
            let checksum = chain::checksum_of(client, found.code_id).await?;
            if checksum != artifact.checksum {
                let words = format!(
                    "{name} at {address} runs the code {} since it was upgraded, not {}: this network is deployed; \
                     `lyceum upgrade` changes its code",
                    hex::encode(checksum),
                    artifact.hex()
                );
                return refuse("deploy.other_code", words);
            }
            if found.admin != self.authority.as_str() {
                let words = format!(
                    "{name} at {address} has the authority {}, not {}: this account deployed the network '{}' for \
                     it; name that authority, or another network with --network",
                    excerpt(&found.admin),
                    self.authority,
                    self.network
                );
                return refuse("deploy.other_authority", words);
            }
        }
        Ok(missing)
    }

    /// The contracts that are there say whose they are: a plan that changed since is refused, not half carried out.
    async fn check_configured(&self, client: &Client, at: &Addresses) -> anyhow::Result<()> {
        let charter: charter::CharterResponse =
            client.smart(&Addr::unchecked(&at.charter), &charter::QueryMsg::Charter {}, None).await?;
        if charter.authority != self.authority.as_str() {
            let words = format!(
                "the charter's authority is {} by now, not {}",
                excerpt(&charter.authority),
                self.authority
            );
            return refuse("deploy.other_authority", words);
        }
        let tasks: tasks::ConfigResponse =
            client.smart(&Addr::unchecked(&at.tasks), &tasks::QueryMsg::Config {}, None).await?;
        if tasks.beacon != self.beacon {
            let words = format!(
                "this network was deployed with another beacon (genesis {}, period {} s); name that one, or another \
                 network with --network",
                tasks.beacon.genesis, tasks.beacon.period
            );
            return refuse("deploy.other_beacon", words);
        }
        Ok(())
    }

    fn raise_msgs(
        &self,
        client: &Client,
        at: &Addresses,
        codes: &BTreeMap<String, Code>,
        missing: &[&'static str],
    ) -> anyhow::Result<Vec<cosmrs::Any>> {
        let messages = plan::messages(at, &self.authority, &self.params, &self.beacon)?;
        let up = |(name, msg): (&'static str, Vec<u8>)| {
            let code = codes.get(name).with_context(|| format!("{name} has no code"))?;
            let up = Up {
                code: code.id,
                admin: &self.authority,
                label: format!("{}/{name}", self.network),
                msg,
                salt: plan::salt(&self.network, name),
            };
            anyhow::Ok(chain::up_msg(client.account(), up))
        };
        let raised = messages.into_iter().filter(|(name, _)| missing.contains(name));
        let mut raised: Vec<_> = raised.map(up).collect::<anyhow::Result<_>>()?;
        if self.treasury > 0 && missing.contains(&"rewards") {
            // Not with its own message, which goes to whatever code has that number: only the code that was checked
            // can be at this address.
            let msg = serde_json::to_vec(&rewards::ExecuteMsg::Fund {})?;
            raised.push(chain::execute_msg(client.account().as_str(), &at.rewards, msg, self.treasury));
        }
        Ok(raised)
    }

    async fn check_funds(&self, client: &Client, missing: &[&'static str]) -> anyhow::Result<()> {
        let needed = if missing.contains(&"rewards") { self.treasury } else { 0 };
        let held = client.balance(client.account()).await?;
        if held <= needed {
            let words = format!(
                "{} holds {}; the treasury takes {} and the transactions cost fees: send it funds, or give the \
                 treasury less with --treasury",
                client.account(),
                both(held),
                both(needed)
            );
            return Err(Refusal::new(Failure::Funds, "deploy.funds", words).into());
        }
        Ok(())
    }

    /// What would be done: codes to store with their fees, contracts to bring up with their addresses.
    pub async fn foresee(
        &self,
        client: &Client,
        out: &Path,
    ) -> anyhow::Result<(Vec<(&'static str, Fee)>, Addresses)> {
        self.check()?;
        self.check_file(out, client)?;
        let at = self.addresses(client)?;
        let missing = self.missing(client, &at).await?;
        self.check_funds(client, &missing).await?;
        let mut fees = vec![];
        for artifact in &self.artifacts {
            if chain::code_of(client, &artifact.checksum).await?.is_none() {
                fees.push((
                    artifact.name,
                    client.simulate(&[chain::store_msg(client.account(), artifact)?]).await?,
                ));
            }
        }
        Ok((fees, at))
    }
}

/// Deploys a network, or goes on where an earlier attempt stopped, and writes its file. `tell` is told each step.
pub async fn deploy(client: &Client, plan: &Plan, out: &Path, tell: impl Fn(String)) -> anyhow::Result<Done> {
    plan.check()?;
    plan.check_file(out, client)?;
    writable::check(out)?;
    let at = plan.addresses(client)?;
    let missing = plan.missing(client, &at).await?;
    if missing.len() < CONTRACTS.len() {
        tell(format!("{} of {} contracts are there", CONTRACTS.len() - missing.len(), CONTRACTS.len()));
    }
    plan.check_funds(client, &missing).await?;

    let (mut codes, mut stored, mut gas_used, mut height) = (BTreeMap::new(), vec![], 0, 0);
    for artifact in &plan.artifacts {
        let id = match chain::code_of(client, &artifact.checksum).await? {
            Some(id) => {
                tell(format!("{:<9} code {id} is there", artifact.name));
                id
            }
            None => {
                let (id, done) = chain::store(client, artifact).await?;
                tell(format!("{:<9} code {id} stored, {} gas", artifact.name, done.gas_used));
                stored.push(artifact.name);
                gas_used += done.gas_used;
                height = height.max(done.height);
                id
            }
        };
        codes.insert(artifact.name.to_owned(), Code { id, checksum: artifact.hex() });
    }

    if !missing.is_empty() {
        // One transaction: they come up together, with the treasury, or not at all.
        let done = client.send(plan.raise_msgs(client, &at, &codes, &missing)?).await;
        let done = done.map_err(|error| proof::explain(error.into()))?;
        tell(format!("{} contracts up at height {}, {} gas", missing.len(), done.height, done.gas_used));
        gas_used += done.gas_used;
        height = height.max(done.height);
    }
    let left = plan.missing(client, &at).await?;
    if !left.is_empty() {
        return refuse(
            "deploy.elsewhere",
            format!(
                "{} are not at their predicted addresses, although they came up: an endpoint named other code than \
                 that of the artifacts, or says what is not; the same command with another --rpc goes on",
                left.join(", ")
            ),
        );
    }
    plan.check_configured(client, &at).await?;
    if height == 0 {
        // Nothing was sent: the file that is there knows better than the chain's head.
        height = match Deployment::load(out) {
            Ok(found) => found.height,
            Err(_) => created(client, &at).await?,
        };
    }
    let deployment = Deployment {
        version: DEPLOYMENT_VERSION,
        chain_id: client.chain_id().to_owned(),
        authority: plan.authority.to_string(),
        contracts: at,
        codes,
        height,
        beacon: plan.beacon.clone(),
    };
    check_contracts(client, &deployment).await?;
    writable::save(&deployment, out)
        .context("the network is up; the same command again finds it and writes the file")?;
    Ok(Done { deployment, stored, raised: missing, gas_used })
}

/// The height at which the contracts came up.
async fn created(client: &Client, at: &Addresses) -> anyhow::Result<u64> {
    let found = chain::contract(client, &at.rewards).await?;
    match found.and_then(|info| info.created) {
        Some(created) => Ok(created.block_height),
        None => refuse(
            "deploy.height",
            format!("the endpoint does not say when {} came up: give another --rpc", at.rewards),
        ),
    }
}
