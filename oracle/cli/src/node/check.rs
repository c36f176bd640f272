//! `lyceum node --check`: everything that can be found wrong before a node begins, and nothing is sent.

use std::sync::Arc;

use anyhow::Context;
use lyceum_api::nodes::{ConfigResponse, NodeResponse, QueryMsg};
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Client, Signer};
use serde_json::json;

use super::local::{self, Local, Make};
use super::{disk, parts};
use crate::beacon::machine_time;
use crate::config::Config;
use crate::contract_cli::lyc;
use crate::failure::{Failure, Refusal};
use crate::terminal::printable_line;
use crate::wallet::PassphraseArgs;

/// What was found, in order.
#[derive(Debug, Default)]
pub struct Found(Vec<(&'static str, String)>);

impl Found {
    fn say(&mut self, what: &'static str, words: impl Into<String>) {
        self.0.push((what, words.into()));
    }

    /// To stdout.
    pub fn print(&self, json: bool) -> std::io::Result<()> {
        if json {
            let found: serde_json::Map<_, _> =
                self.0.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
            return outln!("{}", json!({ "ok": true, "found": found }));
        }
        for (what, words) in &self.0 {
            outln!("{what:<10} {}", printable_line(words))?;
        }
        outln!("ready to begin")
    }
}

/// Looks at everything; the first thing that would stop a node is the error. No file is made.
pub async fn check(config: &Config, passphrase: &PassphraseArgs) -> anyhow::Result<Found> {
    let mut found = Found::default();
    found.say("config", format!("{} on {}", config.node.name, config.chain.id));
    let Local { deployment, device, absent, peer, plan, journal, key, beacon, blobs, held, .. } =
        local::load(config, passphrase, Make::Nothing).await?;
    match absent.as_slice() {
        [] => found.say("peer", peer.peer_id().to_string()),
        absent => found.say("secrets", format!("{} are made when the node begins", absent.join(" and "))),
    }
    match &held {
        None => found.say("folder", "a node runs in it: ports and store are its own and are not tried"),
        Some(held) => {
            found.say("store", format!("{blobs} blobs{}", room(config)));
            found.say("serve", held.server.address().to_string());
            found.say("addresses", addresses_words(config, &held.addresses));
            held.network.shutdown().await;
        }
    }
    found.say(
        "journal",
        match journal {
            Some(height) => format!("goes on from height {height}"),
            None => "none yet".to_owned(),
        },
    );
    if config.coordinator.plan.is_some() {
        found.say("plan", format!("{} tasks", plan.len()));
    }
    found.say("key", format!("{} opens", config.key.name));
    found.say("device", format!("{device:?}").to_lowercase());

    let public = key.public_key();
    let connected = parts::connect(&config.settings(), &Arc::new(key), &deployment).await;
    let client = connected.map_err(|(what, error)| anyhow::Error::from(error).context(what))?;
    let head = client.head().await?;
    found.say("chain", format!("{} at block {}", config.chain.id, head.height.saturating_sub(1)));
    if let Some(words) = parts::clock_words(head.time, machine_time()) {
        found.say("clock", words);
    }
    if let Some(low) = client.gas_price_too_low().await? {
        let words = parts::low_price_words(&config.chain.gas_price, &low);
        return Err(Refusal::new(Failure::Config, "config.gas_price", words).into());
    }
    if let Some(seen) = journal.filter(|seen| *seen > head.height) {
        let words = format!(
            "the journal has seen the chain at height {seen}, it is at {}: an endpoint lags behind, or the chain began \
             anew (then give the node a new folder)",
            head.height
        );
        found.say("height", words);
    }
    found.say(
        "contracts",
        format!("all {} are those of the deployment file", deployment.contracts.named().len()),
    );
    let account = lyceum_chain::cosmos::address(&public, &config.chain.prefix)?;
    let balance = client.balance(&account).await?;
    let nodes = deployment.contracts().nodes;
    let registered = standing(&client, &nodes, &account).await?;
    if balance == 0 && config.chain.fee_granter.is_none() {
        let words = format!("{account} holds nothing: send it LYC for fees, stake and the bonds of claims");
        return Err(Refusal::new(Failure::Funds, "account.empty", words).into());
    }
    found.say("account", format!("{account} holds {}", lyc(balance)));
    found.say("node", registered_words(registered.as_ref(), config, head.time));
    let params: ConfigResponse = client.smart(&nodes, &QueryMsg::Config {}, None).await?;
    let stake = registered.as_ref().map_or(0, |n| n.stake.u128()).max(config.node.stake_ulyc.into());
    if stake < params.params.min_stake.u128() {
        let least = lyc(params.params.min_stake.u128());
        found.say(
            "stake",
            format!("{} is below the network's least of {least}: the node will not be active", lyc(stake)),
        );
    }
    let own = registered.as_ref().map_or(0, |n| n.own.u128());
    let short = u128::from(config.node.stake_ulyc).saturating_sub(own.saturating_add(balance));
    if short > 0 {
        let words =
            format!("node.stake_ulyc asks for {} more than the account holds: send it LYC", lyc(short));
        found.say("bond", words);
    }
    if let Some(source) = beacon {
        source.fetch(1).await.context("beacon.urls")?;
        found.say("beacon", "gives rounds");
    }
    Ok(found)
}

fn room(config: &Config) -> String {
    let folder = config.path(&config.store.folder);
    let there = folder.ancestors().find(|above| above.exists()).unwrap_or(&folder);
    disk::free(there).map_or(String::new(), |bytes| {
        let (free, least) = (bytes >> 20, config.store.least_free_mib);
        let short = if free < least {
            format!(", store.least_free_mib wants {least}: make room")
        } else {
            String::new()
        };
        format!(", {free} MiB free{short}")
    })
}

fn addresses_words(config: &Config, addresses: &[String]) -> String {
    match addresses.is_empty() {
        true => "none: peers cannot fetch blocks from this node, which its roles do not need".to_owned(),
        false => match parts::undialled(config, addresses) {
            Some(words) => format!("{}; {words}", addresses.join(" ")),
            None => addresses.join(" "),
        },
    }
}

async fn standing(
    client: &Client,
    nodes: &cosmwasm_std::Addr,
    account: &cosmwasm_std::Addr,
) -> anyhow::Result<Option<NodeResponse>> {
    let query = QueryMsg::Node { node: account.to_string() };
    match client.smart(nodes, &query, None).await {
        Ok(node) => Ok(Some(node)),
        // The contract's own refusal: nobody is registered under this account.
        Err(ChainError::Query { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

fn registered_words(node: Option<&NodeResponse>, config: &Config, now: u64) -> String {
    match node {
        None if config.node.enroll => "not registered yet: it registers itself when it begins".to_owned(),
        None => "not registered, and node.enroll is off".to_owned(),
        Some(node) => {
            let jailed = match node.jailed_until.map(|until| until.seconds().saturating_sub(now)) {
                None => String::new(),
                Some(0) => ", jailed, and may leave now".to_owned(),
                Some(seconds) => format!(", jailed for {seconds} s more"),
            };
            let active = if node.active { "active" } else { "not active" };
            format!("registered, {active}, stake {}{jailed}", lyc(node.stake.u128()))
        }
    }
}
