//! [`ContractMessage`]: what somebody says to a contract, in the operator's words, and the message that comes of it.

use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::nodes::gpu_id;
use serde_json::Value;

use super::form::Form;
use super::schema::{Field, Kind, check, contracts};
use crate::failure::BadInput;

/// What is said to a contract. Accounts may be keys' names and GPUs may be UUIDs until [`ContractMessage::message`].
#[derive(Debug)]
pub struct ContractMessage {
    /// The contract's name.
    pub contract: String,
    kind: Kind,
    value: Value,
}

/// What the operator's words stand for on a network.
pub struct Names<'a> {
    /// The account of a text; the first argument says in errors where it stood.
    pub account: &'a dyn Fn(&str, &str) -> anyhow::Result<Addr>,
    /// The network's salt of GPUs' ids, if a UUID is among what was said.
    pub gpu_salt: Option<Hash32>,
}

impl ContractMessage {
    /// Something that was said.
    pub fn new(contract: String, kind: Kind, value: Value) -> Self {
        Self { contract, kind, value }
    }

    /// The message's name; nothing if the contract knows none of it.
    pub fn name(&self) -> Option<&str> {
        self.value.as_object()?.keys().next().map(String::as_str)
    }

    /// What was said, in the operator's words.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether a UUID stands for a GPU's id, which is then a hash of the network's own.
    pub fn has_uuid(&self) -> bool {
        let uuid = |field: &&Field| {
            let said = &self.value[self.name().unwrap_or_default()][&field.name];
            field.form == Form::Gpu && said.as_str().is_some_and(is_uuid)
        };
        self.fields().iter().any(|field| uuid(&field))
    }

    fn fields(&self) -> &'static [Field] {
        let contract = contracts().iter().find(|c| c.name == self.contract);
        let variant = contract
            .and_then(|c| c.variants(self.kind).iter().find(|v| Some(v.name.as_str()) == self.name()));
        variant.map(|v| v.fields.as_slice()).unwrap_or_default()
    }

    /// The message as the contract's own type reads it.
    pub fn message(mut self, names: &Names<'_>) -> anyhow::Result<Value> {
        let fields = self.fields();
        let name = self.name().unwrap_or_default().to_owned();
        for field in fields {
            let Some(said) = self.value.get_mut(&name).and_then(|body| body.get_mut(&field.name)) else {
                continue;
            };
            replace(said, &field.form, &format!("--{}", field.flag), names)?;
        }
        if contracts().iter().any(|c| c.name == self.contract) {
            check(&self.contract, self.kind, &self.value).map_err(|e| {
                BadInput(format!("{} would not understand {}: {e}", self.contract, self.value))
            })?;
        }
        Ok(self.value)
    }
}

fn is_uuid(text: &str) -> bool {
    Form::Gpu.read(text).is_ok() && Form::Hash.read(text).is_err()
}

fn replace(said: &mut Value, form: &Form, flag: &str, names: &Names<'_>) -> anyhow::Result<()> {
    match (form, said) {
        (Form::Account, Value::String(text)) => *text = (names.account)(flag, text)?.into_string(),
        (Form::Gpu, Value::String(text)) if is_uuid(text) => {
            // As its driver writes it.
            if let (Some(salt), Ok(Value::String(uuid))) = (&names.gpu_salt, Form::Gpu.read(text)) {
                *text = gpu_id(salt, &uuid).to_string();
            }
        }
        (Form::List(of), Value::Array(all)) => {
            for one in all {
                replace(one, of, flag, names)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(contract: &str, kind: Kind, value: Value) -> anyhow::Result<Value> {
        let account = |field: &str, text: &str| match text {
            "alice" => Ok(Addr::unchecked("wasm1alice")),
            other => Err(anyhow::anyhow!("{field} {other}")),
        };
        let names = Names { account: &account, gpu_salt: Some(Hash32([7; 32])) };
        ContractMessage::new(contract.to_owned(), kind, value).message(&names)
    }

    #[test]
    fn keys_names_stand_for_accounts_wherever_one_is_expected() {
        let delegate = json!({ "redelegate": { "from": "alice", "to": "alice", "amount": "5" } });
        let expected = json!({ "redelegate": { "from": "wasm1alice", "to": "wasm1alice", "amount": "5" } });
        assert_eq!(message("nodes", Kind::Execute, delegate).unwrap(), expected);
        let seed = "ab".repeat(32);
        let committee = |who: &str| json!({ "committee": { "class": "alice", "epoch": 1, "exclude": [who], "seats": 1, "seed": seed } });
        assert_eq!(message("nodes", Kind::Query, committee("alice")).unwrap(), committee("wasm1alice"));
        let unknown = json!({ "node": { "node": "bob" } });
        assert_eq!(message("nodes", Kind::Query, unknown).unwrap_err().to_string(), "--node bob");
    }

    #[test]
    fn a_gpus_uuid_stands_for_its_hash_under_the_networks_salt() {
        let uuid = "GPU-5f3c2a10-9d0e-4b7c-8a56-0123456789ab";
        let bind = |gpu: &str| json!({ "bind_gpu": { "gpu": gpu } });
        let hash = gpu_id(&Hash32([7; 32]), uuid).to_string();
        assert_eq!(message("nodes", Kind::Execute, bind(uuid)).unwrap(), bind(&hash));
        assert_eq!(message("nodes", Kind::Execute, bind(&hash)).unwrap(), bind(&hash));
        let said = |gpu: &str| ContractMessage::new("nodes".to_owned(), Kind::Execute, bind(gpu)).has_uuid();
        assert!(said(uuid) && !said(&hash));
    }

    #[test]
    fn what_the_contract_would_not_understand_is_refused_with_the_reason() {
        let words = message("nodes", Kind::Execute, json!({ "bonk": {} })).unwrap_err().to_string();
        assert!(words.contains("bonk") && words.contains("bond"), "{words}");
        for odd in [json!(null), json!("bond"), json!([]), json!({ "bond": 7 }), json!({})] {
            assert!(message("nodes", Kind::Execute, odd).is_err());
        }
    }
}
