//! A contract's answer for people: amounts in both units. What programs read stays as the contract gave it.

use serde_json::Value;

use super::both;
use super::schema::{is_ulyc, response};

/// How deep an answer is looked into; its schema may refer to itself.
const DEEP: usize = 16;

/// An answer with its amounts of ulyc shown in LYC as well.
pub fn for_people(contract: &str, query: &str, mut answer: Value) -> Value {
    if let Some(schema) = response(contract, query) {
        let definitions = &schema["definitions"];
        walk(&mut answer, schema, definitions, DEEP);
    }
    answer
}

fn walk(value: &mut Value, schema: &Value, definitions: &Value, deep: usize) {
    let Some(deeper) = deep.checked_sub(1) else { return };
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        walk(value, &definitions[name], definitions, deeper);
    }
    for alternatives in ["allOf", "anyOf", "oneOf"] {
        for one in schema[alternatives].as_array().into_iter().flatten() {
            walk(value, one, definitions, deeper);
        }
    }
    match value {
        Value::Object(fields) => {
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                let Some(field) = fields.get_mut(name) else { continue };
                match field.as_str().and_then(|text| text.parse::<u128>().ok()) {
                    Some(ulyc) if is_ulyc(of["description"].as_str().unwrap_or_default()) => {
                        *field = both(ulyc).into();
                    }
                    _ => walk(field, of, definitions, deeper),
                }
            }
        }
        Value::Array(all) => {
            let items = &schema["items"];
            for (i, one) in all.iter_mut().enumerate() {
                walk(one, items.get(i).filter(|_| items.is_array()).unwrap_or(items), definitions, deeper);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::{Kind, contracts};
    use super::*;

    #[test]
    fn amounts_are_shown_in_both_units_and_nothing_else_is_changed() {
        let node = json!({ "stake": "1500000", "matured": "7", "reputation": 5, "unknown": "12" });
        let shown = for_people("nodes", "node", node);
        assert_eq!(shown["stake"], "1.5 LYC (1500000 ulyc)");
        assert_eq!(shown["matured"], "0.000007 LYC (7 ulyc)");
        assert_eq!((&shown["reputation"], &shown["unknown"]), (&json!(5), &json!("12")));
        let page = for_people("nodes", "nodes", json!({ "nodes": [{ "own": "1000000" }] }));
        assert!(page.to_string().contains("1 LYC (1000000 ulyc)"), "{page}");
        assert_eq!(for_people("credits", "balance", json!({ "credits": "5" })), json!({ "credits": "5" }));
        assert_eq!(for_people("bridge", "x", json!({ "a": "5" })), json!({ "a": "5" }));
    }

    #[test]
    fn every_large_number_in_an_answer_is_known_to_be_an_amount_of_ulyc_or_none() {
        let mut none = std::collections::BTreeSet::new();
        for contract in contracts() {
            for query in contract.variants(Kind::Query) {
                let schema = response(contract.name, &query.name).unwrap();
                others(schema, &mut |field| {
                    none.insert(format!("{}.{field}", contract.name));
                });
            }
        }
        let known = ["charter.max", "charter.min", "credits.credits", "rewards.weight"];
        assert_eq!(none.into_iter().collect::<Vec<_>>(), known, "a new one says ulyc, or stands here");
    }

    /// The fields whose type is that of amounts and whose words do not say so.
    fn others(schema: &Value, found: &mut dyn FnMut(&str)) {
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            let is_large = |s: &Value| s["$ref"].as_str().is_some_and(|r| r.ends_with("/Uint128"));
            let parts = ["allOf", "anyOf"].iter().flat_map(|k| of[k].as_array().into_iter().flatten());
            if (is_large(of) || parts.into_iter().any(is_large))
                && !is_ulyc(of["description"].as_str().unwrap_or_default())
            {
                found(name);
            }
        }
        match schema {
            Value::Object(all) => all.values().for_each(|v| others(v, found)),
            Value::Array(all) => all.iter().for_each(|v| others(v, found)),
            _ => {}
        }
    }
}
