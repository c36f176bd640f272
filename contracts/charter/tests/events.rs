//! The wire format of the events must not change: names and attributes are a golden file.
mod common;

use std::collections::BTreeMap;

use common::*;
use cosmwasm_std::{Event, StdResult};
use cw_multi_test::{AppResponse, IntoAddr};
use lyceum_api::charter::{Action, ExecuteMsg};

/// Every event of a whole life, as `name: attributes`.
fn life() -> BTreeMap<String, String> {
    let mut w = world();
    let mut seen = BTreeMap::new();
    let mut see = |result: StdResult<AppResponse>| {
        for Event { ty, attributes, .. } in result.unwrap().events {
            let Some(name) = ty.strip_prefix("wasm-") else { continue };
            let keys = attributes.iter().map(|a| a.key.as_str()).filter(|k| !k.starts_with('_'));
            let keys = keys.collect::<Vec<_>>().join(" ");
            let found = seen.entry(name.to_owned()).or_insert_with(|| keys.clone());
            assert_eq!(*found, keys, "{name} always has the same attributes");
        }
    };
    let (node, heir) = ("node".into_addr(), "heir".into_addr());
    w.activate(std::slice::from_ref(&node));
    see(w.rule(&ExecuteMsg::ProposePact { pact: pact("second") }));
    see(w.send(&node, &ExecuteMsg::Acknowledge { pact: pact("second") }));
    see(w.send(&node, &ExecuteMsg::AdoptPact {}));
    see(w.rule(&ExecuteMsg::SetRules { rules: vec![] }));
    let (to, amount, reason) = (node.to_string(), 1u128.into(), "why".to_owned());
    see(w.rule(&ExecuteMsg::Act { action: Action::Grant { to, amount, reason } }));
    let tasks = w.contracts.tasks.clone();
    w.order(&tasks, Order::Break(true));
    see(w.rule(&ExecuteMsg::Pause {}));
    see(w.rule(&ExecuteMsg::Resume {}));
    see(w.rule(&ExecuteMsg::ProposeAuthority { authority: heir.to_string() }));
    see(w.send(&heir, &ExecuteMsg::AcceptAuthority {}));
    seen
}

#[test]
fn names_and_attributes_of_events_are_golden() {
    let found: String = life().iter().map(|(name, keys)| format!("{name}: {keys}\n")).collect();
    let golden = include_str!("golden/events.txt");
    assert_eq!(found, golden, "events are a wire format: their readers know version 1");
}
