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
    /// The schema of each answer, by the query's name.
    pub responses: Value,
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
    /// Whether other contracts alone may send it.
    pub internal: bool,
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
    pub fn variants(&self, kind: Kind) -> &[Variant] {
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

/// The schema of what a query is answered.
pub fn response(contract: &str, query: &str) -> Option<&'static Value> {
    contracts().iter().find(|c| c.name == contract)?.responses.get(query)
}

/// The schema of what a contract executes, as it is in its file.
#[cfg(test)]
pub fn execute_schema(contract: &str) -> Value {
    let (_, text) = SCHEMAS.iter().find(|(name, _)| *name == contract).unwrap();
    serde_json::from_str::<Value>(text).unwrap()["execute"].clone()
}

/// The schemas are part of the program; that each is read is proved by a test, and one that is not says nothing.
fn contract(name: &'static str, text: &str) -> Contract {
    let schema: Value = serde_json::from_str(text).unwrap_or_default();
    let (execute, query) = (variants(&schema["execute"]), variants(&schema["query"]));
    Contract { name, execute, query, responses: schema["responses"].clone() }
}

fn variants(schema: &Value) -> Vec<Variant> {
    let definitions = &schema["definitions"];
    let alternatives = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |alternative: &Value| {
        let (name, body) = alternative["properties"].as_object()?.iter().next()?;
        let about = words(alternative);
        let required = body["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fields = body["properties"].as_object().into_iter().flatten().map(|(field, schema)| {
            let about = words(schema);
            let form = meant(form(schema, definitions), field, &about);
            let required = required.iter().any(|r| r == field);
            Field { name: field.clone(), flag: flag(name, field), about, required, form }
        });
        let mut fields: Vec<Field> = fields.collect();
        // Those that must be given come first in help.
        fields.sort_by_key(|f| !f.required);
        let internal = is_internal(&about);
        Some(Variant { name: name.clone(), command: name.replace('_', "-"), about, fields, internal })
    };
    alternatives.iter().filter_map(of).collect()
}

/// Whether a message's words say that other contracts send it: `By the charter`, or `By` and a contract's name. A test
/// holds this against what the contracts let an account send.
fn is_internal(about: &str) -> bool {
    let Some(by) = about.strip_prefix("By ") else { return false };
    by.starts_with("the charter") || SCHEMAS.iter().any(|(name, _)| by.starts_with(&format!("`{name}`")))
}

/// Names of fields whose text is an account; schemas do not say so. A test holds them against every field there is.
const ACCOUNTS: &[&str] =
    &["node", "delegator", "account", "from", "to", "authority", "start_after", "exclude"];

/// The form with what name and words say beyond the schema's type.
fn meant(form: Form, field: &str, about: &str) -> Form {
    match form {
        Form::Text if ACCOUNTS.contains(&field) => Form::Account,
        Form::List(of) => Form::List(Box::new(meant(*of, field, about))),
        Form::Decimal if is_ulyc(about) => Form::Amount,
        Form::Hash if field == "gpu" => Form::Gpu,
        other => other,
    }
}

/// Whether a description is one of an amount of ulyc: every such amount says so.
pub fn is_ulyc(about: &str) -> bool {
    about.contains("ulyc") || about.starts_with("Stake ")
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
                assert_eq!(contract.variants(kind).len(), all, "{name} {key}");
                assert!(contract.variants(kind).iter().all(|v| !v.about.is_empty()), "{name} {key}");
            }
        }
    }

    #[test]
    fn every_field_of_plain_text_is_known_to_be_an_account_or_none() {
        let mut texts = std::collections::BTreeSet::new();
        for variant in contracts().iter().flat_map(|c| c.execute.iter().chain(&c.query)) {
            let plain = |form: &Form| *form == Form::Text || *form == Form::List(Box::new(Form::Text));
            texts.extend(variant.fields.iter().filter(|f| plain(&f.form)).map(|f| f.name.as_str()));
        }
        let known = ["action", "addresses", "class", "classes", "operator", "reason"];
        assert_eq!(texts.into_iter().collect::<Vec<_>>(), known, "a new one is an account, or stands here");
    }

    #[test]
    fn every_decimal_is_known_to_be_an_amount_of_ulyc_or_none() {
        let all = contracts().iter().flat_map(|c| c.execute.iter().chain(&c.query)).flat_map(|v| &v.fields);
        let none: Vec<&str> = all.filter(|f| f.form == Form::Decimal).map(|f| f.name.as_str()).collect();
        assert_eq!(none, [] as [&str; 0], "a new one names its unit");
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
