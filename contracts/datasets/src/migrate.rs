//! Migration: only from this contract, and never to an older version.

use cosmwasm_std::{DepsMut, Response};
use lyceum_onchain::version;

use crate::contract::{NAME, VERSION};
use crate::error::ContractError;

/// Checks what is stored before the new code touches it.
pub(crate) fn migrate(deps: DepsMut<'_>) -> Result<Response, ContractError> {
    version::take_over(deps.storage, NAME, VERSION)?;
    Ok(Response::new())
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::mock_dependencies;
    use cw2::set_contract_version;

    use super::*;

    #[test]
    fn another_contract_and_a_newer_version_are_refused() {
        let mut deps = mock_dependencies();
        for (name, version, taken) in
            [(NAME, "0.0.1", true), (NAME, "99.0.0", false), ("other", "0.0.1", false)]
        {
            set_contract_version(&mut deps.storage, name, version).unwrap();
            assert_eq!(migrate(deps.as_mut()).is_ok(), taken, "{name} {version}");
        }
    }
}
