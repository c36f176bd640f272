//! The contract among its neighbours, a beacon whose key is ours, and the way through in sentences.
use blst::min_sig::SecretKey;
use cosmwasm_std::{Addr, Binary, Timestamp, Uint128, coins};
use cw_multi_test::{App, AppResponse, Contract, ContractWrapper, Executor};
use lyceum_api::attestation::{
    ATTESTATION_COMMIT, Attestation, DomainScore, IntervalSeen, ItemSketch, Scored, opening_root, sketch_key,
};
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::claim::CLAIM_COMMIT;
use lyceum_api::manifest::{Recipe, Target};
use lyceum_api::tasks::*;
use lyceum_api::{DENOM, Hash32};
use lyceum_onchain::beacon;
use serde::de::DeserializeOwned;

use crate::mocks::{self, DATASETS, DatasetsSetup, NODES, NodesSetup};
use crate::run::{N, Run, S, STEP, key, sketch};

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
        },
    }
}

pub fn recipe() -> Recipe {
    Recipe { peak_lr_nano: 4_000_000, warmup_steps: 10, mixture: vec![1] }
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
            Err(error) => Err(format!("{error:?}")),
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

    // --- the way through ---

    pub fn open(&mut self) -> u64 {
        self.open_as(new_task())
    }

    pub fn open_as(&mut self, task: NewTask) -> u64 {
        let funds = DEPOSIT + FEE * u128::from(task.max_claims);
        self.ok(&self.coordinator.clone(), &ExecuteMsg::OpenTask { task }, funds);
        self.ask::<TasksResponse>(&QueryMsg::Tasks { start_after: None, limit: None })
            .tasks
            .last()
            .unwrap()
            .id
    }

    pub fn take(&mut self, trainer: &Addr, task: u64) -> u64 {
        let bond = self.task(task).bond.u128();
        self.ok(trainer, &ExecuteMsg::Take { task, recipe: recipe() }, bond + FEE);
        let claim = *self.task(task).claims.last().unwrap();
        self.post(self.claim(claim).seed_round);
        claim
    }

    /// Takes a task and trains; `forge` turns the honest run into what the trainer hands in.
    pub fn train(&mut self, trainer: &Addr, task: u64, forge: impl Fn(Run) -> Run) -> (u64, Run) {
        let claim = self.take(trainer, task);
        let run = forge(Run::honest(self.claim(claim).seed.unwrap()));
        (claim, run)
    }

    pub fn commit_of(&self, trainer: &Addr, task: u64, run: &Run) -> Hash32 {
        let chain = self.app.block_info().chain_id;
        let content = run.content().hash();
        commitment(CLAIM_COMMIT, &chain, self.tasks.as_str(), task, trainer.as_str(), &content, SALT)
    }

    pub fn commit(&mut self, claim: u64, run: &Run) {
        let ClaimResponse { task, trainer, .. } = self.claim(claim);
        let commit = self.commit_of(&trainer, task, run);
        self.ok(&trainer, &ExecuteMsg::Commit { claim, commit }, 0);
    }

    pub fn reveal(&mut self, claim: u64, run: &Run) {
        let msg = ExecuteMsg::Reveal { claim, content: run.content(), salt: SALT.into() };
        let trainer = self.claim(claim).trainer;
        self.ok(&trainer, &msg, 0);
    }

    /// Waits for the commit deadline and unseals.
    pub fn unseal(&mut self, task: u64) {
        self.until(self.task(task).commit_until.seconds().max(self.now()));
        self.ok(&self.stranger(), &ExecuteMsg::Unseal { task, key: KEY }, 0);
    }

    /// From the open task to a drawn claim panel.
    pub fn drawn(&mut self, forge: impl Fn(Run) -> Run) -> (u64, Run, u64) {
        let task = self.open();
        let (claim, run) = self.train(&self.trainer.clone(), task, forge);
        self.commit(claim, &run);
        self.unseal(task);
        self.reveal(claim, &run);
        let panel = self.draw(claim);
        (claim, run, panel)
    }

    /// Draws the claim's newest panel.
    pub fn draw(&mut self, claim: u64) -> u64 {
        let panel = self.newest(claim);
        self.draw_panel(panel.id);
        panel.id
    }

    pub fn draw_panel(&mut self, panel: u64) {
        self.post(self.panel(panel).round);
        self.ok(&self.stranger(), &ExecuteMsg::Draw { panel }, 0);
    }

    pub fn serve_msg(&self, panel: u64, run: &Run) -> ExecuteMsg {
        let panel = self.panel(panel);
        let opening = opening_root(&OPENING_SALT, &run.opening(&panel));
        ExecuteMsg::Serve { panel: panel.id, opening, states: run.served(&panel) }
    }

    pub fn serve(&mut self, panel: u64, run: &Run) {
        let trainer = self.claim(self.panel(panel).claim.unwrap()).trainer;
        self.ok(&trainer, &self.serve_msg(panel, run), 0);
    }

    pub fn open_msg(&self, panel: u64, run: &Run) -> ExecuteMsg {
        ExecuteMsg::Open { panel, opening: run.opening(&self.panel(panel)), salt: OPENING_SALT }
    }

    pub fn open_sketches(&mut self, panel: u64, run: &Run) {
        let trainer = self.claim(self.panel(panel).claim.unwrap()).trainer;
        self.ok(&trainer, &self.open_msg(panel, run), 0);
    }

    /// What an honest seat answers: it re-executes from the served states.
    pub fn honest(&self, panel: u64, seat: usize, run: &Run) -> Attestation {
        let panel = self.panel(panel);
        let seen = |key: &Hash32, j: u32| IntervalSeen {
            interval: j,
            start: sketch(key, run.values[j as usize]),
            end: sketch(key, run.values[j as usize] + STEP),
        };
        let mut intervals: Vec<_> =
            panel.seats[seat].intervals.iter().map(|j| seen(&key(&panel), *j)).collect();
        if let (Some(second), PanelKind::Interval { interval }) = (panel.second_key, panel.kind) {
            let other = sketch_key(second, &self.panel(second).randomness.unwrap());
            intervals.push(seen(&other, interval));
        }
        let domains = |score| panel.guards.iter().map(move |d| DomainScore { domain: *d, score }).collect();
        let scored = Scored {
            reference: 3_000_000,
            child: 2_850_000,
            gain: 5_000_000,
            synthetic_gain: 4_000_000,
            items: ItemSketch::new(&[1 << 40; 32]),
            guards: domains(3_010_000),
        };
        match panel.kind {
            PanelKind::Claim {} => {
                Attestation { sound: true, intervals, scored: Some(scored), heads: vec![] }
            }
            PanelKind::Score {} => {
                Attestation { sound: true, intervals: vec![], scored: Some(scored), heads: vec![] }
            }
            PanelKind::Interval { .. } => Attestation { sound: true, intervals, scored: None, heads: vec![] },
            PanelKind::Heads {} => {
                Attestation { sound: true, intervals: vec![], scored: None, heads: domains(2_990_000) }
            }
        }
    }

    pub fn attest_msg(&self, panel: u64, seat: &Addr, answer: &Attestation) -> ExecuteMsg {
        let chain = self.app.block_info().chain_id;
        let (contract, seat) = (self.tasks.as_str(), seat.as_str());
        let commit = commitment(ATTESTATION_COMMIT, &chain, contract, panel, seat, &answer.hash(), SALT);
        ExecuteMsg::Attest { panel, commit }
    }

    pub fn attest(&mut self, panel: u64, seat: &Addr, answer: &Attestation) {
        self.ok(seat, &self.attest_msg(panel, seat, answer), 0);
    }

    pub fn reveal_attestation(&mut self, panel: u64, seat: &Addr, attestation: &Attestation) {
        let attestation = attestation.clone();
        self.ok(seat, &ExecuteMsg::RevealAttestation { panel, attestation, salt: SALT.into() }, 0);
    }

    /// Every seat commits, the trainer opens, every seat reveals; `change` makes an answer of the honest one.
    pub fn answer(&mut self, panel: u64, run: &Run, change: impl Fn(usize, &mut Attestation)) {
        let info = self.panel(panel);
        let answers: Vec<_> = (0..info.seats.len())
            .map(|i| {
                let mut answer = self.honest(panel, i, run);
                change(i, &mut answer);
                (info.seats[i].node.clone(), answer)
            })
            .collect();
        for (seat, answer) in &answers {
            self.attest(panel, seat, answer);
        }
        if matches!(info.kind, PanelKind::Claim {} | PanelKind::Interval { .. }) {
            self.open_sketches(panel, run);
        }
        for (seat, answer) in &answers {
            self.reveal_attestation(panel, seat, answer);
        }
    }

    pub fn settle(&mut self, panel: u64) {
        self.ok(&self.stranger(), &ExecuteMsg::Settle { panel }, 0);
    }

    /// Serves, answers and settles a drawn panel.
    pub fn work(&mut self, panel: u64, run: &Run, change: impl Fn(usize, &mut Attestation)) {
        if matches!(self.panel(panel).status, PanelStatus::Serving { .. }) {
            self.serve(panel, run);
        }
        self.answer(panel, run, change);
        self.settle(panel);
    }

    /// Draws, serves, answers and settles the claim's newest panel.
    pub fn dispute(&mut self, claim: u64, run: &Run, change: impl Fn(usize, &mut Attestation)) -> u64 {
        let panel = self.draw(claim);
        self.work(panel, run, change);
        panel
    }

    /// From the open task to a verdict that stands.
    pub fn settled(&mut self) -> (u64, Run) {
        let (claim, run, panel) = self.drawn(|run| run);
        self.work(panel, &run, |_, _| {});
        (claim, run)
    }

    pub fn finalize(&mut self, claim: u64) {
        let ClaimResponse { task, status, .. } = self.claim(claim);
        if let ClaimStatus::Settled { until, .. } = status {
            self.until(until.seconds() + 1);
        }
        self.ok(&self.stranger(), &ExecuteMsg::Finalize { task }, 0);
    }

    // --- what the neighbours heard ---

    pub fn log<T: serde::Serialize + DeserializeOwned>(
        &self,
        of: &Addr,
        log: cw_storage_plus::Item<Vec<T>>,
    ) -> Vec<T> {
        log.may_load(&*self.app.contract_storage(of)).unwrap().unwrap_or_default()
    }

    pub fn set<T: serde::Serialize + DeserializeOwned>(
        &mut self,
        of: &Addr,
        item: cw_storage_plus::Item<T>,
        value: &T,
    ) {
        item.save(&mut *self.app.contract_storage_mut(of), value).unwrap();
    }

    /// What an account was credited for a reason.
    pub fn credited(&self, account: &Addr, reason: &str) -> u128 {
        let payments = self.log(&self.rewards, mocks::PAYMENTS);
        let own = payments.iter().filter(|p| p.account == account.as_str() && p.reason == reason);
        own.map(|p| p.amount.u128()).sum()
    }

    pub fn treasury(&self) -> u128 {
        mocks::TREASURY
            .may_load(&*self.app.contract_storage(&self.rewards))
            .unwrap()
            .unwrap_or_default()
            .u128()
    }

    /// What the contract holds.
    pub fn held(&self) -> u128 {
        self.app.wrap().query_balance(&self.tasks, DENOM).unwrap().amount.to_string().parse().unwrap()
    }

    /// Stake that was to be taken: who, and why.
    pub fn slashes(&self) -> Vec<(Addr, lyceum_api::nodes::SlashReason)> {
        let reports = self.log(&self.nodes, mocks::REPORTS);
        let slash = |event| match event {
            lyceum_api::nodes::NodeEvent::Slash { node, reason, .. } => Some((Addr::unchecked(node), reason)),
            _ => None,
        };
        reports.into_iter().filter_map(slash).collect()
    }

    pub fn outcomes(&self) -> Vec<lyceum_api::nodes::Outcome> {
        let reports = self.log(&self.nodes, mocks::REPORTS);
        let outcome = |event| match event {
            lyceum_api::nodes::NodeEvent::ClaimClosed { outcome, .. } => Some(outcome),
            _ => None,
        };
        reports.into_iter().filter_map(outcome).collect()
    }
}
