//! The contracts' schemas, taken apart once.

use std::sync::OnceLock;

use serde_json::Value;

use super::form::{Form, form};

/// A message to execute, or a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Executed, in a transaction.
    Execute,
    /// Answered.
    Query,
}

/// A contract and what may be said to it.
#[derive(Debug)]
pub struct Contract {
    /// Its name, as in deployment files.
    pub name: &'static str,
    /// What it executes.
    pub execute: Vec<Variant>,
    /// What it answers.
    pub query: Vec<Variant>,
}

/// One message.
#[derive(Debug)]
pub struct Variant {
    /// Its name, as in JSON.
    pub name: String,
    /// Its name as a command.
    pub command: String,
    /// What it does.
    pub about: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its name, as in JSON.
    pub name: String,
    /// Its flag.
    pub flag: String,
    /// What it is.
    pub about: String,
    /// Whether it must be given.
    pub required: bool,
    /// What a value looks like.
    pub form: Form,
}

impl Contract {
    /// The messages of a kind.
    pub fn said(&self, kind: Kind) -> &[Variant] {
        match kind {
            Kind::Execute => &self.execute,
            Kind::Query => &self.query,
        }
    }
}

/// Flags that every message has; a field of the same name gets its message's name in front of its own.
pub const RESERVED: &[&str] = &[
    "json",
    "help",
    "version",
    "home",
    "rpc",
    "deployment",
    "from",
    "funds",
    "dry-run",
    "yes",
    "at-height",
    "passphrase-file",
    "passphrase-fd",
    "gas-price",
    "gas-adjustment",
    "gas-ceiling",
    "fee-granter",
];

macro_rules! spoken {
    ($($name:ident),*) => {
        const SCHEMAS: &[(&str, &str)] = &[
            $((stringify!($name), include_str!(concat!("../../../../schema/", stringify!($name), ".json")))),*
        ];

        /// Reads a message as the contract's own type; what it would not understand is refused with the reason.
        pub fn check(contract: &str, kind: Kind, message: &Value) -> Result<(), String> {
            use serde::Deserialize;
            let result = match (contract, kind) {
                $(
                    (stringify!($name), Kind::Execute) => {
                        lyceum_api::$name::ExecuteMsg::deserialize(message).map(drop)
                    }
                    (stringify!($name), Kind::Query) => {
                        lyceum_api::$name::QueryMsg::deserialize(message).map(drop)
                    }
                )*
                _ => return Err(format!("there is no contract {contract}")),
            };
            result.map_err(|e| e.to_string())
        }
    };
}

spoken!(charter, nodes, datasets, experts, tasks, credits, rewards);

/// All contracts.
pub fn contracts() -> &'static [Contract] {
    static CONTRACTS: OnceLock<Vec<Contract>> = OnceLock::new();
    CONTRACTS.get_or_init(|| SCHEMAS.iter().map(|(name, text)| contract(name, text)).collect())
}

/// The schemas are part of the program; that each is read is proved by a test, and one that is not says nothing.
fn contract(name: &'static str, text: &str) -> Contract {
    let schema: Value = serde_json::from_str(text).unwrap_or_default();
    Contract { name, execute: variants(&schema["execute"]), query: variants(&schema["query"]) }
}

fn variants(schema: &Value) -> Vec<Variant> {
    let definitions = &schema["definitions"];
    let alternatives = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |alternative: &Value| {
        let (name, body) = alternative["properties"].as_object()?.iter().next()?;
        let about = words(alternative);
        let required = body["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fields = body["properties"].as_object().into_iter().flatten().map(|(field, schema)| Field {
            name: field.clone(),
            flag: flag(name, field),
            about: words(schema),
            required: required.iter().any(|r| r == field),
            form: form(schema, definitions),
        });
        let mut fields: Vec<Field> = fields.collect();
        // Those that must be given come first in help.
        fields.sort_by_key(|f| !f.required);
        Some(Variant { name: name.clone(), command: name.replace('_', "-"), about, fields })
    };
    alternatives.iter().filter_map(of).collect()
}

fn flag(variant: &str, field: &str) -> String {
    let name = field.replace('_', "-");
    match RESERVED.contains(&name.as_str()) {
        true => format!("{}-{name}", variant.replace('_', "-")),
        false => name,
    }
}

fn words(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    // Links of rustdoc mean nothing at a terminal.
    text.replace("[`", "`").replace("`]", "`").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_and_query_of_every_contract_is_there() {
        for (contract, (name, text)) in contracts().iter().zip(SCHEMAS) {
            let schema: Value = serde_json::from_str(text).unwrap();
            for (kind, key) in [(Kind::Execute, "execute"), (Kind::Query, "query")] {
                let all = schema[key]["oneOf"].as_array().unwrap().len();
                assert_eq!(contract.said(kind).len(), all, "{name} {key}");
                assert!(contract.said(kind).iter().all(|v| !v.about.is_empty()), "{name} {key}");
            }
        }
    }

    #[test]
    fn few_fields_share_a_name_with_a_common_flag() {
        let renamed: Vec<String> = contracts()
            .iter()
            .flat_map(|c| {
                c.execute.iter().chain(&c.query).flat_map(move |v| v.fields.iter().map(move |f| (c, f)))
            })
            .filter(|(_, f)| f.flag != f.name.replace('_', "-"))
            .map(|(c, f)| format!("{} --{}", c.name, f.flag))
            .collect();
        assert_eq!(renamed, ["nodes --redelegate-from", "datasets --vote-yes", "tasks --open-span-from"]);
    }
}
