//! Everything `experts` refuses.

use cosmwasm_std::coins;
use cw_utils::PaymentError;
use lyceum_api::experts::{ExecuteMsg, NewBlock, NewModel, QueryMsg};
use lyceum_experts::ContractError;
use lyceum_onchain::permission::Unauthorized;

use crate::world::{World, block, expert, model, refused};

#[test]
fn the_charter_registers_and_tasks_records() {
    let mut world = World::new();
    let (charter, tasks) = (world.charter.clone(), world.tasks.clone());
    let messages = [
        (&tasks, ExecuteMsg::RegisterModel { model: model("x", "1.0.0") }, &charter),
        (&tasks, ExecuteMsg::SetPaused { paused: true }, &charter),
        (&charter, ExecuteMsg::AddBlock { block: block(expert(0), &[]) }, &tasks),
        (&charter, ExecuteMsg::Finalize { block: 1, score: 0, fork: false }, &tasks),
        (&charter, ExecuteMsg::Void { block: 1 }, &tasks),
    ];
    for (sender, msg, owner) in messages {
        let error = Unauthorized { sender: sender.clone(), expected: owner.to_string() };
        refused(world.send(sender, &msg, &[]), &error.into());
        refused(world.send(sender, &msg, &coins(1, "ulyc")), &PaymentError::NonPayable {}.into());
    }
}

#[test]
fn nothing_is_recorded_while_paused() {
    let mut world = World::new();
    let charter = world.charter.clone();
    let id = world.add(block(expert(0), &[]));
    world.send(&charter, &ExecuteMsg::SetPaused { paused: true }, &[]).unwrap();
    refused(world.register(model("x", "1.0.0")), &ContractError::Paused);
    refused(world.try_add(block(expert(0), &[])), &ContractError::Paused);
    refused(world.finalize(id, false), &ContractError::Paused);
    refused(world.void(id), &ContractError::Paused);
    world.send(&charter, &ExecuteMsg::SetPaused { paused: false }, &[]).unwrap();
    world.finalize(id, false).unwrap();
}

#[test]
fn a_model_is_bounded_and_unique() {
    let mut world = World::new();
    for name in ["", "Tiny", "tiny model", "tïny", &"x".repeat(65)] {
        let error = ContractError::Name { found: name.to_owned() };
        refused(world.register(model(name, "1.0.0")), &error);
    }
    for version in ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0 ", &format!("1.0.0-{}", "a".repeat(59))] {
        let error = ContractError::Version { found: version.to_owned() };
        refused(world.register(model("x", version)), &error);
    }
    let (name, version) = ("tiny".to_owned(), "1.0.0".to_owned());
    refused(world.register(model("tiny", "1.0.0")), &ContractError::ModelExists { name, version, model: 1 });
    for experts in [0, 1025] {
        let broken = NewModel { experts, ..model("x", "1.0.0") };
        refused(world.register(broken), &ContractError::Experts { found: experts, max: 1024 });
    }
    let empty = NewModel { base_bytes: 0, ..model("x", "1.0.0") };
    refused(world.register(empty), &ContractError::Empty);
}

#[test]
fn a_config_is_a_json_object_of_at_most_16_kib() {
    let mut world = World::new();
    let mut with = |config: String| world.register(NewModel { config, ..model("x", "1.0.0") });
    for config in ["", "[]", "1", "null", "{", "{}{}", "{\"a\": 01}", "{\"a\" 1}"] {
        let found = with(config.to_owned()).unwrap_err().to_string();
        assert!(found.contains("the config is not a JSON object"), "{config}: {found}");
    }
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(8_000), "]".repeat(8_000));
    let padded = |total: usize| format!("{{{}}}", " ".repeat(total - 2));
    refused(with(padded(16_385)), &ContractError::ConfigTooLarge { found: 16_385, max: 16_384 });
    with(padded(16_384)).unwrap();
    // Values are skipped without recursion, so nesting costs no stack.
    let deep = NewModel { config: deep, ..model("deep", "1.0.0") };
    world.register(deep).unwrap();
}

#[test]
fn a_block_stands_on_what_exists() {
    let mut world = World::new();
    world.register(model("other", "1.0.0")).unwrap();
    let foreign = world.add(NewBlock { model: 2, ..block(expert(0), &[]) });
    let fallen = world.add(block(expert(0), &[]));
    world.void(fallen).unwrap();
    let fine = block(expert(0), &[]);
    let cases = [
        (NewBlock { model: 3, ..fine.clone() }, ContractError::NoModel { model: 3 }),
        (block(expert(4), &[]), ContractError::NoExpert { model: 1, experts: 4, index: 4 }),
        (NewBlock { bytes: 0, ..fine.clone() }, ContractError::Empty),
        (block(expert(0), &[9]), ContractError::NoBlock { block: 9 }),
        (block(expert(0), &[1; 9]), ContractError::TooManyParents { found: 9, max: 8 }),
        (
            block(expert(0), &[foreign]),
            ContractError::ParentOfAnother { parent: foreign, expected: 1, found: 2 },
        ),
        (block(expert(0), &[fallen]), ContractError::ParentVoid { parent: fallen }),
    ];
    for (block, error) in cases {
        refused(world.try_add(block), &error);
    }
    let parent = world.add(fine.clone());
    refused(world.try_add(block(expert(0), &[parent, parent])), &ContractError::ParentTwice { parent });
    assert!(world.try_add(NewBlock { author: "nobody".into(), ..fine }).is_err(), "an invalid address");
    let eight: Vec<_> = (0..8).map(|_| world.add(block(expert(0), &[]))).collect();
    world.add(block(expert(0), &eight));
}

#[test]
fn a_block_ends_once() {
    let mut world = World::new();
    let [kept, fallen] = [(); 2].map(|()| world.add(block(expert(0), &[])));
    world.finalize(kept, false).unwrap();
    world.void(fallen).unwrap();
    for (block, found) in [(kept, "final"), (fallen, "void")] {
        let error = ContractError::NotProvisional { block, found };
        refused(world.finalize(block, false), &error);
        refused(world.void(block), &error);
    }
    refused(world.finalize(9, false), &ContractError::NoBlock { block: 9 });
    refused(world.void(9), &ContractError::NoBlock { block: 9 });
}

#[test]
fn a_child_is_not_final_before_its_parents() {
    let mut world = World::new();
    let parent = world.add(block(expert(0), &[]));
    let child = world.add(block(expert(0), &[parent]));
    let error = ContractError::ParentNotFinal { block: child, parent };
    refused(world.finalize(child, false), &error);
    world.void(parent).unwrap();
    refused(world.finalize(child, false), &error);
    world.void(child).unwrap();
}

#[test]
fn questions_after_what_does_not_exist_are_errors() {
    let world = World::new();
    for (msg, error) in [
        (QueryMsg::Model { model: 9 }, ContractError::NoModel { model: 9 }),
        (QueryMsg::Block { block: 9 }, ContractError::NoBlock { block: 9 }),
    ] {
        let answer = world.app.wrap().query_wasm_smart::<cosmwasm_std::Empty>(&world.experts, &msg);
        assert!(answer.unwrap_err().to_string().contains(&error.to_string()));
    }
}
