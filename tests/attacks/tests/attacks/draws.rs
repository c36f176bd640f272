//! Sybils, and stake that moves to where a draw will fall.

use lyceum_testing::LYC;
use lyceum_testing::anyhow::Result;
use lyceum_testing::api::Hash32;
use lyceum_testing::api::nodes::{self, CommitteeResponse, Role, gpu_id};
use lyceum_testing::api::tasks::CLASS_FP32;
use lyceum_testing::cosmwasm_std::{Addr, Uint128};

use crate::arena::{Arena, GAIN, STAKE, refused};

fn config(arena: &Arena) -> Result<nodes::ConfigResponse> {
    arena.network.query(&arena.network.at.nodes, &nodes::QueryMsg::Config {})
}

fn committee(arena: &Arena, epoch: u64, seed: u8, exclude: &[&Addr]) -> Result<Vec<Addr>> {
    let query = nodes::QueryMsg::Committee {
        class: CLASS_FP32.to_owned(),
        epoch,
        seed: Hash32([seed; 32]),
        seats: 5,
        exclude: exclude.iter().map(ToString::to_string).collect(),
    };
    let drawn: CommitteeResponse = arena.network.query(&arena.network.at.nodes, &query)?;
    Ok(drawn.seats.into_iter().map(|s| s.node).collect())
}

/// Ten evaluator nodes of one operator, matured, with so much stake each.
fn hydra(arena: &mut Arena, stake: u128) -> Result<Vec<Addr>> {
    let mut heads = vec![];
    for i in 0..10 {
        let head = arena.network.register_node(&format!("head {i}"), "hydra", &[Role::Evaluator])?;
        arena.network.bond(&head, stake)?;
        heads.push(head);
    }
    arena.network.mature()?;
    Ok(heads)
}

#[test]
fn ten_nodes_of_one_operator_have_one_seat() -> Result<()> {
    let mut arena = Arena::new()?;
    // A third of all evaluator stake.
    let heads = hydra(&mut arena, 2_000 * LYC)?;
    let epoch = config(&arena)?.epoch;
    let mut seats = 0;
    for seed in 0..30 {
        let drawn = committee(&arena, epoch, seed, &[])?;
        let own = drawn.iter().filter(|n| heads.contains(n)).count();
        assert!(own <= 1, "{own} seats of one operator");
        assert_eq!(drawn.len(), 5);
        seats += own;
    }
    assert!(seats > 0);
    Ok(())
}

#[test]
fn an_operator_does_not_sit_in_judgement_of_its_own_trainer() -> Result<()> {
    let mut arena = Arena::new()?;
    let heads = hydra(&mut arena, 4_000 * LYC)?;
    let trainer = arena.network.register_node("body", "hydra", &[Role::Trainer])?;
    arena.network.bond(&trainer, STAKE)?;
    for at in 0..4 {
        let task = arena.task(1, at)?;
        let claim = arena.claim_by(task, &trainer, |run| run)?;
        let info = arena.seated(&claim)?;
        assert!(!info.seats.iter().any(|seat| heads.contains(&seat.node)));
    }
    Ok(())
}

#[test]
fn stake_that_is_bonded_after_a_take_is_not_drawn_for_it() -> Result<()> {
    let mut arena = Arena::new()?;
    let task = arena.task(1, 0)?;
    let trainer = arena.trainer("trainer")?;
    let claim = arena.network.take_task(&trainer, task, GAIN)?;
    // A thousand times the stake of all others, bonded while the trainer works, and old enough at the draw.
    let whale = arena.network.bond_node("whale", 40_000_000 * LYC, &[Role::Evaluator])?;
    arena.network.mature()?;
    arena.network.commit_claim(&claim).expect_err("the commits ended meanwhile");
    let mut drawn = 0;
    for seed in 0..10 {
        let epoch = arena.network.claim(claim.id)?.epoch;
        assert!(!committee(&arena, epoch, seed, &[])?.contains(&whale));
        // In a draw of now it would sit.
        drawn += u32::from(committee(&arena, config(&arena)?.epoch, seed, &[])?.contains(&whale));
    }
    assert_eq!(drawn, 10);
    Ok(())
}

#[test]
fn stake_younger_than_a_day_is_in_no_draw_of_an_epoch_that_began() -> Result<()> {
    let mut arena = Arena::new()?;
    let whale = arena.network.bond_node("whale", 40_000_000 * LYC, &[Role::Evaluator])?;
    arena.network.travel(7_200);
    let mature = nodes::ExecuteMsg::Mature { node: whale.to_string() };
    refused(arena.tell_nodes(&whale, &mature), "nothing of");
    let task = arena.task(1, 0)?;
    let claim = arena.claim(task, "trainer", |run| run)?;
    let info = arena.seated(&claim)?;
    assert!(!info.seats.iter().any(|s| s.node == whale));
    Ok(())
}

#[test]
fn nobody_steps_aside_once_the_seed_is_known() -> Result<()> {
    let mut arena = Arena::new()?;
    let epoch = config(&arena)?.epoch;
    let before = committee(&arena, epoch, 1, &[])?;
    let amount = Uint128::new(2_000 * LYC);
    arena.tell_nodes(&before[0].clone(), &nodes::ExecuteMsg::Unbond { amount })?;
    let update = nodes::ExecuteMsg::Update { roles: vec![Role::Storage], classes: vec![], addresses: vec![] };
    arena.tell_nodes(&before[1].clone(), &update)?;
    assert_eq!(config(&arena)?.epoch, epoch);
    assert_eq!(committee(&arena, epoch, 1, &[])?, before);
    Ok(())
}

#[test]
fn one_gpu_is_bound_to_one_node() -> Result<()> {
    let mut arena = Arena::new()?;
    let gpu = gpu_id(&config(&arena)?.gpu_salt, "GPU-7");
    let (first, second) = (
        arena.network.bond_node("first", 2_000 * LYC, &[Role::Storage])?,
        arena.network.bond_node("second", 2_000 * LYC, &[Role::Storage])?,
    );
    arena.tell_nodes(&first, &nodes::ExecuteMsg::BindGpu { gpu })?;
    refused(arena.tell_nodes(&second, &nodes::ExecuteMsg::BindGpu { gpu }), "is bound to");
    refused(arena.tell_nodes(&second, &nodes::ExecuteMsg::UnbindGpu { gpu }), first.as_str());
    assert_eq!(arena.network.node(&second)?.vote_power, 0);
    // Without work the binding lapses.
    let lapse = nodes::ExecuteMsg::LapseGpu { gpu };
    refused(arena.tell_nodes(&second, &lapse), "lapses at");
    arena.network.travel(28 * 86_400);
    arena.tell_nodes(&second, &lapse)?;
    assert_eq!(arena.network.node(&first)?.vote_power, 0);
    Ok(())
}

#[test]
fn a_vote_of_a_sybil_costs_a_thousand_lyc_and_declared_gpus_alone_give_none() -> Result<()> {
    let mut arena = Arena::new()?;
    let mut power = 0;
    for i in 0..5 {
        let node = arena.network.bond_node(&format!("sybil {i}"), 1_000 * LYC, &[Role::Storage])?;
        arena.network.bind_gpus(&node, 20)?;
        power += arena.network.node(&node)?.vote_power;
    }
    assert_eq!(power, 5, "5000 LYC, five votes, whatever GPUs they declare");
    let poor = arena.network.bond_node("poor", 999 * LYC, &[Role::Storage])?;
    refused(arena.network.bind_gpus(&poor, 1), "is not active");
    assert_eq!(arena.network.node(&poor)?.vote_power, 0);
    Ok(())
}
