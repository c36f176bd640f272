//! Which contract and version a state is of, as cw2 keeps it, and which may take it over.
use cosmwasm_std::{StdError, StdResult, Storage};
use cw2::{get_contract_version, set_contract_version};

/// The three numbers of a version. cw2's own check reads them with a crate of a tenth of a contract's size.
fn numbers(version: &str) -> StdResult<[u64; 3]> {
    let refused = || StdError::msg(["cw2: not a version of three numbers: ", version].concat());
    let mut parts = version.split('.');
    let mut found = [0; 3];
    for number in &mut found {
        let part = parts.next().ok_or_else(refused)?;
        *number = part.parse().map_err(|_| refused())?;
    }
    if parts.next().is_some() { Err(refused()) } else { Ok(found) }
}

/// Checks that a state is this contract's and not of a newer version, and makes it this version's.
pub fn take_over(storage: &mut dyn Storage, name: &str, version: &str) -> StdResult<()> {
    let stored = get_contract_version(storage)?;
    if stored.contract != name {
        let text = ["Cannot migrate from ", &stored.contract, " to ", name].concat();
        return Err(StdError::msg(text));
    }
    if numbers(&stored.version)? > numbers(version)? {
        let text =
            ["Cannot migrate from newer version (", &stored.version, ") to older (", version, ")"].concat();
        return Err(StdError::msg(text));
    }
    set_contract_version(storage, name, version)
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockStorage;

    use super::*;

    #[test]
    fn only_the_same_contract_of_the_same_or_an_older_version_is_taken_over() {
        let from = |name: &str, version: &str| {
            let mut storage = MockStorage::new();
            set_contract_version(&mut storage, name, version).unwrap();
            take_over(&mut storage, "demo", "0.10.2")
                .map(|()| get_contract_version(&storage).unwrap().version)
        };
        for older in ["0.10.2", "0.10.1", "0.9.9", "0.0.0"] {
            assert_eq!(from("demo", older).unwrap(), "0.10.2");
        }
        for refused in ["0.10.3", "0.11.0", "1.0.0", "0.10", "0.10.2.0", "0.10.x", "", "-1.0.0"] {
            assert!(from("demo", refused).is_err(), "{refused}");
        }
        let refused = |name, version| from(name, version).unwrap_err().to_string();
        assert!(refused("other", "0.10.2").ends_with("Cannot migrate from other to demo"));
        assert!(
            refused("demo", "1.0.0").ends_with("Cannot migrate from newer version (1.0.0) to older (0.10.2)")
        );
        assert!(take_over(&mut MockStorage::new(), "demo", "0.10.2").is_err(), "no state at all");
    }
}
