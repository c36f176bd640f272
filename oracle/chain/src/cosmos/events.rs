//! Blocks' results into [`BlockEvents`]: what a caller sees of a height is the same as on the embedded chain.
//!
//! Kept are the events that our contracts caused (`wasm`, `wasm-…`, `execute`) and transfers of funds, by messages
//! and by what the chain itself executes at a block's end (a proposal that passed). The attribute by which the SDK
//! numbers messages is taken away. Of what it says of fees, the amount that the sender paid is kept; what it says of
//! signatures and its own modules is left out.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Attribute, Event};
use lyceum_api::DENOM;
use tendermint::abci;
use tendermint_rpc::endpoint::block_results;

use crate::{BlockEvents, Contracts, Head, TxEvents};

/// Which events are kept.
#[derive(Debug, Clone)]
pub struct Filter {
    ours: BTreeSet<String>,
}

impl Filter {
    /// Those of these contracts.
    pub fn new(contracts: &Contracts) -> Self {
        let Contracts { charter, nodes, datasets, experts, tasks, credits, rewards } = contracts;
        let all = [charter, nodes, datasets, experts, tasks, credits, rewards];
        Self { ours: all.into_iter().map(|a| a.to_string()).collect() }
    }

    /// The events of a transaction's messages.
    pub fn of_messages(&self, events: impl IntoIterator<Item = Event>) -> Vec<Event> {
        self.keep(events, "msg_index")
    }

    /// What `mark` is on is kept, without it: the SDK's ante handler, and its modules' own business, have none.
    fn keep(&self, events: impl IntoIterator<Item = Event>, mark: &str) -> Vec<Event> {
        let kept = events.into_iter().filter_map(|mut event| {
            let before = event.attributes.len();
            event.attributes.retain(|a| a.key != mark);
            let marked = event.attributes.len() < before;
            (marked && self.wants(&event)).then_some(event)
        });
        kept.collect()
    }

    fn wants(&self, event: &Event) -> bool {
        match event.ty.as_str() {
            "transfer" => true,
            "wasm" | "execute" => self.is_ours(event),
            other => other.starts_with("wasm-") && self.is_ours(event),
        }
    }

    fn is_ours(&self, event: &Event) -> bool {
        attribute(event, "_contract_address").is_some_and(|a| self.ours.contains(a))
    }

    /// A height's results.
    pub fn block(&self, head: Head, results: block_results::Response) -> BlockEvents {
        let mut txs = Vec::new();
        for result in results.txs_results.unwrap_or_default() {
            let done = result.code.is_ok();
            let events: Vec<Event> = result.events.iter().filter_map(event).collect();
            // One without a sender was refused before anything of it was executed: not even a fee was taken.
            let Some(sender) = sender(&events) else { continue };
            let fee = fee(&events, &sender);
            let events = if done { self.of_messages(events) } else { Vec::new() };
            txs.push(TxEvents { sender, events, fee });
        }
        let end = results
            .finalize_block_events
            .iter()
            .filter_map(event)
            .filter(|e| attribute(e, "mode") == Some("EndBlock"));
        let end: Vec<Event> = self.keep(end, "mode").into_iter().filter(|e| e.ty != "transfer").collect();
        if !end.is_empty() {
            txs.push(TxEvents { sender: Addr::unchecked(""), events: end, fee: 0 });
        }
        BlockEvents { head, txs }
    }
}

/// An event of the chain's; one that is not text is none that a contract made.
pub fn event(event: &abci::Event) -> Option<Event> {
    let attributes = event
        .attributes
        .iter()
        .map(|a| Some(Attribute { key: a.key_str().ok()?.to_owned(), value: a.value_str().ok()?.to_owned() }))
        .collect::<Option<Vec<_>>>()?;
    let mut out = Event::new(event.kind.clone());
    // Not through `add_attribute`, which refuses the chain's own `_contract_address` in debug builds.
    out.attributes = attributes;
    Some(out)
}

fn attribute<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.attributes.iter().find(|a| a.key == key).map(|a| a.value.as_str())
}

/// What the sender paid for a transaction, ulyc. A fee that somebody else granted is not the sender's.
fn fee(events: &[Event], sender: &Addr) -> u128 {
    let told = events
        .iter()
        .filter(|e| e.ty == "tx" && attribute(e, "fee_payer").is_none_or(|p| p == sender.as_str()));
    let coins = told.filter_map(|e| attribute(e, "fee")).flat_map(|coins| coins.split(','));
    // An endpoint may state any amounts.
    coins.filter_map(|coin| coin.strip_suffix(DENOM)?.parse().ok()).fold(0, u128::saturating_add)
}

/// Who signed a transaction first, by the events of its signatures (`address/sequence`).
fn sender(events: &[Event]) -> Option<Addr> {
    let signed = events.iter().filter(|e| e.ty == "tx").find_map(|e| attribute(e, "acc_seq"))?;
    let (address, _) = signed.split_once('/')?;
    Some(Addr::unchecked(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contracts() -> Contracts {
        let at = |name: &str| Addr::unchecked(format!("wasm1{name}"));
        Contracts {
            charter: at("charter"),
            nodes: at("nodes"),
            datasets: at("datasets"),
            experts: at("experts"),
            tasks: at("tasks"),
            credits: at("credits"),
            rewards: at("rewards"),
        }
    }

    fn made(ty: &str, attributes: &[(&str, &str)]) -> serde_json::Value {
        let attributes: Vec<_> = attributes
            .iter()
            .map(|(key, value)| serde_json::json!({ "key": key, "value": value, "index": true }))
            .collect();
        serde_json::json!({ "type": ty, "attributes": attributes })
    }

    fn response(txs: serde_json::Value, end: serde_json::Value) -> block_results::Response {
        let value = serde_json::json!({
            "height": "7", "txs_results": txs, "finalize_block_events": end, "validator_updates": null,
            "consensus_param_updates": null, "app_hash": "",
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_a_caller_sees_is_what_the_embedded_chain_shows() {
        let txs = serde_json::json!([
            { "code": 0, "gas_wanted": "1", "gas_used": "1", "events": [
                made("transfer", &[("recipient", "fees"), ("sender", "wasm1me"), ("amount", "9ulyc")]),
                made("tx", &[("fee", "9ulyc")]),
                made("tx", &[("acc_seq", "wasm1me/3")]),
                made("message", &[("action", "x"), ("msg_index", "0")]),
                made("execute", &[("_contract_address", "wasm1nodes"), ("msg_index", "0")]),
                made("wasm-nodes_bonded", &[("_contract_address", "wasm1nodes"), ("node", "wasm1me"), ("msg_index", "0")]),
                made("wasm-other", &[("_contract_address", "wasm1other"), ("msg_index", "0")]),
                made("transfer", &[("recipient", "wasm1nodes"), ("sender", "wasm1me"), ("amount", "5ulyc"), ("msg_index", "1")]),
            ] },
            { "code": 5, "codespace": "wasm", "gas_wanted": "1", "gas_used": "1", "events": [
                made("tx", &[("fee", "3other,7ulyc"), ("fee_payer", "wasm1you")]),
                made("tx", &[("acc_seq", "wasm1you/0")]),
            ] },
            { "code": 0, "gas_wanted": "1", "gas_used": "1", "events": [
                made("tx", &[("fee", "8ulyc"), ("fee_payer", "wasm1granter")]),
                made("tx", &[("acc_seq", "wasm1granted/0")]),
            ] },
            { "code": 32, "codespace": "sdk", "gas_wanted": "1", "gas_used": "1", "events": [] },
        ]);
        let end = serde_json::json!([
            made("wasm-charter_paused", &[("_contract_address", "wasm1charter"), ("mode", "EndBlock")]),
            made("transfer", &[("recipient", "x"), ("sender", "y"), ("amount", ""), ("mode", "EndBlock")]),
            made("mint", &[("amount", "0"), ("mode", "BeginBlock")]),
        ]);
        let head = Head { height: 7, time: 70 };
        let block = Filter::new(&contracts()).block(head, response(txs, end));
        assert_eq!(block.head, head);
        let senders: Vec<_> = block.txs.iter().map(|t| t.sender.as_str()).collect();
        let expected = ["wasm1me", "wasm1you", "wasm1granted", ""];
        assert_eq!(senders, expected, "in order; what was never executed is left out");
        let fees: Vec<_> = block.txs.iter().map(|t| t.fee).collect();
        assert_eq!(fees, [9, 7, 0, 0], "a refused transaction costs its sender, a granted fee does not");
        let types: Vec<_> = block.txs[0].events.iter().map(|e| e.ty.as_str()).collect();
        assert_eq!(types, ["execute", "wasm-nodes_bonded", "transfer"]);
        let keys: Vec<_> = block.txs[0].events[1].attributes.iter().map(|a| a.key.as_str()).collect();
        assert_eq!(keys, ["_contract_address", "node"]);
        assert!(block.txs[1].events.is_empty());
        assert_eq!(block.txs[3].events[0].ty, "wasm-charter_paused");
    }
}
