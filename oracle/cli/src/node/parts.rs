//! What a node is put together from, each with its own refusal. `check` and `life` use the same.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use cosmwasm_std::Addr;
use lyceum_agent::roles::{
    Collector, Coordinator, Enrol, Enroller, Evaluator, Planned, Relay, Roles, Takes, Trainer, Voter,
};
use lyceum_api::nodes::{self, peer_key_message};
use lyceum_chain::cosmos::{Client, Key, check_address};
use lyceum_chain::{ChainError, Contracts, Deployment};
use lyceum_net::{Identity, Limits, Multiaddr};
use lyceum_store::{Store, Usage};
use serde_json::json;

use super::disk;
use crate::config::{Config, Role};
use crate::failure::{Failure, Refusal};
use crate::wallet::{Home, Keyring, PassphraseArgs, Purpose};

/// Where systemd puts a credential named `passphrase`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The network's deployment file: of this chain, with addresses of its prefix.
pub fn deployment(config: &Config) -> anyhow::Result<Deployment> {
    let path = config.path(&config.chain.deployment);
    if !path.exists() {
        let words = format!(
            "there is no deployment file {} (chain.deployment): copy the one that your network publishes there",
            path.display()
        );
        return Err(Refusal::new(Failure::Input, "deployment.missing", words).into());
    }
    let deployment = Deployment::load_for(&path, &config.chain.id)?;
    for (name, address) in deployment.contracts.named() {
        check_address(address, &config.chain.prefix)
            .with_context(|| format!("{}: {name}", path.display()))?;
    }
    Ok(deployment)
}

/// The key that signs.
pub fn key(config: &Config, args: &PassphraseArgs) -> anyhow::Result<Key> {
    let ring = Keyring::of(&Home(config.folder.clone()));
    let name = &config.key.name;
    // Before anybody is asked for anything.
    ring.entry(name)?;
    let credential = std::env::var_os(CREDENTIALS).map(|dir| Path::new(&dir).join("passphrase"));
    let source = if !args.is_empty() {
        args.clone()
    } else if let Some(path) = &config.key.passphrase_file {
        PassphraseArgs::from_file(config.path(path))
    } else if let Some(path) = credential.filter(|p| p.exists()) {
        PassphraseArgs::from_file(path)
    } else {
        PassphraseArgs::default()
    };
    ring.open(name, &source.read(name, Purpose::Open)?)
}

/// The node's store.
pub fn store(config: &Config) -> anyhow::Result<Arc<Store>> {
    let store = Store::open(config.path(&config.store.folder))?;
    store.set_quota(match config.store.quota_gib {
        Some(0) => None,
        Some(gib) => Some(gib << 30),
        None => disk::free(store.dir()).map(|free| share(free, store.usage())),
    });
    Ok(Arc::new(store))
}

/// The quota of a store whose configuration names none: what the disk has for it, with a fifth of that left to others.
fn share(free: u64, usage: Usage) -> u64 {
    // What is set aside is not all written yet, so it is not added to what the store takes.
    free.saturating_add(usage.stored) / 5 * 4
}

/// Where the node listens for peers; read before.
pub fn listen(config: &Config) -> Vec<Multiaddr> {
    config.net.listen.iter().filter_map(|a| a.parse().ok()).collect()
}

/// What the node's network may do.
pub fn limits(config: &Config) -> Limits {
    if config.net.allow_private { Limits::private() } else { Limits::default() }
}

/// What to do about announced addresses that no peer on the internet dials.
pub fn undialled(config: &Config, addresses: &[String]) -> Option<String> {
    let private: Vec<&str> =
        addresses.iter().map(String::as_str).filter(|a| lyceum_net::is_private(a)).collect();
    (!config.net.allow_private && !private.is_empty()).then(|| {
        format!(
            "peers dial public addresses only, and not {}: announce what others reach (net.announce), or, where all nodes \
             are yours, set net.allow_private on each",
            private.join(" ")
        )
    })
}

/// What is registered as the node's addresses: what the configuration announces, or else what it listens on by name.
pub fn announced(config: &Config, listening: &[Multiaddr]) -> Vec<String> {
    if !config.net.announce.is_empty() {
        return config.net.announce.clone();
    }
    let host = |address: &str| address.split('/').nth(2).map(str::to_owned);
    let named: Vec<String> = config.net.listen.iter().filter_map(|a| host(a)).collect();
    let addresses = listening.iter().map(ToString::to_string);
    let mut found: Vec<String> = addresses
        .filter(|a| lyceum_net::check_address(a, None).is_ok() && host(a).is_some_and(|h| named.contains(&h)))
        .collect();
    found.sort();
    found.truncate(lyceum_net::MAX_ADDRESSES);
    found
}

/// Whether every contract answers at its address: a deployment file of a chain that began anew would be found wrong
/// by no other sign.
pub async fn contracts_answer(
    client: &Client,
    deployment: &Deployment,
) -> Result<(), (&'static str, ChainError)> {
    for (name, address) in deployment.contracts.named() {
        let query = match name {
            "charter" => json!({ "charter": {} }),
            _ => json!({ "config": {} }),
        };
        let answer: lyceum_chain::Result<serde_json::Value> =
            client.smart(&Addr::unchecked(address), &query, None).await;
        answer.map_err(|error| (name, error))?;
    }
    Ok(())
}

/// Who the node is, for the roles that a configuration gives it.
#[derive(Debug)]
pub struct Who<'a> {
    /// Its configuration.
    pub config: &'a Config,
    /// Its account.
    pub account: &'a str,
    /// The contracts.
    pub contracts: &'a Contracts,
    /// Its peer key.
    pub peer: &'a Identity,
    /// Where peers reach it.
    pub addresses: Vec<String>,
}

/// The tasks that a coordinator opens: a JSON array, read whole before anything begins.
fn plan(config: &Config) -> anyhow::Result<Vec<Planned>> {
    let Some(path) = &config.coordinator.plan else { return Ok(vec![]) };
    let path = config.path(path);
    let bytes =
        std::fs::read(&path).with_context(|| format!("cannot read {} (coordinator.plan)", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let words = format!("{} (coordinator.plan): {error}", path.display());
        Refusal::new(Failure::Input, "coordinator.plan", words).into()
    })
}

/// What a dishonest node does wrong.
pub fn adversary(path: &Path) -> anyhow::Result<lyceum_agent::Adversary> {
    let bytes =
        std::fs::read(path).with_context(|| format!("cannot read {} (--misbehave)", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} (--misbehave)", path.display()))
}

/// The roles of a configuration.
pub fn roles(who: Who<'_>) -> anyhow::Result<Roles> {
    let config = who.config;
    let has = |role| config.node.roles.contains(&role);
    let trainer = &config.trainer;
    let takes = Takes {
        tasks: trainer.tasks.clone(),
        domains: trainer.domains.clone(),
        lr_nano: trainer.peak_lr_nano,
        at_once: trainer.claims_at_once,
    };
    let planned = plan(config)?;
    Ok(Roles {
        trainer: has(Role::Trainer).then(|| Trainer::new(takes)),
        evaluator: has(Role::Evaluator).then(Evaluator::default),
        coordinator: has(Role::Coordinator).then(|| Coordinator::new(planned)),
        voter: config.node.vote.then(Voter::default),
        relay: (!config.beacon.urls.is_empty()).then(Relay::default),
        collector: config.node.collect.then(Collector::default),
        enroller: config.node.enroll.then(|| Enroller::new(enrol(who))),
    })
}

fn enrol(who: Who<'_>) -> Enrol {
    let Who { config, account, contracts, peer, addresses } = who;
    let public = peer.public();
    let message = peer_key_message(&config.chain.id, contracts.nodes.as_str(), account, &public);
    let role = |role: &Role| match role {
        Role::Trainer => nodes::Role::Trainer,
        Role::Evaluator => nodes::Role::Evaluator,
        Role::Coordinator => nodes::Role::Coordinator,
        Role::Storage => nodes::Role::Storage,
    };
    Enrol {
        operator: config.node.operator.clone().unwrap_or_else(|| account.to_owned()),
        peer_key: public.into(),
        proof: peer.sign(&message).into(),
        roles: config.node.roles.iter().map(role).collect(),
        classes: config.work.classes.clone(),
        addresses,
        stake: config.node.stake_ulyc.into(),
        reserve: config.node.reserve_ulyc.into(),
        gpus: config.work.gpus.clone(),
    }
}
