//! [`Base`]: the state in which every story begins, small or with ten thousand entries of each kind that has many;
//! built once, and put back at whatever time a story needs.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use cosmwasm_std::{Addr, BlockInfo, Order, Storage as _, Timestamp};
use lyceum_api::datasets::{DatasetManifest, Shard, Source};
use lyceum_api::nodes::{Role, gpu_id};
use lyceum_api::tasks::{NewTask, TaskShard};
use lyceum_api::{Hash32, datasets, nodes, tasks};
use lyceum_testing::{Builder, Crew, LYC, Network};

use crate::recorder::{Recorder, Watch};

const DAY: u64 = 86_400;
/// How long before the present a base is begun. Its own life and the longest story's fit in.
const AGE: u64 = 45 * DAY;
/// Shards of the gold dataset.
const SHARDS: usize = 8;

/// What stories know beside what the contracts answer.
#[derive(Clone)]
pub struct Facts {
    pub crew: Crew,
    pub dataset: u64,
    pub model: u64,
    /// Nodes that only make the state large.
    pub fillers: Vec<String>,
    /// What could not be filled, and why.
    pub left_out: Vec<String>,
}

pub struct World {
    pub network: Network<Recorder>,
    pub facts: Facts,
}

pub struct Base {
    builder: Builder,
    facts: Facts,
    authority: Addr,
    storage: Vec<(Vec<u8>, Vec<u8>)>,
    names: BTreeMap<Addr, String>,
    pub height: u64,
    pub time: u64,
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

pub fn shard(at: usize) -> Shard {
    Shard { root: Hash32::of(format!("shard {at}").as_bytes()), bytes: 1_000_000 }
}

fn watched(network: Network, watch: Watch, names: &BTreeMap<Addr, String>) -> Network<Recorder> {
    let (at, beacon, authority) = (network.at, network.beacon, network.authority);
    let recorder = Recorder::new(network.app, at.clone(), watch, names.clone());
    Network::over(recorder, at, beacon, authority, network.block_seconds)
}

impl World {
    pub fn nodes(&mut self, sender: &Addr, msg: &nodes::ExecuteMsg, funds: u128) -> Result<()> {
        let contract = self.network.at.nodes.clone();
        self.network.fund(sender, funds)?;
        self.network.execute(sender, &contract, msg, funds).map(|_| ())
    }

    pub fn datasets(&mut self, sender: &Addr, msg: &datasets::ExecuteMsg, funds: u128) -> Result<()> {
        let contract = self.network.at.datasets.clone();
        self.network.fund(sender, funds)?;
        self.network.execute(sender, &contract, msg, funds).map(|_| ())
    }

    pub fn tasks(&mut self, sender: &Addr, msg: &tasks::ExecuteMsg, funds: u128) -> Result<()> {
        let contract = self.network.at.tasks.clone();
        self.network.fund(sender, funds)?;
        self.network.execute(sender, &contract, msg, funds).map(|_| ())
    }

    pub fn new_task(&self, domain: u64, at: usize) -> NewTask {
        let shards = vec![TaskShard { dataset: self.facts.dataset, root: shard(at % SHARDS).root }];
        Network::new_task(domain, domain as u32 - 1, shards)
    }

    /// Executes without watching: what a story needs and does not measure.
    pub fn quietly(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let watch = std::mem::replace(&mut self.network.app.watch, Watch::Nothing);
        let done = work(self);
        self.network.app.watch = watch;
        done
    }

    fn gpu(&self, name: &str) -> Result<Hash32> {
        let config: nodes::ConfigResponse =
            self.network.query(&self.network.at.nodes, &nodes::QueryMsg::Config {})?;
        Ok(gpu_id(&config.gpu_salt, name))
    }

    pub fn bind(&mut self, node: &Addr, name: &str) -> Result<Hash32> {
        let gpu = self.gpu(name)?;
        self.nodes(node, &nodes::ExecuteMsg::BindGpu { gpu }, 0)?;
        Ok(gpu)
    }

    /// Nodes with stake, GPU and a delegation, proposals and tasks: `entries` of each.
    fn fill(&mut self, entries: usize) -> Result<()> {
        self.network.block_seconds = 1;
        let patron = self.network.account("patron of all");
        for i in 0..entries {
            let name = format!("filler-{i}");
            let node = self.network.bond_node(&name, 2_000 * LYC, &[Role::Evaluator])?;
            self.bind(&node, &name)?;
            self.nodes(&patron, &nodes::ExecuteMsg::Delegate { node: node.to_string() }, 2 * LYC)?;
            self.facts.fillers.push(name);
        }
        let many = |what: &str, done: usize, why: anyhow::Error| format!("{what}: {done} instead, {why}");
        for i in 0..entries {
            let manifest = DatasetManifest {
                name: format!("filler {i}"),
                licence: "MIT".to_owned(),
                source: Source::Curated,
                shards: vec![Shard { root: Hash32::of(format!("filler shard {i}").as_bytes()), bytes: 1 }],
            };
            let propose = datasets::ExecuteMsg::Propose { manifest };
            if let Err(why) = self.datasets(&patron, &propose, 100 * LYC) {
                self.facts.left_out.push(many("datasets", i, why));
                break;
            }
        }
        let (coordinator, beacon) = (self.facts.crew.coordinator.clone(), self.network.beacon.clone());
        let config: tasks::ConfigResponse =
            self.network.query(&self.network.at.tasks, &tasks::QueryMsg::Config {})?;
        for i in 0..entries {
            let mut task = self.new_task(1, i);
            task.commit_seconds = 6 * DAY;
            task.benchmark.round = beacon.first_round_from(self.network.time() + 2 + task.commit_seconds);
            let funds = config.params.opener_deposit.u128()
                + config.params.claim_fee.u128() * u128::from(task.max_claims);
            if let Err(why) = self.tasks(&coordinator, &tasks::ExecuteMsg::OpenTask { task }, funds) {
                self.facts.left_out.push(many("tasks", i, why));
                break;
            }
        }
        self.network.block_seconds = 5;
        Ok(())
    }
}

impl Base {
    pub fn build(entries: usize) -> Result<Self> {
        let builder = Builder { chain_id: "lyceum-1".to_owned(), start: now() - AGE, ..Builder::default() };
        let mut network = watched(builder.clone().build()?, Watch::Nothing, &BTreeMap::new());
        // The charter's authority gets a key.
        let (old, chair, charter) =
            (network.authority.clone(), network.account("chair"), network.at.charter.clone());
        let propose = lyceum_api::charter::ExecuteMsg::ProposeAuthority { authority: chair.to_string() };
        network.execute(&old, &charter, &propose, 0)?;
        network.execute(&chair, &charter, &lyceum_api::charter::ExecuteMsg::AcceptAuthority {}, 0)?;
        network.authority = chair.clone();

        let none = Crew { coordinator: chair.clone(), owners: vec![], evaluators: vec![] };
        let facts = Facts { crew: none, dataset: 0, model: 0, fillers: vec![], left_out: vec![] };
        let mut world = World { network, facts };
        world.old_hands()?;
        world.network.travel(29 * DAY);
        let crew = world.network.staff()?;
        world.facts.crew = crew.clone();
        let model = world.network.register_model("lyceum", 4)?;
        world.facts.model = model;
        for (name, expert) in [("prose", 0), ("code", 1), ("letters", 2)] {
            world.network.register_domain(Network::new_domain(name, model, expert))?;
        }
        let shards: Vec<Shard> = (0..SHARDS).map(shard).collect();
        world.facts.dataset = world.network.pass_dataset("texts", &shards)?;
        for name in ["best", "second", "forger", "lost"] {
            world.network.bond_node(name, 100_000 * LYC, &[Role::Trainer])?;
        }
        let (patron, best) = (world.network.account("patron"), world.network.account("best"));
        for node in [best, crew.owners[0].clone()] {
            world.nodes(&patron, &nodes::ExecuteMsg::Delegate { node: node.to_string() }, 1_000 * LYC)?;
        }
        // Delegations share in what comes after a pull that was complete.
        let (anyone, rewards) = (world.network.account("anyone"), world.network.at.rewards.clone());
        let node = world.network.account("best").into_string();
        let share = lyceum_api::rewards::ExecuteMsg::Share { node, limit: None };
        world.network.execute(&anyone, &rewards, &share, 0)?;
        if entries > 0 {
            world.fill(entries)?;
        }
        world.network.mature()?;
        let (height, time) = (world.network.height(), world.network.time());
        let app = &world.network.app.app;
        let storage = app.storage().range(None, None, Order::Ascending).collect();
        let authority = world.network.authority.clone();
        let names = world.network.app.known();
        Ok(Self { builder, facts: world.facts, authority, storage, names, height, time })
    }

    /// What could not be filled, and why.
    pub fn left_out(&self) -> Vec<String> {
        self.facts.left_out.clone()
    }

    /// The state again, at a later time.
    pub fn at(&self, time: u64, watch: Watch) -> Result<World> {
        ensure!(time >= self.time, "the base ends at {}, the story would begin at {time}", self.time);
        let mut network = self.builder.clone().build()?;
        let storage = network.app.storage_mut();
        let keys: Vec<_> = storage.range(None, None, Order::Ascending).map(|(key, _)| key).collect();
        keys.iter().for_each(|key| storage.remove(key));
        self.storage.iter().for_each(|(key, value)| storage.set(key, value));
        network.app.set_block(BlockInfo {
            height: self.height + 1 + (time - self.time) / 5,
            time: Timestamp::from_seconds(time),
            chain_id: self.builder.chain_id.clone(),
        });
        let mut network = watched(network, watch, &self.names);
        network.authority = self.authority.clone();
        Ok(World { network, facts: self.facts.clone() })
    }
}

impl World {
    /// Those whose time was over long ago: stake to mature, to be withdrawn, and a GPU without work.
    fn old_hands(&mut self) -> Result<()> {
        let sleeper = self.network.bond_node("sleeper", 2_000 * LYC, &[Role::Storage])?;
        let early = self.network.bond_node("early", 3_000 * LYC, &[Role::Storage])?;
        self.bind(&early, "early")?;
        self.nodes(&early, &nodes::ExecuteMsg::Unbond { amount: (1_000 * LYC).into() }, 0)?;
        let leaver = self.network.account("leaver");
        let (node, amount) = (sleeper.to_string(), (50 * LYC).into());
        self.nodes(&leaver, &nodes::ExecuteMsg::Delegate { node: node.clone() }, 100 * LYC)?;
        self.nodes(&leaver, &nodes::ExecuteMsg::Undelegate { node: node.clone(), amount }, 0)?;
        let mover = self.network.account("mover");
        self.nodes(&mover, &nodes::ExecuteMsg::Delegate { node: node.clone() }, 100 * LYC)?;
        self.nodes(&mover, &nodes::ExecuteMsg::Redelegate { from: node, to: early.to_string(), amount }, 0)?;
        Ok(())
    }

    /// The GPU that [`World::old_hands`] bound.
    pub fn lapsed_gpu(&self) -> Result<Hash32> {
        self.gpu("early").context("nodes is configured")
    }
}
