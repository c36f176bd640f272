//! Learning blocks: weights, seals, shares, claims.

use cosmwasm_std::Uint128;
use cw_multi_test::IntoAddr;
use lyceum_api::rewards::{
    ClaimableResponse, ExecuteMsg, LearningBlockResponse, PaidResponse, Pool, QueryMsg,
};
use lyceum_rewards::ContractError;

use crate::world::{LYC, World, refused};

#[test]
fn a_sealed_block_pays_its_pools_by_weight_and_leaves_the_rest_in_the_treasury() {
    let mut world = World::new(1_000 * LYC);
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(IntoAddr::into_addr);
    world.accrue(0, &[(Pool::Trainers, &ann, 2), (Pool::Trainers, &bob, 1)]).unwrap();
    world.accrue(0, &[(Pool::Trainers, &bob, 1), (Pool::Evaluators, &eve, 7)]).unwrap();
    assert_eq!(world.claimable(&ann), Uint128::zero(), "nothing before the seal");
    world.pass(600);
    world.seal(0).unwrap();
    // 60 % and 12 % of 50 LYC have takers; data, service and 3 % stay.
    let treasury = world.treasury();
    assert_eq!((treasury.free, treasury.accrued), ((964 * LYC).into(), (36 * LYC).into()));
    assert_eq!((treasury.open_block, treasury.last_seal), (1, world.app.block_info().time));
    let block: LearningBlockResponse = world.ask(&QueryMsg::LearningBlock { learning_block: 0 });
    assert_eq!(block.emission, Uint128::new(50 * LYC));
    assert_eq!(block.pools.iter().map(|p| p.amount.u128() / LYC).collect::<Vec<_>>(), [30, 0, 6, 0]);
    for (account, due) in [(&ann, 15), (&bob, 15), (&eve, 6)] {
        assert_eq!(world.claimable(account), Uint128::new(due * LYC));
        world.claim(account).unwrap();
        assert_eq!(world.balance(account), Uint128::new(due * LYC));
        refused(world.claim(account), &ContractError::NothingToClaim);
    }
    let paid: PaidResponse = world.ask(&QueryMsg::Paid { account: bob.to_string() });
    assert_eq!(paid.amount, Uint128::new(15 * LYC));
    assert_eq!(world.treasury().paid, Uint128::new(36 * LYC));
}

#[test]
fn what_rounding_leaves_returns_to_the_treasury_with_the_last_claim() {
    let mut world = World::new(100 * LYC);
    let accounts = ["a", "b", "c", "d", "e", "f", "g"].map(IntoAddr::into_addr);
    for account in &accounts {
        world.accrue(0, &[(Pool::Trainers, account, 1)]).unwrap();
    }
    world.pass(600);
    world.seal(0).unwrap();
    for account in &accounts {
        world.claim(account).unwrap();
        assert_eq!(world.balance(account), Uint128::new(30 * LYC / 7), "the order of claims does not matter");
    }
    let treasury = world.treasury();
    assert_eq!(treasury.accrued, Uint128::zero());
    assert_eq!(treasury.free, Uint128::new(100 * LYC - 30 * LYC / 7 * 7));
    assert_eq!(treasury.free, world.held());
}

#[test]
fn emission_grows_with_time_up_to_the_target_and_never_beyond_the_treasury() {
    let mut world = World::new(70 * LYC);
    let ann = "ann".into_addr();
    let emission = |world: &World, learning_block| {
        world.ask::<LearningBlockResponse>(&QueryMsg::LearningBlock { learning_block }).emission.u128()
    };
    world.pass(60);
    world.seal(0).unwrap();
    assert_eq!(emission(&world, 0), 5 * LYC, "a tenth of the target, a tenth of the emission");
    assert_eq!(world.treasury().free, Uint128::new(70 * LYC), "nobody had weight");
    for block in 1..3 {
        let pools = [Pool::Trainers, Pool::Data, Pool::Evaluators, Pool::Service];
        world.accrue(block, &pools.map(|pool| (pool, &ann, 1))).unwrap();
        world.pass(6_000);
        world.seal(block).unwrap();
    }
    assert_eq!(emission(&world, 1), 50 * LYC, "a drought emits once");
    assert_eq!(emission(&world, 2), 70 * LYC - 48_500_000, "and then the treasury is the cap");
    world.accrue(3, &[(Pool::Data, &ann, 1)]).unwrap();
    world.seal(3).unwrap();
    assert_eq!(emission(&world, 3), 0, "two seals in one block emit once");
}

#[test]
fn a_claim_settles_at_most_its_limit_of_blocks_and_says_whether_more_remain() {
    let mut world = World::new(1_000 * LYC);
    let ann = "ann".into_addr();
    for block in 0..5 {
        world.accrue(block, &[(Pool::Trainers, &ann, 1), (Pool::Service, &ann, 1)]).unwrap();
        world.pass(600);
        world.seal(block).unwrap();
    }
    world.accrue(5, &[(Pool::Trainers, &ann, 1)]).unwrap();
    let each = 32_500_000;
    let claimable = |world: &World, limit| -> ClaimableResponse {
        world.ask(&QueryMsg::Claimable { account: ann.to_string(), limit: Some(limit) })
    };
    let two = claimable(&world, 2);
    assert_eq!((two.amount.u128(), two.more), (2 * each, true));
    world.send(&ann, &ExecuteMsg::Claim { limit: Some(2) }, &[]).unwrap();
    let rest = claimable(&world, 3);
    assert_eq!((rest.amount.u128(), rest.more), (3 * each, false), "the open block does not count");
    world.claim(&ann).unwrap();
    assert_eq!(world.balance(&ann).u128(), 5 * each);
}

#[test]
fn shares_that_round_to_nothing_do_not_stand_in_the_way_of_later_ones() {
    let mut world = World::new(0);
    let ann = "ann".into_addr();
    world.accrue(0, &[(Pool::Trainers, &ann, 1), (Pool::Data, &ann, 0)]).unwrap();
    world.pass(600);
    world.seal(0).unwrap();
    world.claim(&ann).unwrap();
    assert_eq!(world.balance(&ann), Uint128::zero());
    refused(world.claim(&ann), &ContractError::NothingToClaim);
}
