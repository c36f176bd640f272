//! One `experts`, and the accounts that the charter and `tasks` send from.

use cosmwasm_std::{Addr, Coin, Event, StdResult, coins};
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use lyceum_api::Hash32;
use lyceum_api::experts::{
    BlockResponse, BlocksResponse, Encoding, ExecuteMsg, HeadResponse, InstantiateMsg, NewBlock, NewModel,
    QueryMsg,
};
use lyceum_api::manifest::Target;
use lyceum_experts::ContractError;
use serde::de::DeserializeOwned;

pub struct World {
    pub app: App,
    pub experts: Addr,
    pub charter: Addr,
    pub tasks: Addr,
}

impl World {
    /// With one model of four experts, id 1.
    pub fn new() -> Self {
        let mut world = Self::empty();
        world.register(model("tiny", "1.0.0")).unwrap();
        world
    }

    pub fn empty() -> Self {
        let [charter, tasks] = ["charter", "tasks"].map(IntoAddr::into_addr);
        let mut app = App::new(|router, _, storage| {
            for account in [&charter, &tasks] {
                router.bank.init_balance(storage, account, coins(10, "ulyc")).unwrap();
            }
        });
        let code = ContractWrapper::new(
            lyceum_experts::contract::execute,
            lyceum_experts::contract::instantiate,
            lyceum_experts::contract::query,
        );
        let code = app.store_code(Box::new(code));
        let msg = InstantiateMsg { charter: charter.to_string(), tasks: tasks.to_string() };
        let experts = app.instantiate_contract(code, charter.clone(), &msg, &[], "experts", None).unwrap();
        Self { app, experts, charter, tasks }
    }

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> StdResult<AppResponse> {
        self.app.execute_contract(sender.clone(), self.experts.clone(), msg, funds)
    }

    pub fn tasks(&mut self, msg: &ExecuteMsg) -> StdResult<AppResponse> {
        let tasks = self.tasks.clone();
        self.send(&tasks, msg, &[])
    }

    pub fn register(&mut self, model: NewModel) -> StdResult<AppResponse> {
        let charter = self.charter.clone();
        self.send(&charter, &ExecuteMsg::RegisterModel { model }, &[])
    }

    pub fn try_add(&mut self, block: NewBlock) -> StdResult<AppResponse> {
        self.tasks(&ExecuteMsg::AddBlock { block })
    }

    /// The id that the response carries.
    pub fn add(&mut self, block: NewBlock) -> u64 {
        let data = self.try_add(block).unwrap().data.unwrap();
        u64::from_be_bytes(data.as_slice().try_into().unwrap())
    }

    pub fn finalize(&mut self, block: u64, fork: bool) -> StdResult<AppResponse> {
        self.tasks(&ExecuteMsg::Finalize { block, score: 2_400_000 - block as i64, fork })
    }

    pub fn void(&mut self, block: u64) -> StdResult<AppResponse> {
        self.tasks(&ExecuteMsg::Void { block })
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.experts, msg).unwrap()
    }

    pub fn block(&self, block: u64) -> BlockResponse {
        self.ask(&QueryMsg::Block { block })
    }

    pub fn head(&self, target: Target) -> Option<u64> {
        self.ask::<HeadResponse>(&QueryMsg::Head { model: 1, target }).head.map(|head| head.block)
    }

    pub fn ids(&self, msg: &QueryMsg) -> Vec<u64> {
        self.ask::<BlocksResponse>(msg).blocks.into_iter().map(|b| b.id).collect()
    }
}

pub fn model(name: &str, version: &str) -> NewModel {
    NewModel {
        name: name.to_owned(),
        version: version.to_owned(),
        config: r#"{"hidden_size": 128, "rms_norm_eps": 1e-05, "rope": {"theta": 1e4}}"#.to_owned(),
        experts: 4,
        base: Hash32::of(b"base"),
        base_bytes: 4_000_000,
    }
}

pub fn expert(index: u32) -> Target {
    Target::Expert { index }
}

pub fn block(target: Target, parents: &[u64]) -> NewBlock {
    NewBlock {
        model: 1,
        target,
        parents: parents.to_vec(),
        root: Hash32::of(format!("{target:?} {parents:?}").as_bytes()),
        bytes: 1_000,
        encoding: Encoding::Base,
        author: "ann".into_addr().to_string(),
        claim: 9,
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
