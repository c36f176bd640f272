//! `lyceum node --check`: everything that can be found wrong before a node begins, and nothing is sent.

use std::sync::Arc;

use anyhow::Context;
use lyceum_api::nodes::{ConfigResponse, NodeResponse, QueryMsg};
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Client, Signer};
use lyceum_net::Network;
use lyceum_serve::Server;
use serde_json::json;

use super::lock::Lock;
use super::{disk, identity, parts};
use crate::beacon::Source;
use crate::config::Config;
use crate::failure::{Failure, Refusal};
use crate::speech::lyc;
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
            outln!("{what:<10} {words}")?;
        }
        outln!("ready to begin")
    }
}

/// Looks at everything; the first thing that would stop a node is the error.
pub async fn check(config: &Config, passphrase: &PassphraseArgs) -> anyhow::Result<Found> {
    let mut found = Found::default();
    found.say("config", format!("{} on {}", config.node.name, config.chain.id));
    match Lock::take(&config.folder) {
        Ok(_lock) => local(config, &mut found).await?,
        Err(error) if Failure::of(&error) == Failure::Busy => {
            found.say("folder", "a node runs in it: ports and store are its own and are not tried");
        }
        Err(error) => return Err(error),
    }
    let deployment = parts::deployment(config)?;
    let key = parts::key(config, passphrase)?;
    found.say("key", format!("{} opens", config.key.name));
    let device = lyceum_learn::device::device(&config.work.device)?;
    found.say("device", format!("{device:?}").to_lowercase());

    let public = key.public_key();
    let client = Client::connect(config.settings(), Arc::new(key)).await?;
    let head = client.head().await?;
    found.say("chain", format!("{} at block {}", config.chain.id, head.height.saturating_sub(1)));
    let answer = parts::contracts_answer(&client, &deployment).await;
    answer.map_err(|(name, error)| anyhow::Error::from(error).context(format!("contract {name}")))?;
    found.say("contracts", format!("all {} answer", deployment.contracts.named().len()));
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
    if !config.beacon.urls.is_empty() {
        let source = Source::new(&config.beacon.urls, &deployment.beacon)?;
        source.fetch(1).await.context("beacon.urls")?;
        found.say("beacon", "gives rounds");
    }
    Ok(found)
}

/// What needs no chain: folders, secrets, ports.
async fn local(config: &Config, found: &mut Found) -> anyhow::Result<()> {
    let peer = identity::peer(&config.folder)?;
    identity::secret(&config.folder)?;
    let store = parts::store(config)?;
    let free = disk::free(store.dir()).map_or(String::new(), |bytes| {
        let (free, least) = (bytes >> 20, config.store.least_free_mib);
        let short = if free < least {
            format!(", store.least_free_mib wants {least}: make room")
        } else {
            String::new()
        };
        format!(", {free} MiB free{short}")
    });
    found.say("store", format!("{} blobs{free}", store.list().len()));
    let server = Server::bind(config.serve.listen).await.context("serve.listen")?;
    found.say("serve", server.address().to_string());
    let network = Network::start(&peer, &parts::listen(config), store, parts::limits(config)).await?;
    let addresses = parts::announced(config, &network.listening());
    network.shutdown().await;
    found.say("peer", peer.peer_id().to_string());
    found.say(
        "addresses",
        match addresses.is_empty() {
            true => "none: set net.announce, or peers cannot fetch this node's blocks".to_owned(),
            false => match parts::undialled(config, &addresses) {
                Some(words) => format!("{}; {words}", addresses.join(" ")),
                None => addresses.join(" "),
            },
        },
    );
    Ok(())
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
