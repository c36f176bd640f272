//! Siblings as small as they can be: they answer what `datasets` asks and remember what it tells them.

use cosmwasm_std::{
    Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, Uint128,
    to_json_binary,
};
use cw_multi_test::{Contract, ContractWrapper};
use cw_storage_plus::Item;
use lyceum_api::nodes::{CommitteeResponse, DrawnSeat};
use lyceum_api::tasks::{Beacon, BeaconResponse};
use lyceum_api::{Hash32, credits, nodes, rewards, tasks};
use lyceum_onchain::beacon::round_time;
use serde::Serialize;

/// What a sibling was told, oldest first.
pub const HEARD: Item<Vec<Binary>> = Item::new("heard");
/// The evaluators that the mock of `nodes` draws from.
const EVALUATORS: Item<Vec<Addr>> = Item::new("evaluators");

/// The mocks' sortition epoch, seconds.
pub const EPOCH: u64 = 3_600;
/// When the mock's beacon began, and its period.
pub const GENESIS: u64 = 1_000_000_000;
pub const PERIOD: u64 = 30;

fn born(deps: DepsMut<'_>, _: Env, _: MessageInfo, evaluators: Vec<Addr>) -> StdResult<Response> {
    EVALUATORS.save(deps.storage, &evaluators)?;
    HEARD.save(deps.storage, &vec![])?;
    Ok(Response::new())
}

fn hear<T: Serialize>(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: T) -> StdResult<Response> {
    let mut heard = HEARD.load(deps.storage)?;
    heard.push(to_json_binary(&msg)?);
    HEARD.save(deps.storage, &heard)?;
    Ok(Response::new())
}

fn mute(_: Deps<'_>, _: Env, _: Empty) -> StdResult<Binary> {
    Err(StdError::msg("nothing to ask here"))
}

/// The order in which the mock draws: it depends on the epoch and on the seed, so a test sees both.
pub fn order(mut evaluators: Vec<Addr>, epoch: u64, seed: Hash32) -> Vec<Addr> {
    let by = (epoch + u64::from(seed.0[0])) % evaluators.len() as u64;
    evaluators.rotate_left(by as usize);
    evaluators
}

fn answer_nodes(deps: Deps<'_>, env: Env, msg: nodes::QueryMsg) -> StdResult<Binary> {
    let now = env.block.time.seconds() / EPOCH;
    match msg {
        nodes::QueryMsg::Config {} => {
            let nobody = Addr::unchecked("nobody");
            to_json_binary(&nodes::ConfigResponse {
                charter: nobody.clone(),
                tasks: nobody.clone(),
                datasets: nobody.clone(),
                rewards: nobody,
                gpu_salt: Hash32::default(),
                params: nodes::Params::default(),
                paused: false,
                epoch: now,
            })
        }
        nodes::QueryMsg::Committee { class, epoch, seed, seats, exclude } => {
            assert!(class == "fp32" && epoch <= now && seats <= 32);
            let drawn = order(EVALUATORS.load(deps.storage)?, epoch, seed)
                .into_iter()
                .filter(|node| !exclude.contains(&node.to_string()))
                .take(seats as usize)
                .map(|node| DrawnSeat { operator: node.to_string(), node })
                .collect();
            to_json_binary(&CommitteeResponse { seats: drawn })
        }
        other => Err(StdError::msg(format!("not asked by datasets: {other:?}"))),
    }
}

/// A round is known from the moment it comes out.
fn answer_tasks(_: Deps<'_>, env: Env, msg: tasks::QueryMsg) -> StdResult<Binary> {
    match msg {
        tasks::QueryMsg::Config {} => to_json_binary(&tasks::ConfigResponse {
            charter: Addr::unchecked("nobody"),
            beacon: Beacon { public_key: Binary::default(), genesis: GENESIS, period: PERIOD },
            params: tasks::Params::default(),
            paused: false,
        }),
        tasks::QueryMsg::Beacon { round } => {
            let out = round_time(GENESIS, PERIOD, round) <= env.block.time.seconds();
            to_json_binary(&BeaconResponse { randomness: out.then(|| randomness(round)), signature: None })
        }
        other => Err(StdError::msg(format!("not asked by datasets: {other:?}"))),
    }
}

/// What the mock's beacon says.
pub fn randomness(round: u64) -> Hash32 {
    Hash32::of(&round.to_le_bytes())
}

/// `rewards` checks what the real one would.
fn hear_rewards(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    msg: rewards::ExecuteMsg,
) -> StdResult<Response> {
    match &msg {
        rewards::ExecuteMsg::Deposit { payments } => {
            assert!(payments.is_empty() && info.funds.len() == 1, "{payments:?} {:?}", info.funds);
        }
        rewards::ExecuteMsg::Accrue { accruals, .. } => {
            let zero = |a: &rewards::Accrual| a.weight == Uint128::zero();
            assert!(info.funds.is_empty() && accruals.len() <= 64 && !accruals.iter().any(zero));
        }
        other => return Err(StdError::msg(format!("not sent by datasets: {other:?}"))),
    }
    hear(deps, env, info, msg)
}

pub fn nodes() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(hear::<nodes::ExecuteMsg>, born, answer_nodes))
}

pub fn tasks() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(hear::<tasks::ExecuteMsg>, born, answer_tasks))
}

pub fn rewards() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(hear_rewards, born, mute))
}

pub fn credits() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(hear::<credits::ExecuteMsg>, born, mute))
}
