//! Whether the contracts of a deployment file are those that it says: each by the name that it keeps of itself (cw2), and
//! by the neighbours that it was set up with. A file in which two addresses are exchanged, or one is of another network,
//! passes every other check, and sends money to the wrong contract.

use cosmos_sdk_proto::cosmwasm::wasm::v1::{QueryRawContractStateRequest, QueryRawContractStateResponse};
use cosmwasm_std::Addr;
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::outside::one_line;
use crate::{Addresses, ChainError, Deployment, Result};

/// Where a contract keeps its name, by the convention cw2.
const CONTRACT_INFO: &[u8] = b"contract_info";

/// What a contract says of itself.
#[derive(Debug, Clone, Default)]
struct Found {
    /// The name that it keeps; none if it keeps none.
    kind: Option<String>,
    /// What it answers about how it was set up.
    config: Value,
}

#[derive(Deserialize)]
struct Cw2 {
    contract: String,
}

/// What a contract is asked about how it was set up.
fn question(name: &str) -> Value {
    match name {
        "charter" => json!({ "charter": {} }),
        _ => json!({ "config": {} }),
    }
}

/// Holds what one contract says against the file.
fn verify(at: &Addresses, name: &'static str, address: &str, found: &Found) -> Result<()> {
    let other = |reason: String| Err(ChainError::OtherContract { name, address: address.to_owned(), reason });
    match &found.kind {
        // The crates of the contracts are named in two ways.
        Some(kind) if [format!("lyceum/{name}"), format!("lyceum-{name}")].contains(kind) => {}
        Some(kind) => return other(format!("but the contract there is {:.80}", one_line(kind))),
        None => return other("but the contract there does not say which it is (cw2)".to_owned()),
    }
    // The charter names all, the others the charter and those that they work with.
    let neighbours = if name == "charter" { &found.config["contracts"] } else { &found.config };
    for (neighbour, expected) in at.named().into_iter().filter(|(neighbour, _)| *neighbour != name) {
        match neighbours[neighbour].as_str() {
            Some(known) if known != expected => {
                let known = one_line(known);
                return other(format!(
                    "but that contract works with {neighbour} at {known:.100}, and the file has {expected}"
                ));
            }
            // Not every contract knows every other. The charter does, and all know the charter.
            None if name == "charter" || neighbour == "charter" => {
                return other(format!("but that contract does not say where {neighbour} is"));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Client {
    /// Asks every contract of a deployment who it is and whom it works with. The error comes with the contract's name.
    pub async fn check_contracts(
        &self,
        deployment: &Deployment,
    ) -> std::result::Result<(), (&'static str, ChainError)> {
        let at = &deployment.contracts;
        let all = at.named().map(|(name, address)| self.check_contract(at, name, address));
        try_join_all(all).await.map(drop)
    }

    async fn check_contract(
        &self,
        at: &Addresses,
        name: &'static str,
        address: &str,
    ) -> std::result::Result<(), (&'static str, ChainError)> {
        let found = self.self_description(name, address).await;
        found.and_then(|found| verify(at, name, address, &found)).map_err(|error| (name, error))
    }

    async fn self_description(&self, name: &str, address: &str) -> Result<Found> {
        let config = self.smart(&Addr::unchecked(address), &question(name), None).await;
        let request =
            QueryRawContractStateRequest { address: address.to_owned(), query_data: CONTRACT_INFO.to_vec() };
        let path = "/cosmwasm.wasm.v1.Query/RawContractState";
        let raw: QueryRawContractStateResponse = match &config {
            Err(error @ ChainError::UnknownContract { .. }) => return Err(error.clone()),
            _ => self.abci(path, &request, None).await?,
        };
        let kind = serde_json::from_slice::<Cw2>(&raw.data).ok().map(|info| info.contract);
        match config {
            Ok(config) => Ok(Found { kind, config }),
            // Another contract does not know the question; that it is another is what there is to say.
            Err(ChainError::Query { .. }) if kind.is_some() => Ok(Found { kind, config: Value::Null }),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::CONTRACTS;

    fn addresses(network: &str) -> BTreeMap<&'static str, String> {
        CONTRACTS.iter().map(|name| (*name, format!("wasm1{network}{name}"))).collect()
    }

    fn file(at: &BTreeMap<&'static str, String>) -> Addresses {
        serde_json::from_value(json!(at)).unwrap()
    }

    /// What the contracts of a network say, by their addresses.
    fn chain(network: &str) -> BTreeMap<String, Found> {
        let at = addresses(network);
        let says = |name: &'static str| {
            let knows: &[&str] = match name {
                "nodes" => &["charter", "tasks", "datasets", "rewards"],
                "experts" => &["charter", "tasks"],
                "rewards" => &["charter", "tasks", "datasets", "nodes"],
                _ => &["charter"],
            };
            let neighbours: BTreeMap<_, _> = knows.iter().map(|known| (*known, at[known].clone())).collect();
            let config = match name {
                "charter" => json!({ "authority": "x", "contracts": at }),
                _ => json!(neighbours),
            };
            let kind = match name {
                "charter" | "nodes" | "tasks" => format!("lyceum/{name}"),
                _ => format!("lyceum-{name}"),
            };
            (at[name].clone(), Found { kind: Some(kind), config })
        };
        CONTRACTS.into_iter().map(says).collect()
    }

    fn check(at: &Addresses, chain: &BTreeMap<String, Found>) -> Result<()> {
        at.named().into_iter().try_for_each(|(name, address)| verify(at, name, address, &chain[address]))
    }

    #[test]
    fn a_right_file_passes_and_every_exchange_of_two_addresses_is_refused() {
        let chain = chain("a");
        check(&file(&addresses("a")), &chain).unwrap();
        for (i, one) in CONTRACTS.iter().enumerate() {
            for other in &CONTRACTS[i + 1..] {
                let mut at = addresses("a");
                let (first, second) = (at[one].clone(), at[other].clone());
                at.insert(one, second);
                at.insert(other, first);
                let error = check(&file(&at), &chain).unwrap_err();
                assert_eq!(error.code(), "chain.other_contract", "{one} and {other}");
                assert!(error.to_string().contains("exchanged"), "{error}");
            }
        }
    }

    #[test]
    fn a_contract_of_another_network_is_refused_though_it_is_of_the_right_kind() {
        let mut both = chain("a");
        both.extend(chain("b"));
        for name in CONTRACTS {
            let mut at = addresses("a");
            at.insert(name, addresses("b")[name].clone());
            let error = check(&file(&at), &both).unwrap_err();
            assert_eq!(error.code(), "chain.other_contract", "{name}");
        }
    }

    #[test]
    fn a_contract_that_does_not_say_what_it_is_or_names_no_charter_is_refused() {
        let at = file(&addresses("a"));
        type Change = fn(&mut Found);
        let changes: [(&str, Change); 3] = [
            ("does not say which it is", |found| found.kind = None),
            ("is crates.io:cw20", |found| found.kind = Some("crates.io:cw20".to_owned())),
            ("does not say where charter is", |found| found.config = Value::Null),
        ];
        for (said, change) in changes {
            let mut chain = chain("a");
            change(chain.get_mut("wasm1acredits").unwrap());
            let error = check(&at, &chain).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("contracts.credits"), "{error}");
        }
    }
}
