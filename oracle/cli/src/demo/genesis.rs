//! Before anybody acts: texts divided, blocks and shards in stores, contracts up, nodes registered and bonded,
//! datasets proposed. What happens here goes through the same messages as on any chain.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use cosmwasm_std::{Addr, Uint128};
use lyceum_agent::work::scoring::public_score;
use lyceum_agent::{Adversary, Directory, Planned};
use lyceum_api::canonical::Canonical;
use lyceum_api::charter::Action;
use lyceum_api::datasets::{self, DatasetManifest, Shard, Source};
use lyceum_api::experts::NewModel;
use lyceum_api::manifest::Target;
use lyceum_api::tasks::{
    self, Benchmark, CLASS_FP32, Metric, NewDomain, NewTask, RecipeBounds, TaskShard, key_commitment,
};
use lyceum_api::{Hash32, nodes, rewards};
use lyceum_chain::embedded::{self, LYC, Network};
use lyceum_chain::logical::Handle;
use lyceum_learn::items::Items;
use lyceum_learn::{Model, block, seal};
use lyceum_store::Store;

use super::cast::{Behaviour, COORDINATOR, Member, cast};
use super::{BATCH, DomainText, SEQUENCE, STEPS_PER_INTERVAL, Settings};

/// ulyc in the treasury at genesis.
const TREASURY: u128 = 21_000_000 * LYC;
/// What the coordinator is granted to open tasks with.
const GRANT: u128 = 10_000 * LYC;
/// A shard's bytes at most.
const SHARD: usize = 1 << 20;
/// Items of a benchmark.
const ITEMS: usize = 48;
/// The most one claim can earn: the trainers' 60 % of a learning block's 50 LYC.
const MAX_REWARD: u128 = 30 * LYC;
/// Peak learning rates × 10⁻⁹ that a recipe may choose from.
const RATES: (u64, u64) = (100_000, 4_000_000);
/// Name of the dataset that is stuffed with duplicates and addresses, and of who proposes it.
pub const STUFFED: &str = "bargain-corpus";
const SPAMMER: &str = "spammer";

/// A network that is ready to live.
#[derive(Debug)]
pub struct Genesis {
    /// Who takes part, in order; authors of datasets at the end.
    pub members: Vec<Member>,
    /// Their handles, in the same order.
    pub handles: Vec<Handle>,
    /// Their stores, in the same order.
    pub stores: Vec<Arc<Store>>,
    /// All stores.
    pub directory: Arc<Directory>,
    /// What each does wrong.
    pub adversaries: Vec<Option<Adversary>>,
    /// The coordinator's plan.
    pub plan: Vec<Planned>,
    /// What the chain said when it came up.
    pub found: Found,
}

/// What the chain said when it came up.
#[derive(Debug, Clone)]
pub struct Found {
    /// Domain ids, in the order of the texts.
    pub domains: Vec<u64>,
    /// Dataset ids, in the order of the texts; the stuffed one last.
    pub datasets: Vec<u64>,
    /// The beacon.
    pub beacon: embedded::Beacon,
    /// Free treasury.
    pub treasury: u128,
    /// Time of the first height that the nodes live in.
    pub time: u64,
}

/// What the chain needs to know, all of it plain values.
struct Blueprint {
    members: Vec<Member>,
    model: NewModel,
    domains: Vec<NewDomain>,
    datasets: Vec<(String, DatasetManifest)>,
    beacon_secret: [u8; 32],
}

/// Prepares everything and brings the network up.
pub fn prepare(
    settings: &Settings,
    texts: &[DomainText],
    base: &Model,
    folder: &Path,
) -> anyhow::Result<Genesis> {
    let mut members = cast(texts.len(), settings.evaluators);
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
    for (index, text) in texts.iter().enumerate() {
        let held_out = put(&library, &text.parts.held_out)?;
        let baseline = public_score(base, &text.parts.held_out, SEQUENCE)?;
        domains.push(domain(index, text, held_out, baseline));
        let name = format!("author-{}", index + 1);
        let store = of(&name).context("every domain has an author")?;
        let shards = text
            .parts
            .train
            .chunks(SHARD)
            .map(|bytes| Ok(Shard { root: put(&store, bytes)?, bytes: bytes.len() as u64 }))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let takers = members.iter().filter(|m| m.domain == Some(index)).count() as u32;
        plan.push(planned(settings, index, text, takers, &shards, &library)?);
        let licence = text.licence.clone();
        proposals.push((
            name,
            DatasetManifest { name: text.name.clone(), licence, source: Source::Curated, shards },
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
    let (handles, found) = embedded::start(move || bring_up(blueprint))?;
    for (entry, id) in plan.iter_mut().zip(&found.domains) {
        entry.task.domain = *id;
    }
    for (entry, id) in plan.iter_mut().zip(&found.datasets) {
        entry.task.shards.iter_mut().for_each(|s| s.dataset = *id);
    }
    Ok(Genesis { members, handles, stores, directory, adversaries, plan, found })
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
    shards: &[Shard],
    library: &Store,
) -> anyhow::Result<Planned> {
    let window = SEQUENCE as usize + 1;
    let count = ITEMS.min(text.parts.benchmark.len() / window);
    let items =
        Items::draw(&text.parts.benchmark, window, count, &settings.derive(&format!("items {index}")))?;
    let key = settings.derive(&format!("benchmark key {index}"));
    let sealed = seal::seal(&items.to_bytes(), &key);
    let benchmark = Benchmark {
        root: Hash32(library.put(&sealed)?),
        bytes: sealed.len() as u64,
        items: items.len() as u32,
        key: key_commitment(&key),
    };
    let task = NewTask {
        domain: 0, // set when the domain is registered
        target: Target::Expert { index: index as u32 },
        steps_per_interval: STEPS_PER_INTERVAL,
        intervals: settings.intervals(),
        shards: shards.iter().map(|s| TaskShard { dataset: 0, root: s.root }).collect(),
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

/// Short windows, as on any local network; the report prints them.
fn windows() -> embedded::Builder {
    embedded::Builder {
        treasury: TREASURY,
        block_seconds: 2,
        nodes: nodes::Params { maturity_seconds: 300, epoch_seconds: 60, ..nodes::Params::default() },
        datasets: datasets::Params {
            licences: {
                let mut licences = datasets::Params::default().licences;
                licences.push(crate::corpus::PYTHON_LICENCE.to_owned());
                licences
            },
            audit_commit_seconds: 120,
            audit_reveal_seconds: 60,
            vote_seconds: 120,
            extension_seconds: 60,
            ..datasets::Params::default()
        },
        tasks: tasks::Params {
            reveal_seconds: 60,
            serve_seconds: 120,
            attest_seconds: 180,
            open_seconds: 60,
            answer_seconds: 60,
            dispute_seconds: 120,
            ..tasks::Params::default()
        },
        ..embedded::Builder::default()
    }
}

fn bring_up(plan: Blueprint) -> anyhow::Result<(Network, Vec<Addr>, Found)> {
    let mut network = embedded::Builder { beacon_secret: plan.beacon_secret, ..windows() }.build()?;
    let accounts: Vec<Addr> = plan.members.iter().map(|m| network.account(&m.name)).collect();
    for (member, account) in plan.members.iter().zip(&accounts).filter(|(m, _)| !m.roles.is_empty()) {
        network.register_node(&member.name, &member.name, &member.roles)?;
        network.bond(account, member.stake)?;
        network.bind_gpus(account, member.gpus)?;
        if member.roles.contains(&nodes::Role::Trainer) {
            // What bonds and fees are paid from.
            network.fund(account, member.stake)?;
        }
    }
    network.mature()?;

    network.act(Action::RegisterModel { model: plan.model })?;
    let models: lyceum_api::experts::ModelsResponse = network.query(
        &network.at.experts,
        &lyceum_api::experts::QueryMsg::Models { start_after: None, limit: None },
    )?;
    let model = models.models.last().context("the model is registered")?.id;
    let mut domains = vec![];
    for domain in plan.domains {
        domains.push(network.register_domain(NewDomain { model, ..domain })?);
    }
    let to = accounts[0].to_string();
    let reason = "opens the demo's tasks".to_owned();
    let before: rewards::TreasuryResponse =
        network.query(&network.at.rewards, &rewards::QueryMsg::Treasury {})?;
    network.act(Action::Grant { to, amount: Uint128::new(GRANT), reason })?;

    let contract = network.at.datasets.clone();
    let config: datasets::ConfigResponse = network.query(&contract, &datasets::QueryMsg::Config {})?;
    let deposit = config.params.deposit.u128();
    let mut ids = vec![];
    for (name, manifest) in plan.datasets {
        let author = network.account(&name);
        network.fund(&author, deposit)?;
        network.execute(&author, &contract, &datasets::ExecuteMsg::Propose { manifest }, deposit)?;
        let all: datasets::DatasetsResponse = network.query(
            &contract,
            &datasets::QueryMsg::Datasets { start_after: ids.last().copied(), limit: None },
        )?;
        ids.push(all.datasets.last().context("the dataset is proposed")?.id);
    }
    network.next_height();
    let found = Found {
        domains,
        datasets: ids,
        beacon: network.beacon.clone(),
        treasury: before.free.u128(),
        time: network.time(),
    };
    Ok((network, accounts, found))
}
