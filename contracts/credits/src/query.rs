//! Answers.

use cosmwasm_std::{Binary, Deps, Order, StdResult, to_json_binary};
use cw_storage_plus::Bound;
use lyceum_api::credits::{
    AccountBalance, BalanceResponse, BalancesResponse, ConfigResponse, HistoryEntry, HistoryResponse,
    QueryMsg,
};
use lyceum_onchain::paging;

use crate::state::{ACCOUNTS, CONFIG, HISTORY, TOTAL};

pub(crate) fn answer(deps: Deps<'_>, msg: QueryMsg) -> StdResult<Binary> {
    match msg {
        QueryMsg::Config {} => {
            let config = CONFIG.load(deps.storage)?;
            to_json_binary(&ConfigResponse { charter: config.charter, paused: config.paused })
        }
        QueryMsg::Balance { account } => {
            let account = deps.api.addr_validate(&account)?;
            let held = ACCOUNTS.may_load(deps.storage, &account)?.unwrap_or_default();
            to_json_binary(&BalanceResponse { credits: held.credits })
        }
        QueryMsg::Balances { start_after, limit } => to_json_binary(&balances(deps, start_after, limit)?),
        QueryMsg::History { account, start_after, limit } => {
            to_json_binary(&history(deps, &account, start_after, limit)?)
        }
        QueryMsg::Total {} => to_json_binary(&BalanceResponse { credits: TOTAL.load(deps.storage)? }),
    }
}

fn balances(deps: Deps<'_>, start_after: Option<String>, limit: Option<u32>) -> StdResult<BalancesResponse> {
    let after = start_after.map(|account| deps.api.addr_validate(&account)).transpose()?;
    let balances = ACCOUNTS
        .range(deps.storage, after.as_ref().map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|entry| entry.map(|(account, held)| AccountBalance { account, credits: held.credits }))
        .collect::<StdResult<_>>()?;
    Ok(BalancesResponse { balances })
}

fn history(
    deps: Deps<'_>,
    account: &str,
    start_after: Option<u64>,
    limit: Option<u32>,
) -> StdResult<HistoryResponse> {
    let account = deps.api.addr_validate(account)?;
    let entries = HISTORY
        .prefix(&account)
        .range(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending)
        .take(paging::limit(limit))
        .map(|entry| {
            let (id, e) = entry?;
            Ok(HistoryEntry { id, reason: e.reason, subject: e.subject, credits: e.credits, at: e.at })
        })
        .collect::<StdResult<_>>()?;
    Ok(HistoryResponse { entries })
}
