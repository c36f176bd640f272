//! Proves that the messages that are not offered are those that the contracts take from one another alone: each message
//! is sent to the real contracts by an account that is nobody.

use std::collections::BTreeSet;

use cosmwasm_std::Addr;
use lyceum_chain::embedded::lyceum_testing::Network;
use serde_json::{Map, Value, json};

use super::schema::{Kind, check, contracts, execute_schema};

/// The least value that a schema allows, with one element in each list.
fn least(schema: &Value, definitions: &Value, account: &Addr) -> Value {
    let again = |schema: &Value| least(schema, definitions, account);
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return match name {
            "Uint128" | "Uint64" | "Timestamp" => json!("1"),
            "Binary" => json!("AA=="),
            "Hash32" => json!("00".repeat(32)),
            name => again(&definitions[name]),
        };
    }
    for alternatives in ["allOf", "anyOf", "oneOf"] {
        if let Some(first) = schema[alternatives].as_array().and_then(|all| all.first()) {
            return again(first);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match kind {
        "object" => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Value::Object(
                required.map(|r| (r.to_owned(), again(&schema["properties"][r]))).collect::<Map<_, _>>(),
            )
        }
        "array" => match schema["items"].as_array() {
            Some(each) => each.iter().map(again).collect(),
            None => {
                let count = schema["minItems"].as_u64().unwrap_or(1).max(1);
                (0..count).map(|_| again(&schema["items"])).collect()
            }
        },
        "string" => json!(account),
        "boolean" => json!(true),
        "integer" => json!(1),
        other => panic!("no value of {other}: {schema}"),
    }
}

/// Who may send a message, if the refusal of nobody's says that it is contracts alone.
fn expected(words: &str, at: &[&Addr]) -> bool {
    let Some((_, senders)) = words.split_once(", expected ") else { return false };
    let refused = words.contains("may not send this message") || words.contains("may not report");
    refused && senders.split(" or ").all(|sender| at.iter().any(|a| a.as_str() == sender))
}

#[test]
fn what_is_not_offered_is_what_the_contracts_take_from_one_another_alone() {
    let mut network = Network::new().unwrap();
    let at = network.at.clone();
    let all = [&at.charter, &at.nodes, &at.datasets, &at.experts, &at.tasks, &at.credits, &at.rewards];
    let nobody = network.account("nobody");
    let (mut refused, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for contract in contracts() {
        let address = match contract.name {
            "charter" => &at.charter,
            "nodes" => &at.nodes,
            "datasets" => &at.datasets,
            "experts" => &at.experts,
            "tasks" => &at.tasks,
            "credits" => &at.credits,
            "rewards" => &at.rewards,
            other => panic!("{other} is new"),
        };
        let schema = execute_schema(contract.name);
        for alternative in schema["oneOf"].as_array().unwrap() {
            let message = least(alternative, &schema["definitions"], &nobody);
            check(contract.name, Kind::Execute, &message).unwrap();
            let name = message.as_object().unwrap().keys().next().unwrap();
            let full = format!("{} {name}", contract.name);
            if contract.execute.iter().any(|v| v.name == *name && v.internal) {
                hidden.insert(full.clone());
            }
            let said = network.execute(&nobody, address, &message, 0).map(drop).map_err(|e| format!("{e:#}"));
            if said.is_err_and(|words| expected(&words, &all)) {
                refused.insert(full);
            }
        }
    }
    assert_eq!(hidden, refused);
    assert!(hidden.contains("rewards deposit") && hidden.len() > 15, "{hidden:?}");
}
