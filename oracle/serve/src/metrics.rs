//! [`Metrics`]: what a node counts. Names and labels are a golden file; dashboards depend on them.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

/// A number that goes up and down, fractions too.
pub type Number = Gauge<f64, AtomicU64>;
/// Seconds that add up.
pub type Seconds = Counter<f64, AtomicU64>;

/// What was done, and what became of it. Both have few values: kinds are the first words of a node's keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Counted {
    /// What, e.g. `reveal` or `train`.
    pub kind: String,
    /// `done`, `refused` or `failed`.
    pub outcome: &'static str,
}

/// What it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    /// Its name.
    pub kind: String,
}

/// One of the chain's endpoints; there are as many as the configuration names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Endpoint {
    /// Its name: scheme, host, port.
    pub endpoint: String,
}

/// The chain's endpoints.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// Whether calls go to it.
    pub healthy: Family<Endpoint, Gauge>,
    /// The last height heard from it.
    pub height: Family<Endpoint, Gauge>,
}

/// The chain as the node sees it.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Whether it answers.
    pub reachable: Gauge,
    /// Latest height.
    pub height: Gauge,
    /// Its time, Unix seconds.
    pub time: Gauge,
    /// What the node's account holds, ulyc.
    pub balance: Number,
    /// Messages by kind and outcome.
    pub messages: Family<Counted, Counter>,
    /// Times it did not answer.
    pub failures: Counter,
}

/// The node's standing and duties.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    /// Whether all checks are well.
    pub ready: Gauge,
    /// Whether the chain lists it as active.
    pub active: Gauge,
    /// Whether it is in jail.
    pub jailed: Gauge,
    /// Its stake, ulyc.
    pub stake: Number,
    /// Times it looked and decided.
    pub turns: Counter,
    /// Jobs by kind and outcome.
    pub jobs: Family<Counted, Counter>,
    /// Seconds its machine worked, by kind.
    pub seconds: Family<Kind, Seconds>,
    /// What it owes before it may leave.
    pub owes: Gauge,
}

/// Training.
#[derive(Debug, Clone, Default)]
pub struct Training {
    /// The claim that is trained for; 0 when none.
    pub claim: Gauge,
    /// Its step.
    pub step: Gauge,
    /// Its steps in all.
    pub steps: Gauge,
    /// Tokens it reads a second.
    pub tokens_per_second: Number,
}

/// The store.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// Blobs.
    pub blobs: Gauge,
    /// Blobs known to be damaged.
    pub damaged: Gauge,
    /// Bytes of blobs and sidecars.
    pub bytes: Gauge,
    /// Bytes set aside for what is being written.
    pub reserved: Gauge,
    /// Bytes free on its disk.
    pub free: Gauge,
}

/// The peers.
#[derive(Debug, Clone, Default)]
pub struct Net {
    /// Peers it is connected to.
    pub connected: Gauge,
    /// Blobs being fetched.
    pub fetching: Gauge,
    /// Bytes taken in.
    pub received: Counter,
    /// Bytes given out.
    pub sent: Counter,
    /// Tiles that were not what they should be.
    pub bad_tiles: Counter,
}

/// All metrics of a node; clones are the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    /// The chain.
    pub chain: Chain,
    /// The chain's endpoints.
    pub endpoints: Endpoints,
    /// Standing and duties.
    pub roles: Roles,
    /// Training.
    pub training: Training,
    /// The store.
    pub store: Store,
    /// The peers.
    pub net: Net,
}

fn add(registry: &mut Registry, name: &str, help: &str, metric: &(impl Metric + Clone)) {
    registry.register(name, help, metric.clone());
}

impl Metrics {
    /// Everything at nothing, for a program version and a chain.
    pub fn new(version: &str, chain_id: &str) -> Self {
        let mut registry = Registry::with_prefix("lyceum");
        let labels = vec![("version", version.to_owned()), ("chain_id", chain_id.to_owned())];
        registry.register("build", "The program and its chain", Info::new(labels));
        let endpoints = Endpoints::default();
        let (chain, roles, training, store, net) =
            (Chain::default(), Roles::default(), Training::default(), Store::default(), Net::default());

        let sub = registry.sub_registry_with_prefix("chain");
        add(sub, "reachable", "Whether an endpoint answers", &chain.reachable);
        add(sub, "height", "Latest height", &chain.height);
        add(sub, "time_seconds", "Time of the latest block, Unix seconds", &chain.time);
        add(sub, "balance_ulyc", "What the node's account holds", &chain.balance);
        add(sub, "messages", "Messages by kind and outcome", &chain.messages);
        add(sub, "failures", "Times the chain did not answer", &chain.failures);

        let sub = registry.sub_registry_with_prefix("endpoint");
        add(sub, "healthy", "Whether calls go to this endpoint of the chain", &endpoints.healthy);
        add(sub, "height", "The last height heard from this endpoint", &endpoints.height);

        let sub = registry.sub_registry_with_prefix("node");
        add(sub, "ready", "Whether /readyz says so", &roles.ready);
        add(sub, "active", "Whether the chain lists the node as active", &roles.active);
        add(sub, "jailed", "Whether the node is in jail", &roles.jailed);
        add(sub, "stake_ulyc", "The node's stake", &roles.stake);
        add(sub, "turns", "Times it looked and decided", &roles.turns);
        add(sub, "jobs", "Jobs by kind and outcome", &roles.jobs);
        add(sub, "owes", "What it owes before it may leave", &roles.owes);
        add(sub, "work_seconds", "Seconds of work by kind", &roles.seconds);

        let sub = registry.sub_registry_with_prefix("training");
        add(sub, "claim", "The claim that is trained for, 0 for none", &training.claim);
        add(sub, "step", "Its step", &training.step);
        add(sub, "steps_planned", "Its steps in all", &training.steps);
        add(sub, "tokens_per_second", "Tokens it reads a second", &training.tokens_per_second);

        let sub = registry.sub_registry_with_prefix("store");
        add(sub, "blobs", "Blobs", &store.blobs);
        add(sub, "damaged_blobs", "Blobs known to be damaged", &store.damaged);
        add(sub, "stored_bytes", "Bytes of blobs and sidecars", &store.bytes);
        add(sub, "reserved_bytes", "Bytes set aside for what is being written", &store.reserved);
        add(sub, "disk_free_bytes", "Bytes free on the store's disk", &store.free);

        let sub = registry.sub_registry_with_prefix("net");
        add(sub, "connected_peers", "Peers that are connected", &net.connected);
        add(sub, "fetches", "Blobs being fetched", &net.fetching);
        add(sub, "received_bytes", "Bytes of tiles taken in", &net.received);
        add(sub, "sent_bytes", "Bytes of tiles given out", &net.sent);
        add(sub, "bad_tiles", "Tiles that were not what they should be", &net.bad_tiles);
        let registry = Arc::new(Mutex::new(registry));
        Self { registry, chain, endpoints, roles, training, store, net }
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Registration ended with the constructor; the lock is only held to read.
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string does not fail.
        let _ = encode(&mut out, &registry);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and kinds of all metrics; a change breaks somebody's dashboard.
    const GOLDEN: &str = include_str!("../tests/golden/metrics.txt");

    #[test]
    fn metric_names_are_those_of_the_golden_file() {
        let metrics = Metrics::new("1", "chain");
        let counted = |kind: &str| Counted { kind: kind.to_owned(), outcome: "done" };
        metrics.chain.messages.get_or_create(&counted("reveal")).inc();
        let endpoint = Endpoint { endpoint: "http://127.0.0.1:26657".to_owned() };
        metrics.endpoints.healthy.get_or_create(&endpoint).set(1);
        metrics.endpoints.height.get_or_create(&endpoint).set(7);
        metrics.roles.jobs.get_or_create(&counted("train")).inc();
        metrics.roles.seconds.get_or_create(&Kind { kind: "train".to_owned() }).inc_by(1.5);
        let text = metrics.text();
        if std::env::var_os("LYCEUM_UPDATE").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/metrics.txt");
            std::fs::write(file, &text).unwrap();
        } else {
            assert_eq!(text, GOLDEN);
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
