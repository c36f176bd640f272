//! The demo on a real chain: the same cast on wasmd, with every node its own `lyceum node` process.
//!
//! What the embedded demo does by helpers happens here as users do it: `lyceum beacon` and `lyceum deploy` are run as
//! programs, accounts get their coins from the localnet's faucet, nodes enrol themselves as their node.toml says, and
//! every byte between them goes over libp2p. [`accounts`] holds keys and coins, [`folders`] writes what each process
//! reads, [`found`] does what the authority and the authors do, [`processes`] starts, hears and ends the programs, and
//! [`kills`] ends some of them on the way where a test asks for it.

mod accounts;
mod folders;
mod found;
mod kills;
mod processes;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use lyceum_agent::{Cancel, Directory, Peers, View, Views};
use lyceum_chain::Chain as _;
use lyceum_chain::cosmos::Cosmos;
use lyceum_store::Store;
use tokio::sync::{mpsc, oneshot};

use super::Settings;
use super::genesis::Prepared;
use super::live::{Lived, held_back, over, watch, worked_off};
use super::progress::Progress;
use crate::failure::{DiskFull, Interrupted};
use accounts::Accounts;
use kills::Kills;
use processes::Processes;

/// Events that may wait for the display.
const EVENTS: usize = 4096;
/// How often the chain is asked whether it is over.
const POLL: Duration = Duration::from_secs(1);
/// How long the chain may be away.
const OUTAGE: Duration = Duration::from_secs(120);
/// How long nothing may happen while the last learning block is held back.
const HELD_BACK: Duration = Duration::from_secs(60);
/// Heights after the end in which everybody pulls what the last learning block brought.
const PULLS: u64 = 10;
/// How the report names the chain.
const NAME: &str = "wasmd (CometBFT consensus, every node its own process)";

/// Where things are.
#[derive(Debug)]
pub struct Places {
    /// This program.
    pub program: PathBuf,
    /// The localnet's description.
    pub localnet: PathBuf,
    /// The contracts' Wasm with checksums.txt.
    pub artifacts: PathBuf,
    /// The working folder.
    pub work: PathBuf,
}

/// Brings everything up on the localnet, lets it live, and ends it. A step of training takes so many real seconds
/// here, as the base's did.
pub async fn live(
    settings: &Settings,
    prepared: Prepared,
    step_seconds: f64,
    places: &Places,
    stop: Cancel,
    progress: &Progress,
) -> anyhow::Result<Lived<Cosmos>> {
    let life = lives(settings, prepared, step_seconds, places, stop.clone(), progress);
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Interrupted.into()),
        lived = life => lived,
    }
}

async fn lives(
    settings: &Settings,
    mut prepared: Prepared,
    step_seconds: f64,
    places: &Places,
    stop: Cancel,
    progress: &Progress,
) -> anyhow::Result<Lived<Cosmos>> {
    let chain = accounts::localnet(&places.localnet)?;
    for planned in &mut prepared.plan {
        planned.task.commit_seconds = training_seconds(settings, step_seconds);
    }
    let (tell, events) = mpsc::channel(EVENTS);
    let kills = settings.kill.map(|seed| Kills::new(seed, progress));
    let mut processes = Processes::new(&places.program, &places.work, tell, kills.clone());
    let beacon = processes.beacon().await?;
    progress.say("   the beacon is up; accounts are made and filled by the faucet");
    let accounts = Accounts::make(&chain, &prepared, &places.work).await?;
    progress.say("   contracts are stored and brought up");
    let deployment = processes.deploy(&chain, places, settings, &prepared.blueprint, &accounts).await?;
    let cosmos = Cosmos::new(accounts.authority.clone(), deployment.contracts());

    let found = found::register(&cosmos, &accounts, &prepared.blueprint).await?;
    prepared.number(&found);
    // Each process opens its own store.
    let blobs = folders::write(settings, &chain, &prepared, &found, &beacon, &places.work)?;
    let Prepared { members, stores, directory, plan, blueprint, .. } = prepared;
    drop((stores, directory));
    folders::hand_over(&blobs, &places.work)?;
    let (finish, finished) = oneshot::channel();
    let watcher = tokio::spawn(watch(events, finished, progress.clone(), stop));
    let nodes: Vec<_> = members.iter().filter(|m| !m.roles.is_empty()).collect();
    progress.say(&format!("   {} nodes start, each its own process", nodes.len()));
    for member in &nodes {
        processes.node(member)?;
    }
    found::enrolled(&cosmos, &accounts, &nodes, &mut processes).await?;
    progress.say("   every node is registered and bonded, and its stake counts");
    found::propose(&cosmos, &accounts, &blueprint, &found).await?;

    let views = Views::new();
    let mut end = None;
    let (mut heard, mut held) = (Instant::now(), None);
    let view = loop {
        match seen(&cosmos, &views).await {
            Ok(view) if end.is_some_and(|height| view.height >= height) => break view,
            Ok(view) => {
                heard = Instant::now();
                held = (worked_off(&view, &plan) && held_back(&view)).then(|| held.unwrap_or(heard));
                let waited = held.is_some_and(|since: Instant| since.elapsed() > HELD_BACK);
                if end.is_none() && (waited || over(&view, &plan)) {
                    if waited {
                        progress.say("   the last learning block is held back: it makes a domain worse");
                    }
                    end = Some(view.height + PULLS);
                }
            }
            // As for the nodes: a chain that stops and comes back ends nothing.
            Err(error) if error.is_transient() && heard.elapsed() < OUTAGE => {}
            Err(error) => return Err(error.into()),
        }
        processes.check().await?;
        tokio::time::sleep(POLL).await;
    };
    let kills = kills.map_or_else(Vec::new, |kills| kills.end());
    progress.say("   over: the nodes leave");
    processes.end().await?;
    let _ = finish.send(());
    let (events, full) = watcher.await?;
    if let Some(words) = full {
        return Err(DiskFull(words).into());
    }
    // Their processes have ended, so that their stores may be read here.
    let directory = Directory::new();
    for member in &nodes {
        let folder = places.work.join(&member.name).join("store");
        let store =
            Store::open(&folder).with_context(|| format!("the store of {} cannot be opened", member.name))?;
        directory.join(Arc::new(store));
    }
    let peers: Arc<dyn Peers> = directory;
    let accounts = members.iter().map(|m| accounts.of(&m.name)).collect::<anyhow::Result<_>>()?;
    Ok(Lived {
        chain: cosmos,
        real: true,
        chain_name: NAME,
        members,
        accounts,
        found,
        events,
        view,
        peers,
        kills,
    })
}

async fn seen(cosmos: &Cosmos, views: &Views) -> lyceum_agent::Result<Arc<View>> {
    views.at(cosmos, cosmos.head().await?).await
}

/// Real seconds in which all claims are trained side by side on a small machine, while committees work beside them:
/// six times what one takes alone, and a minute to begin.
fn training_seconds(settings: &Settings, step: f64) -> u64 {
    let times = if settings.kill.is_some() { 2 } else { 1 };
    times * (60 + (6.0 * step * f64::from(settings.steps)).ceil() as u64)
}

/// By what windows are longer where nodes are killed: they start again, and do again what was not written down.
fn patience(settings: &Settings) -> u64 {
    if settings.kill.is_some() { 3 } else { 1 }
}

/// The folder of a member.
fn folder(work: &Path, name: &str) -> PathBuf {
    work.join(name)
}
