//! Answers: pages, heights, and what does not exist.

use cosmwasm_std::StdResult;
use cw_multi_test::IntoAddr;
use lyceum_api::Hash32;
use lyceum_api::datasets::{
    AuditsResponse, ConfigResponse, DatasetResponse, DatasetsResponse, Params, PowerResponse, QueryMsg,
    UsedResponse, VotesResponse,
};
use lyceum_datasets::ContractError;

use crate::world::{World, clean};

#[track_caller]
fn refused<T: std::fmt::Debug>(result: StdResult<T>, expected: &ContractError) {
    let found = result.expect_err("it should have been refused").to_string();
    assert!(found.contains(&expected.to_string()), "refused by {found:?}, expected {expected}");
}

#[test]
fn the_configuration_tells_parameters_and_power() {
    let world = World::new();
    let found: ConfigResponse = world.ask(&QueryMsg::Config {});
    let expected = ConfigResponse {
        charter: world.charter.clone(),
        params: Params::default(),
        paused: false,
        total_power: 100,
    };
    assert_eq!(found, expected);
}

#[test]
fn power_at_a_height_is_what_stood_when_it_began() {
    let mut world = World::new();
    let height = world.app.block_info().height;
    world.power("v-50", 7).unwrap();
    let ask = |world: &World, node: &str, height| -> StdResult<PowerResponse> {
        world.try_ask(&QueryMsg::Power { node: node.into_addr().to_string(), height })
    };
    let power = |world: &World, height| ask(world, "v-50", height).unwrap().power;
    assert_eq!((power(&world, None), power(&world, Some(height))), (7, 50));
    world.pass(1);
    world.power("v-50", 9).unwrap();
    assert_eq!((power(&world, Some(height)), power(&world, Some(height + 1))), (50, 7));
    assert_eq!((power(&world, Some(0)), power(&world, None)), (0, 9));
    assert_eq!(ask(&world, "stranger", None).unwrap().power, 0);
    let error = ContractError::FutureHeight { height: height + 2, now: height + 1 };
    refused(ask(&world, "v-50", Some(height + 2)), &error);
}

#[test]
fn datasets_and_votes_come_in_pages() {
    let mut world = World::new();
    for i in 0..4 {
        world.propose(&format!("text {i}"));
    }
    let page = |start_after, limit| -> Vec<u64> {
        let found: DatasetsResponse = world.ask(&QueryMsg::Datasets { start_after, limit });
        found.datasets.iter().map(|d| d.id).collect()
    };
    assert_eq!(page(None, None), [1, 2, 3, 4]);
    assert_eq!(
        (page(Some(1), Some(2)), page(Some(4), None), page(None, Some(0))),
        (vec![2, 3], vec![], vec![])
    );
    world.audit(2, &vec![clean(); 5]);
    let mut voters = ["v-50", "v-30", "v-15"].map(|name| (name.into_addr(), name));
    for (_, name) in &voters {
        world.vote(2, name, *name != "v-30").unwrap();
    }
    voters.sort();
    let votes = |start_after: Option<&cosmwasm_std::Addr>, limit| -> VotesResponse {
        let start_after = start_after.map(ToString::to_string);
        world.ask(&QueryMsg::Votes { dataset: 2, start_after, limit })
    };
    let all = votes(None, None).votes;
    assert_eq!(
        all.iter().map(|v| &v.voter).collect::<Vec<_>>(),
        voters.iter().map(|v| &v.0).collect::<Vec<_>>()
    );
    assert_eq!(all.iter().map(|v| v.power).sum::<u64>(), 95);
    assert!(all.iter().all(|v| v.yes == (v.power != 30)));
    assert_eq!(votes(Some(&voters[0].0), Some(1)).votes, all[1..2]);
}

#[test]
fn a_page_of_votes_is_capped() {
    let mut world = World::new();
    let voters: Vec<_> = (0..101).map(|i| format!("voter {i}")).collect();
    for voter in &voters {
        world.power(voter, 1).unwrap();
    }
    world.pass(1);
    let id = world.propose("text");
    world.audit(id, &vec![clean(); 5]);
    for voter in &voters {
        world.vote(id, voter, true).unwrap();
    }
    let all: VotesResponse =
        world.ask(&QueryMsg::Votes { dataset: id, start_after: None, limit: Some(u32::MAX) });
    assert_eq!((all.votes.len(), world.dataset(id).yes), (100, 101));
}

#[test]
fn unknown_datasets_and_endless_questions_are_refused() {
    let world = World::new();
    let unknown = ContractError::UnknownDataset { dataset: 1 };
    refused(world.try_ask::<DatasetResponse>(&QueryMsg::Dataset { dataset: 1 }), &unknown);
    refused(world.try_ask::<AuditsResponse>(&QueryMsg::Audits { dataset: 1 }), &unknown);
    let votes = QueryMsg::Votes { dataset: 1, start_after: None, limit: None };
    refused(world.try_ask::<VotesResponse>(&votes), &unknown);
    let ask = |count| {
        let shards = vec![Hash32::default(); count];
        world.try_ask::<UsedResponse>(&QueryMsg::Used { model: 1, epoch: 1, shards })
    };
    assert_eq!(ask(64).unwrap().used, [false; 64]);
    refused(ask(65), &ContractError::Count { what: "shards", found: 65, min: 0, max: 64 });
}
