//! The pause switch.
mod common;

use common::*;
use lyceum_api::charter::ExecuteMsg;

const PAUSED: &str = r#"{"set_paused":{"paused":true}}"#;
const RESUMED: &str = r#"{"set_paused":{"paused":false}}"#;

fn six(w: &World) -> [(&'static str, String); 6] {
    let c = w.contracts.clone();
    [
        ("tasks", c.tasks),
        ("rewards", c.rewards),
        ("nodes", c.nodes),
        ("datasets", c.datasets),
        ("experts", c.experts),
        ("credits", c.credits),
    ]
}

#[test]
fn a_pause_and_its_end_reach_all_six_contracts_in_a_fixed_order() {
    let mut w = world();
    let events = w.rule(&ExecuteMsg::Pause {}).unwrap().events;
    let told = events.iter().filter(|e| e.ty == "execute").skip(1);
    let told: Vec<_> = told.map(|e| e.attributes[0].value.clone()).collect();
    assert_eq!(told, six(&w).map(|(_, address)| address));
    assert!(w.charter().paused);
    for (_, contract) in six(&w) {
        assert_eq!(w.heard(&contract), [PAUSED]);
    }
    w.rule(&ExecuteMsg::Resume {}).unwrap();
    assert!(!w.charter().paused);
    for (_, contract) in six(&w) {
        assert_eq!(w.heard(&contract), [PAUSED, RESUMED]);
    }
}

#[test]
fn one_broken_contract_is_named_and_keeps_no_other_from_pausing() {
    for broken in 0..6 {
        let mut w = world();
        let (name, address) = six(&w)[broken].clone();
        w.order(&address, Order::Break(true));
        let events = w.rule(&ExecuteMsg::Pause {}).unwrap().events;
        let failed: Vec<_> = events.iter().filter(|e| e.ty == "wasm-charter_pause_failed").collect();
        assert_eq!(failed.len(), 1);
        assert!(failed[0].attributes.iter().any(|a| a.key == "contract" && a.value == name));
        assert!(failed[0].attributes.iter().any(|a| a.key == "error" && a.value.contains("broken")));
        assert!(w.charter().paused);
        for (i, (_, contract)) in six(&w).into_iter().enumerate() {
            assert_eq!(w.heard(&contract).len(), usize::from(i != broken));
        }
        // Repaired, it hears the repeated message.
        w.order(&address, Order::Break(false));
        let events = w.rule(&ExecuteMsg::Pause {}).unwrap().events;
        assert!(!events.iter().any(|e| e.ty == "wasm-charter_pause_failed"));
        assert_eq!(w.heard(&address), [PAUSED]);
        w.order(&address, Order::Break(true));
        w.rule(&ExecuteMsg::Resume {}).unwrap();
        w.order(&address, Order::Break(false));
        w.rule(&ExecuteMsg::Resume {}).unwrap();
        assert_eq!(w.heard(&address), [PAUSED, RESUMED]);
    }
}

#[test]
fn all_six_may_be_broken() {
    let mut w = world();
    for (_, contract) in six(&w) {
        w.order(&contract, Order::Break(true));
    }
    let events = w.rule(&ExecuteMsg::Pause {}).unwrap().events;
    assert_eq!(events.iter().filter(|e| e.ty == "wasm-charter_pause_failed").count(), 6);
}

#[test]
fn a_reply_to_nothing_is_refused() {
    use cosmwasm_std::testing::{mock_dependencies, mock_env};
    use cosmwasm_std::{Binary, Reply, SubMsgResult};
    let reply = |id| Reply {
        id,
        payload: Binary::default(),
        gas_used: 0,
        result: SubMsgResult::Err("broken".to_owned()),
    };
    let mut deps = mock_dependencies();
    let error = lyceum_charter::contract::reply(deps.as_mut(), mock_env(), reply(6)).unwrap_err();
    assert!(error.to_string().contains("reply 6 answers nothing"), "{error}");
    lyceum_charter::contract::reply(deps.as_mut(), mock_env(), reply(5)).unwrap();
}
