//! Models, the life of blocks, heads and histories.

use std::collections::BTreeSet;

use cosmwasm_std::Binary;
use lyceum_api::experts::{
    BlockStatus, ConfigResponse, ExecuteMsg, HeadsResponse, ModelResponse, ModelsResponse, NewBlock, QueryMsg,
};
use lyceum_api::manifest::Target;

use crate::world::{World, block, expert, model, shapes};

#[test]
fn a_registered_model_is_found_again() {
    let mut world = World::empty();
    let data = world.register(model("tiny", "1.0.0")).unwrap().data;
    assert_eq!(data, Some(Binary::from(1u64.to_be_bytes())));
    world.register(model("tiny", "1.1.0-rc.1+build.5")).unwrap();
    world.register(model("large-2", "1.0.0")).unwrap();
    let found: ModelResponse = world.ask(&QueryMsg::Model { model: 2 });
    assert_eq!((found.id, found.model), (2, model("tiny", "1.1.0-rc.1+build.5")));
    let page: ModelsResponse = world.ask(&QueryMsg::Models { start_after: Some(1), limit: Some(5) });
    assert_eq!(page.models.iter().map(|m| m.id).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_block_is_provisional_until_it_is_final_and_then_the_head() {
    let mut world = World::new();
    let first = world.add(block(expert(0), &[]));
    assert_eq!((first, world.block(first).status), (1, BlockStatus::Provisional {}));
    assert_eq!(world.head(expert(0)), None);
    world.finalize(first, false).unwrap();
    assert_eq!(world.block(first).status, BlockStatus::Final { leaf: 0, fork: false });
    assert_eq!(world.block(first).score, Some(2_399_999));
    assert_eq!(world.head(expert(0)), Some(first));
    let second = world.add(block(expert(0), &[first]));
    world.finalize(second, false).unwrap();
    assert_eq!(world.head(expert(0)), Some(second));
    assert_eq!(world.head(expert(1)), None);
}

#[test]
fn a_fork_is_final_but_does_not_move_the_head() {
    let mut world = World::new();
    let (winner, fork) = (world.add(block(expert(0), &[])), world.add(block(expert(0), &[])));
    world.finalize(winner, false).unwrap();
    world.finalize(fork, true).unwrap();
    assert_eq!(world.head(expert(0)), Some(winner));
    assert_eq!(world.block(fork).status, BlockStatus::Final { leaf: 1, fork: true });
    let history = QueryMsg::History { model: 1, target: expert(0), start_before: None, limit: None };
    assert_eq!(world.ids(&history), [fork, winner]);
}

#[test]
fn a_void_block_is_no_head_and_has_no_history() {
    let mut world = World::new();
    let fallen = world.add(block(expert(0), &[]));
    world.void(fallen).unwrap();
    assert_eq!(world.block(fallen).status, BlockStatus::Void {});
    assert_eq!(world.head(expert(0)), None);
    let history = QueryMsg::History { model: 1, target: expert(0), start_before: None, limit: None };
    assert!(world.ids(&history).is_empty());
    let all = QueryMsg::Blocks { model: 1, start_after: None, limit: None };
    assert_eq!(world.ids(&all), [fallen], "what was recorded stays on record");
}

#[test]
fn a_history_is_paged_from_the_newest_on() {
    let mut world = World::new();
    let mut parents = vec![];
    for _ in 0..5 {
        let id = world.add(block(expert(2), &parents));
        world.finalize(id, false).unwrap();
        world.add(block(expert(1), &[id]));
        parents = vec![id];
    }
    let page = |start_before, limit| {
        world.ids(&QueryMsg::History { model: 1, target: expert(2), start_before, limit })
    };
    assert_eq!(page(None, None), [9, 7, 5, 3, 1]);
    assert_eq!(page(Some(7), Some(2)), [5, 3]);
    assert_eq!(page(Some(1), None), [0; 0]);
}

#[test]
fn the_first_page_of_heads_begins_with_base_and_router() {
    let mut world = World::new();
    for target in [expert(3), expert(0), Target::Router {}, Target::Base {}, expert(1)] {
        let id = world.add(block(target, &[]));
        world.finalize(id, false).unwrap();
    }
    let page = |start_after, limit| -> Vec<Target> {
        let msg = QueryMsg::Heads { model: 1, start_after, limit };
        world.ask::<HeadsResponse>(&msg).heads.iter().map(|head| head.target).collect()
    };
    assert_eq!(page(None, Some(2)), [Target::Base {}, Target::Router {}, expert(0), expert(1)]);
    assert_eq!(page(Some(1), Some(2)), [expert(3)]);
    assert_eq!(page(Some(3), None), []);
}

#[test]
fn blocks_are_found_by_model_and_by_content() {
    let mut world = World::new();
    world.register(model("other", "0.1.0")).unwrap();
    let first = world.add(block(expert(0), &[]));
    let elsewhere = world.add(NewBlock { model: 2, ..block(expert(0), &[]) });
    let copy = world.add(block(expert(0), &[]));
    let of = |world: &World, model| world.ids(&QueryMsg::Blocks { model, start_after: None, limit: None });
    assert_eq!((of(&world, 1), of(&world, 2)), (vec![first, copy], vec![elsewhere]));
    let root = block(expert(0), &[]).root;
    assert_eq!(world.ids(&QueryMsg::BlocksByRoot { root, limit: None }), [first, elsewhere, copy]);
    assert_eq!(world.ids(&QueryMsg::BlocksByRoot { root, limit: Some(1) }), [first]);
    world.finalize(first, false).unwrap();
    assert_eq!(of(&world, 1), [first, copy], "a change of status leaves the indexes alone");
}

#[test]
fn pages_of_blocks_are_capped() {
    let mut world = World::new();
    for _ in 0..102 {
        world.add(block(expert(0), &[]));
    }
    let all = QueryMsg::Blocks { model: 1, start_after: None, limit: Some(u32::MAX) };
    assert_eq!(world.ids(&all).len(), 100);
    let rest = QueryMsg::Blocks { model: 1, start_after: Some(100), limit: None };
    assert_eq!(world.ids(&rest), [101, 102]);
}

#[test]
fn event_names_and_attributes_are_those_of_the_golden_file() {
    let mut world = World::empty();
    let charter = world.charter.clone();
    let mut responses = vec![world.register(model("tiny", "1.0.0")).unwrap()];
    for _ in 0..2 {
        responses.push(world.try_add(block(expert(0), &[])).unwrap());
    }
    responses.push(world.finalize(1, false).unwrap());
    responses.push(world.void(2).unwrap());
    responses.push(world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap());
    assert!(world.ask::<ConfigResponse>(&QueryMsg::Config {}).paused);
    let found: BTreeSet<_> = responses.iter().flat_map(shapes).collect();
    let golden: BTreeSet<_> = include_str!("../golden/events.txt").lines().map(str::to_owned).collect();
    assert_eq!(found, golden, "consumers follow these: this must not change");
}
