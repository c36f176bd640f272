//! One `rewards` and the accounts that its siblings send from.

use cosmwasm_std::{
    Addr, Binary, Coin, Deps, DepsMut, Empty, Env, Event, MessageInfo, Response, StdResult, Uint128, coins,
    to_json_binary,
};
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use cw_storage_plus::Item;
use lyceum_api::rewards::{
    Accrual, ClaimableResponse, ExecuteMsg, InstantiateMsg, Payment, Pool, QueryMsg, TreasuryResponse,
};
use lyceum_api::{DENOM, nodes};
use lyceum_rewards::ContractError;
use serde::de::DeserializeOwned;

pub const LYC: u128 = 1_000_000;

pub struct World {
    pub app: App,
    pub rewards: Addr,
    pub charter: Addr,
    pub tasks: Addr,
    pub datasets: Addr,
    pub nodes: Addr,
}

pub fn ulyc(amount: u128) -> Vec<Coin> {
    coins(amount, DENOM)
}

impl World {
    pub fn new(treasury: u128) -> Self {
        let [charter, tasks, datasets] = ["charter", "tasks", "datasets"].map(|name| name.into_addr());
        let mut app = App::new(|router, _, storage| {
            for account in [&charter, &tasks, &datasets] {
                let funds = vec![Coin::new(1_000_000_000 * LYC, DENOM), Coin::new(1_000u128, "other")];
                router.bank.init_balance(storage, account, funds).unwrap();
            }
        });
        let code = app.store_code(Box::new(ContractWrapper::new(take, born, heard)));
        let nodes = app.instantiate_contract(code, charter.clone(), &Empty {}, &[], "nodes", None).unwrap();
        let code = ContractWrapper::new(
            lyceum_rewards::contract::execute,
            lyceum_rewards::contract::instantiate,
            lyceum_rewards::contract::query,
        );
        let code = app.store_code(Box::new(code));
        let msg = InstantiateMsg {
            charter: charter.to_string(),
            tasks: tasks.to_string(),
            datasets: datasets.to_string(),
            nodes: nodes.to_string(),
        };
        let funds = if treasury == 0 { vec![] } else { ulyc(treasury) };
        let rewards = app.instantiate_contract(code, charter.clone(), &msg, &funds, "rewards", None).unwrap();
        Self { app, rewards, charter, tasks, datasets, nodes }
    }

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> StdResult<AppResponse> {
        self.app.execute_contract(sender.clone(), self.rewards.clone(), msg, funds)
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.rewards, msg).unwrap()
    }

    pub fn treasury(&self) -> TreasuryResponse {
        self.ask(&QueryMsg::Treasury {})
    }

    pub fn held(&self) -> Uint128 {
        self.balance(&self.rewards)
    }

    pub fn balance(&self, account: &Addr) -> Uint128 {
        self.app.wrap().query_balance(account, DENOM).unwrap().amount.try_into().unwrap()
    }

    pub fn claimable(&self, account: &Addr) -> Uint128 {
        let msg = QueryMsg::Claimable { account: account.to_string(), limit: None };
        self.ask::<ClaimableResponse>(&msg).amount
    }

    pub fn pass(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.time = block.time.plus_seconds(seconds);
            block.height += 1;
        });
    }

    pub fn accrue(&mut self, block: u64, entries: &[(Pool, &Addr, u128)]) -> StdResult<AppResponse> {
        let accruals = entries
            .iter()
            .map(|(pool, account, weight)| Accrual {
                pool: *pool,
                account: account.to_string(),
                weight: (*weight).into(),
            })
            .collect();
        let tasks = self.tasks.clone();
        self.send(&tasks, &ExecuteMsg::Accrue { learning_block: block, accruals }, &[])
    }

    pub fn seal(&mut self, block: u64) -> StdResult<AppResponse> {
        let tasks = self.tasks.clone();
        self.send(&tasks, &ExecuteMsg::Seal { learning_block: block }, &[])
    }

    pub fn set_shared(&mut self, node: &Addr, shared: bool) -> StdResult<AppResponse> {
        let (nodes, node) = (self.nodes.clone(), node.to_string());
        self.send(&nodes, &ExecuteMsg::SetShared { node, shared }, &[])
    }

    pub fn share(&mut self, node: &Addr, limit: Option<u32>) -> StdResult<AppResponse> {
        self.send(&"anyone".into_addr(), &ExecuteMsg::Share { node: node.to_string(), limit }, &[])
    }

    /// What `nodes` was told to share.
    pub fn heard(&self) -> Vec<(String, Uint128, bool)> {
        self.app.wrap().query_wasm_smart(&self.nodes, &Empty {}).unwrap()
    }

    pub fn claim(&mut self, account: &Addr) -> StdResult<AppResponse> {
        self.send(account, &ExecuteMsg::Claim { limit: None }, &[])
    }
}

/// What `nodes` was told to share: the node, how much, and whether it was everything.
const HEARD: Item<Vec<(String, Uint128, bool)>> = Item::new("heard");

fn born(_: DepsMut<'_>, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn take(deps: DepsMut<'_>, _: Env, info: MessageInfo, msg: nodes::ExecuteMsg) -> StdResult<Response> {
    let nodes::ExecuteMsg::Distribute { node, complete } = msg else { panic!("nothing else: {msg:?}") };
    let amount = info.funds.first().map(|coin| Uint128::try_from(coin.amount).unwrap());
    let mut heard = HEARD.may_load(deps.storage)?.unwrap_or_default();
    heard.push((node, amount.unwrap_or_default(), complete));
    HEARD.save(deps.storage, &heard)?;
    Ok(Response::new())
}

fn heard(deps: Deps<'_>, _: Env, _: Empty) -> StdResult<Binary> {
    to_json_binary(&HEARD.may_load(deps.storage)?.unwrap_or_default())
}

pub fn payment(account: &Addr, amount: u128) -> Payment {
    Payment { account: account.to_string(), amount: amount.into(), reason: "committee_fee".to_owned() }
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
