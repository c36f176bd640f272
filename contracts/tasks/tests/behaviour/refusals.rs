//! Every refusal: wrong sender, wrong funds, wrong phase, out of bounds, repeated, unknown.
use cosmwasm_std::{Uint128, coins};
use cw_multi_test::Executor;
use lyceum_api::Hash32;
use lyceum_api::attestation::DomainScore;
use lyceum_api::datasets::Status;
use lyceum_api::manifest::{Recipe, Target};
use lyceum_api::tasks::*;

use crate::mocks::{DATASETS, NODES};
use crate::world::*;

/// What spoils a value, and why it is refused then.
type Bad<T> = (fn(&mut T), &'static str);

#[test]
fn only_the_charter_registers_domains_and_only_sane_ones() {
    let mut w = World::bare();
    let charter = w.charter.clone();
    let msg = |domain| ExecuteMsg::RegisterDomain { domain };
    w.refused(&w.stranger(), &msg(domain("rust")), 0, "may not send");
    w.refused(&charter, &msg(domain("rust")), 5, "funds");
    let bad: [Bad<NewDomain>; 16] = [
        (|d| d.name = String::new(), "the name's length"),
        (|d| d.name = "x".repeat(65), "the name's length"),
        (|d| d.class = "bf16".into(), "the class is refused: fp32"),
        (|d| d.committee = 4, "odd"),
        (|d| d.committee = 11, "the committee is 11"),
        (|d| d.weight = 0, "the weight"),
        (|d| d.tolerance = 0, "the tolerance"),
        (|d| d.bound_ppm = 30_001, "the bound"),
        (|d| d.epsilon_ppm = 2, "epsilon"),
        (|d| d.mean_gain = -1, "the mean gain"),
        (|d| d.baseline = 0, "the baseline"),
        (|d| d.max_reward = Uint128::zero(), "the maximal reward"),
        (|d| d.batch = 0, "the batch"),
        (|d| d.model = 9, "no such model"),
        (|d| d.expert = 4, "the expert is 4"),
        (|d| d.seconds_per_kilostep = 0, "seconds_per_kilostep"),
    ];
    for (change, because) in bad {
        let mut bad = domain("rust");
        change(&mut bad);
        w.refused(&charter, &msg(bad), 0, because);
    }
    w.ok(&charter, &msg(domain("rust")), 0);
    w.refused(&charter, &msg(domain("rust")), 0, "is taken by domain 1");
    for i in 1..16 {
        w.ok(&charter, &msg(domain(&format!("domain {i}"))), 0);
    }
    w.refused(&charter, &msg(domain("one more")), 0, "at most 16");
}

#[test]
fn a_task_is_opened_by_a_coordinator_with_exact_funds_and_within_bounds() {
    let mut w = World::new();
    let coordinator = w.coordinator.clone();
    let funds = DEPOSIT + 2 * FEE;
    let msg = |task| ExecuteMsg::OpenTask { task };
    w.refused(&w.trainer.clone(), &msg(new_task()), funds, "not an active coordinator");
    w.refused(&coordinator, &msg(new_task()), funds - 1, "funds of 20000000");
    w.refused(&coordinator, &msg(new_task()), 0, "funds of 20000000");
    let bad: [Bad<NewTask>; 21] = [
        (|t| t.domain = 9, "no domain 9"),
        (|t| t.target = Target::Expert { index: 1 }, "the target's expert"),
        (|t| t.steps_per_interval = 0, "steps per interval"),
        (|t| t.intervals = 199, "the number of intervals is 199, expected 200"),
        (|t| t.intervals = 4_097, "the number of intervals"),
        (|t| t.shards.clear(), "the number of shards"),
        (|t| t.shards.push(t.shards[0].clone()), "named twice"),
        (|t| t.shards[0].dataset = 2, "no such dataset"),
        (|t| t.shards[0].root = Hash32::of(b"foreign"), "is not of dataset 1"),
        (|t| t.bounds.min_lr_nano = 0, "the least learning rate"),
        (|t| t.bounds.max_lr_nano = 2_000_000_000, "the greatest learning rate"),
        (|t| t.bounds.max_warmup = 401, "the longest warm-up"),
        (|t| t.commit_seconds = 0, "the time to commit"),
        (|t| t.max_claims = 0, "the number of claims"),
        (|t| t.max_claims = 9, "the number of claims"),
        (|t| t.benchmark.items = 1, "items"),
        (|t| t.benchmark.bytes = 0, "bytes"),
        (|t| t.benchmark.sealed_key = vec![7; 161].into(), "sealed key is 161, expected 160 to 160"),
        (|t| t.benchmark.round -= 1, "the time of the benchmark's round is"),
        (|t| t.benchmark.round += 201, "the time of the benchmark's round is"),
        (|t| t.benchmark.round = u64::MAX, "the time of the benchmark's round is"),
    ];
    for (change, because) in bad {
        let mut bad = w.timed(new_task());
        change(&mut bad);
        let funds = DEPOSIT + FEE * u128::from(bad.max_claims);
        w.refused(&coordinator, &msg(bad), funds, because);
    }
    let mut setup = DATASETS.load(&*w.app.contract_storage(&w.datasets)).unwrap();
    setup.status = Status::Rejected { reason: "audit_pii".into() };
    w.set(&w.datasets.clone(), DATASETS, &setup);
    w.refused(&coordinator, &msg(new_task()), funds, "dataset 1 is not approved");
}

#[test]
fn a_task_may_train_router_and_base_as_well() {
    let mut w = World::new();
    for target in [Target::Router {}, Target::Base {}] {
        let task = w.open_as(NewTask { target, ..new_task() });
        assert_eq!(w.task(task).parent_root, w.task(task).base);
    }
}

#[test]
fn a_task_is_taken_once_by_active_trainers_within_its_bounds() {
    let mut w = World::new();
    let task = w.open();
    let bond = w.task(task).bond.u128();
    assert_eq!(bond, 1_240_714_286, "1.5 · 30 LYC · 193 / 7");
    let msg = |recipe| ExecuteMsg::Take { task, recipe };
    let trainer = w.trainer.clone();
    w.refused(&w.stranger(), &msg(recipe()), bond + FEE, "not an active trainer");
    w.refused(&w.coordinator.clone(), &msg(recipe()), bond + FEE, "opener");
    w.refused(&trainer, &msg(recipe()), bond, "funds of");
    w.refused(&trainer, &msg(recipe()), bond + FEE + 1, "funds of");
    w.refused(&trainer, &ExecuteMsg::Take { task: 9, recipe: recipe() }, bond + FEE, "no task 9");
    let bad = [
        (Recipe { peak_lr_nano: 0, ..recipe() }, "the learning rate"),
        (Recipe { peak_lr_nano: 10_000_001, ..recipe() }, "the learning rate"),
        (Recipe { warmup_steps: 21, ..recipe() }, "the warm-up"),
        (Recipe { mixture: vec![], ..recipe() }, "the mixture's length"),
        (Recipe { mixture: vec![0], ..recipe() }, "the mixture's sum"),
    ];
    for (recipe, because) in bad {
        w.refused(&trainer, &msg(recipe), bond + FEE, because);
    }
    let mut setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    setup.refuse_claims = true;
    w.set(&w.nodes.clone(), NODES, &setup);
    w.refused(&trainer, &msg(recipe()), bond + FEE, "over quota");
    setup.refuse_claims = false;
    let third = w.stranger();
    setup.trainers.push(third.clone());
    w.set(&w.nodes.clone(), NODES, &setup);
    w.take(&trainer, task);
    w.refused(&trainer, &msg(recipe()), bond + FEE, "has taken task 1 already");
    w.take(&w.rival.clone(), task);
    w.refused(&third, &msg(recipe()), bond + FEE, "has all its 2 claims");
    let late = w.open();
    w.wait(1_000);
    w.refused(&trainer, &ExecuteMsg::Take { task: late, recipe: recipe() }, bond + FEE, "too late");
}

#[test]
fn a_round_is_posted_once_in_its_time_and_signed() {
    let mut w = World::new();
    let task = w.open();
    w.ok(&w.trainer.clone(), &ExecuteMsg::Take { task, recipe: recipe() }, w.task(task).bond.u128() + FEE);
    let round = w.claim(1).seed_round;
    assert_eq!(
        w.ask::<RoundsResponse>(&QueryMsg::WantedRounds { limit: None }).rounds,
        [round, w.task(task).task.benchmark.round]
    );
    assert_eq!(w.claim(1).seed, None);
    let who = w.stranger();
    let msg = |round, signature| ExecuteMsg::PostBeacon { round, signature };
    w.refused(&who, &msg(round, w.signature(round)), 0, "comes out at");
    w.refused(&who, &msg(0, w.signature(0)), 0, "comes out at");
    w.wait(3);
    w.refused(&who, &msg(round, w.signature(round + 1)), 0, "not the beacon's signature");
    w.refused(&who, &msg(round, vec![0; 48].into()), 0, "not the beacon's signature");
    w.refused(&who, &msg(round, vec![].into()), 0, "not the beacon's signature");
    w.ok(&who, &msg(round, w.signature(round)), 0);
    w.refused(&who, &msg(round, w.signature(round)), 0, "is posted");
    assert!(w.claim(1).seed.is_some());
    assert!(!w.ask::<RoundsResponse>(&QueryMsg::WantedRounds { limit: None }).rounds.contains(&round));
}

#[test]
fn commits_and_reveals_keep_their_order_sender_and_window() {
    let mut w = World::new();
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    let (trainer, other) = (w.trainer.clone(), w.rival.clone());
    let commit = ExecuteMsg::Commit { claim, commit: w.commit_of(&trainer, task, &run) };
    let reveal = |content| ExecuteMsg::Reveal { claim, content, salt: SALT.into() };
    w.refused(&other, &commit, 0, "may not send");
    w.refused(&trainer, &commit, 7, "funds");
    w.refused(&trainer, &reveal(run.content()), 0, "expected committed");
    w.ok(&trainer, &commit, 0);
    w.refused(&trainer, &commit, 0, "expected taken");
    w.refused(&trainer, &reveal(run.content()), 0, "too early");
    w.refused(&trainer, &ExecuteMsg::Unseal { task, key: KEY }, 0, "too early");
    w.until(w.task(task).commit_until.seconds());
    w.refused(&trainer, &ExecuteMsg::Unseal { task, key: Hash32::default() }, 0, "not the one");
    w.unseal(task);
    w.refused(&trainer, &ExecuteMsg::Unseal { task, key: KEY }, 0, "is there already");
    w.refused(&other, &reveal(run.content()), 0, "may not send");
    let mut changed = run.content();
    changed.reported += 1;
    w.refused(&trainer, &reveal(changed), 0, "not those of the commitment");
    let short = ExecuteMsg::Reveal { claim, content: run.content(), salt: b"short".into() };
    w.refused(&trainer, &short, 0, "the salt's length");
    w.ok(&trainer, &reveal(run.content()), 0);
    w.refused(&trainer, &reveal(run.content()), 0, "expected committed");
    let (late, _) = {
        let task = w.open();
        w.train(&w.trainer.clone(), task, |run| run)
    };
    w.wait(1_000);
    w.refused(&trainer, &ExecuteMsg::Commit { claim: late, commit: KEY }, 0, "too late");
}

#[test]
fn a_block_of_no_bytes_is_refused() {
    let mut w = World::new();
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    let trainer = w.trainer.clone();
    let mut content = run.content();
    content.block_bytes = 0;
    let chain = w.app.block_info().chain_id;
    use lyceum_api::canonical::{Canonical, commitment};
    let (tag, contract) = (lyceum_api::claim::CLAIM_COMMIT, w.tasks.as_str());
    let commit = commitment(tag, &chain, contract, task, trainer.as_str(), &content.hash(), SALT);
    w.ok(&trainer, &ExecuteMsg::Commit { claim, commit }, 0);
    w.unseal(task);
    let msg = ExecuteMsg::Reveal { claim, content, salt: SALT.into() };
    w.refused(&trainer, &msg, 0, "the block's bytes is 0");
}

#[test]
fn seats_commit_and_reveal_once_and_only_what_was_asked() {
    let mut w = World::new();
    let (_, run, panel) = w.drawn(|run| run);
    let (who, seat) = (w.stranger(), w.evaluators[0].clone());
    w.refused(&who, &ExecuteMsg::Draw { panel }, 0, "expected pending");
    w.refused(&who, &w.serve_msg(panel, &run), 0, "may not send");
    let answer = w.honest(panel, 0, &run);
    let attest = w.attest_msg(panel, &seat, &answer);
    w.refused(&seat, &attest, 0, "expected committing");
    w.serve(panel, &run);
    w.refused(&w.trainer.clone(), &w.serve_msg(panel, &run), 0, "expected serving");
    w.refused(&who, &attest, 0, "has no seat");
    w.ok(&seat, &attest, 0);
    w.refused(&seat, &attest, 0, "is there already");
    let reveal = |attestation| ExecuteMsg::RevealAttestation { panel, attestation, salt: SALT.into() };
    w.refused(&seat, &reveal(answer.clone()), 0, "expected revealing");
    w.refused(&w.trainer.clone(), &w.open_msg(panel, &run), 0, "expected revealing");
    for i in 1..5 {
        let answer = w.honest(panel, i, &run);
        w.attest(panel, &w.evaluators[i].clone(), &answer);
    }
    w.refused(&who, &ExecuteMsg::Settle { panel }, 0, "too early");
    w.refused(&who, &reveal(answer.clone()), 0, "has no seat");
    let mut changed = answer.clone();
    changed.scored.as_mut().unwrap().gain += 1;
    w.refused(&seat, &reveal(changed), 0, "not those of the commitment");
    let mut changed = answer.clone();
    changed.intervals.pop();
    w.refused(&seat, &reveal(changed), 0, "intervals");
    let mut changed = answer.clone();
    changed.heads.push(DomainScore { domain: 1, score: 1 });
    w.refused(&seat, &reveal(changed), 0, "heads");
    w.refused(&w.evaluators[1].clone(), &reveal(answer.clone()), 0, "attestation's");
    w.ok(&seat, &reveal(answer.clone()), 0);
    w.refused(&seat, &reveal(answer), 0, "is there already");

    w.refused(&who, &w.open_msg(panel, &run), 0, "may not send");
    let mut other = run.clone();
    other.opened[0] += 1;
    w.refused(&w.trainer.clone(), &w.open_msg(panel, &other), 0, "bound itself to");
    let ExecuteMsg::Open { mut opening, .. } = w.open_msg(panel, &run) else { panic!() };
    opening.states.pop();
    let msg = ExecuteMsg::Open { panel, opening, salt: OPENING_SALT };
    w.refused(&w.trainer.clone(), &msg, 0, "the states are not");
    w.open_sketches(panel, &run);
    w.refused(&w.trainer.clone(), &w.open_msg(panel, &run), 0, "is there already");
    w.wait(1_800);
    let late =
        ExecuteMsg::RevealAttestation { panel, attestation: w.honest(panel, 1, &run), salt: SALT.into() };
    w.refused(&w.evaluators[1].clone(), &late, 0, "too late");
}

#[test]
fn unknown_ids_are_named() {
    let mut w = World::new();
    let who = w.stranger();
    let unknown: [(ExecuteMsg, &str); 8] = [
        (ExecuteMsg::Draw { panel: 9 }, "no panel 9"),
        (ExecuteMsg::Settle { panel: 9 }, "no panel 9"),
        (ExecuteMsg::Expire { claim: 9 }, "no claim 9"),
        (ExecuteMsg::Commit { claim: 9, commit: KEY }, "no claim 9"),
        (ExecuteMsg::VoidTask { task: 9 }, "no task 9"),
        (ExecuteMsg::Finalize { task: 9 }, "no task 9"),
        (ExecuteMsg::Unseal { task: 9, key: KEY }, "no task 9"),
        (ExecuteMsg::OpenSpan { claim: 9, from: 0, states: vec![] }, "no claim 9"),
    ];
    for (msg, because) in unknown {
        w.refused(&who, &msg, 0, because);
    }
}

#[test]
fn a_verdict_is_final_only_after_its_window_and_settled_once() {
    let mut w = World::new();
    let (claim, _) = w.settled();
    let panel = w.claim(claim).panels[0];
    w.refused(&w.stranger(), &ExecuteMsg::Settle { panel }, 0, "expected revealing");
    w.refused(&w.stranger(), &ExecuteMsg::Finalize { task: 1 }, 0, "too early");
    w.refused(&w.stranger(), &ExecuteMsg::Expire { claim }, 0, "waits for nobody");
    let task = w.open();
    w.take(&w.trainer.clone(), task);
    w.until(w.task(task).commit_until.seconds());
    w.refused(&w.stranger(), &ExecuteMsg::Finalize { task }, 0, "is not settled");
}

#[test]
fn only_the_charter_pauses_and_then_nobody_else_is_heard() {
    let mut w = World::new();
    let (charter, who) = (w.charter.clone(), w.stranger());
    let pause = |paused| ExecuteMsg::SetPaused { paused };
    w.refused(&who, &pause(true), 0, "may not send");
    w.refused(&who, &ExecuteMsg::SetParams { params: Params::default() }, 0, "may not send");
    w.ok(&charter, &pause(true), 0);
    w.refused(
        &w.coordinator.clone(),
        &ExecuteMsg::OpenTask { task: w.timed(new_task()) },
        DEPOSIT + 2 * FEE,
        "paused",
    );
    w.refused(&who, &ExecuteMsg::CheckHeads {}, 0, "paused");
    assert!(w.ask::<ConfigResponse>(&QueryMsg::Config {}).paused);
    let params = Params { claim_fee: Uint128::new(7), ..Params::default() };
    w.ok(&charter, &ExecuteMsg::SetParams { params: params.clone() }, 0);
    assert_eq!(w.ask::<ConfigResponse>(&QueryMsg::Config {}).params, params);
    let bad = Params { serve_seconds: 0, ..Params::default() };
    w.refused(&charter, &ExecuteMsg::SetParams { params: bad }, 0, "serve_seconds is 0");
    let bad = Params { claim_fee: Uint128::zero(), ..Params::default() };
    w.refused(&charter, &ExecuteMsg::SetParams { params: bad }, 0, "a fee or deposit");
    w.ok(&charter, &pause(false), 0);
    w.ok(&w.coordinator.clone(), &ExecuteMsg::OpenTask { task: w.timed(new_task()) }, DEPOSIT + 14);
}

#[test]
fn foreign_coins_are_refused() {
    let mut w = World::new();
    let who = w.app.api().addr_make("rich");
    w.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &who, coins(1 << 60, "uatom")).unwrap();
    });
    let mut setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    setup.coordinators.push(who.clone());
    w.set(&w.nodes.clone(), NODES, &setup);
    let msg = ExecuteMsg::OpenTask { task: w.timed(new_task()) };
    let funds = coins(DEPOSIT + 2 * FEE, "uatom");
    let error = w.app.execute_contract(who, w.tasks.clone(), &msg, &funds).unwrap_err();
    let cause = root_cause(&format!("{error:?}"));
    assert!(cause.contains("funds of 20000000 ulyc") && cause.contains("uatom"), "{cause}");
}
