//! Instantiation, the pause switch, and the events.

use std::collections::BTreeSet;

use cosmwasm_std::Empty;
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cw_multi_test::IntoAddr;
use lyceum_api::Hash32;
use lyceum_api::datasets::{ConfigResponse, ExecuteMsg, InstantiateMsg, Params, QueryMsg};
use lyceum_datasets::{ContractError, contract};

use crate::world::{DEPOSIT, SALT, World, clean, manifest, refused, shapes, ulyc, used};

fn instantiation() -> InstantiateMsg {
    let [charter, nodes, tasks, credits, rewards] =
        ["charter", "nodes", "tasks", "credits", "rewards"].map(|name| name.into_addr().to_string());
    InstantiateMsg { charter, nodes, tasks, credits, rewards, params: Params::default() }
}

#[test]
fn instantiation_checks_addresses_parameters_and_funds_and_leaves_its_version() {
    let good = instantiation();
    let bad_address = InstantiateMsg { tasks: "nobody".into(), ..good.clone() };
    let bad_params = InstantiateMsg { params: Params { auditors: 0, ..Params::default() }, ..good.clone() };
    let none: &[cosmwasm_std::Coin] = &[];
    for (msg, funds, taken) in [
        (&good, none, true),
        (&good, &ulyc(1)[..], false),
        (&bad_address, none, false),
        (&bad_params, none, false),
    ] {
        let mut deps = mock_dependencies();
        deps.api = deps.api.with_prefix("cosmwasm");
        let info = message_info(&"creator".into_addr(), funds);
        let result = contract::instantiate(deps.as_mut(), mock_env(), info, msg.clone());
        assert_eq!(result.is_ok(), taken, "{result:?}");
        if taken {
            assert_eq!(cw2::get_contract_version(&deps.storage).unwrap().contract, "lyceum-datasets");
            contract::migrate(deps.as_mut(), mock_env(), Empty {}).unwrap();
        }
    }
}

#[test]
fn a_pause_stops_everything_but_power_and_use() {
    let mut world = World::new();
    let approved = world.approved("approved", &["v-50", "v-30"]);
    let proposed = world.propose("proposed");
    let auditing = world.propose("auditing");
    world.draw(auditing);
    let voting = world.propose("voting");
    world.audit(voting, &vec![clean(); 5]);
    world.set_paused(true);
    assert!(world.ask::<ConfigResponse>(&QueryMsg::Config {}).paused);
    let (ann, commit) = (world.ann.clone(), Hash32::default());
    let propose = ExecuteMsg::Propose { manifest: manifest("text") };
    refused(world.send(&ann, &propose, &ulyc(DEPOSIT)), &ContractError::Paused);
    for msg in [
        ExecuteMsg::DrawAuditors { dataset: proposed },
        ExecuteMsg::CommitAudit { dataset: auditing, commit },
        ExecuteMsg::RevealAudit { dataset: auditing, report: clean(), salt: SALT.into() },
        ExecuteMsg::CloseAudit { dataset: auditing },
        ExecuteMsg::Vote { dataset: voting, yes: true },
        ExecuteMsg::CloseVote { dataset: voting },
    ] {
        refused(world.by("v-50", &msg), &ContractError::Paused);
    }
    world.power("v-50", 1).unwrap();
    world.record(1, 1, 1, vec![used(approved, "approved", 1)]).unwrap();
    let charter = world.charter.clone();
    world.send(&charter, &ExecuteMsg::SetParams { params: Params::default() }, &[]).unwrap();
    world.set_paused(false);
    world.vote(voting, "v-50", true).unwrap();
    world.draw(proposed);
}

#[test]
fn event_names_and_attributes_are_those_of_the_golden_file() {
    let mut world = World::new();
    let mut found = BTreeSet::new();
    let mut take = |response| found.extend(shapes(&response));
    take(world.power("v-50", 50).unwrap());
    take(world.try_propose(manifest("text")).unwrap());
    world.pass(90);
    take(world.try_draw(1).unwrap());
    let auditors = world.auditors(1);
    for node in &auditors {
        take(world.commit(1, node, &clean()).unwrap());
    }
    for node in &auditors {
        take(world.reveal(1, node, &clean()).unwrap());
    }
    take(world.close_audit(1).unwrap());
    take(world.vote(1, "v-5", true).unwrap());
    world.pass(Params::default().vote_seconds);
    take(world.close_vote(1).unwrap());
    take(world.vote(1, "v-50", true).unwrap());
    world.pass(Params::default().extension_seconds);
    take(world.close_vote(1).unwrap());
    take(world.record(1, 1, 1, vec![used(1, "text", 1)]).unwrap());
    let other = world.propose("other");
    world.draw(other);
    world.pass(Params::default().audit_commit_seconds);
    take(world.close_audit(other).unwrap());
    let charter = world.charter.clone();
    take(world.send(&charter, &ExecuteMsg::SetParams { params: Params::default() }, &[]).unwrap());
    take(world.set_paused(true));
    let golden: BTreeSet<_> = include_str!("../golden/events.txt").lines().map(str::to_owned).collect();
    assert_eq!(found, golden, "consumers follow these: this must not change");
}
