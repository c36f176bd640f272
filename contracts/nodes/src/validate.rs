//! Bounds on what comes in.
use cosmwasm_std::Uint128;
use lyceum_api::nodes::{Params, Role};

use crate::error::ContractError;

const MAX_OPERATOR: usize = 64;
const MAX_ROLES: usize = 5;
const MAX_CLASSES: usize = 8;
const MAX_CLASS: usize = 64;
const MAX_ADDRESSES: usize = 4;
const MAX_ADDRESS: usize = 128;
/// Ten years: keeps every sum of times far from overflowing.
const MAX_SECONDS: u64 = 10 * 365 * 86_400;

fn length(field: &'static str, text: &str, max: usize) -> Result<(), ContractError> {
    // The byte length bounds the count of characters before it is taken.
    let found = if text.len() > 4 * max { text.len() } else { text.chars().count() };
    if (1..=max).contains(&found) {
        Ok(())
    } else {
        Err(ContractError::TextLength { field, found, min: 1, max })
    }
}

/// A declared operator: 1 to 64 characters, nothing invisible, so that two operators look different.
pub fn operator(text: &str) -> Result<(), ContractError> {
    length("operator", text, MAX_OPERATOR)?;
    match text.chars().find(|c| c.is_control() || (c.is_whitespace() && *c != ' ')) {
        Some(found) => {
            Err(ContractError::TextContent { field: "operator", found, expected: "printable text" })
        }
        None => Ok(()),
    }
}

/// Roles: each once.
pub fn roles(roles: &[Role]) -> Result<(), ContractError> {
    if roles.len() > MAX_ROLES {
        return Err(ContractError::TooMany { what: "roles", found: roles.len(), max: MAX_ROLES });
    }
    for (i, role) in roles.iter().enumerate() {
        if roles[..i].contains(role) {
            return Err(ContractError::Duplicate { what: "roles", value: format!("{role:?}") });
        }
    }
    Ok(())
}

/// Execution classes such as `fp32` or `bf16/sm_90/2.11.0`: each once.
pub fn classes(classes: &[String]) -> Result<(), ContractError> {
    if classes.len() > MAX_CLASSES {
        return Err(ContractError::TooMany { what: "classes", found: classes.len(), max: MAX_CLASSES });
    }
    for (i, class) in classes.iter().enumerate() {
        length("class", class, MAX_CLASS)?;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-+".contains(c);
        if let Some(found) = class.chars().find(|c| !allowed(*c)) {
            return Err(ContractError::TextContent { field: "class", found, expected: "[a-z0-9/._+-]" });
        }
        if classes[..i].contains(class) {
            return Err(ContractError::Duplicate { what: "classes", value: class.clone() });
        }
    }
    Ok(())
}

/// Addresses: libp2p multiaddrs in their text form, each once. What they lead to is authenticated by the peer key,
/// so only their size and alphabet matter here.
pub fn addresses(addresses: &[String]) -> Result<(), ContractError> {
    if addresses.len() > MAX_ADDRESSES {
        return Err(ContractError::TooMany { what: "addresses", found: addresses.len(), max: MAX_ADDRESSES });
    }
    for (i, address) in addresses.iter().enumerate() {
        length("address", address, MAX_ADDRESS)?;
        let field = "address";
        let expected = "a multiaddr: it begins with / and has only printable ASCII";
        let odd = address.chars().find(|c| !c.is_ascii_graphic());
        if let Some(found) = odd.or(address.chars().next().filter(|c| *c != '/')) {
            return Err(ContractError::TextContent { field, found, expected });
        }
        if addresses[..i].contains(address) {
            return Err(ContractError::Duplicate { what: "addresses", value: address.clone() });
        }
    }
    Ok(())
}

/// Parameters: no length of zero where something is divided by it, nothing that overflows a time.
pub fn params(params: &Params) -> Result<(), ContractError> {
    let seconds = [
        ("unbonding_seconds", params.unbonding_seconds, 1),
        ("maturity_seconds", params.maturity_seconds, 0),
        ("epoch_seconds", params.epoch_seconds, 1),
        ("jail_seconds", params.jail_seconds, 0),
        ("work_epoch_seconds", params.work_epoch_seconds, 1),
        ("gpu_lapse_seconds", params.gpu_lapse_seconds, 0),
    ];
    for (name, found, min) in seconds {
        if !(min..=MAX_SECONDS).contains(&found) {
            let (found, min, max) = (found.into(), min.into(), MAX_SECONDS.into());
            return Err(ContractError::Param { name, found, min, max });
        }
    }
    let parts =
        [("max_commission", params.max_commission), ("max_commission_change", params.max_commission_change)];
    for (name, found) in parts {
        if found > 10_000 {
            let (found, min, max) = (u128::from(found).into(), Uint128::zero(), 10_000u128.into());
            return Err(ContractError::Param { name, found, min, max });
        }
    }
    if params.min_stake.is_zero() {
        let (found, min, max) = (Uint128::zero(), Uint128::one(), Uint128::MAX);
        return Err(ContractError::Param { name: "min_stake", found, min, max });
    }
    Ok(())
}
