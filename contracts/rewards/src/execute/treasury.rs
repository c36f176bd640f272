//! What comes in and what the charter grants.

use cosmwasm_std::{BankMsg, DepsMut, Env, MessageInfo, Response, Uint128, coins};
use cw_utils::nonpayable;
use lyceum_api::DENOM;
use lyceum_api::rewards::{Event, Payment};
use lyceum_onchain::permission::{ensure_one_of, ensure_sender};

use super::{ensure_at_most, ensure_reason, ensure_running, paid};
use crate::error::ContractError;
use crate::state::{CONFIG, CREDITED, TREASURY, add, record};

/// Open while paused: money that comes in harms nobody.
pub(crate) fn fund(deps: DepsMut<'_>, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let amount = paid(&info)?;
    let mut treasury = TREASURY.load(deps.storage)?;
    treasury.fund(amount)?;
    TREASURY.save(deps.storage, &treasury)?;
    record(deps.storage, &env, "fund", &info.sender, amount, "fund".to_owned())?;
    Ok(Response::new().add_event(Event::Funded { from: info.sender, amount }))
}

/// Open while paused: siblings pay exits through it, and are paused themselves.
pub(crate) fn deposit(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    payments: Vec<Payment>,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    ensure_one_of(&info.sender, &[&config.tasks, &config.nodes, &config.datasets])?;
    ensure_at_most("payments", payments.len())?;
    let amount = paid(&info)?;
    let mut credited = Uint128::zero();
    for payment in &payments {
        credited = add(credited, payment.amount, "the payments")?;
    }
    if credited > amount {
        return Err(ContractError::FundsTooLow { required: credited, found: amount });
    }
    for payment in payments.into_iter().filter(|p| !p.amount.is_zero()) {
        ensure_reason(&payment.reason)?;
        let account = deps.api.addr_validate(&payment.account)?;
        let before = CREDITED.may_load(deps.storage, &account)?.unwrap_or_default();
        CREDITED.save(deps.storage, &account, &add(before, payment.amount, "a balance")?)?;
        record(deps.storage, &env, "deposit", &account, payment.amount, payment.reason)?;
    }
    let mut treasury = TREASURY.load(deps.storage)?;
    treasury.fund(amount)?;
    treasury.promise(credited)?;
    TREASURY.save(deps.storage, &treasury)?;
    if amount > credited {
        record(deps.storage, &env, "deposit", &info.sender, amount - credited, "treasury".to_owned())?;
    }
    Ok(Response::new().add_event(Event::Deposited { from: info.sender, amount, credited }))
}

pub(crate) fn grant(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    to: String,
    amount: Uint128,
    reason: String,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let config = CONFIG.load(deps.storage)?;
    ensure_sender(&info.sender, &config.charter)?;
    ensure_running(&config)?;
    ensure_reason(&reason)?;
    let to = deps.api.addr_validate(&to)?;
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let mut treasury = TREASURY.load(deps.storage)?;
    if amount > treasury.free {
        return Err(ContractError::TreasuryTooLow { required: amount, found: treasury.free });
    }
    treasury.promise(amount)?;
    treasury.pay(amount)?;
    TREASURY.save(deps.storage, &treasury)?;
    record(deps.storage, &env, "grant", &to, amount, reason.clone())?;
    let transfer = BankMsg::Send { to_address: to.to_string(), amount: coins(amount.u128(), DENOM) };
    Ok(Response::new().add_message(transfer).add_event(Event::Granted { to, amount, reason }))
}
