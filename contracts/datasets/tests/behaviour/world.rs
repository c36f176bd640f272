//! One `datasets` among mocks, with sentences for what happens to it.

use cosmwasm_std::{Addr, Coin, Event, StdResult, Timestamp, Uint128, coins, from_json};
use cw_multi_test::{App, AppResponse, Executor, IntoAddr};
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::datasets::{
    AUDIT_COMMIT, AuditReport, AuditsResponse, DatasetManifest, DatasetResponse, ExecuteMsg, InstantiateMsg,
    Params, QueryMsg, Shard, Source, Status, Use,
};
use lyceum_api::{DENOM, Hash32};
use lyceum_datasets::ContractError;
use serde::de::DeserializeOwned;

use crate::mocks::{self, HEARD};

pub const DEPOSIT: u128 = 100_000_000;
pub const WEALTH: u128 = 1_000_000 * DEPOSIT;
pub const SALT: [u8; 16] = [7; 16];
/// Voters and their power: 100 in all.
pub const VOTERS: [(&str, u64); 4] = [("v-50", 50), ("v-30", 30), ("v-15", 15), ("v-5", 5)];

pub struct World {
    pub app: App,
    pub datasets: Addr,
    pub nodes: Addr,
    pub tasks: Addr,
    pub rewards: Addr,
    pub credits: Addr,
    pub charter: Addr,
    /// Who proposes.
    pub ann: Addr,
}

pub fn ulyc(amount: u128) -> Vec<Coin> {
    coins(amount, DENOM)
}

pub fn evaluators(count: usize) -> Vec<Addr> {
    (0..count).map(|i| format!("evaluator-{i}").into_addr()).collect()
}

pub fn clean() -> AuditReport {
    AuditReport { licence_ok: true, pii_ppm: 0, toxicity_ppm: 0, duplicates_ppm: 0, gain: 5_000_000 }
}

pub fn shard(name: &str) -> Shard {
    Shard { root: Hash32::of(name.as_bytes()), bytes: 1_000 }
}

/// A manifest with one shard, named alike.
pub fn manifest(name: &str) -> DatasetManifest {
    DatasetManifest {
        name: name.to_owned(),
        licence: "MIT".to_owned(),
        source: Source::Curated,
        shards: vec![shard(name)],
    }
}

pub fn used(dataset: u64, name: &str, bytes: u64) -> Use {
    Use { dataset, shard: Hash32::of(name.as_bytes()), bytes }
}

impl World {
    pub fn new() -> Self {
        Self::with(8, Params::default())
    }

    pub fn with(auditors: usize, params: Params) -> Self {
        let [charter, ann] = ["charter", "ann"].map(IntoAddr::into_addr);
        let mut app = App::new(|router, _, storage| {
            for account in ["charter", "ann", "bob", "evaluator-0"].map(IntoAddr::into_addr) {
                let funds = vec![Coin::new(WEALTH, DENOM), Coin::new(WEALTH, "other")];
                router.bank.init_balance(storage, &account, funds).unwrap();
            }
        });
        let mocks = [mocks::nodes(), mocks::tasks(), mocks::rewards(), mocks::credits()];
        let [nodes, tasks, rewards, credits] = mocks.map(|code| {
            let code = app.store_code(code);
            app.instantiate_contract(code, charter.clone(), &evaluators(auditors), &[], "mock", None).unwrap()
        });
        let code = app.store_code(Box::new(cw_multi_test::ContractWrapper::new(
            lyceum_datasets::contract::execute,
            lyceum_datasets::contract::instantiate,
            lyceum_datasets::contract::query,
        )));
        let msg = InstantiateMsg {
            charter: charter.to_string(),
            nodes: nodes.to_string(),
            tasks: tasks.to_string(),
            credits: credits.to_string(),
            rewards: rewards.to_string(),
            params,
        };
        let datasets = app.instantiate_contract(code, charter.clone(), &msg, &[], "datasets", None).unwrap();
        let mut world = Self { app, datasets, nodes, tasks, rewards, credits, charter, ann };
        for (voter, power) in VOTERS {
            world.power(voter, power).unwrap();
        }
        world.pass(1);
        world
    }

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> StdResult<AppResponse> {
        self.app.execute_contract(sender.clone(), self.datasets.clone(), msg, funds)
    }

    /// As somebody of that name, without funds.
    pub fn by(&mut self, sender: &str, msg: &ExecuteMsg) -> StdResult<AppResponse> {
        self.send(&sender.into_addr(), msg, &[])
    }

    pub fn try_ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> StdResult<T> {
        self.app.wrap().query_wasm_smart(&self.datasets, msg)
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.try_ask(msg).unwrap()
    }

    pub fn dataset(&self, dataset: u64) -> DatasetResponse {
        self.ask(&QueryMsg::Dataset { dataset })
    }

    pub fn status(&self, dataset: u64) -> Status {
        self.dataset(dataset).status
    }

    /// The stable code of a rejected dataset.
    #[track_caller]
    pub fn reason(&self, dataset: u64) -> String {
        match self.status(dataset) {
            Status::Rejected { reason } => reason,
            other => panic!("dataset {dataset} is {other:?}"),
        }
    }

    pub fn balance(&self, account: &Addr) -> u128 {
        Uint128::try_from(self.app.wrap().query_balance(account, DENOM).unwrap().amount).unwrap().u128()
    }

    /// What a sibling was told so far.
    pub fn heard<T: DeserializeOwned>(&self, sibling: &Addr) -> Vec<T> {
        let heard = HEARD.query(&self.app.wrap(), sibling.clone()).unwrap();
        heard.iter().map(|msg| from_json(msg).unwrap()).collect()
    }

    pub fn now(&self) -> Timestamp {
        self.app.block_info().time
    }

    pub fn pass(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.time = block.time.plus_seconds(seconds);
            block.height += 1;
        });
    }

    pub fn pass_until(&mut self, at: Timestamp) {
        self.app.update_block(|block| {
            block.time = at;
            block.height += 1;
        });
    }

    pub fn power(&mut self, node: &str, power: u64) -> StdResult<AppResponse> {
        let node = node.into_addr().to_string();
        let nodes = self.nodes.clone();
        self.send(&nodes, &ExecuteMsg::SetPower { node, power }, &[])
    }

    pub fn try_propose(&mut self, manifest: DatasetManifest) -> StdResult<AppResponse> {
        let ann = self.ann.clone();
        self.send(&ann, &ExecuteMsg::Propose { manifest }, &ulyc(DEPOSIT))
    }

    /// Ann proposes a dataset of one shard.
    pub fn propose(&mut self, name: &str) -> u64 {
        let response = self.try_propose(manifest(name)).unwrap();
        let event = response.events.iter().find(|e| e.ty == "wasm-datasets_proposed").unwrap();
        event.attributes.iter().find(|a| a.key == "dataset").unwrap().value.parse().unwrap()
    }

    pub fn try_draw(&mut self, dataset: u64) -> StdResult<AppResponse> {
        self.by("anyone", &ExecuteMsg::DrawAuditors { dataset })
    }

    /// Waits for the beacon and draws.
    pub fn draw(&mut self, dataset: u64) {
        self.pass(3 * mocks::PERIOD);
        self.try_draw(dataset).unwrap();
    }

    pub fn audits(&self, dataset: u64) -> AuditsResponse {
        self.ask(&QueryMsg::Audits { dataset })
    }

    pub fn auditors(&self, dataset: u64) -> Vec<Addr> {
        self.audits(dataset).seats.into_iter().map(|seat| seat.node).collect()
    }

    /// An auditor's commitment, as this chain and contract want it.
    pub fn commitment(&self, dataset: u64, node: &Addr, report: &AuditReport) -> Hash32 {
        let chain = self.app.block_info().chain_id;
        let contract = self.datasets.as_str();
        commitment(AUDIT_COMMIT, &chain, contract, dataset, node.as_str(), &report.hash(), &SALT)
    }

    pub fn commit(&mut self, dataset: u64, node: &Addr, report: &AuditReport) -> StdResult<AppResponse> {
        let commit = self.commitment(dataset, node, report);
        self.send(node, &ExecuteMsg::CommitAudit { dataset, commit }, &[])
    }

    pub fn reveal(&mut self, dataset: u64, node: &Addr, report: &AuditReport) -> StdResult<AppResponse> {
        let reveal = ExecuteMsg::RevealAudit { dataset, report: report.clone(), salt: SALT.into() };
        self.send(node, &reveal, &[])
    }

    pub fn close_audit(&mut self, dataset: u64) -> StdResult<AppResponse> {
        self.by("anyone", &ExecuteMsg::CloseAudit { dataset })
    }

    /// Draws; every auditor finds what its place in the list says, commits and reveals; closes.
    pub fn audit(&mut self, dataset: u64, reports: &[AuditReport]) -> Vec<Addr> {
        self.draw(dataset);
        let auditors = self.auditors(dataset);
        assert_eq!(auditors.len(), reports.len());
        for (node, report) in auditors.iter().zip(reports) {
            self.commit(dataset, node, report).unwrap();
        }
        for (node, report) in auditors.iter().zip(reports) {
            self.reveal(dataset, node, report).unwrap();
        }
        self.close_audit(dataset).unwrap();
        auditors
    }

    pub fn vote(&mut self, dataset: u64, voter: &str, yes: bool) -> StdResult<AppResponse> {
        self.by(voter, &ExecuteMsg::Vote { dataset, yes })
    }

    pub fn close_vote(&mut self, dataset: u64) -> StdResult<AppResponse> {
        self.by("anyone", &ExecuteMsg::CloseVote { dataset })
    }

    /// Waits for the end of the vote and closes it.
    pub fn end_vote(&mut self, dataset: u64) {
        let Status::Voting { until, .. } = self.status(dataset) else { panic!("no vote") };
        self.pass_until(until);
        self.close_vote(dataset).unwrap();
    }

    /// A dataset of ann's with these votes in favour of all the power, in percent.
    pub fn approved(&mut self, name: &str, yes: &[&str]) -> u64 {
        let id = self.propose(name);
        self.audit(id, &vec![clean(); 5]);
        for (voter, _) in VOTERS {
            self.vote(id, voter, yes.contains(&voter)).unwrap();
        }
        self.end_vote(id);
        id
    }

    pub fn record(
        &mut self,
        model: u64,
        epoch: u64,
        improvement: i64,
        uses: Vec<Use>,
    ) -> StdResult<AppResponse> {
        let tasks = self.tasks.clone();
        let msg = ExecuteMsg::RecordUse { learning_block: 9, model, epoch, improvement, uses };
        self.send(&tasks, &msg, &[])
    }

    pub fn set_paused(&mut self, paused: bool) -> AppResponse {
        let charter = self.charter.clone();
        self.send(&charter, &ExecuteMsg::SetPaused { paused }, &[]).unwrap()
    }
}

/// The message was refused for exactly this.
#[track_caller]
pub fn refused(result: StdResult<AppResponse>, expected: &ContractError) {
    let found = result.expect_err("it should have been refused").to_string();
    assert!(found.contains(&expected.to_string()), "refused by {found:?}, expected {expected}");
}

/// The names and attribute keys of a contract's own events.
pub fn shapes(response: &AppResponse) -> impl Iterator<Item = String> + '_ {
    response.events.iter().filter_map(shape)
}

fn shape(event: &Event) -> Option<String> {
    let name = event.ty.strip_prefix("wasm-")?;
    let keys = event.attributes.iter().map(|a| a.key.as_str()).filter(|key| *key != "_contract_address");
    Some([name].into_iter().chain(keys).collect::<Vec<_>>().join(" "))
}
