//! Where every contract will be, and with what it comes up.

use cosmwasm_std::{Addr, instantiate2_address};
use lyceum_api::{charter, credits, datasets, experts, nodes, rewards, tasks};
use lyceum_chain::Addresses;
use lyceum_chain::CONTRACTS;

use super::Params;
use super::artifacts::Artifact;

/// The salt of a contract's address. The same account deploys a second network under another name.
pub fn salt(network: &str, contract: &str) -> Vec<u8> {
    format!("{network}/{contract}").into_bytes()
}

/// The address that a contract will have when an account instantiates this code.
pub fn predict(creator: &Addr, checksum: &[u8; 32], salt: &[u8]) -> anyhow::Result<Addr> {
    let creator: cosmrs::AccountId =
        creator.as_str().parse().map_err(|e| anyhow::anyhow!("{creator}: {e}"))?;
    let address = instantiate2_address(checksum, &creator.to_bytes().into(), salt)?;
    let address =
        cosmrs::AccountId::new(creator.prefix(), address.as_slice()).map_err(|e| anyhow::anyhow!("{e}"))?;
    Ok(Addr::unchecked(address.to_string()))
}

/// All contracts' addresses.
pub fn addresses(creator: &Addr, network: &str, artifacts: &[Artifact]) -> anyhow::Result<Addresses> {
    let of = |name: &str| {
        let artifact = artifacts.iter().find(|a| a.name == name);
        let artifact = artifact.ok_or_else(|| anyhow::anyhow!("there is no code of {name}"))?;
        Ok::<_, anyhow::Error>(predict(creator, &artifact.checksum, &salt(network, name))?.to_string())
    };
    Ok(Addresses {
        charter: of("charter")?,
        nodes: of("nodes")?,
        datasets: of("datasets")?,
        experts: of("experts")?,
        tasks: of("tasks")?,
        credits: of("credits")?,
        rewards: of("rewards")?,
    })
}

/// The message with which each contract comes up, final from the beginning, in the order of [`CONTRACTS`].
pub fn messages(
    at: &Addresses,
    authority: &Addr,
    params: &Params,
    beacon: &tasks::Beacon,
) -> anyhow::Result<[(&'static str, Vec<u8>); 7]> {
    let s = |address: &String| address.clone();
    let charter = charter::InstantiateMsg {
        authority: authority.to_string(),
        pact: params.pact,
        rules: params.rules.clone(),
        contracts: charter::Contracts {
            nodes: s(&at.nodes),
            datasets: s(&at.datasets),
            experts: s(&at.experts),
            tasks: s(&at.tasks),
            credits: s(&at.credits),
            rewards: s(&at.rewards),
        },
    };
    let nodes = nodes::InstantiateMsg {
        charter: s(&at.charter),
        tasks: s(&at.tasks),
        datasets: s(&at.datasets),
        rewards: s(&at.rewards),
        gpu_salt: params.gpu_salt,
        params: params.nodes.clone(),
    };
    let datasets = datasets::InstantiateMsg {
        charter: s(&at.charter),
        nodes: s(&at.nodes),
        tasks: s(&at.tasks),
        credits: s(&at.credits),
        rewards: s(&at.rewards),
        params: params.datasets.clone(),
    };
    let experts = experts::InstantiateMsg { charter: s(&at.charter), tasks: s(&at.tasks) };
    let tasks = tasks::InstantiateMsg {
        charter: s(&at.charter),
        nodes: s(&at.nodes),
        datasets: s(&at.datasets),
        experts: s(&at.experts),
        credits: s(&at.credits),
        rewards: s(&at.rewards),
        beacon: beacon.clone(),
        params: params.tasks.clone(),
    };
    let credits =
        credits::InstantiateMsg { charter: s(&at.charter), tasks: s(&at.tasks), datasets: s(&at.datasets) };
    let rewards = rewards::InstantiateMsg {
        charter: s(&at.charter),
        tasks: s(&at.tasks),
        datasets: s(&at.datasets),
        nodes: s(&at.nodes),
    };
    let all = [
        serde_json::to_vec(&charter)?,
        serde_json::to_vec(&nodes)?,
        serde_json::to_vec(&datasets)?,
        serde_json::to_vec(&experts)?,
        serde_json::to_vec(&tasks)?,
        serde_json::to_vec(&credits)?,
        serde_json::to_vec(&rewards)?,
    ];
    let mut names = CONTRACTS.into_iter();
    Ok(all.map(|msg| (names.next().unwrap_or_default(), msg)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predicted_address_must_not_change() {
        let creator = Addr::unchecked("wasm14hj2tavq8fpesdwxxcu44rty3hh90vhujgqwg3");
        let salt = salt("lyceum", "tasks");
        let address = predict(&creator, &[7; 32], &salt).unwrap();
        assert_eq!(address.as_str(), "wasm13m9wa7u3ksulvrrhkx7de75crn3nst95365n4xamq29m8c2almuq8f29r8");
        assert_ne!(predict(&creator, &[8; 32], &salt).unwrap(), address);
        assert_ne!(predict(&creator, &[7; 32], b"other/tasks").unwrap(), address);
        assert!(predict(&Addr::unchecked("nobody"), &[7; 32], &salt).is_err());
    }
}
