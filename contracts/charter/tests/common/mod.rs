//! The charter in an App. The six contracts are replaced by recorders of what the charter sends; they understand
//! the messages of their contract and nothing else, and refuse everything when told to be broken. That of
//! `nodes` knows the active nodes that the test names.
#![allow(dead_code)] // every test file uses a part of it

use cosmwasm_schema::cw_serde;
use cosmwasm_schema::serde::Serialize;
use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{
    Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, to_json_binary,
    to_json_string,
};
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use cw_storage_plus::Item;
use lyceum_api::charter::{CharterResponse, Contracts, ExecuteMsg, InstantiateMsg, QueryMsg, Rule};
use lyceum_api::{Hash32, credits, datasets, experts, nodes, rewards, tasks};

const HEARD: Item<Vec<String>> = Item::new("heard");
const BROKEN: Item<bool> = Item::new("broken");
const ACTIVE: Item<Vec<String>> = Item::new("active");

/// A test's orders to a recorder.
#[cw_serde]
pub enum Order {
    Break(bool),
    Activate(Vec<String>),
}

fn born(deps: DepsMut<'_>, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    HEARD.save(deps.storage, &vec![])?;
    BROKEN.save(deps.storage, &false)?;
    ACTIVE.save(deps.storage, &vec![])?;
    Ok(Response::new())
}

fn ordered(deps: DepsMut<'_>, _: Env, order: Order) -> StdResult<Response> {
    match order {
        Order::Break(broken) => BROKEN.save(deps.storage, &broken)?,
        Order::Activate(nodes) => ACTIVE.save(deps.storage, &nodes)?,
    }
    Ok(Response::new())
}

fn record<T: Serialize>(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: T) -> StdResult<Response> {
    if BROKEN.load(deps.storage)? {
        return Err(StdError::msg("broken"));
    }
    let mut heard = HEARD.load(deps.storage)?;
    heard.push(to_json_string(&msg)?);
    HEARD.save(deps.storage, &heard)?;
    Ok(Response::new())
}

fn answer(deps: Deps<'_>, _: Env, msg: nodes::QueryMsg) -> StdResult<Binary> {
    let active = ACTIVE.load(deps.storage)?;
    match msg {
        nodes::QueryMsg::Active {} => to_json_binary(&nodes::ActiveResponse { count: active.len() as u64 }),
        nodes::QueryMsg::IsActive { node } => {
            to_json_binary(&nodes::IsActiveResponse { active: active.contains(&node) })
        }
        other => Err(StdError::msg(format!("the charter does not ask {other:?}"))),
    }
}

fn recorder<T>(app: &mut App, label: &str) -> String
where
    T: Serialize + DeserializeOwned + std::fmt::Debug + 'static,
{
    let contract = ContractWrapper::new(record::<T>, born, answer).with_sudo(ordered);
    let code = app.store_code(Box::new(contract));
    app.instantiate_contract(code, "owner".into_addr(), &Empty {}, &[], label, None).unwrap().into()
}

/// The world of a test.
pub struct World {
    pub app: App,
    pub charter: Addr,
    pub authority: Addr,
    pub contracts: Contracts,
}

pub fn pact(text: &str) -> Hash32 {
    Hash32::of(text.as_bytes())
}

pub fn world() -> World {
    world_with(vec![])
}

pub fn world_with(rules: Vec<Rule>) -> World {
    let mut app = App::default();
    let contracts = Contracts {
        nodes: recorder::<nodes::ExecuteMsg>(&mut app, "nodes"),
        datasets: recorder::<datasets::ExecuteMsg>(&mut app, "datasets"),
        experts: recorder::<experts::ExecuteMsg>(&mut app, "experts"),
        tasks: recorder::<tasks::ExecuteMsg>(&mut app, "tasks"),
        credits: recorder::<credits::ExecuteMsg>(&mut app, "credits"),
        rewards: recorder::<rewards::ExecuteMsg>(&mut app, "rewards"),
    };
    let authority = "authority".into_addr();
    let msg = instantiation(&authority, &contracts, rules);
    let (code, owner) = (charter_code(&mut app), "owner".into_addr());
    let charter =
        app.instantiate_contract(code, owner.clone(), &msg, &[], "charter", Some(owner.to_string())).unwrap();
    World { app, charter, authority, contracts }
}

pub fn charter_code(app: &mut App) -> u64 {
    use lyceum_charter::contract::{execute, instantiate, migrate, query, reply};
    let contract = ContractWrapper::new(execute, instantiate, query);
    app.store_code(Box::new(contract.with_reply(reply).with_migrate(migrate)))
}

pub fn instantiation(authority: &Addr, contracts: &Contracts, rules: Vec<Rule>) -> InstantiateMsg {
    let (authority, contracts) = (authority.to_string(), contracts.clone());
    InstantiateMsg { authority, pact: pact("first"), rules, contracts }
}

/// The message was refused, and the reason says this.
#[track_caller]
pub fn refused(result: StdResult<AppResponse>, reason: &str) {
    let error = result.expect_err("the message should be refused").to_string();
    assert!(error.contains(reason), "expected {reason:?} in {error}");
}

impl World {
    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg) -> StdResult<AppResponse> {
        self.app.execute_contract(sender.clone(), self.charter.clone(), msg, &[])
    }

    /// By the authority.
    pub fn rule(&mut self, msg: &ExecuteMsg) -> StdResult<AppResponse> {
        let authority = self.authority.clone();
        self.send(&authority, msg)
    }

    pub fn order(&mut self, contract: &str, order: Order) {
        self.app.wasm_sudo(Addr::unchecked(contract), &order).unwrap();
    }

    /// Names the active nodes.
    pub fn activate(&mut self, nodes: &[Addr]) {
        let contract = self.contracts.nodes.clone();
        self.order(&contract, Order::Activate(nodes.iter().map(Addr::to_string).collect()));
    }

    /// What a contract heard of the charter.
    pub fn heard(&self, contract: &str) -> Vec<String> {
        HEARD.query(&self.app.wrap(), Addr::unchecked(contract)).unwrap()
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.charter, msg).unwrap()
    }

    pub fn charter(&self) -> CharterResponse {
        self.query(&QueryMsg::Charter {})
    }
}
