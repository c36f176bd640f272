//! Pulling: everybody for himself, whether the network is paused or not.

use cosmwasm_std::{
    Addr, BankMsg, DepsMut, Env, MessageInfo, Order, Response, StdResult, Storage, Uint128, coins,
};
use cw_storage_plus::Bound;
use cw_utils::nonpayable;
use lyceum_api::DENOM;
use lyceum_api::rewards::Event;
use lyceum_economy::learning_block::pro_rata;
use lyceum_onchain::paging;

use crate::error::ContractError;
use crate::state::{CREDITED, PAID, POOLS, SHARES, Share, TREASURY, WEIGHTS, add, record};

/// What settling an account over some learning blocks comes to; nothing is written yet.
pub(crate) struct Settlement {
    /// Credited payments and shares.
    pub amount: Uint128,
    /// What rounding leaves of pools that are now settled by all.
    pub dust: Uint128,
    /// Learning blocks settled.
    pub blocks: u32,
    /// Whether sealed learning blocks remain beyond the limit.
    pub more: bool,
    settled: Vec<((u64, u8), Share)>,
    credited: bool,
}

/// Computes what an account may pull over at most `limit` of its sealed learning blocks, oldest first.
pub(crate) fn settle(
    storage: &dyn Storage,
    account: &Addr,
    limit: Option<u32>,
) -> Result<Settlement, ContractError> {
    let open = TREASURY.load(storage)?.open;
    let blocks = paging::limit(limit);
    let credited = CREDITED.may_load(storage, account)?;
    let mut out = Settlement {
        amount: credited.unwrap_or_default(),
        dust: Uint128::zero(),
        blocks: 0,
        more: false,
        settled: Vec::new(),
        credited: credited.is_some(),
    };
    // One entry more than the limit may need tells whether any remain.
    let entries: Vec<((u64, u8), Uint128)> = WEIGHTS
        .sub_prefix(account)
        .range(storage, None, Some(Bound::exclusive((open, 0))), Order::Ascending)
        .take(blocks * POOLS.len() + 1)
        .collect::<StdResult<_>>()?;
    let mut last = None;
    for (key, weight) in entries {
        if last != Some(key.0) {
            if out.blocks as usize == blocks {
                out.more = true;
                break;
            }
            last = Some(key.0);
            out.blocks += 1;
        }
        let mut share = SHARES.load(storage, key)?;
        let part = pro_rata(share.amount, weight, share.weight)?;
        share.unsettled = share.unsettled.checked_sub(weight).map_err(cosmwasm_std::StdError::from)?;
        share.unpaid = share.unpaid.checked_sub(part).map_err(cosmwasm_std::StdError::from)?;
        out.amount = add(out.amount, part, "a claim")?;
        if share.unsettled.is_zero() {
            out.dust = add(out.dust, share.unpaid, "the remainders")?;
            share.unpaid = Uint128::zero();
        }
        out.settled.push((key, share));
    }
    Ok(out)
}

pub(crate) fn claim(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    limit: Option<u32>,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let account = info.sender;
    let settlement = settle(deps.storage, &account, limit)?;
    if !settlement.credited && settlement.settled.is_empty() {
        return Err(ContractError::NothingToClaim);
    }
    CREDITED.remove(deps.storage, &account);
    for (key, share) in &settlement.settled {
        WEIGHTS.remove(deps.storage, (&account, key.0, key.1));
        SHARES.save(deps.storage, *key, share)?;
    }
    let Settlement { amount, dust, blocks, .. } = settlement;
    let mut treasury = TREASURY.load(deps.storage)?;
    treasury.pay(amount)?;
    treasury.release(dust)?;
    TREASURY.save(deps.storage, &treasury)?;
    let response = Response::new().add_event(Event::Claimed {
        account: account.clone(),
        amount,
        learning_blocks: blocks,
    });
    // Shares that round to nothing are settled all the same, or they would stand before later ones for ever.
    if amount.is_zero() {
        return Ok(response);
    }
    let paid = PAID.may_load(deps.storage, &account)?.unwrap_or_default();
    PAID.save(deps.storage, &account, &add(paid, amount, "what an account pulled")?)?;
    record(deps.storage, &env, "claim", &account, amount, blocks.to_string())?;
    let transfer = BankMsg::Send { to_address: account.into(), amount: coins(amount.u128(), DENOM) };
    Ok(response.add_message(transfer))
}
