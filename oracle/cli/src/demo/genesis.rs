//! Before anybody acts and before there is a chain: texts divided, blocks and shards in stores, what is to be
//! registered, proposed and opened, and what the dishonest ones are told to do.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use cosmwasm_std::Uint128;
use lyceum_agent::work::scoring::public_score;
use lyceum_agent::{Adversary, Directory, Planned};
use lyceum_api::Hash32;
use lyceum_api::canonical::Canonical;
use lyceum_api::datasets::{DatasetManifest, Shard, Source};
use lyceum_api::experts::NewModel;
use lyceum_api::manifest::Target;
use lyceum_api::tasks::{
    Benchmark, CLASS_FP32, Metric, NewDomain, NewTask, RecipeBounds, TaskShard, key_commitment,
};
use lyceum_chain::embedded::LYC;
use lyceum_learn::items::Items;
use lyceum_learn::{Model, block, seal};
use lyceum_store::Store;

use super::cast::{Behaviour, COORDINATOR, Member, cast};
use super::{BATCH, DomainText, SEQUENCE, STEPS_PER_INTERVAL, Settings, shards};

/// ulyc in the treasury at genesis.
pub const TREASURY: u128 = 21_000_000 * LYC;
/// What the coordinator is granted to open tasks with.
pub const GRANT: u128 = 10_000 * LYC;
/// A shard's bytes at most.
pub const SHARD: usize = 1 << 20;
/// Items of a benchmark.
const ITEMS: usize = 48;
/// The most one claim can earn: the trainers' 60 % of a learning block's 50 LYC.
const MAX_REWARD: u128 = 30 * LYC;
/// Peak learning rates × 10⁻⁹ that a recipe may choose from.
pub const RATES: (u64, u64) = (100_000, 4_000_000);
/// Name of the dataset that is stuffed with duplicates and addresses, and of who proposes it.
pub const STUFFED: &str = "bargain-corpus";
const SPAMMER: &str = "spammer";

/// Everything that takes part, before there is a chain.
#[derive(Debug)]
pub struct Prepared {
    /// Who takes part, in order; authors of datasets at the end.
    pub members: Vec<Member>,
    /// Their stores, in the same order.
    pub stores: Vec<Arc<Store>>,
    /// All stores.
    pub directory: Arc<Directory>,
    /// What each does wrong.
    pub adversaries: Vec<Option<Adversary>>,
    /// The coordinator's plan; ids of domains and datasets are the chain's to give ([`Prepared::number`]).
    pub plan: Vec<Planned>,
    /// What the chain needs to know.
    pub blueprint: Blueprint,
}

/// What the chain said when it came up.
#[derive(Debug, Clone)]
pub struct Found {
    /// Domain ids, in the order of the texts.
    pub domains: Vec<u64>,
    /// Dataset ids, in the order of the texts; the stuffed one last.
    pub datasets: Vec<u64>,
    /// Coins and stake of each member, in the members' order, before anybody acted.
    pub starts: Vec<u128>,
    /// Time of the first height that the nodes live in.
    pub time: u64,
}

/// What the chain needs to know, all of it plain values.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// Who registers and bonds.
    pub members: Vec<Member>,
    /// The model, whose base is in the coordinator's store.
    pub model: NewModel,
    /// The domains, without the model's id.
    pub domains: Vec<NewDomain>,
    /// The datasets, and who proposes each.
    pub datasets: Vec<(String, DatasetManifest)>,
    /// Secret of the local beacon.
    pub beacon_secret: [u8; 32],
}

impl Blueprint {
    /// The licences that this network accepts: those of every network, and those of the demo's own texts, which are
    /// their owner's to choose.
    pub fn licences(&self) -> Vec<String> {
        let mut all = lyceum_api::datasets::Params::default().licences;
        for (_, manifest) in &self.datasets {
            if !all.contains(&manifest.licence) {
                all.push(manifest.licence.clone());
            }
        }
        all
    }
}

impl Prepared {
    /// Gives the plan the ids that the chain gave.
    pub fn number(&mut self, found: &Found) {
        for (entry, id) in self.plan.iter_mut().zip(&found.domains) {
            entry.task.domain = *id;
        }
        for shard in self.plan.iter_mut().flat_map(|entry| &mut entry.task.shards) {
            // Until now it was the place of the text among all.
            let place = usize::try_from(shard.dataset).unwrap_or(usize::MAX);
            shard.dataset = found.datasets.get(place).copied().unwrap_or_default();
        }
    }
}

/// Prepares everything.
pub fn prepare(
    settings: &Settings,
    texts: &[DomainText],
    base: &Model,
    folder: &Path,
) -> anyhow::Result<Prepared> {
    let mut members = cast(texts.len(), settings.evaluators);
    if settings.kill.is_some() {
        // Whoever loses anything then, lost it by being killed.
        members.retain(|m| m.behaviour == Behaviour::Honest);
    }
    let author = |name: String| Member {
        name,
        roles: vec![],
        stake: 0,
        gpus: 0,
        behaviour: Behaviour::Honest,
        domain: None,
    };
    members.extend((1..=texts.len()).map(|n| author(format!("author-{n}"))));
    members.push(author(SPAMMER.to_owned()));

    let directory = Directory::new();
    let stores = members
        .iter()
        .map(|m| {
            let store = Store::open(folder.join(&m.name).join("store"))
                .with_context(|| format!("the store of {} cannot be opened", m.name))?;
            let store = Arc::new(store);
            directory.join(store.clone());
            Ok(store)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let of = |name: &str| members.iter().position(|m| m.name == name).map(|i| stores[i].clone());
    let library = of(COORDINATOR).context("the cast has a coordinator")?;
    let put = |store: &Store, bytes: &[u8]| -> anyhow::Result<Hash32> { Ok(Hash32(store.put(bytes)?)) };

    let base_bytes = base.to_block()?;
    let model = NewModel {
        name: "demo".to_owned(),
        version: "1.0.0".to_owned(),
        config: serde_json::to_string(base.config())?,
        experts: base.config().num_local_experts as u32,
        base: put(&library, &base_bytes)?,
        base_bytes: base_bytes.len() as u64,
    };
    let mut domains = vec![];
    let mut proposals = vec![];
    let mut plan = vec![];
    let trains: Vec<&[u8]> = texts.iter().map(|text| text.parts.train.as_slice()).collect();
    for ((index, text), named) in texts.iter().enumerate().zip(shards::of_tasks(&trains)) {
        let held_out = put(&library, &text.parts.held_out)?;
        let baseline = public_score(base, &text.parts.held_out, SEQUENCE)?;
        domains.push(domain(index, text, held_out, baseline));
        let name = format!("author-{}", index + 1);
        let store = of(&name).context("every domain has an author")?;
        let (own, aside) = shards::divided(&text.parts.train, texts.len());
        let stored = own
            .into_iter()
            .chain(aside)
            .map(|bytes| Ok(Shard { root: put(&store, bytes)?, bytes: bytes.len() as u64 }))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let takers = members.iter().filter(|m| m.domain == Some(index)).count() as u32;
        let named = named
            .into_iter()
            .map(|(of, bytes)| TaskShard { dataset: of as u64, root: Hash32::of(bytes) })
            .collect();
        plan.push(planned(settings, index, text, takers, named, &library)?);
        let licence = text.licence.clone();
        proposals.push((
            name,
            DatasetManifest { name: text.name.clone(), licence, source: Source::Curated, shards: stored },
        ));
    }
    let spam = stuffed();
    let store = of(SPAMMER).context("the cast has a spammer")?;
    let shard = Shard { root: put(&store, spam.as_bytes())?, bytes: spam.len() as u64 };
    let (name, licence) = (STUFFED.to_owned(), "CC0-1.0".to_owned());
    let manifest = DatasetManifest { name, licence, source: Source::Scraped, shards: vec![shard] };
    proposals.push((SPAMMER.to_owned(), manifest));

    let mut adversaries = vec![];
    for (member, store) in members.iter().zip(&stores) {
        let domain = member.domain.unwrap_or_default();
        adversaries.push(match member.behaviour {
            Behaviour::Honest => None,
            Behaviour::FewerSteps => Some(Adversary::FewerSteps),
            Behaviour::OtherData => {
                Some(Adversary::OtherData { text: put(store, &texts[domain].parts.held_out)? })
            }
            Behaviour::Jump => Some(Adversary::Jump {
                interval: settings.intervals() * 3 / 5,
                block: put(store, &copied_weights(settings, domain as u32)?)?,
            }),
            Behaviour::Unrevealing => Some(Adversary::Unrevealing),
            Behaviour::LazyEvaluator => Some(Adversary::LazyEvaluator),
        });
    }

    let blueprint = Blueprint {
        members: members.clone(),
        model,
        domains,
        datasets: proposals,
        beacon_secret: settings.derive("beacon").0,
    };
    Ok(Prepared { members, stores, directory, adversaries, plan, blueprint })
}

fn domain(index: usize, text: &DomainText, held_out: Hash32, baseline: i64) -> NewDomain {
    NewDomain {
        name: text.name.clone(),
        model: 0, // set when the model is registered
        expert: index as u32,
        metric: Metric::BitsPerByte,
        weight: 1_000_000,
        tolerance: 2_000_000,
        committee: 5,
        class: CLASS_FP32.to_owned(),
        bound_ppm: 1_000,
        epsilon_ppm: 1,
        mean_gain: 2_000_000,
        max_reward: Uint128::new(MAX_REWARD),
        held_out,
        baseline,
        batch: BATCH,
        sequence: SEQUENCE,
        seconds_per_kilostep: 40,
    }
}

fn planned(
    settings: &Settings,
    index: usize,
    text: &DomainText,
    takers: u32,
    shards: Vec<TaskShard>,
    library: &Store,
) -> anyhow::Result<Planned> {
    let items = benchmark(settings, index, text)?;
    let key = settings.derive(&format!("benchmark key {index}"));
    let sealed = seal::seal(&items.to_bytes(), &key);
    let benchmark = Benchmark {
        root: Hash32(library.put(&sealed)?),
        bytes: sealed.len() as u64,
        items: items.len() as u32,
        key: key_commitment(&key),
        round: 0, // both are set when it opens
        sealed_key: Default::default(),
    };
    let task = NewTask {
        domain: 0, // set when the domain is registered
        target: Target::Expert { index: index as u32 },
        steps_per_interval: STEPS_PER_INTERVAL,
        intervals: settings.intervals(),
        shards, // of places among the texts until the datasets are proposed
        bounds: RecipeBounds { min_lr_nano: RATES.0, max_lr_nano: RATES.1, max_warmup: settings.steps / 10 },
        commit_seconds: 600,
        max_claims: takers,
        benchmark,
    };
    // The first task goes ahead: its committee finds the lazy evaluator out, which is then in jail when the others
    // draw theirs.
    let after = if index == 0 { vec![] } else { vec![0] };
    Ok(Planned { task, key, after })
}

/// The items that a domain's benchmark is sealed from.
pub fn benchmark(settings: &Settings, index: usize, text: &DomainText) -> anyhow::Result<Items> {
    let window = SEQUENCE as usize + 1;
    let count = ITEMS.min(text.parts.benchmark.len() / window);
    Ok(Items::draw(&text.parts.benchmark, window, count, &settings.derive(&format!("items {index}")))?)
}

/// Weights that another run left behind: an expert of a model that was initialised from another seed.
fn copied_weights(settings: &Settings, expert: u32) -> anyhow::Result<Vec<u8>> {
    let other =
        Model::init(settings.config(), &settings.derive("somebody else's weights"), tch::Device::Cpu)?;
    Ok(block::write(&other.export(Target::Expert { index: expert })?)?)
}

/// A corpus as those are sold that nobody should buy: the same lines over and over, and people's addresses.
fn stuffed() -> String {
    (0..4_000)
        .map(|n| {
            let person = n % 40;
            format!(
                "Customer {person} can be written to at person.{person}@example.com about this fine offer.\n"
            )
        })
        .collect()
}
