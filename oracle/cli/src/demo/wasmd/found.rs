//! What the authority and the authors do before the nodes act: register, grant, propose.

use std::time::Duration;

use anyhow::{Context, bail};
use cosmwasm_std::{Addr, Uint128, coins};
use lyceum_api::charter::{self, Action};
use lyceum_api::tasks::NewDomain;
use lyceum_api::{DENOM, datasets, experts, nodes, tasks};
use lyceum_chain::cosmos::Cosmos;
use lyceum_chain::{Chain as _, Msg};

use super::super::cast::{COORDINATOR, Member};
use super::super::genesis::{Blueprint, Found, GRANT};
use super::accounts::Accounts;
use super::processes::Processes;

/// How often nodes are looked at, and how often in all.
const LOOK: (Duration, u32) = (Duration::from_millis(500), 600);

/// Has the authority register model and domains and grant the coordinator what it opens tasks with. Datasets are yet
/// to be proposed: their ids are those that the chain will give them in this order.
pub async fn register(chain: &Cosmos, accounts: &Accounts, plan: &Blueprint) -> anyhow::Result<Found> {
    let at = chain.contracts().clone();
    // The report's books open here: everybody has what the faucet gave, and nobody has acted.
    let mut starts = vec![];
    for member in &plan.members {
        starts.push(chain.balance(&accounts.of(&member.name)?).await?);
    }
    act(chain, Action::RegisterModel { model: plan.model.clone() }).await?;
    let query = experts::QueryMsg::Models { start_after: None, limit: None };
    let models: experts::ModelsResponse = chain.query(&at.experts, &query).await?;
    let model = models.models.last().context("the model is registered")?.id;
    for domain in &plan.domains {
        act(chain, Action::RegisterDomain { domain: NewDomain { model, ..domain.clone() } }).await?;
    }
    let query = tasks::QueryMsg::Domains { start_after: None, limit: None };
    let domains: tasks::DomainsResponse = chain.query(&at.tasks, &query).await?;
    let to = accounts.of(COORDINATOR)?.to_string();
    let reason = "opens the demo's tasks".to_owned();
    act(chain, Action::Grant { to, amount: Uint128::new(GRANT), reason }).await?;
    Ok(Found {
        domains: domains.domains.iter().map(|d| d.id).collect(),
        datasets: (1..=plan.datasets.len() as u64).collect(),
        starts,
        time: chain.head().await?.time,
    })
}

async fn act(chain: &Cosmos, action: Action) -> anyhow::Result<()> {
    let msg = Msg::new(&chain.contracts().charter, &charter::ExecuteMsg::Act { action }, vec![])?;
    chain.execute(vec![msg]).await?;
    Ok(())
}

/// Waits until every node is bonded, its GPUs are bound, and its stake counts in draws.
pub async fn enrolled(
    chain: &Cosmos,
    accounts: &Accounts,
    members: &[&Member],
    processes: &mut Processes,
) -> anyhow::Result<()> {
    let contract = chain.contracts().nodes.clone();
    let mut missing = String::new();
    for _ in 0..LOOK.1 {
        missing.clear();
        for member in members {
            if !ready(chain, &contract, &accounts.of(&member.name)?, member).await? {
                missing.clone_from(&member.name);
                break;
            }
        }
        if missing.is_empty() {
            return next_epoch(chain, &contract).await;
        }
        processes.check().await?;
        tokio::time::sleep(LOOK.0).await;
        chain.head().await?;
    }
    bail!(
        "{missing} is not registered, bonded and matured after {} s",
        LOOK.0.as_secs_f64() * f64::from(LOOK.1)
    )
}

/// What was bonded in an epoch counts in draws from the next one on.
async fn next_epoch(chain: &Cosmos, contract: &Addr) -> anyhow::Result<()> {
    let epoch = async || -> anyhow::Result<u64> {
        chain.head().await?;
        let config: nodes::ConfigResponse = chain.query(contract, &nodes::QueryMsg::Config {}).await?;
        Ok(config.epoch)
    };
    let now = epoch().await?;
    for _ in 0..LOOK.1 {
        if epoch().await? > now {
            return Ok(());
        }
        tokio::time::sleep(LOOK.0).await;
    }
    bail!("epoch {now} does not end")
}

async fn ready(chain: &Cosmos, contract: &Addr, account: &Addr, member: &Member) -> anyhow::Result<bool> {
    let query = nodes::QueryMsg::Node { node: account.to_string() };
    let node: nodes::NodeResponse = match chain.query(contract, &query).await {
        Ok(node) => node,
        Err(error) if error.is_transient() => return Err(error.into()),
        // Not registered yet.
        Err(_) => return Ok(false),
    };
    Ok(node.stake.u128() >= member.stake && node.matured == node.stake && node.gpus == member.gpus)
}

/// Has the authors propose their datasets.
pub async fn propose(
    chain: &Cosmos,
    accounts: &Accounts,
    plan: &Blueprint,
    found: &Found,
) -> anyhow::Result<()> {
    let contract = chain.contracts().datasets.clone();
    let config: datasets::ConfigResponse = chain.query(&contract, &datasets::QueryMsg::Config {}).await?;
    let deposit = config.params.deposit.u128();
    for (name, manifest) in &plan.datasets {
        let author = Cosmos::new(accounts.author(name)?, chain.contracts().clone());
        let msg = datasets::ExecuteMsg::Propose { manifest: manifest.clone() };
        author.execute(vec![Msg::new(&contract, &msg, coins(deposit, DENOM))?]).await?;
    }
    let query = datasets::QueryMsg::Datasets { start_after: None, limit: None };
    chain.head().await?;
    let listed: datasets::DatasetsResponse = chain.query(&contract, &query).await?;
    let ids: Vec<u64> = listed.datasets.iter().map(|d| d.id).collect();
    anyhow::ensure!(ids == found.datasets, "datasets {ids:?} were to be {:?}", found.datasets);
    Ok(())
}
