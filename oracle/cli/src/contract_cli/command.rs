//! Commands and flags for every message, and a message from what was given.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Id};
use serde_json::{Map, Value};

use super::contract_message::ContractMessage;
use super::form::{Form, json};
use super::schema::{Contract, Field, Kind, Variant, contracts};
use crate::failure::BadInput;

/// Flags that all messages of a kind have.
pub trait Common: clap::Args {
    /// Which messages.
    const KIND: Kind;
    /// What `raw` does, in a line.
    const RAW: &'static str;
}

/// The arguments of a command that speaks to contracts: which contract, which message, its fields, and flags `C`.
#[derive(Debug)]
pub struct ContractArgs<C> {
    matches: ArgMatches,
    flags: PhantomData<C>,
}

impl<C: Common> ContractArgs<C> {
    /// What is said to which contract, and the flags that go with it.
    pub fn read(&self) -> anyhow::Result<(ContractMessage, C)> {
        let missing = || BadInput("name a contract and a message; --help lists them".to_owned());
        let (name, matches) = self.matches.subcommand().ok_or_else(missing)?;
        let (name, value, matches) = if name == "raw" {
            let get = |id| matches.get_one::<String>(id).cloned().ok_or_else(missing);
            (get("contract")?, json(&get("message")?).map_err(BadInput)?, matches)
        } else {
            let (said, matches) = matches.subcommand().ok_or_else(missing)?;
            let contract = contracts().iter().find(|c| c.name == name).ok_or_else(missing)?;
            (name.to_owned(), message(contract, C::KIND, said, matches).ok_or_else(missing)?, matches)
        };
        Ok((ContractMessage::new(name, C::KIND, value), C::from_arg_matches(matches)?))
    }

    fn build(command: Command) -> Command {
        let raw = C::augment_args(Command::new("raw"))
            .about(C::RAW)
            .next_help_heading(clap::builder::Resettable::Reset)
            .arg(Arg::new("contract").required(true).help("The contract's name"))
            .arg(Arg::new("message").required(true).help("The message as JSON, or @FILE"));
        subcommands(command, C::KIND, C::augment_args).subcommand(raw)
    }
}

impl<C: Common> clap::Args for ContractArgs<C> {
    fn augment_args(command: Command) -> Command {
        // The schemas are only taken apart by commands that need them.
        command.subcommand_required(true).arg_required_else_help(true).defer(Self::build)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }

    fn group_id() -> Option<Id> {
        None
    }
}

impl<C> FromArgMatches for ContractArgs<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { matches: matches.clone(), flags: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.matches = matches.clone();
        Ok(())
    }
}

/// A contract's messages of a kind as commands; `common` adds the flags that all of them have.
fn subcommands(parent: Command, kind: Kind, common: fn(Command) -> Command) -> Command {
    contracts().iter().fold(parent, |parent, contract| {
        let about = match kind {
            Kind::Execute => format!("Messages of {}", contract.name),
            Kind::Query => format!("Queries of {}", contract.name),
        };
        let base =
            Command::new(contract.name).about(about).subcommand_required(true).arg_required_else_help(true);
        // What an account may not send is not offered to it; `raw` still takes it.
        let offered: Vec<_> = contract.variants(kind).iter().filter(|v| !v.internal).collect();
        if offered.is_empty() {
            return parent;
        }
        parent.subcommand(offered.into_iter().fold(base, |c, v| c.subcommand(command(v, common))))
    })
}

fn command(variant: &'static Variant, common: fn(Command) -> Command) -> Command {
    // The common flags first: they bring words and headings of their own.
    let base = common(Command::new(variant.command.as_str()))
        .about(variant.about.as_str())
        .long_about(None)
        .next_help_heading(clap::builder::Resettable::Reset);
    variant.fields.iter().fold(base, |command, field| command.arg(arg(field)))
}

fn arg(field: &'static Field) -> Arg {
    let form = field.form.clone();
    let hint = form.hint();
    let help = match (field.about.is_empty(), hint.is_empty()) {
        (_, true) => field.about.clone(),
        (true, false) => hint,
        (false, false) => format!("{} ({hint})", field.about.trim_end_matches('.')),
    };
    let action = if matches!(form, Form::List(_)) { ArgAction::Append } else { ArgAction::Set };
    Arg::new(field.flag.as_str())
        .long(field.flag.as_str())
        .value_name(form.placeholder())
        .help(help)
        .required(field.required)
        .action(action)
        .allow_hyphen_values(matches!(form, Form::Integer(least, _) if least < 0))
        .value_parser(move |text: &str| form.read(text))
}

/// The message that a command's flags make.
fn message(contract: &Contract, kind: Kind, name: &str, matches: &ArgMatches) -> Option<Value> {
    let variant = contract.variants(kind).iter().find(|v| v.command == name)?;
    let mut body = Map::new();
    for field in &variant.fields {
        let Some(mut values) = matches.get_many::<Value>(&field.flag) else { continue };
        let value = match field.form {
            Form::List(_) => Value::Array(values.filter_map(Value::as_array).flatten().cloned().collect()),
            // Given once.
            _ => values.next_back().cloned().unwrap_or_default(),
        };
        body.insert(field.name.clone(), value);
    }
    Some(Value::Object(Map::from_iter([(variant.name.clone(), Value::Object(body))])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::check;
    use super::*;

    fn whole() -> Command {
        subcommands(Command::new("tx"), Kind::Execute, |c| c)
    }

    fn said(kind: Kind, args: &[&str]) -> Result<Value, String> {
        let parent = subcommands(Command::new("x"), kind, |c| c);
        let matches = parent.try_get_matches_from([&["x"], args].concat()).map_err(|e| e.to_string())?;
        let (contract, matches) = matches.subcommand().unwrap();
        let (name, matches) = matches.subcommand().unwrap();
        let contract = contracts().iter().find(|c| c.name == contract).unwrap();
        let value = message(contract, kind, name, matches).unwrap();
        check(contract.name, kind, &value)?;
        Ok(value)
    }

    #[test]
    fn clap_finds_nothing_wrong_with_the_commands() {
        whole().debug_assert();
        subcommands(Command::new("query"), Kind::Query, |c| c).debug_assert();
    }

    #[test]
    fn flags_make_the_message_that_the_contract_reads() {
        let vote =
            said(Kind::Execute, &["datasets", "vote", "--dataset", "3", "--vote-yes", "true"]).unwrap();
        assert_eq!(vote, json!({ "vote": { "dataset": 3, "yes": true } }));
        let unbond = said(Kind::Execute, &["nodes", "unbond", "--amount", "5"]).unwrap();
        assert_eq!(unbond, json!({ "unbond": { "amount": "5" } }));
        assert_eq!(said(Kind::Execute, &["nodes", "bond"]).unwrap(), json!({ "bond": {} }));
        let node = said(Kind::Query, &["nodes", "node", "--node", "wasm1a"]).unwrap();
        assert_eq!(node, json!({ "node": { "node": "wasm1a" } }));
        let page = said(Kind::Query, &["tasks", "tasks", "--start-after", "7"]).unwrap();
        assert_eq!(page, json!({ "tasks": { "start_after": 7 } }));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let missing = said(Kind::Execute, &["datasets", "vote", "--dataset", "3"]).unwrap_err();
        assert!(missing.contains("--vote-yes"), "{missing}");
        let wrong =
            said(Kind::Execute, &["datasets", "vote", "--dataset", "x", "--vote-yes", "true"]).unwrap_err();
        assert!(wrong.contains("whole number"), "{wrong}");
        let unknown = said(Kind::Execute, &["node", "bond"]).unwrap_err();
        assert!(unknown.contains("nodes"), "the nearest is named: {unknown}");
    }

    #[test]
    fn messages_of_contracts_to_one_another_are_not_offered() {
        let names = |kind| {
            let parent = subcommands(Command::new("x"), kind, |c| c);
            let of = |c: &Command| c.get_subcommands().map(|c| c.get_name().to_owned()).collect::<Vec<_>>();
            parent.get_subcommands().map(|c| (c.get_name().to_owned(), of(c))).collect::<Vec<_>>()
        };
        let tx = names(Kind::Execute);
        let of = |name: &str| tx.iter().find(|(c, _)| c == name).map(|(_, all)| all.join(" "));
        assert_eq!(of("rewards").unwrap(), "fund claim share");
        assert_eq!(of("credits"), None, "nobody sends it anything");
        assert!(!of("nodes").unwrap().contains("report") && of("nodes").unwrap().contains("delegate"));
        assert_eq!(names(Kind::Query).len(), 7, "anybody may ask");
    }

    #[test]
    fn raw_messages_are_read_as_the_contracts_own_type() {
        assert!(check("nodes", Kind::Execute, &json!({ "bond": {} })).is_ok());
        let wrong = check("nodes", Kind::Execute, &json!({ "bonk": {} })).unwrap_err();
        assert!(wrong.contains("bonk"), "{wrong}");
        assert!(check("bridge", Kind::Query, &json!({})).is_err());
    }
}
