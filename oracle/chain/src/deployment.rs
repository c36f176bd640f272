//! [`Deployment`]: the file that says where a network's contracts are, written by `lyceum deploy`.

use std::collections::BTreeMap;
use std::path::Path;

use cosmwasm_std::Addr;
use lyceum_api::tasks::Beacon;
use serde::{Deserialize, Serialize};

use crate::{ChainError, Contracts, Result};

/// The version of the file's format.
pub const DEPLOYMENT_VERSION: u32 = 1;
/// The longest file that is read.
const MAX_BYTES: u64 = 256 * 1024;
/// The names of the contracts, as they stand in `contracts` and `codes`.
pub const CONTRACTS: [&str; 7] = ["charter", "nodes", "datasets", "experts", "tasks", "credits", "rewards"];

/// A network's contracts on one chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The format, [`DEPLOYMENT_VERSION`].
    pub version: u32,
    /// The chain.
    pub chain_id: String,
    /// The account that may migrate the contracts and acts through the charter.
    pub authority: String,
    /// Where the contracts are.
    pub contracts: Addresses,
    /// The stored codes by the contract's name.
    pub codes: BTreeMap<String, Code>,
    /// The height at which the last contract was there: events before it don't matter.
    pub height: u64,
    /// The beacon that `tasks` was configured with.
    pub beacon: Beacon,
}

/// The contracts' addresses, bech32.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    /// The charter.
    pub charter: String,
    /// Nodes.
    pub nodes: String,
    /// Datasets.
    pub datasets: String,
    /// Models and expert blocks.
    pub experts: String,
    /// Tasks, claims, panels, beacon.
    pub tasks: String,
    /// Credits.
    pub credits: String,
    /// Treasury and rewards.
    pub rewards: String,
}

/// A stored code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Its id on the chain.
    pub id: u64,
    /// SHA-256 of the Wasm, 64 hex characters, as in `artifacts/checksums.txt`.
    pub checksum: String,
}

impl Addresses {
    /// Each name with its address, in the order of [`CONTRACTS`].
    pub fn named(&self) -> [(&'static str, &str); 7] {
        let Self { charter, nodes, datasets, experts, tasks, credits, rewards } = self;
        let addresses = [charter, nodes, datasets, experts, tasks, credits, rewards];
        std::array::from_fn(|i| (CONTRACTS[i], addresses[i].as_str()))
    }
}

/// Only what is read first: a file of another version need not have this version's keys.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Deployment {
    /// Reads and validates a deployment's bytes; `path` names it in errors.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self> {
        let wrong = |reason: String| ChainError::Deployment { path: path.display().to_string(), reason };
        let Versioned { version } = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
        if version != DEPLOYMENT_VERSION {
            return Err(wrong(format!(
                "its version is {version}, this program knows {DEPLOYMENT_VERSION}; take the program that wrote it"
            )));
        }
        let found: Self = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
        found.validate().map_err(wrong)?;
        Ok(found)
    }

    /// Loads a deployment, whatever its chain, from a file or an open descriptor.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = lyceum_files::read_input(path, MAX_BYTES)
            .map_err(|e| ChainError::Deployment { path: path.display().to_string(), reason: e.reason() })?;
        Self::read(path, &bytes)
    }

    /// Loads the deployment of a chain; one of another chain is refused.
    pub fn load_for(path: &Path, chain_id: &str) -> Result<Self> {
        let found = Self::load(path)?;
        if found.chain_id != chain_id {
            return Err(ChainError::OtherDeployment {
                path: path.display().to_string(),
                expected: chain_id.to_owned(),
                found: found.chain_id,
            });
        }
        Ok(found)
    }

    /// The text of the file that this deployment is kept in; `path` is for the refusal of one that is not valid.
    pub fn text(&self, path: &Path) -> Result<String> {
        let wrong = |reason: String| ChainError::Deployment { path: path.display().to_string(), reason };
        self.validate().map_err(wrong)?;
        let mut text = serde_json::to_string_pretty(self).map_err(|e| wrong(e.to_string()))?;
        text.push('\n');
        Ok(text)
    }

    /// The addresses as callers of a [`crate::Chain`] want them.
    pub fn contracts(&self) -> Contracts {
        let at = |a: &String| Addr::unchecked(a.clone());
        let c = &self.contracts;
        Contracts {
            charter: at(&c.charter),
            nodes: at(&c.nodes),
            datasets: at(&c.datasets),
            experts: at(&c.experts),
            tasks: at(&c.tasks),
            credits: at(&c.credits),
            rewards: at(&c.rewards),
        }
    }

    fn validate(&self) -> std::result::Result<(), String> {
        if self.version != DEPLOYMENT_VERSION {
            return Err(format!("version {} cannot be written", self.version));
        }
        if self.chain_id.is_empty() || self.chain_id.len() > 50 {
            return Err(format!("chain_id {:?} is not 1 to 50 characters", self.chain_id));
        }
        let prefix = prefix(&self.authority).ok_or_else(|| not_an_address("authority", &self.authority))?;
        let mut seen = BTreeMap::new();
        for (name, address) in self.contracts.named() {
            match prefix_of(address) {
                Some(found) if found == prefix => {}
                Some(found) => {
                    return Err(format!(
                        "contracts.{name} has the prefix {found:?}, the authority's is {prefix:?}"
                    ));
                }
                None => return Err(not_an_address(&format!("contracts.{name}"), address)),
            }
            if let Some(other) = seen.insert(address, name) {
                return Err(format!("contracts.{name} and contracts.{other} are the same address"));
            }
            if !self.codes.contains_key(name) {
                return Err(format!("codes.{name} is missing"));
            }
        }
        for (name, code) in &self.codes {
            if !CONTRACTS.contains(&name.as_str()) {
                return Err(format!("codes.{name}: no contract has this name"));
            }
            let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
            if code.checksum.len() != 64 || !code.checksum.bytes().all(hex) {
                return Err(format!("codes.{name}.checksum is not 64 lower-case hex characters"));
            }
        }
        if self.beacon.public_key.len() != 96 || self.beacon.period == 0 {
            return Err("beacon needs a public key of 96 bytes and a period above 0".to_owned());
        }
        Ok(())
    }
}

fn not_an_address(name: &str, found: &str) -> String {
    let found: String = found.chars().take(100).collect();
    format!("{name} is not a bech32 address: {found:?}")
}

fn prefix(address: &str) -> Option<String> {
    prefix_of(address).map(str::to_owned)
}

/// The prefix of what has the form of a bech32 address; its checksum is the chain's to verify.
fn prefix_of(address: &str) -> Option<&str> {
    let (prefix, data) = address.rsplit_once('1')?;
    let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = !prefix.is_empty() && (38..=90).contains(&data.len());
    (fits && address.bytes().all(good)).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        let address = |i: usize| format!("wasm1{}", "qpzry9x"[i..=i].repeat(58));
        let code = |id| Code { id, checksum: "ab".repeat(32) };
        Deployment {
            version: 1,
            chain_id: "lyceum-1".to_owned(),
            authority: format!("wasm1{}", "a".repeat(38)),
            contracts: Addresses {
                charter: address(0),
                nodes: address(1),
                datasets: address(2),
                experts: address(3),
                tasks: address(4),
                credits: address(5),
                rewards: address(6),
            },
            codes: CONTRACTS.iter().zip(1..).map(|(name, id)| ((*name).to_owned(), code(id))).collect(),
            height: 12,
            beacon: Beacon { public_key: vec![7; 96].into(), genesis: 1_700_000_000, period: 3 },
        }
    }

    fn refused(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut value = serde_json::to_value(deployment()).unwrap();
        change(&mut value);
        let bytes = serde_json::to_vec(&value).unwrap();
        match Deployment::read(Path::new("d.json"), &bytes) {
            Err(ChainError::Deployment { path, reason }) => {
                assert_eq!(path, "d.json");
                reason
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_written_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deployment.json");
        std::fs::write(&path, deployment().text(&path).unwrap()).unwrap();
        assert_eq!(Deployment::load_for(&path, "lyceum-1").unwrap(), deployment());
        assert_eq!(deployment().contracts().tasks.as_str(), deployment().contracts.tasks);
    }

    #[test]
    fn a_deployment_of_another_chain_is_refused_with_both_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deployment.json");
        std::fs::write(&path, deployment().text(&path).unwrap()).unwrap();
        let error = Deployment::load_for(&path, "lyceum-2").unwrap_err();
        assert_eq!(error.code(), "chain.other_deployment");
        let said = error.to_string();
        assert!(said.contains("lyceum-1") && said.contains("lyceum-2"), "{said}");
    }

    #[test]
    fn unknown_versions_unknown_keys_and_wrong_values_are_refused_with_their_name() {
        assert!(refused(|v| v["version"] = 2.into()).contains("version is 2"));
        assert!(refused(|v| v["colour"] = "red".into()).contains("colour"));
        assert!(refused(|v| v["contracts"]["bridge"] = "wasm1".into()).contains("bridge"));
        assert!(refused(|v| v["contracts"]["nodes"] = "nodes".into()).contains("contracts.nodes"));
        let other = format!("osmo1{}", "q".repeat(58));
        assert!(refused(|v| v["contracts"]["nodes"] = other.into()).contains("osmo"));
        assert!(refused(|v| v["contracts"]["nodes"] = v["contracts"]["tasks"].clone()).contains("same"));
        assert!(refused(|v| v["codes"]["nodes"]["checksum"] = "AB".into()).contains("codes.nodes.checksum"));
        assert!(
            refused(|v| drop(v["codes"].as_object_mut().unwrap().remove("tasks"))).contains("codes.tasks")
        );
        assert!(refused(|v| v["beacon"]["period"] = 0.into()).contains("beacon"));
        assert!(refused(|v| v["chain_id"] = "".into()).contains("chain_id"));
    }

    #[test]
    fn a_file_that_is_absent_or_endless_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.json");
        assert!(Deployment::load(&path).unwrap_err().to_string().contains("none.json"));
        std::fs::write(&path, vec![b' '; MAX_BYTES as usize + 1]).unwrap();
        assert!(Deployment::load(&path).unwrap_err().to_string().contains("at most 262144 are read"));
    }
}
