//! Emission that comes in for a node and its delegations, and the node's commission.
use cosmwasm_std::{Addr, BankMsg, Response, StdError, StdResult, Storage, Uint128, coins};
use cw_utils::may_pay;
use lyceum_api::DENOM;
use lyceum_api::nodes::{Params, events};

use crate::earnings::Earnings;
use crate::error::ContractError;
use crate::event;
use crate::standing::Ctx;
use crate::state::{COMMISSIONS, Commission};

/// The commission of a node that never set one.
const FIRST_COMMISSION: u16 = 500;
/// What a rise is measured over, in seconds.
const DAY: u64 = 86_400;

/// A node's commission as it is applied now.
pub fn commission(storage: &dyn Storage, node: &Addr, params: &Params) -> StdResult<Commission> {
    let first = Commission { rate: FIRST_COMMISSION, base: FIRST_COMMISSION, since: 0 };
    let mut commission = COMMISSIONS.may_load(storage, node)?.unwrap_or(first);
    commission.rate = commission.rate.min(params.max_commission);
    commission.base = commission.base.min(params.max_commission);
    Ok(commission)
}

/// Refuses nothing that `rewards` may send, or a node's emission would be stuck there.
pub fn distribute(ctx: Ctx<'_>, node: &str, complete: bool) -> Result<Response, ContractError> {
    let amount = Uint128::try_from(may_pay(&ctx.info, DENOM)?).map_err(StdError::from)?;
    let standing = ctx.named(node)?;
    let (storage, node) = (ctx.deps.storage, &standing.addr);
    let mut earnings = Earnings::load(storage, node, &standing.node.pool)?;
    let rate = commission(storage, node, &ctx.params)?.rate;
    let paid = earnings.share(amount, rate, standing.node.own, standing.delegated())?;
    if complete {
        earnings.end_round(storage, node)?;
    }
    earnings.save(storage, node)?;
    let event = event::of(events::DISTRIBUTED, node)
        .add_attribute("amount", amount)
        .add_attribute("paid", paid)
        .add_attribute("shared", amount - paid);
    let response = Response::new().add_event(event);
    if paid.is_zero() {
        return Ok(response);
    }
    let payment = BankMsg::Send { to_address: node.to_string(), amount: coins(paid.u128(), DENOM) };
    Ok(response.add_message(payment))
}

/// A lower commission becomes what later rises are measured from, so that none is lowered only to be raised.
pub fn set_commission(ctx: Ctx<'_>, rate: u16) -> Result<Response, ContractError> {
    let node = ctx.sender()?.addr;
    let now = ctx.now();
    let Commission { rate: old, mut base, mut since } = commission(ctx.deps.storage, &node, &ctx.params)?;
    if now >= since.saturating_add(DAY) {
        (base, since) = (old, now);
    }
    let (highest, rise) = (ctx.params.max_commission, base.saturating_add(ctx.params.max_commission_change));
    let (max, why) = if highest <= rise {
        (highest, "the highest of any node")
    } else {
        (rise, "the most that it may rise to within a day")
    };
    if rate > max {
        return Err(ContractError::Commission { found: rate, max, why });
    }
    if rate > old {
        since = now; // the day runs anew from each rise, so that two of them never fall around its end
    }
    COMMISSIONS.save(ctx.deps.storage, &node, &Commission { rate, base: base.min(rate), since })?;
    let event = event::of(events::COMMISSION_SET, &node).add_attribute("commission", rate.to_string());
    Ok(Response::new().add_event(event))
}
