//! Somebody else's contract, tested against the whole network: it pays a bounty to the trainer of a claim, but only
//! once Lyceum's own committee has made that claim final.

use lyceum_testing::api::datasets::Shard;
use lyceum_testing::api::nodes::Role;
use lyceum_testing::api::tasks::{ClaimResponse, ClaimStatus, QueryMsg, TaskShard};
use lyceum_testing::api::{DENOM, Hash32};
use lyceum_testing::cosmwasm_std::{
    Addr, BankMsg, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, coins,
};
use lyceum_testing::cw_multi_test::{ContractWrapper, Executor};
use lyceum_testing::{LYC, Network, anyhow};
use serde::{Deserialize, Serialize};

/// The bounty contract's one message: pay the claim's trainer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pay {
    tasks: Addr,
    claim: u64,
}

fn instantiate(_: DepsMut<'_>, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn execute(deps: DepsMut<'_>, _: Env, _: MessageInfo, msg: Pay) -> StdResult<Response> {
    let claim: ClaimResponse =
        deps.querier.query_wasm_smart(&msg.tasks, &QueryMsg::Claim { claim: msg.claim })?;
    match claim.status {
        ClaimStatus::Accepted {} => Ok(Response::new()
            .add_message(BankMsg::Send { to_address: claim.trainer.to_string(), amount: coins(LYC, DENOM) })),
        other => Err(StdError::msg(format!("claim {} is not final: {other:?}", msg.claim))),
    }
}

fn query(_: Deps<'_>, _: Env, _: Empty) -> StdResult<Binary> {
    Ok(Binary::default())
}

#[test]
fn a_bounty_is_paid_only_for_a_claim_that_a_committee_made_final() -> anyhow::Result<()> {
    // The network, with enough evaluators, GPU owners and a coordinator, and stake old enough to be drawn.
    let mut network = Network::new()?;
    let crew = network.staff()?;
    let trainer = network.bond_node("trainer", 100_000 * LYC, &[Role::Trainer])?;

    // A model, a domain, a dataset that passes audit and vote, a task on it.
    let model = network.register_model("moe", 4)?;
    let domain = network.register_domain(Network::new_domain("prose", model, 1))?;
    let shard = Shard { root: Hash32::of(b"a shard"), bytes: 1_000_000 };
    let dataset = network.pass_dataset("books", std::slice::from_ref(&shard))?;
    let shards = vec![TaskShard { dataset, root: shard.root }];
    let task = network.open_task(&crew.coordinator, Network::new_task(domain, 1, shards))?;

    // The contract under test.
    let owner = network.account("owner");
    network.fund(&owner, 10 * LYC)?;
    let code = network.app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let funds = coins(10 * LYC, DENOM);
    let bounty = network
        .app
        .instantiate_contract(code, owner.clone(), &Empty {}, &funds, "bounty", None)
        .expect("it comes up");
    let pay = |claim| Pay { tasks: network.at.tasks.clone(), claim };

    // Before the claim is final it pays nothing; afterwards it pays the trainer.
    let early = pay(1);
    let claim = {
        let claimed = network.take_task(&trainer, task, 4_000_000)?;
        assert!(network.execute(&owner, &bounty, &early, 0).is_err());
        network.commit_claim(&claimed)?;
        network.wait_for_commits(task)?;
        network.reveal_claim(&claimed)?;
        network.unseal(task)?;
        let panel = network.claim(claimed.id)?.panels[0];
        network.run_honest_panel(&claimed, panel)?;
        network.wait_for_disputes(claimed.id)?;
        network.finalize_task(task)?;
        claimed.id
    };
    let before = network.balance(&trainer)?;
    let pay = Pay { tasks: network.at.tasks.clone(), claim };
    network.execute(&owner, &bounty, &pay, 0)?;
    assert_eq!(network.balance(&trainer)?, before + LYC);
    Ok(())
}
