//! A node's life: everything local is taken first, so that what is wrong there is told at once; then the chain is
//! waited for, however long it takes; then the driver lives until it is told to leave.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cosmwasm_std::Addr;
use lyceum_agent::{
    AgentError, Backoff, BeaconSource, Cancel, Drain, Ended, Event, Node, NodeConfig, Pace, Shared,
    StatusWatch, Workers,
};
use lyceum_chain::Deployment;
use lyceum_chain::cosmos::{Client, Cosmos, Key, Settings};
use lyceum_net::Network;
use lyceum_store::Store;
use tokio::sync::{mpsc, oneshot, watch};

use super::local::{self, Held, Local, Make};
use super::observability::{Observability, StoreSeen};
use super::parts::{self, Who};
use super::peers::{Known, Remote, keep};
use super::twin::{self, Twin, TwinDetector};
use super::{disk, signals};
use crate::beacon::machine_time;
use crate::config::Config;
use crate::logs;
use crate::wallet::PassphraseArgs;

/// How often health and metrics are brought up to date.
const TELL: Duration = Duration::from_secs(2);
/// Events that may wait for the log.
const EVENTS: usize = 1024;

/// What only demos and tests ask of a node.
#[derive(Debug, Default)]
pub struct How {
    /// It leaves when its standard input ends.
    pub ends_with_input: bool,
    /// A file that says what it does wrong.
    pub misbehave: Option<PathBuf>,
    /// How its events are logged.
    pub log_format: logs::Format,
}

/// Lives until told to leave.
pub async fn live(config: &Config, passphrase: &PassphraseArgs, how: &How) -> anyhow::Result<()> {
    let adversary = how.misbehave.as_deref().map(parts::adversary).transpose()?;
    let Local { deployment, device, peer, secret, plan, journal, key, beacon, held, .. } =
        local::load(config, passphrase, Make::Absent).await?;
    let Some(Held { server, network, store: Some(store), addresses, locks: _locks }) = held else {
        unreachable!("who makes what is absent also takes it");
    };
    let beacon = beacon.map(|source| Arc::new(source) as Arc<dyn BeaconSource>);
    let life = network.life();
    let (drain, cancel) = (Drain::new(), Cancel::new());
    let signals =
        signals::listen(drain.clone(), cancel.clone(), Duration::from_secs(config.node.drain_seconds))?;
    if how.ends_with_input {
        signals::leave_with_input(drain.clone(), Duration::from_secs(config.node.drain_seconds));
    }

    let observability = Observability::new(&config.chain.id);
    tracing::info!(
        node = config.node.name,
        chain = config.chain.id,
        peer = %peer.peer_id(),
        health = %format!("http://{}", server.address()),
        "node begins"
    );
    let pages = tokio::spawn(server.run(
        observability.alive.clone(),
        observability.ready.clone(),
        observability.metrics.clone(),
    ));
    let settings = Settings { mark: Some(twin::mark(&life)), ..config.settings() };
    let stopped = || async {
        tokio::select! {
            () = drain.begun() => {}
            () = cancel.cancelled() => {}
        }
    };
    let client = tokio::select! {
        client = connect(settings, key, &deployment, &observability, &store) => client?,
        // Nothing is owed yet by a life that has not seen the chain.
        () = stopped() => return Ok(()),
    };
    let contracts = deployment.contracts();
    if addresses.is_empty() {
        tracing::warn!("no address is announced (net.announce): peers cannot fetch this node's blocks");
    }
    if let Some(words) = parts::undialled(config, &addresses) {
        tracing::warn!("{words}");
    }
    tracing::info!(account = %client.account(), addresses = addresses.join(" "), "connected to the chain");
    for one in client.status().endpoints {
        if let Some(trouble) = one.trouble {
            tracing::info!("endpoint {} is not used: {trouble}", one.name);
        }
    }
    let head = client.status().head;
    if let Some(words) = parts::clock_words(head.time, machine_time()) {
        tracing::warn!("{words}");
    }
    // Endpoints change what they ask, so that a node goes on and says why nothing is taken.
    let low = tokio::select! {
        low = client.gas_price_too_low() => low,
        () = stopped() => return Ok(()),
    };
    if let Ok(Some(low)) = low {
        tracing::warn!("{}", parts::low_price_words(&config.chain.gas_price, &low));
    }
    let detector = TwinDetector {
        client: client.clone(),
        nodes: contracts.nodes.clone(),
        network: network.clone(),
        announced: addresses.clone(),
        // An endpoint that lags would make a twin of what this node itself signed in its life before.
        began_at: head.height.max(journal.unwrap_or(0)),
    };
    // Before anything is sent: what two send at the same time is what both lose by.
    let twin = tokio::select! {
        twin = detector.first() => twin,
        () = stopped() => return Ok(()),
    };
    if let Some(twin) = twin {
        network.shutdown().await;
        return Err(twin.refusal(&life, client.account()).into());
    }
    let account = client.account().to_string();
    let who = Who { config, account: &account, contracts: &contracts, peer: &peer, addresses };
    let node_config = NodeConfig {
        name: config.node.name.clone(),
        folder: config.folder.clone(),
        secret,
        roles: parts::roles(who, plan),
        adversary,
    };
    let (tell, events) = mpsc::channel(EVENTS);
    let shared = Shared {
        beacon,
        events: Some(tell),
        cancel: cancel.clone(),
        drain: drain.clone(),
        pace: Pace::real(),
        // A run of days keeps no seat from its answer.
        workers: Workers::with_lanes(config.work.jobs, config.work.jobs),
        device,
        ..Shared::new(Arc::new(Remote(network.clone())), config.work.jobs)
    };
    let known = watch::Sender::new(Known::default());
    let book = tokio::spawn(keep(client.clone(), contracts.nodes.clone(), network.clone(), known.clone()));
    let mut node = Node::new(node_config, Cosmos::new(client.clone(), contracts), store.clone(), shared)?;
    let teller = tokio::spawn(tell_on(Watched {
        observability,
        status: node.status(),
        client,
        store: store.clone(),
        network: network.clone(),
        known: known.subscribe(),
        stale: Duration::from_secs(config.chain.stale_seconds),
        least_free: config.store.least_free_mib << 20,
    }));
    let log = tokio::spawn(log(events, how.log_format));
    let (older, mut met) = oneshot::channel();
    let watch = tokio::spawn(stop_for_older(detector, older, cancel.clone()));

    let ended = node.run().await;
    // The driver's own end of the channel goes first, so that the log ends after its last line.
    drop(node);
    let _ = log.await;
    network.shutdown().await;
    for task in [teller, book, pages, signals, watch] {
        task.abort();
    }
    if let Ok(twin) = met.try_recv() {
        return Err(twin.refusal(&life, &Addr::unchecked(account)).into());
    }
    match ended {
        Ok(Ended::OutOfTime) => {
            tracing::warn!("left before everything was finished; it goes on at the next start")
        }
        Ok(_) => tracing::info!("left in good order"),
        // A second signal: the journal has what is owed.
        Err(AgentError::Cancelled) => {
            tracing::warn!("stopped at once; what is owed goes on at the next start")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Stops the node, at once, as soon as there is an older one of the same keys.
async fn stop_for_older(detector: TwinDetector, tell: oneshot::Sender<Twin>, cancel: Cancel) {
    let twin = detector.watch().await;
    // Whoever waits for the node hears of it when the node has ended.
    let _ = tell.send(twin);
    cancel.cancel();
}

/// Connects and looks for the contracts, however long it takes; what no waiting mends is an error.
async fn connect(
    settings: Settings,
    key: Key,
    deployment: &Deployment,
    observability: &Observability,
    store: &Store,
) -> anyhow::Result<Client> {
    let (key, backoff) = (Arc::new(key), Backoff::default());
    let begun = std::time::Instant::now();
    let mut failures: u32 = 0;
    loop {
        let (what, error) = match parts::connect(&settings, &key, deployment).await {
            Ok(client) if failures == 0 => return Ok(client),
            Ok(client) => {
                tracing::info!(
                    "outage is over after {} s and {failures} failures",
                    begun.elapsed().as_secs()
                );
                return Ok(client);
            }
            Err(failed) => failed,
        };
        if !error.is_transient() {
            return Err(anyhow::Error::from(error).context(what));
        }
        failures = failures.saturating_add(1);
        let delay = backoff.after(failures);
        match failures {
            1 => tracing::warn!("outage begins: {what}: {error} (next try in {delay:?})"),
            _ => tracing::info!(
                "outage goes on, {failures} failures in a row: {what}: {error} (next try in {delay:?})"
            ),
        }
        observability.no_chain(&error.to_string());
        observability.store(seen(store), 0);
        tokio::time::sleep(delay).await;
    }
}

/// What is read to be told.
struct Watched {
    observability: Observability,
    status: StatusWatch,
    client: Client,
    store: Arc<Store>,
    network: Network,
    known: watch::Receiver<Known>,
    stale: Duration,
    least_free: u64,
}

async fn tell_on(mut on: Watched) {
    let mut tick = tokio::time::interval(TELL);
    loop {
        tick.tick().await;
        on.observability.chain(&on.client.status(), on.stale);
        let status = on.status.borrow().clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        on.observability.node(&status, now, on.stale.as_secs());
        on.observability.store(seen(&on.store), on.least_free);
        let known = on.known.borrow().clone();
        on.observability.net(&on.network.stats(), known.peers, known.trouble.as_deref());
    }
}

fn seen(store: &Store) -> StoreSeen {
    let folder: &Path = store.dir();
    let (blobs, damaged) = (store.list().len(), store.damaged().len());
    StoreSeen { usage: store.usage(), blobs, damaged, free: disk::free(folder) }
}

/// Logs what the node tells.
async fn log(mut events: mpsc::Receiver<Event>, format: logs::Format) {
    while let Some(event) = events.recv().await {
        logs::tell(&event, format);
    }
}
