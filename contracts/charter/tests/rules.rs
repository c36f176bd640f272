//! Rules and the answer to whether they allow an action.
mod common;

use common::*;
use lyceum_api::charter::{
    ActionParam, ExecuteMsg, Limit, QueryMsg, Rule, RulesResponse, ValidateActionResponse,
};

fn limit(name: &str, min: u128, max: u128) -> Limit {
    Limit { name: name.to_owned(), min: min.into(), max: max.into() }
}

fn rule(action: &str, limits: Vec<Limit>) -> Rule {
    Rule { action: action.to_owned(), limits }
}

fn ask(w: &World, action: &str, params: &[(&str, u128)]) -> ValidateActionResponse {
    let param =
        |(name, value): &(&str, u128)| ActionParam { name: (*name).to_owned(), value: (*value).into() };
    let (action, params) = (action.to_owned(), params.iter().map(param).collect());
    w.query(&QueryMsg::ValidateAction { action, params })
}

#[track_caller]
fn denied(answer: ValidateActionResponse, reason: &str) {
    assert_eq!((answer.allowed, answer.reason.as_deref()), (false, Some(reason)));
}

fn training() -> World {
    world_with(vec![rule("training_step", vec![limit("batch", 1, 64), limit("steps", 10, 10)])])
}

#[test]
fn an_action_is_allowed_when_every_limit_holds() {
    let w = training();
    for batch in [1, 64] {
        let answer = ask(&w, "training_step", &[("steps", 10), ("batch", batch), ("unbounded", 7)]);
        assert_eq!((answer.allowed, answer.reason), (true, None));
    }
    denied(ask(&w, "training_step", &[("steps", 10), ("batch", 0)]), "batch is 0, expected 1 to 64");
    denied(ask(&w, "training_step", &[("steps", 10), ("batch", 65)]), "batch is 65, expected 1 to 64");
    denied(ask(&w, "training_step", &[("steps", 11), ("batch", 1)]), "steps is 11, expected 10 to 10");
}

#[test]
fn what_no_rule_names_is_not_allowed() {
    let w = training();
    denied(ask(&w, "launch", &[]), "no rule allows \"launch\"");
    let long = "x".repeat(10_000);
    denied(ask(&w, &long, &[]), &format!("no rule allows {:?}", "x".repeat(64)));
}

#[test]
fn a_bounded_parameter_is_given_exactly_once() {
    let w = training();
    denied(ask(&w, "training_step", &[("steps", 10)]), "batch must be given once");
    let twice = [("steps", 10), ("batch", 1), ("batch", 1_000)];
    denied(ask(&w, "training_step", &twice), "batch must be given once");
    denied(ask(&w, "training_step", &[("a", 1); 65]), "65 parameters, expected at most 64");
}

#[test]
fn rules_are_replaced_as_a_whole() {
    let mut w = training();
    let rules = vec![rule("serve", vec![])];
    w.rule(&ExecuteMsg::SetRules { rules: rules.clone() }).unwrap();
    assert_eq!(w.query::<RulesResponse>(&QueryMsg::Rules {}).rules, rules);
    assert!(ask(&w, "serve", &[]).allowed);
    assert!(!ask(&w, "training_step", &[("steps", 10), ("batch", 1)]).allowed);
}

#[test]
fn rules_out_of_bounds_are_refused() {
    let mut w = world();
    let many = |count: usize| (0..count).map(|i| rule(&format!("a{i}"), vec![])).collect::<Vec<_>>();
    let limits = |count: usize| (0..count).map(|i| limit(&format!("p{i}"), 0, 1)).collect::<Vec<_>>();
    for (rules, reason) in [
        (many(65), "65 rules, expected at most 64"),
        (vec![rule("a", limits(17))], "17 limits, expected at most 16"),
        (vec![rule("a", vec![]), rule("a", vec![])], "action a is named twice"),
        (vec![rule("a", vec![limit("p", 0, 1), limit("p", 0, 1)])], "limit p is named twice"),
        (vec![rule("a", vec![limit("p", 2, 1)])], "limit p of a runs from 2 to 1"),
        (vec![rule("", vec![])], "action \"\" has 0 bytes"),
        (vec![rule("A b", vec![])], "action \"A b\" has 3 bytes, expected 1 to 64 of"),
        (vec![rule("a", vec![limit(&"x".repeat(65), 0, 1)])], "has 65 bytes"),
    ] {
        refused(w.rule(&ExecuteMsg::SetRules { rules }), reason);
    }
    let mut rules = many(64);
    rules[0].limits = limits(16);
    w.rule(&ExecuteMsg::SetRules { rules }).unwrap();
}
