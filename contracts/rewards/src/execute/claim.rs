//! Pulling: everybody for himself, whether the network is paused or not, and anybody for those who delegate.
//!
//! The emission of a node that others delegate to goes to `nodes`, which shares it. Whether it is such a node is
//! kept here, told by `nodes` when the first delegation comes and the last one leaves: no other claim pays for
//! loading a second contract. What was credited and what data earned is the account's own in any case.

use cosmwasm_std::{
    Addr, BankMsg, CosmosMsg, DepsMut, Empty, Env, MessageInfo, Order, Response, StdResult, Storage, Uint128,
    coins,
};
use cw_storage_plus::Bound;
use cw_utils::nonpayable;
use lyceum_api::rewards::{Event, Pool};
use lyceum_api::{DENOM, nodes};
use lyceum_economy::learning_block::pro_rata;
use lyceum_onchain::paging;
use lyceum_onchain::permission::ensure_sender;

use crate::error::ContractError;
use crate::state::{
    CONFIG, CREDITED, Config, PAID, POOLS, SHARED, SHARES, Share, TREASURY, WEIGHTS, add, pool_key, record,
};

/// What settling an account over some learning blocks comes to; nothing is written yet.
pub(crate) struct Settlement {
    /// Credited payments.
    pub credit: Uint128,
    /// Shares of its own.
    pub own: Uint128,
    /// Shares that go to `nodes`.
    pub shared: Uint128,
    /// What rounding leaves of pools that are now settled by all.
    pub dust: Uint128,
    /// Learning blocks settled.
    pub blocks: u32,
    /// Whether sealed learning blocks remain beyond the limit.
    pub more: bool,
    settled: Vec<((u64, u8), Share)>,
    credited: bool,
    is_shared: bool,
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
    let is_shared = SHARED.has(storage, account);
    let mut out = Settlement {
        credit: credited.unwrap_or_default(),
        own: Uint128::zero(),
        shared: Uint128::zero(),
        dust: Uint128::zero(),
        blocks: 0,
        more: false,
        settled: Vec::new(),
        credited: credited.is_some(),
        is_shared,
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
        let to = if is_shared && key.1 != pool_key(Pool::Data) { &mut out.shared } else { &mut out.own };
        *to = add(*to, part, "a claim")?;
        if share.unsettled.is_zero() {
            out.dust = add(out.dust, share.unpaid, "the remainders")?;
            share.unpaid = Uint128::zero();
        }
        out.settled.push((key, share));
    }
    add(add(out.credit, out.own, "a claim")?, out.shared, "a claim")?;
    Ok(out)
}

/// Writes a settlement: shares are settled, and what leaves is paid.
fn apply(
    storage: &mut dyn Storage,
    env: &Env,
    config: &Config,
    account: &Addr,
    paid: Uint128,
    settlement: &Settlement,
) -> Result<Vec<CosmosMsg>, ContractError> {
    for (key, share) in &settlement.settled {
        WEIGHTS.remove(storage, (account, key.0, key.1));
        SHARES.save(storage, *key, share)?;
    }
    let shared = settlement.shared;
    let mut treasury = TREASURY.load(storage)?;
    treasury.pay(add(paid, shared, "a claim")?)?;
    treasury.release(settlement.dust)?;
    TREASURY.save(storage, &treasury)?;
    let mut messages = vec![];
    for (to, kind, amount) in [(account, "claim", paid), (&config.nodes, "share", shared)] {
        if !amount.is_zero() {
            let before = PAID.may_load(storage, to)?.unwrap_or_default();
            PAID.save(storage, to, &add(before, amount, "what an account pulled")?)?;
            record(storage, env, kind, account, amount, settlement.blocks.to_string())?;
        }
    }
    if settlement.is_shared {
        // It fails for no reason but a lack of gas, and then nothing was settled.
        let funds = if shared.is_zero() { vec![] } else { coins(shared.u128(), DENOM) };
        let nodes = nodes::Client::new(config.nodes.clone());
        messages.push(nodes.distribute(account, !settlement.more, funds)?);
    }
    if !paid.is_zero() {
        let transfer = BankMsg::Send { to_address: account.to_string(), amount: coins(paid.u128(), DENOM) };
        messages.push(transfer.into());
    }
    Ok(messages)
}

fn shared_event(account: &Addr, settlement: &Settlement) -> Event {
    Event::Shared { node: account.clone(), amount: settlement.shared, complete: !settlement.more }
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
    // Shares that round to nothing are settled all the same, or they would stand before later ones for ever.
    let amount = settlement.credit + settlement.own; // checked when it was settled
    let config = CONFIG.load(deps.storage)?;
    let messages = apply(deps.storage, &env, &config, &account, amount, &settlement)?;
    let learning_blocks = settlement.blocks;
    let mut response = Response::new().add_messages(messages);
    if settlement.is_shared {
        response = response.add_event(shared_event(&account, &settlement));
    }
    Ok(response.add_event(Event::Claimed { account, amount, learning_blocks }))
}

/// What of the same learning blocks is the account's own is credited to it, or it would stand before the rest.
pub(crate) fn share(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    node: &str,
    limit: Option<u32>,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let account = deps.api.addr_validate(node)?;
    let settlement = settle(deps.storage, &account, limit)?;
    if !settlement.is_shared {
        return Err(ContractError::NotShared { node: account });
    }
    if !settlement.own.is_zero() {
        CREDITED.save(deps.storage, &account, &(settlement.credit + settlement.own))?; // checked when settled
    }
    let config = CONFIG.load(deps.storage)?;
    let messages = apply(deps.storage, &env, &config, &account, Uint128::zero(), &settlement)?;
    Ok(Response::new().add_messages(messages).add_event(shared_event(&account, &settlement)))
}

/// Open while paused, as leaving is.
pub(crate) fn set_shared(
    deps: DepsMut<'_>,
    info: MessageInfo,
    node: &str,
    shared: bool,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    ensure_sender(&info.sender, &CONFIG.load(deps.storage)?.nodes)?;
    let node = deps.api.addr_validate(node)?;
    if shared {
        SHARED.save(deps.storage, &node, &Empty {})?;
    } else {
        SHARED.remove(deps.storage, &node);
    }
    Ok(Response::new())
}
