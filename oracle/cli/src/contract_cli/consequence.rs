//! [`Consequence`]: what a transaction will do, or did, from its events, in sentences.

use std::collections::BTreeMap;

use cosmwasm_std::Event;
use serde::Serialize;

use super::lyc;
use super::plain::date;
use crate::terminal::excerpt;

/// What happens to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consequence {
    /// What the account pays, beside the fee, ulyc.
    pub pays: u128,
    /// What it gets, ulyc.
    pub gets: u128,
    /// What moves and what the contracts say, in order.
    pub lines: Vec<String>,
}

impl Consequence {
    /// From events, as one account sees them; `names` are the contracts'. Transfers to modules (fees) are the fee's.
    pub fn of(events: &[Event], account: &str, names: &BTreeMap<String, String>) -> Self {
        let mut out = Self { pays: 0, gets: 0, lines: vec![] };
        for event in events {
            if event.ty == "transfer" {
                out.transfer(event, account, names);
            } else if let Some(name) = event.ty.strip_prefix("wasm-") {
                out.lines.push(told(name, event, account, names));
            } else if event.ty == "migrate" {
                out.lines.push(told("runs other code", event, account, names));
            }
        }
        // An event's words are an endpoint's.
        for line in &mut out.lines {
            *line = excerpt(line).into_owned();
        }
        out
    }

    fn transfer(&mut self, event: &Event, account: &str, names: &BTreeMap<String, String>) {
        let get = |key: &str| event.attributes.iter().find(|a| a.key == key).map(|a| a.value.as_str());
        let (Some(from), Some(to), Some(coins)) = (get("sender"), get("recipient"), get("amount")) else {
            return;
        };
        let amount = ulyc(coins);
        // Fees are no message's.
        if amount == 0 || !event.attributes.iter().any(|a| a.key == "msg_index") {
            return;
        }
        let who = |address: &str| names.get(address).cloned().unwrap_or_else(|| address.to_owned());
        if from == account {
            self.pays = self.pays.saturating_add(amount);
            self.lines.push(format!("pays {} to {}", lyc(amount), who(to)));
        } else if to == account {
            self.gets = self.gets.saturating_add(amount);
            self.lines.push(format!("gets {} from {}", lyc(amount), who(from)));
        } else {
            self.lines.push(format!("{} go from {} to {}", lyc(amount), who(from), who(to)));
        }
    }
}

fn told(name: &str, event: &Event, account: &str, names: &BTreeMap<String, String>) -> String {
    let mut contract = "a contract".to_owned();
    let mut said = vec![];
    for attribute in &event.attributes {
        let (key, value) = (attribute.key.as_str(), attribute.value.as_str());
        match key {
            "_contract_address" => contract = names.get(value).cloned().unwrap_or_else(|| value.to_owned()),
            "msg_index" | "version" => {}
            _ => said.push(format!("{} {}", key.replace('_', " "), shown(key, value, account, names))),
        }
    }
    let name = name.replace('_', " ");
    match said.is_empty() {
        true => format!("{contract}: {name}"),
        false => format!("{contract}: {name}: {}", said.join(", ")),
    }
}

fn shown(key: &str, value: &str, account: &str, names: &BTreeMap<String, String>) -> String {
    if value == account {
        return "yours".to_owned();
    }
    if let Some(name) = names.get(value) {
        return name.clone();
    }
    let moment = matches!(key, "at" | "until") || key.ends_with("_at") || key.ends_with("_until");
    let money =
        matches!(key, "amount" | "stake" | "matured" | "bond" | "fee" | "paid" | "shared" | "deposit");
    match value.parse::<u128>() {
        Ok(n) if money => lyc(n),
        Ok(n) if moment => date(n).unwrap_or_else(|| value.to_owned()),
        _ => value.to_owned(),
    }
}

/// ulyc among coins such as `12ulyc,3other`.
fn ulyc(coins: &str) -> u128 {
    coins
        .split(',')
        .filter_map(|c| c.strip_suffix(lyceum_api::DENOM)?.parse::<u128>().ok())
        .fold(0, u128::saturating_add)
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::Attribute;

    use super::*;

    #[test]
    fn of_several_coins_ulyc_count() {
        assert_eq!(ulyc("12ulyc,3other"), 12);
    }

    #[test]
    fn an_events_words_stay_on_the_line_of_their_event() {
        let mut event = Event::new("wasm-note\n");
        let (key, value) = ("said\n".to_owned(), "a\nlyceum: all is well\u{1b}[2J".to_owned());
        event.attributes = vec![Attribute { key, value }];
        let found = Consequence::of(&[event], "wasm1me", &BTreeMap::new());
        assert_eq!(found.lines.len(), 1);
        assert!(!found.lines[0].contains(char::is_control), "{:?}", found.lines);
    }

    #[test]
    fn a_bond_says_what_it_costs_and_what_becomes_of_it() {
        let names = BTreeMap::from([("wasm1nodes".to_owned(), "nodes".to_owned())]);
        // As they come from a chain: not through `add_attribute`, which refuses the chain's own keys.
        let event = |ty: &str, attributes: &[(&str, &str)]| {
            let mut event = Event::new(ty);
            let of = |(key, value): &(&str, &str)| Attribute {
                key: (*key).to_owned(),
                value: (*value).to_owned(),
            };
            event.attributes = attributes.iter().map(of).collect();
            event
        };
        let events = [
            event("tx", &[("fee", "9ulyc")]),
            event("transfer", &[("recipient", "wasm1fees"), ("sender", "wasm1me"), ("amount", "9ulyc")]),
            event(
                "transfer",
                &[
                    ("recipient", "wasm1nodes"),
                    ("sender", "wasm1me"),
                    ("amount", "1000000000ulyc"),
                    ("msg_index", "0"),
                ],
            ),
            event("migrate", &[("_contract_address", "wasm1nodes"), ("code_id", "7"), ("msg_index", "0")]),
            event(
                "wasm-node_bonded",
                &[
                    ("_contract_address", "wasm1nodes"),
                    ("version", "1"),
                    ("node", "wasm1me"),
                    ("amount", "1000000000"),
                    ("at", "1709164800"),
                    ("msg_index", "0"),
                ],
            ),
        ];
        let found = Consequence::of(&events, "wasm1me", &names);
        assert_eq!(found.pays, 1_000_000_000);
        assert_eq!(
            found.lines,
            [
                "pays 1000 LYC to nodes",
                "nodes: runs other code: code id 7",
                "nodes: node bonded: node yours, amount 1000 LYC, at 2024-02-29 00:00 UTC"
            ]
        );
    }
}
