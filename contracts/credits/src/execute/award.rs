//! Earning.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Uint128};
use cw_utils::nonpayable;
use lyceum_api::credits::{Award, Event, Reason};
use lyceum_economy::credit;
use lyceum_onchain::permission::{ensure_one_of, ensure_sender};

use crate::error::ContractError;
use crate::state::{ACCOUNTS, CONFIG, Config, Earned, HISTORY, TOTAL};

/// The most awards of one message.
const MAX_AWARDS: usize = 64;

fn add(a: Uint128, b: Uint128, what: &'static str) -> Result<Uint128, ContractError> {
    a.checked_add(b).map_err(|_| ContractError::Overflow { what })
}

/// Who may award for a reason.
fn issuer<'a>(config: &'a Config, reason: &Reason) -> &'a Addr {
    match reason {
        Reason::ExpertAccepted { .. } | Reason::Attestation {} => &config.tasks,
        Reason::GoldDataset {} => &config.datasets,
    }
}

/// Micro-credits of a reason. A gain that is no improvement earns nothing.
fn worth(reason: &Reason) -> Uint128 {
    let positive = |value: i64| u64::try_from(value).unwrap_or_default();
    credit::award(match reason {
        Reason::ExpertAccepted { gain, mean_gain } => {
            credit::Award::Expert { gain: positive(*gain), mean_gain: positive(*mean_gain) }
        }
        Reason::GoldDataset {} => credit::Award::GoldDataset,
        Reason::Attestation {} => credit::Award::Attestation,
    })
}

pub(crate) fn award(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    awards: Vec<Award>,
) -> Result<Response, ContractError> {
    nonpayable(&info)?;
    let config = CONFIG.load(deps.storage)?;
    // Before anything else, so that an empty list tells a stranger the same.
    ensure_one_of(&info.sender, &[&config.tasks, &config.datasets])?;
    if config.paused {
        return Err(ContractError::Paused);
    }
    if awards.len() > MAX_AWARDS {
        return Err(ContractError::TooMany { found: awards.len(), max: MAX_AWARDS });
    }
    let mut total = TOTAL.load(deps.storage)?;
    let mut response = Response::new();
    for Award { account, reason, subject } in awards {
        ensure_sender(&info.sender, issuer(&config, &reason))?;
        let account = deps.api.addr_validate(&account)?;
        let credits = worth(&reason);
        // An award of nothing leaves no entry, and must not stop the settlement that brings it.
        if credits.is_zero() {
            continue;
        }
        total = add(total, credits, "the total")?;
        let mut held = ACCOUNTS.may_load(deps.storage, &account)?.unwrap_or_default();
        // A balance is at most the total, and awards are fewer than micro-credits.
        held.credits += credits;
        held.awards += 1;
        ACCOUNTS.save(deps.storage, &account, &held)?;
        let earned = Earned { reason, subject, credits, at: env.block.time };
        HISTORY.save(deps.storage, (&account, held.awards), &earned)?;
        response = response.add_event(Event::Awarded { account, credits, reason, subject });
    }
    TOTAL.save(deps.storage, &total)?;
    Ok(response)
}
