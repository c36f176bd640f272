//! What each node's process reads: node.toml, plan.json, what it does wrong if anything, and blobs in its store.

use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_api::Hash32;
use lyceum_api::nodes::Role;
use lyceum_store::Store;

use super::super::Settings;
use super::super::cast::{COORDINATOR, Member};
use super::super::genesis::{Found, Prepared};
use super::accounts::{KEY, Localnet};
use super::folder;

/// Stake that stays free for fees, ulyc; bonds of claims come on top of it for who trains.
const RESERVE: u128 = 50_000_000;

/// A blob that another store gets, because its author runs no node.
#[derive(Debug)]
pub struct Blob {
    root: Hash32,
    bytes: Vec<u8>,
}

/// Writes the folders, and gives back the authors' shards.
pub fn write(
    settings: &Settings,
    chain: &Localnet,
    prepared: &Prepared,
    found: &Found,
    beacon: &str,
    work: &Path,
) -> anyhow::Result<Vec<Blob>> {
    let mut blobs = vec![];
    let all = prepared.members.iter().zip(&prepared.stores).zip(&prepared.adversaries);
    for ((member, store), adversary) in all {
        if member.roles.is_empty() {
            for (root, _) in store.list() {
                blobs.push(Blob { root: Hash32(root), bytes: store.get(&root)?.to_vec() });
            }
            continue;
        }
        let home = folder(work, &member.name);
        put(&home.join("node.toml"), toml(settings, chain, member, found, beacon, work).as_bytes())?;
        if member.name == COORDINATOR {
            put(&home.join("plan.json"), &serde_json::to_vec(&prepared.plan)?)?;
        }
        if let Some(adversary) = adversary {
            put(&misbehaviour(&home), &serde_json::to_vec(adversary)?)?;
        }
    }
    Ok(blobs)
}

/// Where it stands what a node does wrong.
pub fn misbehaviour(home: &Path) -> PathBuf {
    home.join("misbehave.json")
}

/// Puts the authors' shards where peers find them: in the coordinator's store.
pub fn hand_over(blobs: &[Blob], work: &Path) -> anyhow::Result<()> {
    let store = Store::open(folder(work, COORDINATOR).join("store"))?;
    for blob in blobs {
        let put = Hash32(store.put(&blob.bytes)?);
        anyhow::ensure!(put == blob.root, "{put} was to be {}", blob.root);
        // Nobody else has it before the first task asks for it.
        store.pin(put.as_bytes())?;
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn toml(
    settings: &Settings,
    chain: &Localnet,
    member: &Member,
    found: &Found,
    beacon: &str,
    work: &Path,
) -> String {
    let roles: Vec<&str> = member
        .roles
        .iter()
        .map(|role| match role {
            Role::Trainer => "trainer",
            Role::Evaluator => "evaluator",
            Role::Coordinator => "coordinator",
            Role::Storage | Role::Inference => "storage",
        })
        .collect();
    let domains: Vec<u64> = member.domain.map(|d| found.domains[d]).into_iter().collect();
    let gpus: Vec<String> = (0..member.gpus).map(|n| format!("GPU-{}-{n}", member.name)).collect();
    let coordinates = member.name == COORDINATOR;
    let beacons: Vec<&str> = coordinates.then_some(beacon).into_iter().collect();
    let plan = if coordinates { "plan = \"plan.json\"" } else { "" };
    let bonds = if member.domain.is_some() { member.stake } else { 0 };
    let device = format!("{:?}", settings.device).to_lowercase();
    format!(
        "[node]\nname = {name:?}\noperator = {name:?}\nroles = {roles:?}\nvote = {vote}\nstake_ulyc = {stake}\n\
         reserve_ulyc = {reserve}\ndrain_seconds = 20\n\n\
         [chain]\nid = {id:?}\nrpc = {rpc:?}\nprefix = {prefix:?}\ngas_price = {price:?}\ndeployment = {deployment:?}\n\n\
         [key]\nname = {KEY:?}\npassphrase_file = \"passphrase\"\n\n\
         [trainer]\ndomains = {domains:?}\n\n[coordinator]\n{plan}\n\n\
         [work]\ndevice = {device:?}\ngpus = {gpus:?}\n\n[store]\nleast_free_mib = 64\n\n\
         [net]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\nallow_private = true\n\n[beacon]\nurls = {beacons:?}\n\n\
         [serve]\nlisten = \"127.0.0.1:0\"\n",
        name = member.name,
        vote = member.gpus > 0,
        stake = member.stake,
        reserve = RESERVE + bonds,
        id = chain.chain_id,
        rpc = chain.rpc,
        prefix = chain.prefix,
        price = chain.gas_price,
        deployment = work.join("deployment.json").display().to_string(),
    )
}
