//! Models, domains and tasks.

use anyhow::Context;
use cosmwasm_std::{Addr, Uint128};
use lyceum_api::charter::Action;
use lyceum_api::experts::{self, NewModel};
use lyceum_api::manifest::Target;
use lyceum_api::tasks::{
    Benchmark, CLASS_FP32, ConfigResponse, DomainsResponse, ExecuteMsg, Metric, NewDomain, NewTask, QueryMsg,
    RecipeBounds, SEALED_KEY_BYTES, TaskResponse, TaskShard, TasksResponse, key_commitment,
};
use lyceum_api::{Hash32, MICRO};

use crate::{LYC, Ledger, Network};

impl<L: Ledger> Network<L> {
    /// Registers a model of so many experts whose base has a made-up root, and gives its id.
    pub fn register_model(&mut self, name: &str, experts: u32) -> anyhow::Result<u64> {
        let model = NewModel {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            config: "{}".to_owned(),
            experts,
            base: Hash32::of(name.as_bytes()),
            base_bytes: 4_000_000,
        };
        self.act(Action::RegisterModel { model })?;
        let page_after = |start_after| experts::QueryMsg::Models { start_after, limit: None };
        let last_of = |page: &experts::ModelsResponse| page.models.last().map(|model| model.id);
        self.last_id(&self.at.experts, page_after, last_of)?
            .context("a model was registered and is not listed")
    }

    /// Registers a domain and gives its id.
    pub fn register_domain(&mut self, domain: NewDomain) -> anyhow::Result<u64> {
        self.act(Action::RegisterDomain { domain })?;
        let page_after = |start_after| QueryMsg::Domains { start_after, limit: None };
        let last_of = |page: &DomainsResponse| page.domains.last().map(|domain| domain.id);
        self.last_id(&self.at.tasks, page_after, last_of)?
            .context("a domain was registered and is not listed")
    }

    /// Opens a task with its deposit and fees, which are minted for the opener, and gives its id. A benchmark whose
    /// round is 0 gets the first one that comes out after the commit deadline.
    pub fn open_task(&mut self, opener: &Addr, mut task: NewTask) -> anyhow::Result<u64> {
        let contract = self.at.tasks.clone();
        let config: ConfigResponse = self.query(&contract, &QueryMsg::Config {})?;
        let fees = config.params.claim_fee.u128() * u128::from(task.max_claims);
        let funds = config.params.opener_deposit.u128() + fees;
        self.fund(opener, funds)?;
        if task.benchmark.round == 0 {
            // The deadline counts from the height that includes the message.
            let out = self.time() + self.block_seconds + task.commit_seconds;
            task.benchmark.round = self.beacon.first_round_from(out);
        }
        self.execute(opener, &contract, &ExecuteMsg::OpenTask { task }, funds)?;
        let page_after = |start_after| QueryMsg::Tasks { start_after, limit: None };
        let last_of = |page: &TasksResponse| page.tasks.last().map(|task| task.id);
        self.last_id(&contract, page_after, last_of)?.context("a task was opened and is not listed")
    }

    /// What `tasks` says of a task.
    pub fn task(&self, task: u64) -> anyhow::Result<TaskResponse> {
        self.query(&self.at.tasks, &QueryMsg::Task { task })
    }
}

impl Network {
    /// A domain for one expert of a model, to be changed before [`Network::register_domain`]: committees of five,
    /// the bounds of `fp32`.
    pub fn new_domain(name: &str, model: u64, expert: u32) -> NewDomain {
        NewDomain {
            name: name.to_owned(),
            model,
            expert,
            metric: Metric::BitsPerByte,
            weight: MICRO as u64,
            tolerance: 2_000_000,
            committee: 5,
            class: CLASS_FP32.to_owned(),
            bound_ppm: 1_000,
            epsilon_ppm: 1,
            mean_gain: 2_000_000,
            max_reward: Uint128::new(100 * LYC),
            held_out: Hash32::of(format!("held-out bytes of {name}").as_bytes()),
            baseline: 3_000_000,
            batch: 4,
            sequence: 256,
            seconds_per_kilostep: 40,
        }
    }

    /// The key of a made-up benchmark; the helpers unseal with it.
    pub fn benchmark_key() -> Hash32 {
        Hash32::of(b"the key of a made-up benchmark")
    }

    /// A task on one expert, to be changed before [`Network::open_task`]: 200 intervals of two steps, three
    /// claims, one day to train.
    pub fn new_task(domain: u64, expert: u32, shards: Vec<TaskShard>) -> NewTask {
        NewTask {
            domain,
            target: Target::Expert { index: expert },
            steps_per_interval: 2,
            intervals: 200,
            shards,
            bounds: RecipeBounds { min_lr_nano: 100_000, max_lr_nano: 10_000_000, max_warmup: 100 },
            commit_seconds: 86_400,
            max_claims: 3,
            benchmark: Benchmark {
                root: Hash32::of(b"a made-up benchmark"),
                bytes: 65_536,
                items: 64,
                key: key_commitment(&Network::benchmark_key()),
                round: 0, // chosen when it is opened
                // The contract can't look inside.
                sealed_key: vec![7; SEALED_KEY_BYTES].into(),
            },
        }
    }
}
