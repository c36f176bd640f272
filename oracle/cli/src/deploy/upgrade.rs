//! Changing the contracts' code: codes stored, contracts migrated as the authority, the file rewritten once the chain
//! runs them.

use std::path::Path;

use anyhow::Context;
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{Client, Fee, check_address};
use lyceum_chain::{CONTRACTS, Code, Deployment};

use super::artifacts::Artifact;
use super::authority::{self, Acted, Ask, act};
use super::deposit::DepositArgs;
use super::{Params, chain, plan, proof};
use crate::failure::{Failure, Refusal};
use crate::writable;

/// A contract that runs other code than that of its artifact.
#[derive(Debug)]
pub struct Change<'a> {
    /// Where it is.
    pub address: String,
    /// The code that it runs.
    pub from: u64,
    /// The code that it shall run.
    pub artifact: &'a Artifact,
    /// Its number, if it is stored.
    pub code: Option<u64>,
}

/// What is to be done to have the contracts run the artifacts' code.
#[derive(Debug)]
pub struct Upgrade<'a> {
    /// The contracts to migrate.
    pub changes: Vec<Change<'a>>,
    /// The deployment as the chain has it, but for the codes of `changes`.
    pub deployment: Deployment,
    deposit: DepositArgs,
}

/// What was done.
#[derive(Debug)]
pub struct Upgraded {
    /// The contracts that ran other code, with the code they shall run.
    pub changed: Vec<(&'static str, u64)>,
    /// What became of their migration; nothing where there was none to do.
    pub acted: Option<Acted>,
    /// The deployment as the chain has it now.
    pub deployment: Deployment,
}

/// What would be done.
#[derive(Debug)]
pub struct Foreseen {
    /// Codes that would be stored, each by a transaction of its own.
    pub stores: Vec<(&'static str, Fee)>,
    /// What the authority would be asked; nothing where there is nothing to do. While codes are missing it is not
    /// tried: a chain that simulates stores no code.
    pub asked: Option<authority::Foreseen>,
}

impl<'a> Upgrade<'a> {
    /// Looks which contracts run other code than that of `artifacts`.
    pub async fn look(
        client: &Client,
        path: &Path,
        artifacts: &'a [Artifact],
        only: Option<&str>,
        deposit: DepositArgs,
    ) -> anyhow::Result<Self> {
        let mut deployment = Deployment::load_for(path, client.chain_id())?;
        check_address(&deployment.authority, &client.settings().prefix)
            .with_context(|| format!("authority of {}", path.display()))?;
        let at = deployment.contracts.clone();
        let mut changes = vec![];
        for ((name, address), artifact) in at.named().into_iter().zip(artifacts) {
            let Some(found) = chain::contract(client, address).await? else {
                let words = format!("there is no {name} at {address}: is {} this chain's?", path.display());
                return Err(Refusal::new(Failure::Network, "upgrade.unknown", words).into());
            };
            let runs = hex::encode(chain::checksum_of(client, found.code_id).await?);
            if only.is_some_and(|only| only != name) || runs == artifact.hex() {
                deployment.codes.insert(name.to_owned(), Code { id: found.code_id, checksum: runs });
                continue;
            }
            if found.admin != deployment.authority {
                let (may, remedy) = match found.admin.as_str() {
                    "" => ("nobody", "it stays as it is, and --only upgrades another contract"),
                    admin => (admin, "if the network was handed over, let the file name that authority"),
                };
                let words = format!(
                    "{name} at {address} may be migrated by {may}, not by the authority {} of {}: {remedy}",
                    deployment.authority,
                    path.display()
                );
                return Err(Refusal::new(Failure::Network, "upgrade.admin", words).into());
            }
            let code = chain::code_of(client, &artifact.checksum).await?;
            changes.push(Change { address: address.to_owned(), from: found.code_id, artifact, code });
        }
        Ok(Self { changes, deployment, deposit })
    }

    /// What the authority sends for the changes to these codes: proof that each is the artifact's, and the migration.
    fn messages(&self, codes: &[u64], height: u64) -> anyhow::Result<Vec<Any>> {
        let authority = Addr::unchecked(&self.deployment.authority);
        let params = Params::of(&self.deployment.chain_id);
        let inits = plan::messages(&self.deployment.contracts, &authority, &params, &self.deployment.beacon)?;
        let mut messages = vec![];
        for (change, code) in self.changes.iter().zip(codes) {
            let name = change.artifact.name;
            let init = inits.iter().find(|(of, _)| *of == name).map(|(_, msg)| msg.clone());
            let init = init.with_context(|| format!("nothing brings up {name}"))?;
            // A proposal that failed leaves nothing, and another one is made at another height.
            let salt = format!("proof/{name}/{height}");
            messages.extend(proof::messages(&authority, *code, &change.artifact.checksum, init, salt)?);
            messages.push(chain::migrate_msg(authority.as_str(), &change.address, *code));
        }
        Ok(messages)
    }

    fn ask<'b>(&'b self, title: &'b str) -> Ask<'b> {
        Ask { authority: &self.deployment.authority, title, deposit: self.deposit }
    }

    fn title(&self) -> String {
        let names: Vec<&str> = self.changes.iter().map(|c| c.artifact.name).collect();
        format!("Upgrade {}", names.join(", "))
    }

    /// What [`Upgrade::carry_out`] would do now.
    pub async fn foresee(&self, client: &Client) -> anyhow::Result<Foreseen> {
        let (title, height) = (self.title(), client.head().await?.height);
        let (mut stores, mut codes) = (vec![], vec![]);
        // The last one so far; those that are missing come after it.
        let mut last = chain::last_code(client).await?;
        for change in &self.changes {
            codes.push(match change.code {
                Some(code) => code,
                None => {
                    let msg = chain::store_msg(client.account(), change.artifact)?;
                    stores.push((change.artifact.name, client.simulate(&[msg]).await?));
                    last = last.saturating_add(1);
                    last
                }
            });
        }
        if codes.is_empty() {
            return Ok(Foreseen { stores, asked: None });
        }
        let (messages, lacking) = (self.messages(&codes, height)?, !stores.is_empty());
        let asked = authority::foresee(client, self.ask(&title), messages, lacking).await?;
        Ok(Foreseen { stores, asked: Some(asked) })
    }

    /// Stores codes and has the authority migrate the contracts. A group or governance is asked by a proposal; after
    /// it was carried out, the same again finds nothing to do and brings the file up to date.
    pub async fn carry_out(
        mut self,
        client: &Client,
        path: &Path,
        tell: impl Fn(String),
    ) -> anyhow::Result<Upgraded> {
        writable::check(path)?;
        if !self.changes.is_empty() {
            authority::check(client, self.ask(&self.title())).await?;
        }
        let mut codes = vec![];
        let height = client.head().await?.height;
        for change in &self.changes {
            let name = change.artifact.name;
            let code = match change.code {
                Some(code) => code,
                None => {
                    let (code, done) = chain::store(client, change.artifact).await?;
                    tell(format!("{name:<9} code {code} stored, {} gas", done.gas_used));
                    code
                }
            };
            tell(format!("{name:<9} goes from code {} to {code}", change.from));
            codes.push(code);
        }
        let mut acted = None;
        if !codes.is_empty() {
            let messages = self.messages(&codes, height)?;
            let done = act(client, self.ask(&self.title()), messages).await.map_err(proof::explain)?;
            // The file says what the chain runs, and nothing runs yet what is proposed.
            if let Acted::Done(_) = done {
                for (Change { artifact, .. }, id) in self.changes.iter().zip(&codes) {
                    let code = Code { id: *id, checksum: artifact.hex() };
                    self.deployment.codes.insert(artifact.name.to_owned(), code);
                }
            }
            acted = Some(done);
        }
        writable::save(&self.deployment, path)?;
        let changed = self.changes.iter().map(|change| change.artifact.name).zip(codes).collect();
        Ok(Upgraded { changed, acted, deployment: self.deployment })
    }
}

/// Refuses a contract that there is not.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    if CONTRACTS.contains(&name) {
        return Ok(());
    }
    let words = format!("there is no contract {name}; there are {}", CONTRACTS.join(", "));
    Err(Refusal::new(Failure::Input, "contract.unknown", words).into())
}
