//! The embedded chain of the demo: contracts up, nodes registered and bonded, datasets proposed, in process. What
//! happens here goes through the same messages as on any chain.

use anyhow::Context;
use cosmwasm_std::{Addr, Uint128};
use lyceum_api::charter::Action;
use lyceum_api::tasks::NewDomain;
use lyceum_api::{datasets, nodes};
use lyceum_chain::embedded::{self, Network};
use lyceum_chain::logical::Handle;

use super::genesis::{Blueprint, Found, GRANT, TREASURY};
use crate::deploy::Params;

/// Brings the network up: a handle for each member, what the chain said, and the beacon with its key.
pub fn start(blueprint: Blueprint) -> anyhow::Result<(Vec<Handle>, Found, embedded::Beacon)> {
    let (handles, (found, beacon)) = embedded::start(move || bring_up(blueprint))?;
    Ok((handles, found, beacon))
}

/// Short windows, as on any local network; the report prints them.
fn windows() -> embedded::Builder {
    let builder = embedded::Builder::default();
    let mut short = Params::of(&builder.chain_id);
    short.shorten();
    let Params { nodes, datasets, tasks, .. } = short;
    embedded::Builder { treasury: TREASURY, block_seconds: 2, nodes, datasets, tasks, ..builder }
}

fn bring_up(plan: Blueprint) -> anyhow::Result<(Network, Vec<Addr>, (Found, embedded::Beacon))> {
    let mut builder = embedded::Builder { beacon_secret: plan.beacon_secret, ..windows() };
    builder.datasets.licences = plan.licences();
    let mut network = builder.build()?;
    let accounts: Vec<Addr> = plan.members.iter().map(|m| network.account(&m.name)).collect();
    for (member, account) in plan.members.iter().zip(&accounts).filter(|(m, _)| !m.roles.is_empty()) {
        network.register_node(&member.name, &member.name, &member.roles)?;
        network.bond(account, member.stake)?;
        network.bind_gpus(account, member.gpus)?;
        if member.roles.contains(&nodes::Role::Trainer) {
            // What bonds and fees are paid from.
            network.fund(account, member.stake)?;
        }
    }
    network.mature()?;

    network.act(Action::RegisterModel { model: plan.model })?;
    let models: lyceum_api::experts::ModelsResponse = network.query(
        &network.at.experts,
        &lyceum_api::experts::QueryMsg::Models { start_after: None, limit: None },
    )?;
    let model = models.models.last().context("the model is registered")?.id;
    let mut domains = vec![];
    for domain in plan.domains {
        domains.push(network.register_domain(NewDomain { model, ..domain })?);
    }
    let contract = network.at.datasets.clone();
    let config: datasets::ConfigResponse = network.query(&contract, &datasets::QueryMsg::Config {})?;
    let deposit = config.params.deposit.u128();
    for (name, _) in &plan.datasets {
        let author = network.account(name);
        network.fund(&author, deposit)?;
    }
    // The report's books open here: everybody has its coins and stake, and nobody has acted.
    let starts = plan.members.iter().zip(&accounts).map(|(member, account)| {
        let stake = if member.roles.is_empty() { 0 } else { network.node(account)?.stake.u128() };
        Ok(network.balance(account)? + stake)
    });
    let starts = starts.collect::<anyhow::Result<Vec<u128>>>()?;

    let to = accounts[0].to_string();
    let reason = "opens the demo's tasks".to_owned();
    network.act(Action::Grant { to, amount: Uint128::new(GRANT), reason })?;
    let mut ids = vec![];
    for (name, manifest) in plan.datasets {
        let author = network.account(&name);
        network.execute(&author, &contract, &datasets::ExecuteMsg::Propose { manifest }, deposit)?;
        let all: datasets::DatasetsResponse = network.query(
            &contract,
            &datasets::QueryMsg::Datasets { start_after: ids.last().copied(), limit: None },
        )?;
        ids.push(all.datasets.last().context("the dataset is proposed")?.id);
    }
    network.next_height();
    let found = Found { domains, datasets: ids, starts, time: network.time() };
    let beacon = network.beacon.clone();
    Ok((network, accounts, (found, beacon)))
}
