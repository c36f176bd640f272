//! A whole network of real nodes on a tiny model: what the demo is, in small.

use std::sync::{Arc, Mutex};

use lyceum_agent::work::scoring::{drawn, public_score};
use lyceum_agent::{
    Adversary, BeaconSource, Cancel, Coordinator, Directory, Drain, Ended, Evaluator, Event, Hash32, Node,
    NodeConfig, Peers, Planned, Result, Roles, Shared, Takes, Trainer, View, Voter,
};
use lyceum_api::canonical::Canonical;
use lyceum_api::charter::Action;
use lyceum_api::datasets::Shard as DatasetShard;
use lyceum_api::experts::NewModel;
use lyceum_api::manifest::{Recipe, Target};
use lyceum_api::nodes::Role;
use lyceum_api::tasks::{Benchmark, NewTask, RecipeBounds, TaskShard, key_commitment};
use lyceum_chain::embedded::{self, LYC, Network};
use lyceum_learn::seal::seal;
use lyceum_learn::{Model, ModelConfig, RunSpec, Shard, State, Trainer as Learner};
use lyceum_store::Store;
use tempfile::TempDir;
use tokio::sync::mpsc;

use bringing::{Bringing, Flaky};
pub use shaky::Shaky;

mod bringing;
mod shaky;

pub const SEQUENCE: u32 = 32;
pub const EVALUATORS: usize = 20;

/// Text that a tiny model can learn something of: sentences of a few words, in an order that a seed gives.
pub fn text(seed: u64, bytes: usize) -> Vec<u8> {
    const WORDS: [&str; 12] = [
        "the",
        "node",
        "trains",
        "an",
        "expert",
        "and",
        "every",
        "evaluator",
        "checks",
        "its",
        "work",
        "again",
    ];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut out = String::new();
    while out.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
        out.push(if (state >> 50).is_multiple_of(9) { '\n' } else { ' ' });
    }
    out.truncate(bytes);
    out.into_bytes()
}

/// Files of the world, made once: the base, shards, held-out text, benchmark.
pub struct Files {
    pub config: ModelConfig,
    pub base: Vec<u8>,
    pub shard: Vec<u8>,
    pub stuffed: Vec<u8>,
    pub held_out: Vec<u8>,
    pub baseline: i64,
    pub copied: Vec<u8>,
    /// Length of the tensor block of a state.
    pub state_bytes: u64,
}

fn trained(model: Model, target: Target, shard: &[u8], intervals: u32, seed: u8) -> Model {
    let spec = RunSpec {
        target,
        recipe: Recipe { peak_lr_nano: 4_000_000, warmup_steps: 5, mixture: vec![1] },
        seed: Hash32([seed; 32]),
        intervals,
        steps_per_interval: 1,
        rows: 4,
        context: SEQUENCE as usize,
    };
    let mut learner = Learner::new(model, spec.clone(), &[Shard::new(shard.to_vec()).for_expert(0)]).unwrap();
    for _ in 0..spec.steps() {
        learner.step().unwrap();
    }
    learner.into_model()
}

pub fn files() -> Files {
    tch::set_num_threads(1);
    let config = ModelConfig::tiny();
    let shard = text(1, 40_000);
    let fresh = Model::init(config.clone(), &Hash32([7; 32]), tch::Device::Cpu).unwrap();
    let base = trained(fresh, Target::Base {}, &shard, 60, 1);
    let held_out = text(2, 8_000);
    let baseline = public_score(&base, &held_out, SEQUENCE).unwrap();
    let copied = trained(base.copy(), Target::Expert { index: 0 }, &shard, 300, 2);
    let state = State::initial(&copied.export(Target::Expert { index: 0 }).unwrap());
    let state_bytes = state.to_block().unwrap().len() as u64;
    let copied = lyceum_learn::block::write(&copied.export(Target::Expert { index: 0 }).unwrap()).unwrap();
    let stuffed =
        b"Write to jane.doe@example.com about the very same offer, today and every day.\n".repeat(300);
    Files { base: base.to_block().unwrap(), config, shard, stuffed, held_out, baseline, copied, state_bytes }
}

struct Rounds(embedded::Beacon);

impl BeaconSource for Rounds {
    fn signature(&self, round: u64, now: u64) -> Option<cosmwasm_std::Binary> {
        self.0.signed_at(round, now)
    }
}

/// What the set-up found out.
struct Found {
    domain: u64,
    dataset: u64,
    beacon: embedded::Beacon,
}

pub struct World {
    pub nodes: Vec<(String, Node<Shaky>)>,
    /// The nodes' stores, by name.
    pub stores: Vec<(String, Arc<Store>)>,
    pub events: mpsc::Receiver<Event>,
    /// What was fetched, unless peers are flaky.
    pub bringing: Arc<Bringing>,
    pub cancel: Cancel,
    pub drain: Drain,
    dir: TempDir,
    beacon: embedded::Beacon,
}

/// What all nodes of a world share, the directory that their stores join, and what was asked of whom first.
fn shared(
    beacon: &embedded::Beacon,
    missing: Option<u64>,
) -> (Arc<Directory>, Shared, mpsc::Receiver<Event>, Arc<Bringing>) {
    let directory = Directory::new();
    let (tell, events) = mpsc::channel(100_000);
    let bringing = Arc::new(Bringing { inner: directory.clone(), asked: Mutex::default() });
    let peers: Arc<dyn Peers> = match missing {
        Some(length) => Arc::new(Flaky { inner: directory.clone(), length, asked: Mutex::default() }),
        None => bringing.clone(),
    };
    let mut shared = Shared::new(peers, 2);
    shared.backoff.first = std::time::Duration::from_millis(1);
    shared.backoff.longest = std::time::Duration::from_millis(4);
    shared.beacon = Some(Arc::new(Rounds(beacon.clone())));
    shared.events = Some(tell);
    (directory, shared, events, bringing)
}

/// Who takes part beside the coordinator and the owners.
pub struct Cast {
    /// Name and what it does wrong, in the order of the tasks they take: one task for each inner list.
    pub tasks: Vec<Vec<(&'static str, Option<Adversary>)>>,
    /// Whether the first evaluators drawn are lazy: how many of all.
    pub lazy: usize,
    /// Whether nobody has a state the first times it is asked for.
    pub flaky: bool,
    /// Every so many calls the chain does not answer; 0 = it always does.
    pub shaky: u64,
}

fn network_with(
    cast: &[Vec<String>],
    files: &Files,
) -> anyhow::Result<(Network, Vec<cosmwasm_std::Addr>, Found)> {
    let mut builder = Network::builder();
    builder.tasks.reveal_seconds = 120;
    builder.tasks.serve_seconds = 120;
    builder.tasks.attest_seconds = 300;
    builder.tasks.open_seconds = 120;
    builder.tasks.answer_seconds = 120;
    builder.tasks.dispute_seconds = 120;
    builder.datasets.vote_seconds = 600;
    let mut network = builder.build()?;
    let mut accounts = Vec::new();
    let coordinator = network.bond_node("coordinator", 2_000 * LYC, &[Role::Coordinator])?;
    network.fund(&coordinator, 10_000 * LYC)?;
    accounts.push(coordinator);
    for name in cast.iter().flatten() {
        let trainer = network.bond_node(name, 200_000 * LYC, &[Role::Trainer])?;
        network.fund(&trainer, 100_000 * LYC)?;
        accounts.push(trainer);
    }
    for i in 0..EVALUATORS {
        accounts.push(network.bond_node(&format!("evaluator-{i}"), 2_000 * LYC, &[Role::Evaluator])?);
    }
    for i in 0..3 {
        let owner = network.bond_node(&format!("owner-{i}"), 2_000 * LYC, &[Role::Storage])?;
        network.bind_gpus(&owner, 2)?;
        accounts.push(owner);
    }
    network.mature()?;
    network.act(Action::RegisterModel {
        model: NewModel {
            name: "tiny".to_owned(),
            version: "0.1.0".to_owned(),
            config: serde_json::to_string(&files.config)?,
            experts: files.config.num_local_experts as u32,
            base: Hash32::of(&files.base),
            base_bytes: files.base.len() as u64,
        },
    })?;
    let mut domain = Network::new_domain("prose", 1, 0);
    domain.batch = 2;
    domain.sequence = SEQUENCE;
    domain.held_out = Hash32::of(&files.held_out);
    domain.baseline = files.baseline;
    domain.max_reward = (10 * LYC).into();
    domain.tolerance = 20_000_000;
    let domain = network.register_domain(domain)?;
    let contributor = network.account("contributor");
    let shard = |bytes: &[u8]| DatasetShard { root: Hash32::of(bytes), bytes: bytes.len() as u64 };
    let dataset = network.propose_dataset(&contributor, "prose", &[shard(&files.shard)])?;
    network.propose_dataset(&contributor, "stuffed", &[shard(&files.stuffed)])?;
    let beacon = network.beacon.clone();
    Ok((network, accounts, Found { domain, dataset, beacon }))
}

impl World {
    pub fn new(cast: Cast, files: Arc<Files>) -> Self {
        let names: Vec<Vec<String>> =
            cast.tasks.iter().map(|t| t.iter().map(|(n, _)| (*n).to_owned()).collect()).collect();
        let (setup_names, setup_files) = (names.clone(), files.clone());
        let (handles, found) = embedded::start(move || network_with(&setup_names, &setup_files)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (directory, shared, events, bringing) =
            shared(&found.beacon, cast.flaky.then_some(files.state_bytes));
        let benchmark_text = text(3, 8_000);
        let mut sealed = Vec::new();
        let plan: Vec<Planned> = names
            .iter()
            .enumerate()
            .map(|(i, claims)| {
                let key = Hash32::of(&[9, i as u8]);
                let items = drawn(&benchmark_text, SEQUENCE, 64, &key).unwrap();
                let bytes = seal(&items.to_bytes(), &key);
                let task = new_task(&found, &files, claims.len() as u32, &bytes, &key);
                sealed.push(bytes);
                Planned { task, key, after: (0..i).collect() }
            })
            .collect();
        let mut handles = handles.into_iter();
        let (mut nodes, mut stores) = (Vec::new(), Vec::new());
        let mut node = |name: &str, roles: Roles, adversary: Option<Adversary>, blobs: &[&[u8]]| {
            let folder = dir.path().join(name);
            let store = Arc::new(Store::open(folder.join("store")).unwrap());
            for blob in blobs {
                store.put(blob).unwrap();
            }
            directory.join(store.clone());
            stores.push((name.to_owned(), store.clone()));
            let config = NodeConfig {
                name: name.to_owned(),
                folder,
                secret: Hash32::of(name.as_bytes()),
                roles,
                adversary,
            };
            let chain = Shaky::new(handles.next().unwrap(), cast.shaky);
            nodes.push((name.to_owned(), Node::new(config, chain, store, shared.clone()).unwrap()));
        };
        let mut blobs: Vec<&[u8]> = vec![&files.base, &files.held_out, &files.shard, &files.stuffed];
        blobs.extend(sealed.iter().map(Vec::as_slice));
        let roles = Roles {
            coordinator: Some(Coordinator::new(plan)),
            relay: Some(Default::default()),
            ..Roles::default()
        };
        node("coordinator", roles, None, &blobs);
        for (i, claims) in cast.tasks.iter().enumerate() {
            for (name, adversary) in claims {
                let takes = Takes { tasks: vec![i as u64 + 1], ..Takes::default() };
                let roles = Roles {
                    trainer: Some(Trainer::new(takes)),
                    collector: Some(Default::default()),
                    ..Roles::default()
                };
                node(name, roles, adversary.clone(), &[&files.copied]);
            }
        }
        for i in 0..EVALUATORS {
            let lazy = (i < cast.lazy).then_some(Adversary::LazyEvaluator);
            let roles = Roles {
                evaluator: Some(Evaluator::default()),
                collector: Some(Default::default()),
                ..Roles::default()
            };
            node(&format!("evaluator-{i}"), roles, lazy, &[]);
        }
        for i in 0..3 {
            node(
                &format!("owner-{i}"),
                Roles { voter: Some(Voter::default()), ..Roles::default() },
                None,
                &[],
            );
        }
        let (cancel, drain) = (shared.cancel.clone(), shared.drain.clone());
        Self { nodes, stores, events, bringing, cancel, drain, dir, beacon: found.beacon }
    }

    /// Ends every process and starts it again from its folder, with nothing but its journal to go by.
    pub fn restart(&mut self) {
        let old: Vec<_> = self.nodes.drain(..).map(|(name, node)| (name, node.into_chain())).collect();
        let (directory, shared, events, bringing) = shared(&self.beacon, None);
        self.bringing = bringing;
        (self.events, self.cancel, self.drain) = (events, shared.cancel.clone(), shared.drain.clone());
        self.stores.clear();
        for (name, chain) in old {
            let folder = self.dir.path().join(&name);
            let store = Arc::new(Store::open(folder.join("store")).unwrap());
            directory.join(store.clone());
            self.stores.push((name.clone(), store.clone()));
            let secret = Hash32::of(name.as_bytes());
            let config =
                NodeConfig { name: name.clone(), folder, secret, roles: Roles::default(), adversary: None };
            self.nodes.push((name, Node::new(config, chain, store, shared.clone()).unwrap()));
        }
    }

    /// Runs everybody until the view says that it is enough.
    pub async fn run_until(
        &mut self,
        enough: impl Fn(&View) -> bool + Send + Clone + 'static,
    ) -> Result<Ended> {
        let mut running = Vec::new();
        for (name, mut node) in self.nodes.drain(..) {
            let enough = enough.clone();
            running.push(tokio::spawn(async move {
                let ended = node.run_until(enough).await;
                (name, node, ended)
            }));
        }
        let mut ended = Ok(Ended::Enough);
        for task in running {
            let (name, node, result) = task.await.unwrap();
            if let Err(e) = &result {
                eprintln!("{name}: {e}");
            }
            ended = ended.and(result);
            self.nodes.push((name, node));
        }
        ended
    }
}

fn new_task(found: &Found, files: &Files, claims: u32, sealed: &[u8], key: &Hash32) -> NewTask {
    NewTask {
        domain: found.domain,
        target: Target::Expert { index: 0 },
        steps_per_interval: 2,
        intervals: 200,
        shards: vec![TaskShard { dataset: found.dataset, root: Hash32::of(&files.shard) }],
        bounds: RecipeBounds { min_lr_nano: 100_000, max_lr_nano: 4_000_000, max_warmup: 20 },
        commit_seconds: 600,
        max_claims: claims.max(1),
        benchmark: Benchmark {
            root: Hash32::of(sealed),
            bytes: sealed.len() as u64,
            items: 64,
            key: key_commitment(key),
            round: 0, // both are set when it opens
            sealed_key: Default::default(),
        },
    }
}
