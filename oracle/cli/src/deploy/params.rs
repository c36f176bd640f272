//! [`Params`]: what a network is set up with beside addresses, from a file that names only what differs.

use std::path::Path;

use cosmwasm_std::Uint128;
use lyceum_api::{Hash32, charter, datasets, nodes, tasks};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Failure, Refusal};
use crate::reading;

const MAX_BYTES: u64 = 256 * 1024;

/// What the contracts are set up with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Parameters of `nodes`.
    pub nodes: nodes::Params,
    /// Parameters of `datasets`.
    pub datasets: datasets::Params,
    /// Parameters of `tasks`.
    pub tasks: tasks::Params,
    /// The charter's rules.
    pub rules: Vec<charter::Rule>,
    /// Hash of the pact's text.
    pub pact: Hash32,
    /// Salt of GPU ids: the same GPU has another id in another network.
    pub gpu_salt: Hash32,
}

impl Params {
    /// The defaults for a chain.
    pub fn of(chain_id: &str) -> Self {
        Self {
            nodes: nodes::Params::default(),
            datasets: datasets::Params::default(),
            tasks: tasks::Params::default(),
            rules: vec![charter::Rule {
                action: "training_step".to_owned(),
                limits: vec![charter::Limit {
                    name: "peak_lr_nano".to_owned(),
                    min: Uint128::one(),
                    max: Uint128::new(100_000_000),
                }],
            }],
            pact: Hash32::of(b"the pact of a local network"),
            gpu_salt: Hash32::of(format!("the GPU salt of {chain_id}").as_bytes()),
        }
    }

    /// Windows for a network on one machine: minutes, not hours.
    pub fn shorten(&mut self) {
        let (nodes, datasets, tasks) = (&mut self.nodes, &mut self.datasets, &mut self.tasks);
        // Stake that leaves stays slashable for longer than a claim can be disputed.
        (nodes.maturity_seconds, nodes.epoch_seconds, nodes.unbonding_seconds) = (300, 60, 1_200);
        (datasets.audit_commit_seconds, datasets.audit_reveal_seconds) = (120, 60);
        (datasets.vote_seconds, datasets.extension_seconds) = (120, 60);
        datasets.licences.push(crate::corpus::PYTHON_LICENCE.to_owned());
        (tasks.reveal_seconds, tasks.serve_seconds, tasks.attest_seconds) = (60, 120, 180);
        (tasks.open_seconds, tasks.answer_seconds, tasks.dispute_seconds) = (60, 60, 120);
    }

    /// Puts what a file names in the place of these.
    pub fn overlay(&self, path: &Path) -> anyhow::Result<Self> {
        let text = reading::input(path, MAX_BYTES)?;
        let named: Value = serde_json::from_slice(&text).map_err(|e| unfit(path, &e.to_string()))?;
        if !named.is_object() {
            return Err(unfit(path, "it is no JSON object"));
        }
        let mut all = serde_json::to_value(self)?;
        merge(&mut all, named, "")
            .map_err(|key| unfit(path, &format!("it names {key}, which there is not")))?;
        serde_json::from_value(all).map_err(|e| unfit(path, &e.to_string()))
    }
}

fn unfit(path: &Path, why: &str) -> anyhow::Error {
    let words = format!(
        "{}: {why}; it may name any of nodes, datasets, tasks, rules, pact and gpu_salt, each with the keys of its \
         schema",
        path.display()
    );
    Refusal::new(Failure::Config, "params.unfit", words).into()
}

/// Objects are merged, all else is replaced; gives the key that is not there.
fn merge(into: &mut Value, from: Value, at: &str) -> Result<(), String> {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                let name = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                merge(into.get_mut(&key).ok_or_else(|| name.clone())?, value, &name)?;
            }
        }
        (into, from) => *into = from,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_windows_are_minutes_and_stake_still_leaves_after_the_last_of_them() {
        let mut params = Params::of("lyceum-1");
        params.shorten();
        assert!(params.nodes.unbonding_seconds <= 3_600, "an hour at most");
        let tasks = &params.tasks;
        let windows = [
            tasks.reveal_seconds,
            tasks.serve_seconds,
            tasks.attest_seconds,
            tasks.open_seconds,
            tasks.answer_seconds,
            tasks.dispute_seconds,
        ];
        assert!(params.nodes.unbonding_seconds > windows.iter().sum::<u64>());
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("params.json");
        let defaults = Params::of("lyceum-1");
        std::fs::write(&path, r#"{"tasks": {"reveal_seconds": 77}}"#).unwrap();
        let read = defaults.overlay(&path).unwrap();
        assert_eq!(read.tasks.reveal_seconds, 77);
        assert_eq!(Params { tasks: defaults.tasks.clone(), ..read }, defaults);
        for wrong in [
            r#"{"task": {}}"#,
            r#"{"tasks": {"reveal": 1}}"#,
            "[]",
            "{",
            r#"{"tasks": {"reveal_seconds": "x"}}"#,
        ] {
            std::fs::write(&path, wrong).unwrap();
            let said = defaults.overlay(&path).unwrap_err().to_string();
            assert!(said.contains("params.json"), "{said}");
        }
    }
}
