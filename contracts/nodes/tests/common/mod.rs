//! `nodes` in an App, with `rewards` and `datasets` replaced by contracts that record what they are told.
#![allow(dead_code)] // every test file uses a part of it

use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{
    Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdResult, Uint128, coins, to_json_binary,
};
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use cw_storage_plus::Item;
use ed25519_dalek::{Signer, SigningKey};
use lyceum_api::nodes::{
    CommitteeResponse, DelegationResponse, ExecuteMsg, GpuResponse, InstantiateMsg, NodeEvent, NodeResponse,
    NodeUnbonding, Outcome, Params, PowerResponse, QueryMsg, Role, SlashReason, UnbondingEntry,
    UnbondingResponse, UnbondingsResponse, peer_key_message,
};
use lyceum_api::rewards::{self, Payment};
use lyceum_api::{DENOM, Hash32, datasets};

pub const LYC: u128 = 1_000_000;
pub const MIN: u128 = 1_000 * LYC;
pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 86_400;

/// What a recorder heard: payments with the funds that came along, or powers.
const DEPOSITS: Item<Vec<(Vec<Payment>, Uint128)>> = Item::new("deposits");
const SHARED: Item<Vec<(String, bool)>> = Item::new("shared");
const POWERS: Item<Vec<(String, u64)>> = Item::new("powers");

fn born(_: DepsMut<'_>, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn take_deposit(
    deps: DepsMut<'_>,
    _: Env,
    info: MessageInfo,
    msg: rewards::ExecuteMsg,
) -> StdResult<Response> {
    let payments = match msg {
        rewards::ExecuteMsg::Deposit { payments } => payments,
        rewards::ExecuteMsg::Fund {} => vec![],
        rewards::ExecuteMsg::SetShared { node, shared } => {
            let mut heard = SHARED.may_load(deps.storage)?.unwrap_or_default();
            heard.push((node, shared));
            SHARED.save(deps.storage, &heard)?;
            return Ok(Response::new());
        }
        other => panic!("nothing else: {other:?}"),
    };
    let paid = Uint128::try_from(info.funds[0].amount)?;
    assert!(payments.iter().map(|p| p.amount).sum::<Uint128>() <= paid && payments.len() <= 64);
    assert!(payments.iter().all(|p| !p.amount.is_zero()), "{payments:?}");
    let mut heard = DEPOSITS.may_load(deps.storage)?.unwrap_or_default();
    heard.push((payments, paid));
    DEPOSITS.save(deps.storage, &heard)?;
    Ok(Response::new())
}

fn take_power(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: datasets::ExecuteMsg) -> StdResult<Response> {
    let datasets::ExecuteMsg::SetPower { node, power } = msg else { panic!("only powers: {msg:?}") };
    let mut heard = POWERS.may_load(deps.storage)?.unwrap_or_default();
    heard.push((node, power));
    POWERS.save(deps.storage, &heard)?;
    Ok(Response::new())
}

/// Asked for what it was told of sharing, or for the deposits.
fn deposits(deps: Deps<'_>, _: Env, sharing: bool) -> StdResult<Binary> {
    if sharing {
        return to_json_binary(&SHARED.may_load(deps.storage)?.unwrap_or_default());
    }
    to_json_binary(&DEPOSITS.may_load(deps.storage)?.unwrap_or_default())
}

fn powers(deps: Deps<'_>, _: Env, _: Empty) -> StdResult<Binary> {
    to_json_binary(&POWERS.may_load(deps.storage)?.unwrap_or_default())
}

/// The world of a test.
pub struct World {
    pub app: App,
    pub nodes: Addr,
    pub rewards: Addr,
    pub datasets: Addr,
    pub tasks: Addr,
    pub charter: Addr,
}

pub fn world() -> World {
    world_with(Params::default())
}

pub fn world_with(params: Params) -> World {
    let mut app = App::default();
    let owner = "owner".into_addr();
    let rewards_code = app.store_code(Box::new(ContractWrapper::new(take_deposit, born, deposits)));
    let datasets_code = app.store_code(Box::new(ContractWrapper::new(take_power, born, powers)));
    let mut record =
        |code, label| app.instantiate_contract(code, owner.clone(), &Empty {}, &[], label, None).unwrap();
    let (rewards, datasets) = (record(rewards_code, "rewards"), record(datasets_code, "datasets"));
    let (tasks, charter) = ("tasks".into_addr(), "charter".into_addr());
    let msg = instantiation(&charter, &tasks, &datasets, &rewards, params);
    let code = nodes_code(&mut app);
    let nodes =
        app.instantiate_contract(code, owner.clone(), &msg, &[], "nodes", Some(owner.to_string())).unwrap();
    World { app, nodes, rewards, datasets, tasks, charter }
}

pub fn nodes_code(app: &mut App) -> u64 {
    use lyceum_nodes::contract::{execute, instantiate, migrate, query};
    app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query).with_migrate(migrate)))
}

pub fn instantiation(
    charter: &Addr,
    tasks: &Addr,
    datasets: &Addr,
    rewards: &Addr,
    params: Params,
) -> InstantiateMsg {
    InstantiateMsg {
        charter: charter.to_string(),
        tasks: tasks.to_string(),
        datasets: datasets.to_string(),
        rewards: rewards.to_string(),
        gpu_salt: Hash32::of(b"salt"),
        params,
    }
}

/// The message was refused, and the reason says this.
#[track_caller]
pub fn refused(result: StdResult<AppResponse>, reason: &str) {
    let error = result.expect_err("the message should be refused").to_string();
    assert!(error.contains(reason), "expected {reason:?} in {error}");
}

/// A registration with a proof by a key made from the account's name.
pub fn registration(w: &World, account: &Addr, key: &SigningKey) -> ExecuteMsg {
    let peer_key = key.verifying_key().to_bytes();
    let chain = &w.app.block_info().chain_id;
    let proof = key.sign(&peer_key_message(chain, w.nodes.as_str(), account.as_str(), &peer_key));
    ExecuteMsg::Register {
        operator: format!("op of {}", &account.as_str()[..40]),
        peer_key: peer_key.into(),
        proof: proof.to_bytes().into(),
        roles: vec![Role::Trainer, Role::Evaluator],
        classes: vec!["fp32".to_owned()],
        addresses: vec![],
    }
}

pub fn key_of(account: &Addr) -> SigningKey {
    SigningKey::from_bytes(&Hash32::of(account.as_bytes()).0)
}

pub fn gpu(name: &str) -> Hash32 {
    lyceum_api::nodes::gpu_id(&Hash32::of(b"salt"), name)
}

pub fn opened(node: &Addr, bond: u128) -> NodeEvent {
    NodeEvent::ClaimOpened { node: node.to_string(), bond: bond.into() }
}

pub fn closed(node: &Addr, outcome: Outcome) -> NodeEvent {
    NodeEvent::ClaimClosed { node: node.to_string(), outcome }
}

pub fn accepted(node: &Addr, work_seconds: u64) -> NodeEvent {
    closed(node, Outcome::Accepted { work_seconds })
}

pub fn seat(node: &Addr, agreed: bool) -> NodeEvent {
    NodeEvent::Seat { node: node.to_string(), agreed }
}

pub fn slashed(node: &Addr, reason: SlashReason) -> NodeEvent {
    let (cost_each, paid, challenger) = (Uint128::zero(), vec![], None);
    NodeEvent::Slash { node: node.to_string(), reason, cost_each, paid, challenger }
}

impl World {
    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg) -> StdResult<AppResponse> {
        self.app.execute_contract(sender.clone(), self.nodes.clone(), msg, &[])
    }

    pub fn bond(&mut self, sender: &Addr, amount: u128) -> StdResult<AppResponse> {
        self.fund(sender, amount);
        let funds = coins(amount, DENOM);
        self.app.execute_contract(sender.clone(), self.nodes.clone(), &ExecuteMsg::Bond {}, &funds)
    }

    pub fn unbond(&mut self, sender: &Addr, amount: u128) -> StdResult<AppResponse> {
        self.send(sender, &ExecuteMsg::Unbond { amount: amount.into() })
    }

    pub fn mature(&mut self, node: &Addr) -> StdResult<AppResponse> {
        self.send(&"anyone".into_addr(), &ExecuteMsg::Mature { node: node.to_string() })
    }

    pub fn report(&mut self, events: Vec<NodeEvent>) -> StdResult<AppResponse> {
        let tasks = self.tasks.clone();
        self.send(&tasks, &ExecuteMsg::Report { events })
    }

    pub fn set_paused(&mut self, paused: bool) {
        let charter = self.charter.clone();
        self.send(&charter, &ExecuteMsg::SetPaused { paused }).unwrap();
    }

    pub fn set_params(&mut self, params: Params) -> StdResult<AppResponse> {
        let charter = self.charter.clone();
        self.send(&charter, &ExecuteMsg::SetParams { params })
    }

    pub fn fund(&mut self, account: &Addr, amount: u128) {
        self.app
            .sudo(cw_multi_test::SudoMsg::Bank(cw_multi_test::BankSudo::Mint {
                to_address: account.to_string(),
                amount: coins(amount, DENOM),
            }))
            .unwrap();
    }

    /// A registered trainer and evaluator without stake.
    pub fn registered(&mut self, name: &str) -> Addr {
        let account = name.into_addr();
        let msg = registration(self, &account, &key_of(&account));
        self.send(&account, &msg).unwrap();
        account
    }

    /// A node with young stake.
    pub fn bonded(&mut self, name: &str, stake: u128) -> Addr {
        let account = self.registered(name);
        self.bond(&account, stake).unwrap();
        account
    }

    /// Goes one height on, and this many seconds.
    pub fn pass(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    pub fn balance(&self, account: &Addr) -> u128 {
        let amount = self.app.wrap().query_balance(account, DENOM).unwrap().amount;
        Uint128::try_from(amount).unwrap().u128()
    }

    pub fn query<T: DeserializeOwned>(&self, msg: &QueryMsg) -> StdResult<T> {
        self.app.wrap().query_wasm_smart(&self.nodes, msg)
    }

    pub fn node(&self, node: &Addr) -> NodeResponse {
        self.query(&QueryMsg::Node { node: node.to_string() }).unwrap()
    }

    pub fn active(&self) -> u64 {
        self.query::<lyceum_api::nodes::ActiveResponse>(&QueryMsg::Active {}).unwrap().count
    }

    pub fn power(&self, node: &Addr, height: Option<u64>) -> u128 {
        let msg = QueryMsg::Power { node: node.to_string(), height };
        self.query::<PowerResponse>(&msg).unwrap().power.u128()
    }

    pub fn epoch(&self) -> u64 {
        self.query::<lyceum_api::nodes::ConfigResponse>(&QueryMsg::Config {}).unwrap().epoch
    }

    pub fn committee(&self, epoch: u64, seed: u8, seats: u32, exclude: &[&Addr]) -> Vec<Addr> {
        let exclude = exclude.iter().map(|a| a.to_string()).collect();
        let (class, seed) = ("fp32".to_owned(), Hash32([seed; 32]));
        let msg = QueryMsg::Committee { class, epoch, seed, seats, exclude };
        self.query::<CommitteeResponse>(&msg).unwrap().seats.into_iter().map(|s| s.node).collect()
    }

    pub fn holder(&self, gpu: Hash32) -> Option<Addr> {
        self.query::<GpuResponse>(&QueryMsg::Gpu { gpu }).unwrap().node
    }

    pub fn queue(&self, node: &Addr) -> Vec<UnbondingEntry> {
        let msg = QueryMsg::Unbonding { node: node.to_string() };
        self.query::<UnbondingResponse>(&msg).unwrap().entries
    }

    pub fn deposits(&self) -> Vec<(Vec<Payment>, Uint128)> {
        self.app.wrap().query_wasm_smart(&self.rewards, &false).unwrap()
    }

    /// What `rewards` was told of nodes with delegations, in order.
    pub fn told_shared(&self) -> Vec<(String, bool)> {
        self.app.wrap().query_wasm_smart(&self.rewards, &true).unwrap()
    }

    pub fn delegate(&mut self, who: &Addr, node: &Addr, amount: u128) -> StdResult<AppResponse> {
        self.fund(who, amount);
        let msg = ExecuteMsg::Delegate { node: node.to_string() };
        self.app.execute_contract(who.clone(), self.nodes.clone(), &msg, &coins(amount, DENOM))
    }

    pub fn undelegate(&mut self, who: &Addr, node: &Addr, amount: u128) -> StdResult<AppResponse> {
        self.send(who, &ExecuteMsg::Undelegate { node: node.to_string(), amount: amount.into() })
    }

    pub fn redelegate(&mut self, who: &Addr, from: &Addr, to: &Addr, amount: u128) -> StdResult<AppResponse> {
        let (from, to) = (from.to_string(), to.to_string());
        self.send(who, &ExecuteMsg::Redelegate { from, to, amount: amount.into() })
    }

    pub fn claim_undelegated(&mut self, who: &Addr, node: &Addr) -> StdResult<AppResponse> {
        self.send(who, &ExecuteMsg::ClaimUndelegated { node: node.to_string() })
    }

    pub fn claim_rewards(&mut self, who: &Addr, node: &Addr) -> StdResult<AppResponse> {
        self.send(who, &ExecuteMsg::ClaimRewards { node: node.to_string() })
    }

    pub fn settle(&mut self, who: &Addr, node: &Addr) -> StdResult<AppResponse> {
        let (node, delegator) = (node.to_string(), who.to_string());
        self.send(&"anyone".into_addr(), &ExecuteMsg::Settle { node, delegator })
    }

    /// Emission of a node comes from `rewards`.
    pub fn distribute(&mut self, node: &Addr, amount: u128, complete: bool) -> StdResult<AppResponse> {
        let (rewards, node) = (self.rewards.clone(), node.to_string());
        let funds = if amount == 0 { vec![] } else { coins(amount, DENOM) };
        if amount > 0 {
            self.fund(&rewards, amount);
        }
        let msg = ExecuteMsg::Distribute { node, complete };
        self.app.execute_contract(rewards, self.nodes.clone(), &msg, &funds)
    }

    pub fn delegation(&self, who: &Addr, node: &Addr) -> DelegationResponse {
        let (node, delegator) = (node.to_string(), who.to_string());
        self.query(&QueryMsg::Delegation { node, delegator }).unwrap()
    }

    /// What a delegation is worth.
    pub fn worth(&self, who: &Addr, node: &Addr) -> u128 {
        self.delegation(who, node).amount.u128()
    }

    /// What is in an account's queues at all nodes.
    pub fn queued(&self, who: &Addr) -> u128 {
        self.unbondings(who).iter().flat_map(|u| &u.entries).map(|e| e.amount.u128()).sum()
    }

    /// What is in an account's queue of one node.
    pub fn queued_at(&self, who: &Addr, node: &Addr) -> u128 {
        let all = self.unbondings(who);
        all.iter().filter(|u| u.node == *node).flat_map(|u| &u.entries).map(|e| e.amount.u128()).sum()
    }

    fn unbondings(&self, who: &Addr) -> Vec<NodeUnbonding> {
        let (delegator, start_after, limit) = (who.to_string(), None, None);
        let all: UnbondingsResponse =
            self.query(&QueryMsg::Unbondings { delegator, start_after, limit }).unwrap();
        all.unbondings
    }

    pub fn powers(&self) -> Vec<(String, u64)> {
        self.app.wrap().query_wasm_smart(&self.datasets, &Empty {}).unwrap()
    }

    /// The power that `datasets` was last told.
    pub fn pushed(&self, node: &Addr) -> Option<u64> {
        self.powers().iter().rev().find(|(name, _)| name == node.as_str()).map(|(_, power)| *power)
    }
}
