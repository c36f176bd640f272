//! Voting power, as `nodes` pushes it.

use cosmwasm_std::{DepsMut, Env, Response};
use lyceum_api::datasets::Event;

use crate::error::ContractError;
use crate::state::{POWER, TOTAL_POWER};

/// Open while paused: unbonding and slashes stay open too, and they lower power.
pub(crate) fn set_power(
    deps: DepsMut<'_>,
    env: Env,
    node: &str,
    power: u64,
) -> Result<Response, ContractError> {
    let node = deps.api.addr_validate(node)?;
    let height = env.block.height;
    let before = POWER.may_load(deps.storage, &node)?.unwrap_or_default();
    let total = TOTAL_POWER.may_load(deps.storage)?.unwrap_or_default();
    // The total holds what the node had.
    let others = total.saturating_sub(before);
    let total =
        others.checked_add(power).ok_or(ContractError::Overflow { what: "the power of all nodes" })?;
    POWER.save(deps.storage, &node, &power, height)?;
    TOTAL_POWER.save(deps.storage, &total, height)?;
    Ok(Response::new().add_event(Event::PowerSet { node, power }))
}
