//! What a claim brings, followed to the last ulyc: bond and fee go in, the bond comes back, the fee pays the committee,
//! and a sealed learning block pays the trainer, the data and the committee.

use lyceum_testing::api::datasets::Shard;
use lyceum_testing::api::nodes::Role;
use lyceum_testing::api::rewards::Pool;
use lyceum_testing::api::tasks::{ClaimStatus, TaskShard};
use lyceum_testing::api::{Hash32, rewards};
use lyceum_testing::cosmwasm_std::Addr;
use lyceum_testing::{Crew, LYC, Network, anyhow};

/// A network with one task of one domain open, and a trainer.
fn one_task() -> anyhow::Result<(Network, Crew, Addr, u64)> {
    let mut network = Network::new()?;
    let crew = network.staff()?;
    let trainer = network.bond_node("trainer", 100_000 * LYC, &[Role::Trainer])?;
    let model = network.register_model("moe", 4)?;
    let domain = network.register_domain(Network::new_domain("prose", model, 1))?;
    let shard = Shard { root: Hash32::of(b"a shard"), bytes: 1_000_000 };
    let dataset = network.pass_dataset("books", std::slice::from_ref(&shard))?;
    let shards = vec![TaskShard { dataset, root: shard.root }];
    let task = network.open_task(&crew.coordinator, Network::new_task(domain, 1, shards))?;
    Ok((network, crew, trainer, task))
}

fn pool(block: &rewards::LearningBlockResponse, pool: Pool) -> u128 {
    block.pools.iter().find(|p| p.pool == pool).map_or(0, |p| p.amount.u128())
}

#[test]
fn a_trainer_gets_its_bond_back_and_a_learning_block_pays_what_it_earned() -> anyhow::Result<()> {
    let (mut network, crew, trainer, task) = one_task()?;
    let claim = network.settle_claim(task, &trainer, 4_000_000)?;
    assert_eq!(claim.status, ClaimStatus::Accepted {});
    assert_eq!(network.open_learning_block()?.claims, 1);

    // Before the learning block seals, only the bond is there to be pulled: it was the trainer's all along.
    assert_eq!(network.claimable(&trainer)?.amount, claim.bond);
    assert_eq!(network.claim_rewards(&trainer)?, claim.bond.u128());

    // Afterwards the trainers' pool is its own alone: no other claim was accepted.
    let block = network.seal_learning_block()?;
    assert!(pool(&block, Pool::Trainers) > 0, "{block:?}");
    assert_eq!(network.claim_rewards(&trainer)?, pool(&block, Pool::Trainers));
    assert!(network.claim_rewards(&trainer).is_err(), "nothing is left to pull");

    // The data's pool is the contributor's. The evaluators' pool is shared by the claim's five seats and by those that
    // checked the heads, who may be the same; the fee is the claim's seats' alone.
    let contributor = network.account("contributor");
    assert_eq!(network.claim_rewards(&contributor)?, pool(&block, Pool::Data));
    let (mut seats, mut shared) = (0, 0);
    for evaluator in &crew.evaluators {
        if !network.claimable(evaluator)?.amount.is_zero() {
            seats += 1;
            shared += network.claim_rewards(evaluator)?;
        }
    }
    // 2 % of the fee are the coordinator's; divisions round down.
    let due = claim.fee.u128() * 98 / 100 + pool(&block, Pool::Evaluators);
    assert!((5..=10).contains(&seats), "{seats} seats were paid");
    assert!(shared <= due && due - shared < 20, "{shared} of {due}");
    Ok(())
}

#[test]
fn a_learning_block_without_an_accepted_claim_does_not_seal() -> anyhow::Result<()> {
    let (mut network, _, trainer, task) = one_task()?;
    let claim = network.settle_claim(task, &trainer, 0)?;
    assert!(matches!(claim.status, ClaimStatus::Rejected { .. }), "{:?}", claim.status);
    let refused = network.seal_learning_block().expect_err("nothing was accepted");
    assert!(refused.to_string().contains("learning block 0"), "{refused:#}");
    // Its bond comes back; its fee paid the committee that said so.
    assert_eq!(network.claim_rewards(&trainer)?, claim.bond.u128());
    Ok(())
}

#[test]
fn delegating_mints_the_stake_and_leaves_the_delegators_own_coins_alone() -> anyhow::Result<()> {
    let mut network = Network::new()?;
    let node = network.bond_node("node", 10_000 * LYC, &[Role::Evaluator])?;
    let delegator = network.account("delegator");
    network.fund(&delegator, 7 * LYC)?;
    let minted = network.minted();
    network.delegate(&delegator, &node, 5 * LYC)?;
    assert_eq!(network.minted(), minted + 5 * LYC);
    assert_eq!(network.balance(&delegator)?, 7 * LYC);
    assert_eq!(network.node(&node)?.stake.u128(), 10_005 * LYC);
    Ok(())
}
