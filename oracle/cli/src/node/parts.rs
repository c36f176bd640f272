//! What a node is put together from, each with its own refusal. `check` and `life` use the same.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lyceum_agent::roles::{
    Collector, Coordinator, Enrol, Enroller, Evaluator, Planned, Relay, Roles, Takes, Trainer, Voter,
};
use lyceum_api::nodes::{self, peer_key_message};
use lyceum_chain::cosmos::{Client, Key, PriceTooLow, Settings, check_address};
use lyceum_chain::{ChainError, Contracts, Deployment};
use lyceum_files::is_there;
use lyceum_net::{Identity, Limits, Multiaddr};
use lyceum_store::{Store, Usage};

use super::disk;
use crate::config::{Config, EXAMPLE_ADDRESS, Role};
use crate::failure::{Failure, Refusal};
use crate::reading;
use crate::wallet::{Home, Keyring, PassphraseArgs, Purpose};

/// Seconds by which a block may be ahead of this machine's clock, and by which it may be old, before it is spoken of.
const CLOCK: u64 = 30;
const STALE: u64 = 300;

/// The longest plan that is read; each of its tasks is some hundred bytes.
const MAX_PLAN: u64 = 16 << 20;
/// The longest description of a dishonest node that is read.
const MAX_MISBEHAVIOUR: u64 = 1 << 20;

/// Where systemd puts a credential named `passphrase`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The network's deployment file: of this chain, with addresses of its prefix.
pub fn deployment(config: &Config) -> anyhow::Result<Deployment> {
    let path = config.path(&config.chain.deployment);
    if !is_there(&path)? {
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
    } else {
        match credential {
            Some(path) if is_there(&path)? => PassphraseArgs::from_file(path),
            _ => PassphraseArgs::default(),
        }
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

/// Refuses a node that has blocks for others and that no peer can dial: it would lose its claims.
pub fn check_announced(config: &Config) -> anyhow::Result<()> {
    let serves = config.node.roles.iter().any(|role| role.serves_blocks());
    // Any port stands for the one that the system will give.
    let listen = listen(config).into_iter().map(|address| {
        let address = address.to_string().replace("/tcp/0", "/tcp/1").replace("/udp/0", "/udp/1");
        address.parse::<Multiaddr>()
    });
    let addresses = announced(config, &listen.flatten().collect::<Vec<_>>());
    let dialled = |address: &String| config.net.allow_private || !lyceum_net::is_private(address);
    if !serves || addresses.iter().any(dialled) {
        return Ok(());
    }
    let why = undialled(config, &addresses).unwrap_or_else(|| {
        format!(
            "no address is announced: set net.announce in {} to one that others reach, such as \"{EXAMPLE_ADDRESS}\", or, where all \
             nodes are yours, to a private one and net.allow_private on each",
            config.folder.join("node.toml").display()
        )
    });
    let words = format!(
        "no peer can fetch this node's blocks, and a trainer whose blocks stay away loses its claims; {why}"
    );
    Err(Refusal::new(Failure::Config, "net.unannounced", words).into())
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

/// Connects, and holds every contract against the deployment file: that of a chain that began anew, or one in which two
/// addresses are exchanged, would be found wrong by no other sign. What was tried stands before the error.
pub async fn connect(
    settings: &Settings,
    key: &Arc<Key>,
    deployment: &Deployment,
) -> Result<Client, (String, ChainError)> {
    let client = Client::connect(settings.clone(), key.clone()).await;
    let client = client.map_err(|error| (format!("chain {}", settings.chain_id), error))?;
    let checked = client.check_contracts(deployment).await;
    checked.map_err(|(name, error)| (format!("contract {name}"), error))?;
    Ok(client)
}

/// What to do about this machine's clock, by the time of a block that just came.
pub fn clock_words(block: u64, now: u64) -> Option<String> {
    match (block.checked_sub(now), now.checked_sub(block)) {
        (Some(ahead), _) if ahead > CLOCK => Some(format!(
            "the chain's last block is {ahead} s ahead of this machine's clock: set the clock (NTP), or deadlines are missed"
        )),
        (_, Some(behind)) if behind > STALE => Some(format!(
            "the chain's last block is {behind} s old by this machine's clock: the chain stands still, or the clock is \
             ahead (NTP)"
        )),
        _ => None,
    }
}

/// What to do about a gas price that no endpoint takes.
pub fn low_price_words(price: &str, low: &PriceTooLow) -> String {
    match low {
        PriceTooLow::Least(least) => format!(
            "chain.gas_price of node.toml is {price}, and every endpoint of chain.rpc wants {least} ulyc per gas at \
             least: nothing this node sends would be taken; set chain.gas_price = \"{least}\" or more, or name another \
             endpoint"
        ),
        PriceTooLow::OtherDenoms(others) => format!(
            "no endpoint of chain.rpc takes fees in ulyc, but those of {others}: nothing this node sends would be taken; \
             name another endpoint"
        ),
    }
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
pub fn plan(config: &Config) -> anyhow::Result<Vec<Planned>> {
    let Some(path) = &config.coordinator.plan else { return Ok(vec![]) };
    let path = config.path(path);
    let bytes = reading::file(&path, MAX_PLAN).context("coordinator.plan")?;
    let refuse = |why: String| {
        let words = format!("{} (coordinator.plan): {why}", path.display());
        anyhow::Error::from(Refusal::new(Failure::Input, "coordinator.plan", words))
    };
    let plan: Vec<Planned> = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
    for (index, planned) in plan.iter().enumerate() {
        if let Some(same) = plan[..index].iter().position(|other| other.key == planned.key) {
            return Err(refuse(format!("entries {same} and {index} have the same key; each needs its own")));
        }
    }
    if let Some(stuck) = never_open(&plan) {
        return Err(refuse(format!(
            "entry {stuck} would never open: what it waits for (\"after\", counted from 0) is not there or waits for it"
        )));
    }
    Ok(plan)
}

/// An entry of a plan that waits for ever.
fn never_open(plan: &[Planned]) -> Option<usize> {
    let mut opens = vec![false; plan.len()];
    loop {
        let ready = |i: &usize| {
            !opens[*i] && plan[*i].after.iter().all(|after| opens.get(*after).copied().unwrap_or(false))
        };
        match (0..plan.len()).find(ready) {
            Some(index) => opens[index] = true,
            None => return opens.iter().position(|open| !open),
        }
    }
}

/// What a dishonest node does wrong.
pub fn adversary(path: &Path) -> anyhow::Result<lyceum_agent::Adversary> {
    let bytes = reading::input(path, MAX_MISBEHAVIOUR).context("--misbehave")?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} (--misbehave)", path.display()))
}

/// The roles of a configuration.
pub fn roles(who: Who<'_>, planned: Vec<Planned>) -> Roles {
    let config = who.config;
    let has = |role| config.node.roles.contains(&role);
    let trainer = &config.trainer;
    let takes = Takes {
        tasks: trainer.tasks.clone(),
        domains: trainer.domains.clone(),
        lr_nano: trainer.peak_lr_nano,
        at_once: trainer.claims_at_once,
    };
    Roles {
        trainer: has(Role::Trainer).then(|| Trainer::new(takes)),
        evaluator: has(Role::Evaluator).then(Evaluator::default),
        coordinator: has(Role::Coordinator).then(|| Coordinator::new(planned)),
        voter: config.node.vote.then(Voter::default),
        relay: (!config.beacon.urls.is_empty()).then(Relay::default),
        collector: config.node.collect.then(Collector::default),
        enroller: config.node.enroll.then(|| Enroller::new(enrol(who))),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_off_is_spoken_of_in_both_directions() {
        assert_eq!(clock_words(1_000, 1_000), None);
        assert_eq!(clock_words(1_000 + CLOCK, 1_000), None);
        assert_eq!(clock_words(1_000, 1_000 + STALE), None);
        assert!(clock_words(1_001 + CLOCK, 1_000).unwrap().contains("31 s ahead"));
        assert!(clock_words(1_000, 1_001 + STALE).unwrap().contains("301 s old"));
    }
}
