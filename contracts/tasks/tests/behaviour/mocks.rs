//! The neighbours: small contracts that record what they are told and answer what a test has set.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, Timestamp, Uint128,
    Uint256, to_json_binary,
};
use cw_multi_test::{Contract, ContractWrapper};
use cw_storage_plus::Item;
use lyceum_api::datasets::{DatasetManifest, DatasetResponse, Shard, Source, Status, Tier, UsedResponse};
use lyceum_api::experts::{Head, HeadResponse, HeadsResponse, ModelResponse, NewModel};
use lyceum_api::manifest::Target;
use lyceum_api::nodes::{CommitteeResponse, DrawnSeat, NodeResponse, Role, TrustLevel};
use lyceum_api::{Hash32, credits, datasets, experts, nodes, rewards};

type Result<T = Response> = StdResult<T>;

fn born(_: DepsMut<'_>, _: Env, _: MessageInfo, _: Empty) -> Result {
    Ok(Response::new())
}

fn push<T: serde::Serialize + serde::de::DeserializeOwned>(
    deps: DepsMut<'_>,
    log: &Item<Vec<T>>,
    items: impl IntoIterator<Item = T>,
) -> StdResult<()> {
    let mut all = log.may_load(deps.storage)?.unwrap_or_default();
    all.extend(items);
    log.save(deps.storage, &all)
}

/// What `nodes` is to answer.
#[cw_serde]
pub struct NodesSetup {
    pub trainers: Vec<Addr>,
    pub coordinators: Vec<Addr>,
    pub evaluators: Vec<Addr>,
    pub refuse_claims: bool,
}
pub const NODES: Item<NodesSetup> = Item::new("setup");
pub const REPORTS: Item<Vec<nodes::NodeEvent>> = Item::new("log");
pub const EPOCH: u64 = 77;

fn nodes_execute(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: nodes::ExecuteMsg) -> Result {
    let nodes::ExecuteMsg::Report { events } = msg else { return Err(StdError::msg("unexpected")) };
    assert!(events.len() <= 64);
    let opens = events.iter().any(|e| matches!(e, nodes::NodeEvent::ClaimOpened { .. }));
    if opens && NODES.load(deps.storage)?.refuse_claims {
        return Err(StdError::msg("over quota"));
    }
    push(deps, &REPORTS, events)?;
    Ok(Response::new())
}

fn nodes_query(deps: Deps<'_>, env: Env, msg: nodes::QueryMsg) -> Result<Binary> {
    let setup = NODES.load(deps.storage)?;
    match msg {
        nodes::QueryMsg::Config {} => to_json_binary(&nodes::ConfigResponse {
            charter: env.contract.address.clone(),
            tasks: env.contract.address.clone(),
            datasets: env.contract.address.clone(),
            rewards: env.contract.address,
            gpu_salt: Hash32::default(),
            params: nodes::Params::default(),
            paused: false,
            epoch: EPOCH,
        }),
        nodes::QueryMsg::Node { node } => {
            let node = Addr::unchecked(node);
            let has = |list: &Vec<Addr>, role| list.contains(&node).then_some(role);
            let roles = [
                has(&setup.trainers, Role::Trainer),
                has(&setup.coordinators, Role::Coordinator),
                has(&setup.evaluators, Role::Evaluator),
            ];
            to_json_binary(&NodeResponse {
                operator: node.to_string(),
                active: roles.iter().any(Option::is_some),
                node,
                peer_key: Binary::default(),
                roles: roles.into_iter().flatten().collect(),
                classes: vec!["fp32".into()],
                addresses: vec![],
                stake: Uint128::new(1),
                own: Uint128::new(1),
                unbonding: Uint128::zero(),
                rewards: Uint128::zero(),
                commission: 0,
                matured: Uint128::new(1),
                jailed_until: None,
                gpus: 0,
                vote_power: 0,
                trust: TrustLevel::Newbie,
                open_claims: 0,
                reputation: 0,
                accepted: 0,
            })
        }
        nodes::QueryMsg::Committee { class, epoch, seats, exclude, .. } => {
            assert_eq!((class.as_str(), epoch), ("fp32", EPOCH));
            assert!(exclude.len() <= 64 && seats <= 32);
            let free = setup.evaluators.into_iter().filter(|e| !exclude.contains(&e.to_string()));
            let seats = free.take(seats as usize);
            let seats = seats.map(|node| DrawnSeat { operator: node.to_string(), node }).collect();
            to_json_binary(&CommitteeResponse { seats })
        }
        _ => Err(StdError::msg("unexpected")),
    }
}

pub fn nodes() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(nodes_execute, born, nodes_query))
}

/// What `datasets` is to answer.
#[cw_serde]
pub struct DatasetsSetup {
    pub shards: Vec<Hash32>,
    pub status: Status,
    pub used: Vec<Hash32>,
}
pub const DATASETS: Item<DatasetsSetup> = Item::new("setup");
pub const USES: Item<Vec<datasets::ExecuteMsg>> = Item::new("log");

fn datasets_execute(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: datasets::ExecuteMsg) -> Result {
    push(deps, &USES, [msg])?;
    Ok(Response::new())
}

fn datasets_query(deps: Deps<'_>, env: Env, msg: datasets::QueryMsg) -> Result<Binary> {
    let setup = DATASETS.load(deps.storage)?;
    match msg {
        datasets::QueryMsg::Dataset { dataset: 1 } => to_json_binary(&DatasetResponse {
            id: 1,
            proposer: env.contract.address,
            manifest: DatasetManifest {
                name: "rust".into(),
                licence: "MIT".into(),
                source: Source::Curated,
                shards: setup.shards.into_iter().map(|root| Shard { root, bytes: 1 << 20 }).collect(),
            },
            status: setup.status,
            height: 1,
            proposed_at: Timestamp::from_seconds(1),
            audit: None,
            allowed: Some(Tier::Gold),
            yes: 1,
            no: 0,
            total_power: 1,
        }),
        datasets::QueryMsg::Used { shards, .. } => {
            to_json_binary(&UsedResponse { used: shards.iter().map(|s| setup.used.contains(s)).collect() })
        }
        _ => Err(StdError::msg("no such dataset")),
    }
}

pub fn datasets() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(datasets_execute, born, datasets_query))
}

/// The head of expert 0, if it has one.
pub const HEAD: Item<Option<(u64, Hash32)>> = Item::new("head");
pub const BLOCKS: Item<Vec<experts::ExecuteMsg>> = Item::new("log");

fn experts_execute(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: experts::ExecuteMsg) -> Result {
    let adds = matches!(msg, experts::ExecuteMsg::AddBlock { .. });
    let log = BLOCKS.may_load(deps.storage)?.unwrap_or_default();
    push(deps, &BLOCKS, [msg])?;
    let response = Response::new();
    Ok(if adds { response.set_data((100 + log.len() as u64).to_be_bytes()) } else { response })
}

fn experts_query(deps: Deps<'_>, _: Env, msg: experts::QueryMsg) -> Result<Binary> {
    let target = Target::Expert { index: 0 };
    let stored = HEAD.may_load(deps.storage)?.flatten();
    let head = stored.map(|(block, root)| Head { target, block, root });
    match msg {
        experts::QueryMsg::Model { model: 1 } => to_json_binary(&ModelResponse {
            id: 1,
            model: NewModel {
                name: "lyceum".into(),
                version: "0.1.0".into(),
                config: "{}".into(),
                experts: 4,
                base: Hash32::of(b"base"),
                base_bytes: 1 << 20,
            },
            registered_at: Timestamp::from_seconds(1),
        }),
        experts::QueryMsg::Heads { .. } => {
            to_json_binary(&HeadsResponse { heads: head.into_iter().collect() })
        }
        experts::QueryMsg::Head { target: asked, .. } => {
            to_json_binary(&HeadResponse { head: head.filter(|h| h.target == asked) })
        }
        _ => Err(StdError::msg("no such model")),
    }
}

pub fn experts() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(experts_execute, born, experts_query))
}

pub const AWARDS: Item<Vec<credits::Award>> = Item::new("log");

fn credits_execute(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: credits::ExecuteMsg) -> Result {
    let credits::ExecuteMsg::Award { awards } = msg else { return Err(StdError::msg("unexpected")) };
    assert!(awards.len() <= 64);
    push(deps, &AWARDS, awards)?;
    Ok(Response::new())
}

fn nothing(_: Deps<'_>, _: Env, _: Empty) -> Result<Binary> {
    Err(StdError::msg("unexpected"))
}

pub fn credits() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(credits_execute, born, nothing))
}

pub const PAYMENTS: Item<Vec<rewards::Payment>> = Item::new("payments");
pub const TREASURY: Item<Uint128> = Item::new("treasury");
pub const ACCRUALS: Item<Vec<(u64, rewards::Accrual)>> = Item::new("accruals");
/// The open learning block.
pub const OPEN: Item<u64> = Item::new("open");

fn rewards_execute(deps: DepsMut<'_>, _: Env, info: MessageInfo, msg: rewards::ExecuteMsg) -> Result {
    let open = OPEN.may_load(deps.storage)?.unwrap_or_default();
    match msg {
        rewards::ExecuteMsg::Deposit { payments } => {
            assert!(payments.len() <= 64);
            let sum: Uint128 = payments.iter().map(|p| p.amount).sum();
            let funds = info.funds.iter().fold(Uint256::zero(), |all, coin| all + coin.amount);
            let left = Uint128::try_from(funds).unwrap().checked_sub(sum).expect("funds cover the payments");
            let treasury = TREASURY.may_load(deps.storage)?.unwrap_or_default();
            TREASURY.save(deps.storage, &(treasury + left))?;
            push(deps, &PAYMENTS, payments)?;
        }
        rewards::ExecuteMsg::Accrue { learning_block, accruals } => {
            assert_eq!(learning_block, open, "weights belong to the open block");
            push(deps, &ACCRUALS, accruals.into_iter().map(|a| (learning_block, a)))?;
        }
        rewards::ExecuteMsg::Seal { learning_block } => {
            assert_eq!(learning_block, open);
            OPEN.save(deps.storage, &(open + 1))?;
        }
        _ => return Err(StdError::msg("unexpected")),
    }
    Ok(Response::new())
}

pub fn rewards() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(rewards_execute, born, nothing))
}
