//! The wire format of the events must not change: names and attributes are a golden file.
mod common;

use std::collections::BTreeMap;

use common::*;
use cosmwasm_std::{Event, StdResult};
use cw_multi_test::{AppResponse, IntoAddr};
use lyceum_api::nodes::{ExecuteMsg, Outcome, Params, SlashReason};

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
    let alice = "alice".into_addr();
    let msg = registration(&w, &alice, &key_of(&alice));
    see(w.send(&alice, &msg));
    see(w.bond(&alice, 3 * MIN));
    see(w.send(&alice, &ExecuteMsg::BindGpu { gpu: gpu("a") }));
    w.pass(DAY);
    see(w.mature(&alice));
    see(w.send(&alice, &ExecuteMsg::UnbindGpu { gpu: gpu("a") }));
    see(w.report(vec![opened(&alice, LYC), closed(&alice, Outcome::Failed), seat(&alice, true)]));
    see(w.report(vec![slashed(&alice, SlashReason::Downtime)]));
    w.pass(DAY);
    see(w.send(&alice, &ExecuteMsg::Unjail {}));
    see(w.send(&alice, &ExecuteMsg::Update { roles: vec![], classes: vec![], addresses: vec![] }));
    see(w.unbond(&alice, LYC));
    w.pass(21 * DAY);
    see(w.send(&alice, &ExecuteMsg::ClaimUnbonded {}));
    let (bob, dora) = (w.bonded("bob", MIN), "dora".into_addr());
    see(w.delegate(&dora, &alice, 3 * MIN));
    see(w.distribute(&alice, 0, true));
    see(w.distribute(&alice, LYC, true));
    see(w.claim_rewards(&dora, &alice));
    see(w.redelegate(&dora, &alice, &bob, MIN));
    see(w.undelegate(&dora, &alice, MIN));
    see(w.send(&alice, &ExecuteMsg::SetCommission { commission: 1 }));
    w.pass(21 * DAY);
    see(w.settle(&dora, &bob));
    see(w.claim_undelegated(&dora, &alice));
    let charter = w.charter.clone();
    see(w.send(&charter, &ExecuteMsg::SetParams { params: Params::default() }));
    see(w.send(&charter, &ExecuteMsg::SetPaused { paused: true }));
    seen
}

#[test]
fn names_and_attributes_of_events_are_golden() {
    let found: String = life().iter().map(|(name, keys)| format!("{name}: {keys}\n")).collect();
    let golden = include_str!("golden/events.txt");
    assert_eq!(found, golden, "events are a wire format: their readers know version 1");
}
