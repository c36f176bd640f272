//! Answers.

use cosmwasm_std::{Binary, Deps, Order, StdError, StdResult, Uint128, to_json_binary};
use cw_storage_plus::Bound;
use lyceum_api::rewards::{
    ClaimableResponse, ConfigResponse, LearningBlockResponse, PaidResponse, PoolInfo, QueryMsg,
    TrailResponse, TreasuryResponse,
};
use lyceum_onchain::paging;

use crate::execute::settle;
use crate::state::{CONFIG, PAID, POOLS, SEALED, SHARES, Share, TRAIL, TREASURY, pool_key};

pub(crate) fn answer(deps: Deps<'_>, msg: QueryMsg) -> StdResult<Binary> {
    match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Treasury {} => to_json_binary(&treasury(deps)?),
        QueryMsg::Claimable { account, limit } => to_json_binary(&claimable(deps, &account, limit)?),
        QueryMsg::LearningBlock { learning_block } => to_json_binary(&block(deps, learning_block)?),
        QueryMsg::Paid { account } => {
            let account = deps.api.addr_validate(&account)?;
            let amount = PAID.may_load(deps.storage, &account)?.unwrap_or_default();
            to_json_binary(&PaidResponse { amount })
        }
        QueryMsg::Trail { start_after, limit } => to_json_binary(&trail(deps, start_after, limit)?),
    }
}

fn config(deps: Deps<'_>) -> StdResult<ConfigResponse> {
    let c = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        charter: c.charter,
        tasks: c.tasks,
        datasets: c.datasets,
        nodes: c.nodes,
        paused: c.paused,
    })
}

fn treasury(deps: Deps<'_>) -> StdResult<TreasuryResponse> {
    let t = TREASURY.load(deps.storage)?;
    Ok(TreasuryResponse {
        free: t.free,
        accrued: t.accrued,
        paid: t.paid,
        open_block: t.open,
        last_seal: t.last_seal,
    })
}

fn claimable(deps: Deps<'_>, account: &str, limit: Option<u32>) -> StdResult<ClaimableResponse> {
    let account = deps.api.addr_validate(account)?;
    let settlement = settle(deps.storage, &account, limit).map_err(StdError::from)?;
    Ok(ClaimableResponse {
        amount: settlement.credit + settlement.own, // checked when it was settled
        shared: settlement.shared,
        more: settlement.more,
    })
}

fn block(deps: Deps<'_>, learning_block: u64) -> StdResult<LearningBlockResponse> {
    let sealed = SEALED.may_load(deps.storage, learning_block)?;
    let pools = POOLS
        .into_iter()
        .map(|pool| {
            let share = SHARES.may_load(deps.storage, (learning_block, pool_key(pool)))?;
            let share = share.unwrap_or(Share::empty());
            Ok(PoolInfo { pool, amount: share.amount, weight: share.weight })
        })
        .collect::<StdResult<_>>()?;
    Ok(LearningBlockResponse {
        sealed_at: sealed.as_ref().map(|s| s.at),
        emission: sealed.map_or(Uint128::zero(), |s| s.emission),
        pools,
    })
}

fn trail(deps: Deps<'_>, start_after: Option<u64>, limit: Option<u32>) -> StdResult<TrailResponse> {
    let entries = TRAIL
        .range(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|entry| entry.map(|(_, e)| e))
        .collect::<StdResult<_>>()?;
    Ok(TrailResponse { entries })
}
