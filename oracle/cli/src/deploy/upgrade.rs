//! Changing the contracts' code: codes stored, contracts migrated as the authority, the file rewritten once the chain
//! runs them.

use std::path::Path;

use lyceum_chain::cosmos::Client;

use lyceum_chain::{Code, Deployment};

use super::artifacts::Artifact;
use super::authority::{Acted, act};
use super::chain;
use crate::failure::{Failure, Refusal};

/// What was done.
#[derive(Debug)]
pub struct Upgraded {
    /// The contracts that run other code than that of the artifacts, with the code they shall run.
    pub changed: Vec<(&'static str, u64)>,
    /// What became of their migration; nothing where there was none to do.
    pub acted: Option<Acted>,
    /// The deployment as the chain has it now.
    pub deployment: Deployment,
}

/// Migrates the contracts that run other code than that of `artifacts`. With a group or governance, this proposes;
/// called again after the proposal was carried out, it finds nothing to do and brings the file up to date.
pub async fn upgrade(
    client: &Client,
    path: &Path,
    artifacts: &[Artifact],
    only: Option<&str>,
    tell: impl Fn(String),
) -> anyhow::Result<Upgraded> {
    let mut deployment = Deployment::load_for(path, client.chain_id())?;
    let at = deployment.contracts.clone();
    let (mut changed, mut messages) = (vec![], vec![]);
    for ((name, address), artifact) in at.named().into_iter().zip(artifacts) {
        let Some(found) = chain::contract(client, address).await? else {
            let words = format!("there is no {name} at {address}: is {} this chain's?", path.display());
            return Err(Refusal::new(Failure::Network, "upgrade.unknown", words).into());
        };
        let runs = hex::encode(chain::checksum_of(client, found.code_id).await?);
        let wanted = only.is_none_or(|only| only == name) && runs != artifact.hex();
        if !wanted {
            deployment.codes.insert(name.to_owned(), Code { id: found.code_id, checksum: runs });
            continue;
        }
        if found.admin != deployment.authority {
            let words = format!(
                "{name} at {address} may be migrated by {}, not by the deployment's authority {}",
                if found.admin.is_empty() { "nobody" } else { &found.admin },
                deployment.authority
            );
            return Err(Refusal::new(Failure::Network, "upgrade.admin", words).into());
        }
        let code = match chain::code_of(client, &artifact.checksum).await? {
            Some(code) => code,
            None => {
                let (code, done) = chain::store(client, artifact).await?;
                tell(format!("{name:<9} code {code} stored, {} gas", done.gas_used));
                code
            }
        };
        tell(format!("{name:<9} goes from code {} to {code}", found.code_id));
        messages.push(chain::migrate_msg(&deployment.authority, address, code));
        changed.push((name, code));
    }
    let mut acted = None;
    if !messages.is_empty() {
        let names: Vec<&str> = changed.iter().map(|(name, _)| *name).collect();
        let title = format!("Upgrade {}", names.join(", "));
        let done = act(client, &deployment.authority, &title, messages).await?;
        if matches!(done, Acted::Done(_)) {
            for artifact in artifacts {
                if let Some((name, id)) = changed.iter().find(|(name, _)| *name == artifact.name) {
                    deployment.codes.insert((*name).to_owned(), Code { id: *id, checksum: artifact.hex() });
                }
            }
        }
        acted = Some(done);
    }
    // Only ever what the chain runs.
    deployment.save(path)?;
    Ok(Upgraded { changed, acted, deployment })
}
