//! Setting up, parameters, pause.
use cosmwasm_std::{DepsMut, Env, Response};
use lyceum_api::tasks::{Beacon, Event, InstantiateMsg, Params};
use lyceum_economy::params::INITIAL_THRESHOLD;

use super::ensure_range;
use crate::clock;
use crate::contract::{NAME, VERSION};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{CONFIG, Config, OPEN_BLOCK, OpenBlock, PARAMS};

/// No window is longer than a year.
const MAX_SECONDS: u64 = 366 * 86_400;

pub fn instantiate(deps: DepsMut<'_>, env: &Env, msg: InstantiateMsg) -> Result<Response, Refused> {
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    validate_params(&msg.params)?;
    validate_beacon(&msg.beacon)?;
    let address = |text: &str| deps.api.addr_validate(text);
    let config = Config {
        charter: address(&msg.charter)?,
        nodes: address(&msg.nodes)?,
        datasets: address(&msg.datasets)?,
        experts: address(&msg.experts)?,
        credits: address(&msg.credits)?,
        rewards: address(&msg.rewards)?,
        beacon: msg.beacon,
    };
    CONFIG.save(deps.storage, &config)?;
    PARAMS.save(deps.storage, &msg.params)?;
    let block = OpenBlock {
        number: 0,
        threshold: INITIAL_THRESHOLD,
        weighted_gain: 0,
        claims: 0,
        last_seal: env.block.time,
        panel: None,
        check_after: env.block.time,
    };
    OPEN_BLOCK.save(deps.storage, &block)?;
    Ok(Response::new())
}

fn validate_beacon(beacon: &Beacon) -> Result<(), Refused> {
    ensure_range("the beacon key's length", beacon.public_key.len() as u64, 96, 96)?;
    ensure_range("the beacon's period", beacon.period, 1, 86_400)?;
    // Far enough from the end of the clock that no window runs over it.
    ensure_range("the beacon's genesis", beacon.genesis, 0, 1 << 33)
}

fn validate_params(params: &Params) -> Result<(), Refused> {
    let windows = [
        ("reveal_seconds", params.reveal_seconds),
        ("draw_delay_seconds", params.draw_delay_seconds),
        ("serve_seconds", params.serve_seconds),
        ("attest_seconds", params.attest_seconds),
        ("open_seconds", params.open_seconds),
        ("answer_seconds", params.answer_seconds),
        ("dispute_seconds", params.dispute_seconds),
        ("use_epoch_seconds", params.use_epoch_seconds),
        ("learning_block_seconds", params.learning_block_seconds),
    ];
    for (what, seconds) in windows {
        ensure_range(what, seconds, 1, MAX_SECONDS)?;
    }
    // Sums of amounts below 2¹⁰⁰ stay far within 128 bits.
    let amounts = [params.claim_fee, params.opener_deposit, params.challenge_deposit];
    if amounts.iter().any(|a| a.is_zero() || a.u128() >> 100 != 0) {
        return Err(ContractError::Refused { what: "a fee or deposit", expected: "1 to 2^100 ulyc" }.into());
    }
    Ok(())
}

/// New windows hold for what begins after them; running ones keep their ends.
pub fn set_params(ctx: &mut Ctx<'_>, params: Params) -> Result<(), Refused> {
    validate_params(&params)?;
    PARAMS.save(ctx.storage(), &params)?;
    ctx.emit(Event::ParamsSet {});
    Ok(())
}

/// Windows stand still until the contract is resumed.
pub fn set_paused(ctx: &mut Ctx<'_>, paused: bool) -> Result<(), Refused> {
    let chain = ctx.clock.chain();
    clock::set_paused(ctx.storage(), paused, chain)?;
    ctx.emit(Event::Paused { paused });
    Ok(())
}
