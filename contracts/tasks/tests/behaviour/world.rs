//! The contract among its neighbours, a beacon whose key is ours, and the way through in sentences.
use blst::min_sig::SecretKey;
use cosmwasm_std::{Addr, Binary, Timestamp, Uint128, coins};
use cw_multi_test::{App, AppResponse, Contract, ContractWrapper, Executor};
use lyceum_api::manifest::{Recipe, Target};
use lyceum_api::tasks::*;
use lyceum_api::{DENOM, Hash32};
use lyceum_onchain::beacon;
use serde::de::DeserializeOwned;

use crate::mocks::{self, DATASETS, DatasetsSetup, NODES, NodesSetup};
use crate::run::{N, S};

pub const SALT: &[u8] = b"sixteen bytes or";
pub const KEY: Hash32 = Hash32([7; 32]);
pub const OPENING_SALT: Hash32 = Hash32([9; 32]);
pub const FEE: u128 = 5_000_000;
pub const DEPOSIT: u128 = 10_000_000;
pub const START: u64 = 1_700_000_000;

pub struct World {
    pub app: App,
    pub tasks: Addr,
    pub nodes: Addr,
    pub datasets: Addr,
    pub experts: Addr,
    pub credits: Addr,
    pub rewards: Addr,
    pub charter: Addr,
    pub coordinator: Addr,
    pub trainer: Addr,
    pub rival: Addr,
    pub evaluators: Vec<Addr>,
    pub secret: SecretKey,
    pub log: Vec<cosmwasm_std::Event>,
}

pub fn contract() -> Box<dyn Contract<cosmwasm_std::Empty>> {
    use lyceum_tasks::contract::{execute, instantiate, migrate, query, reply};
    let wrapper = ContractWrapper::new(execute, instantiate, query);
    Box::new(wrapper.with_reply(reply).with_migrate(migrate))
}

pub fn domain(name: &str) -> NewDomain {
    NewDomain {
        name: name.into(),
        model: 1,
        expert: 0,
        metric: Metric::BitsPerByte,
        weight: 1_000_000,
        tolerance: 500_000,
        committee: 5,
        class: CLASS_FP32.into(),
        bound_ppm: 1_000,
        epsilon_ppm: 1,
        mean_gain: 0,
        max_reward: Uint128::new(30_000_000),
        held_out: Hash32::of(name.as_bytes()),
        baseline: 3_000_000,
        batch: 4,
        sequence: 256,
        seconds_per_kilostep: 1_000,
    }
}

pub fn shard() -> Hash32 {
    Hash32::of(b"shard")
}

pub fn new_task() -> NewTask {
    NewTask {
        domain: 1,
        target: Target::Expert { index: 0 },
        steps_per_interval: S,
        intervals: N,
        shards: vec![TaskShard { dataset: 1, root: shard() }],
        bounds: RecipeBounds { min_lr_nano: 1, max_lr_nano: 10_000_000, max_warmup: 20 },
        commit_seconds: 1_000,
        max_claims: 2,
        benchmark: Benchmark {
            root: Hash32::of(b"benchmark"),
            bytes: 4096,
            items: 16,
            key: key_commitment(&KEY),
            round: 0, // set when it is opened
            sealed_key: vec![7; SEALED_KEY_BYTES].into(),
        },
    }
}

pub fn recipe() -> Recipe {
    Recipe { peak_lr_nano: 4_000_000, warmup_steps: 10, mixture: vec![1] }
}

/// The innermost error alone: what surrounds it repeats the whole message.
pub fn root_cause(error: &str) -> String {
    error.rsplit("error: ").next().unwrap_or_default().to_owned()
}

impl World {
    /// Contracts, nodes and three domains.
    pub fn new() -> Self {
        let mut world = Self::bare();
        for name in ["rust", "prose", "python"] {
            world.ok(&world.charter.clone(), &ExecuteMsg::RegisterDomain { domain: domain(name) }, 0);
        }
        world
    }

    pub fn bare() -> Self {
        let mut app = App::default();
        let who = |name: &str| app.api().addr_make(name);
        let (charter, coordinator, trainer, rival) =
            (who("charter"), who("coord"), who("trainer"), who("rival"));
        let evaluators: Vec<_> = (0..40).map(|i| who(&format!("evaluator{i}"))).collect();
        app.init_modules(|router, api, storage| {
            for name in ["charter", "coord", "trainer", "rival", "stranger", "evaluator0"] {
                router.bank.init_balance(storage, &api.addr_make(name), coins(1 << 60, DENOM)).unwrap();
            }
        });
        app.update_block(|block| block.time = Timestamp::from_seconds(START));
        let mut mock = |contract, label: &str| {
            let code = app.store_code(contract);
            app.instantiate_contract(code, charter.clone(), &cosmwasm_std::Empty {}, &[], label, None)
                .unwrap()
        };
        let nodes = mock(mocks::nodes(), "nodes");
        let datasets = mock(mocks::datasets(), "datasets");
        let experts = mock(mocks::experts(), "experts");
        let credits = mock(mocks::credits(), "credits");
        let rewards = mock(mocks::rewards(), "rewards");
        let secret = SecretKey::key_gen(&[1; 32], &[]).unwrap();
        let msg = InstantiateMsg {
            charter: charter.to_string(),
            nodes: nodes.to_string(),
            datasets: datasets.to_string(),
            experts: experts.to_string(),
            credits: credits.to_string(),
            rewards: rewards.to_string(),
            beacon: Beacon {
                public_key: Binary::from(secret.sk_to_pk().to_bytes()),
                genesis: START - 3_000,
                period: 3,
            },
            params: Params::default(),
        };
        let code = app.store_code(contract());
        let admin = Some(charter.to_string());
        let tasks = app.instantiate_contract(code, charter.clone(), &msg, &[], "tasks", admin).unwrap();
        let setup = NodesSetup {
            trainers: vec![trainer.clone(), rival.clone(), coordinator.clone()],
            coordinators: vec![coordinator.clone()],
            evaluators: evaluators.clone(),
            refuse_claims: false,
        };
        NODES.save(&mut *app.contract_storage_mut(&nodes), &setup).unwrap();
        let status = lyceum_api::datasets::Status::Approved { tier: lyceum_api::datasets::Tier::Gold };
        let setup = DatasetsSetup { shards: vec![shard()], status, used: vec![] };
        DATASETS.save(&mut *app.contract_storage_mut(&datasets), &setup).unwrap();
        let log = vec![];
        Self {
            app,
            tasks,
            nodes,
            datasets,
            experts,
            credits,
            rewards,
            charter,
            coordinator,
            trainer,
            rival,
            evaluators,
            secret,
            log,
        }
    }

    pub fn stranger(&self) -> Addr {
        self.app.api().addr_make("stranger")
    }

    // --- messages ---

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: u128) -> Result<AppResponse, String> {
        let funds = if funds == 0 { vec![] } else { coins(funds, DENOM) };
        self.app.update_block(|block| block.height += 1);
        let answer = self.app.execute_contract(sender.clone(), self.tasks.clone(), msg, &funds);
        match answer {
            Ok(answer) => {
                let own = answer.events.iter().filter(|e| e.ty.starts_with("wasm-tasks_"));
                self.log.extend(own.cloned());
                Ok(answer)
            }
            Err(error) => Err(root_cause(&format!("{error:?}"))),
        }
    }

    #[track_caller]
    pub fn ok(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: u128) -> AppResponse {
        self.send(sender, msg, funds).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    pub fn refused(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: u128, because: &str) {
        match self.send(sender, msg, funds) {
            Ok(_) => panic!("accepted, expected: {because}"),
            Err(error) => assert!(error.contains(because), "expected {because:?} in {error}"),
        }
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.tasks, msg).unwrap()
    }

    pub fn task(&self, task: u64) -> TaskResponse {
        self.ask(&QueryMsg::Task { task })
    }

    pub fn claim(&self, claim: u64) -> ClaimResponse {
        self.ask(&QueryMsg::Claim { claim })
    }

    pub fn panel(&self, panel: u64) -> PanelResponse {
        self.ask(&QueryMsg::Panel { panel })
    }

    /// The claim's newest panel.
    pub fn newest(&self, claim: u64) -> PanelResponse {
        self.panel(*self.claim(claim).panels.last().unwrap())
    }

    // --- time ---

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn until(&mut self, seconds: u64) {
        assert!(seconds >= self.now());
        self.app.update_block(|block| block.time = Timestamp::from_seconds(seconds));
    }

    pub fn wait(&mut self, seconds: u64) {
        self.until(self.now() + seconds);
    }

    pub fn signature(&self, round: u64) -> Binary {
        Binary::from(self.secret.sign(&beacon::message(round), beacon::DST, &[]).to_bytes())
    }

    /// Waits for a round and posts it.
    pub fn post(&mut self, round: u64) {
        let time = beacon::round_time(START - 3_000, 3, round).max(self.now());
        self.until(time);
        if self.ask::<BeaconResponse>(&QueryMsg::Beacon { round }).randomness.is_none() {
            let msg = ExecuteMsg::PostBeacon { round, signature: self.signature(round) };
            self.ok(&self.charter.clone(), &msg, 0);
        }
    }
}
