//! Roles are values: a life replays from its observations, with no chain, clock or machine.

mod seen;

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::{Binary, from_json};
use lyceum_agent::roles::Relay;
use lyceum_agent::{
    Action, Coordinator, Done, Evaluator, Hash32, Job, Planned, Roles, Takes, Trained, Trainer, View, Voter,
};
use lyceum_api::attestation::{Attestation, Opening};
use lyceum_api::claim::ClaimContent;
use lyceum_api::tasks::{ExecuteMsg, TaskResponse};
use seen::*;
use serde_json::{Value, json};

/// drand's quicknet: its signature of round 1000.
const ROUND_1000: &str = "tEZ5uaWa8uyHaxprGtUuqbFhX8OYKxlXY1D5NEfLESXjQrc6jdK6y+R+S2tj7V45";

/// What a transaction says to `tasks`.
fn said(action: &Action) -> ExecuteMsg {
    let Action::Send { tx, .. } = action else { panic!("{action:?}") };
    from_json(&tx[0].msg).unwrap()
}

fn trained() -> Trained {
    let content = ClaimContent {
        block: Hash32([1; 32]),
        block_bytes: 1,
        manifest: Hash32([2; 32]),
        states: Hash32([3; 32]),
        reported: 4,
    };
    Trained { content, roots: vec![Hash32([5; 32]); 201], kept: vec![(0, Hash32([6; 32]))], seconds: 1 }
}

#[test]
fn a_trainer_takes_trains_commits_and_reveals_each_in_its_time_and_once() {
    let trainer = Trainer::new(Takes::default());
    let mut open = view(10);
    open.tasks.insert(1, task("coordinator", json!([]), Value::Null));
    let (trainer, actions) = trainer.step(&seen(open.clone()));
    assert_eq!(keys(&actions), ["take/1"]);
    let Action::Send { tx, .. } = &actions[0] else { panic!() };
    assert_eq!(tx[0].funds[0].amount.to_string(), "77", "bond and fee");
    let (trainer, actions) = trainer.step(&seen(open.clone()));
    assert_eq!(keys(&actions), Vec::<String>::new(), "it is under way");

    let with_claim = |time: u64, status: Value, seed: Value| {
        let mut view = view(time);
        view.tasks.insert(1, task("coordinator", json!([5]), Value::Null));
        view.claims.insert(5, claim(ME, status, seed));
        seen(view)
    };
    let (trainer, actions) = trainer.step(&with_claim(20, json!({"taken": {}}), Value::Null));
    assert!(keys(&actions).is_empty(), "the seed is not known");
    let (trainer, actions) = trainer.step(&with_claim(25, json!({"taken": {}}), json!(HASH)));
    assert_eq!(keys(&actions), ["work train/5"]);
    let Action::Work { seconds, .. } = &actions[0] else { panic!() };
    assert_eq!(*seconds, 40, "400 steps at 100 seconds a thousand");

    let mut done = with_claim(65, json!({"taken": {}}), json!(HASH));
    done.done = vec![("train/5".to_owned(), Done::Trained(trained()))];
    let (trainer, actions) = trainer.step(&done);
    assert_eq!(keys(&actions), ["commit/5"]);
    let (trainer, actions) = trainer.step(&with_claim(99, json!({"committed": {}}), json!(HASH)));
    assert!(keys(&actions).is_empty(), "the deadline has not passed");
    // What is written down is enough: a restart changes nothing.
    let trainer: Trainer = serde_json::from_str(&serde_json::to_string(&trainer).unwrap()).unwrap();
    let (trainer, actions) = trainer.step(&with_claim(101, json!({"committed": {}}), json!(HASH)));
    assert_eq!(keys(&actions), ["reveal/5"]);
    let ExecuteMsg::Reveal { content, salt, .. } = said(&actions[0]) else { panic!() };
    assert_eq!((content, salt.len()), (trained().content, 32));
    let (_, actions) =
        trainer.step(&with_claim(300, json!({"rejected": {"reason": "no_gain"}}), json!(HASH)));
    assert_eq!(keys(&actions), ["forget 1"]);
}

#[test]
fn a_trainer_serves_and_opens_what_it_bound_itself_to() {
    let mut first = view(65);
    first.tasks.insert(1, task("coordinator", json!([5]), Value::Null));
    first.claims.insert(5, claim(ME, json!({"revealed": {}}), json!(HASH)));
    first.panels.insert(
        8,
        panel(8, json!({"claim": {}}), json!({"serving": {"until": at(300)}}), Value::Null, false),
    );
    let mut done = seen(first.clone());
    done.done = vec![("train/5".to_owned(), Done::Trained(trained()))];
    let (trainer, actions) = Trainer::new(Takes::default()).step(&done);
    assert_eq!(keys(&actions), ["work serve/8"]);
    let mut served = seen(first.clone());
    served.done = vec![(
        "serve/8".to_owned(),
        Done::Served { states: vec![], opening: Opening { states: vec![], ends: vec![] } },
    )];
    let (trainer, actions) = trainer.step(&served);
    assert_eq!(keys(&actions), ["served/8"]);
    let ExecuteMsg::Serve { opening: root, .. } = said(&actions[0]) else { panic!() };
    let mut revealing = first.clone();
    revealing.panels.insert(
        8,
        panel(8, json!({"claim": {}}), json!({"revealing": {"until": at(500)}}), json!(HASH), true),
    );
    let (_, actions) = trainer.step(&seen(revealing));
    assert_eq!(keys(&actions), ["open-sketches/8"]);
    let ExecuteMsg::Open { opening, salt, .. } = said(&actions[0]) else { panic!() };
    assert_eq!(lyceum_api::attestation::opening_root(&salt, &opening), root);
}

#[test]
fn a_trainer_leaves_tasks_alone_that_are_its_own_full_or_not_wanted() {
    let step = |takes: Takes, task: TaskResponse, time: u64| {
        let mut view = view(time);
        view.tasks.insert(1, task);
        keys(&Trainer::new(takes).step(&seen(view)).1)
    };
    let open = || task("coordinator", json!([]), Value::Null);
    assert_eq!(step(Takes::default(), open(), 10), ["take/1"]);
    assert!(step(Takes::default(), task(ME, json!([]), Value::Null), 10).is_empty());
    assert!(step(Takes::default(), task("coordinator", json!([1, 2]), Value::Null), 10).is_empty());
    assert!(step(Takes { domains: vec![2], ..Takes::default() }, open(), 10).is_empty());
    assert!(step(Takes { tasks: vec![2], ..Takes::default() }, open(), 10).is_empty());
    assert!(step(Takes::default(), open(), 100).is_empty());
}

fn seat_view(status: Value, commit: Value, revealed: bool) -> View {
    let mut view = view(250);
    view.tasks.insert(1, task("coordinator", json!([5]), json!(HASH)));
    view.claims.insert(5, claim("trainer", json!({"revealed": {}}), json!(HASH)));
    view.panels.insert(8, panel(8, json!({"claim": {}}), status, commit, revealed));
    view
}

#[test]
fn a_seat_works_once_served_commits_and_reveals_after_all_have_committed() {
    let committing = || json!({"committing": {"until": at(400)}});
    let (idle, actions) = Evaluator::default().step(&seen(seat_view(
        json!({"serving": {"until": at(300)}}),
        Value::Null,
        false,
    )));
    assert!(keys(&actions).is_empty());
    let (busy, actions) = idle.step(&seen(seat_view(committing(), Value::Null, false)));
    assert_eq!(keys(&actions), ["work attest/8"]);
    assert!(matches!(&actions[0], Action::Work { job, .. } if matches!(**job, Job::Attest { .. })));
    let answer = Attestation { sound: false, intervals: vec![], scored: None, heads: vec![] };
    let mut done = seen(seat_view(committing(), Value::Null, false));
    done.done = vec![("attest/8".to_owned(), Done::Attested { attestation: answer.clone() })];
    let (ready, actions) = busy.step(&done);
    assert_eq!(keys(&actions), ["commit-attestation/8"]);
    let ready: Evaluator = serde_json::from_str(&serde_json::to_string(&ready).unwrap()).unwrap();
    let revealing = seat_view(json!({"revealing": {"until": at(500)}}), json!(HASH), false);
    let (_, actions) = ready.step(&seen(revealing));
    let ExecuteMsg::RevealAttestation { attestation, .. } = said(&actions[0]) else { panic!() };
    assert_eq!(attestation, answer);
}

#[test]
fn work_that_fails_is_tried_again_later_and_not_forever() {
    let committing = || seat_view(json!({"committing": {"until": at(1_000_000)}}), Value::Null, false);
    let (mut evaluator, mut tries, mut time) = (Evaluator::default(), 0, 250);
    for _ in 0..60 {
        let mut view = committing();
        (view.time, time) = (time, time + 100);
        let mut now = seen(view);
        now.done = vec![(
            "attest/8".to_owned(),
            Done::Failed { code: "agent.unavailable", words: "no peer".to_owned() },
        )];
        let (next, actions) = evaluator.step(&now);
        tries += keys(&actions).len();
        evaluator = next;
    }
    assert_eq!(tries, 8);
}

#[test]
fn a_second_dispute_of_a_claim_waits_for_the_first_while_there_is_time() {
    let interval = |j: u32| json!({"interval": {"interval": j}});
    let at_time = |time: u64| {
        let mut view = seat_view(json!({"closed": {}}), Value::Null, false);
        view.time = time;
        for id in [9, 10] {
            let status = json!({"committing": {"until": at(4_000)}});
            view.panels.insert(id, panel(id, interval(3), status, Value::Null, false));
        }
        seen(view)
    };
    let (evaluator, actions) = Evaluator::default().step(&at_time(500));
    assert_eq!(keys(&actions), ["work attest/9"]);
    assert!(actions.contains(&Action::Wake { at: 2_200 }));
    let (_, actions) = evaluator.step(&at_time(2_200));
    assert_eq!(keys(&actions), ["work attest/10"]);
}

#[test]
fn a_coordinator_opens_in_order_unseals_and_keeps_things_moving() {
    let planned = |after: Vec<usize>, key: u8| {
        let mut task: lyceum_api::tasks::NewTask = serde_json::from_value(new_task()).unwrap();
        task.benchmark.key = lyceum_api::tasks::key_commitment(&Hash32([key; 32]));
        task.shards.clear();
        Planned { task, key: Hash32([key; 32]), after }
    };
    let coordinator = Coordinator::new(vec![planned(vec![], 9), planned(vec![0], 10)]);
    let (coordinator, actions) = coordinator.step(&seen(view(10)));
    assert_eq!(keys(&actions), [format!("open/{}", lyceum_api::tasks::key_commitment(&Hash32([9; 32])))]);
    let mut later = view(101);
    later.tasks.insert(1, task(ME, json!([5]), Value::Null));
    later.claims.insert(5, claim("trainer", json!({"taken": {}}), json!(HASH)));
    let (coordinator, actions) = coordinator.step(&seen(later.clone()));
    assert_eq!(keys(&actions), ["unseal/1", "expire/5/taken"]);
    assert_eq!(said(&actions[0]), ExecuteMsg::Unseal { task: 1, key: Hash32([9; 32]) });
    later.time = 201;
    let (_, actions) = coordinator.step(&seen(later.clone()));
    assert_eq!(keys(&actions), ["void/1"]);
    let mut settled = later;
    settled.tasks.insert(1, task(ME, json!([5]), json!(HASH)));
    settled
        .claims
        .insert(5, claim("trainer", json!({"settled": {"accepted": true, "until": at(200)}}), json!(HASH)));
    settled.panels.insert(8, panel(8, json!({"claim": {}}), json!({"pending": {}}), Value::Null, false));
    settled.posted = BTreeSet::from([4]);
    let (_, actions) = coordinator.step(&seen(settled));
    assert_eq!(keys(&actions), ["draw/8", "finalize/1"]);
}

#[test]
fn a_task_opens_with_its_key_sealed_to_a_round_of_its_reveal_window() {
    let task: lyceum_api::tasks::NewTask = serde_json::from_value(new_task()).unwrap();
    let task = lyceum_api::tasks::NewTask { shards: vec![], ..task };
    let plan = vec![Planned { task, key: Hash32([9; 32]), after: vec![] }];
    let (_, actions) = Coordinator::new(plan).step(&seen(view(2_700)));
    let ExecuteMsg::OpenTask { task } = said(&actions[0]) else { panic!() };
    // 100 seconds to commit, then 150 of the window's 600.
    assert_eq!(task.benchmark.round, 985, "comes out at 2952");
    assert_eq!(task.benchmark.sealed_key.len(), lyceum_api::tasks::SEALED_KEY_BYTES);
}

#[test]
fn any_node_unseals_with_the_rounds_signature_when_the_opener_does_not() {
    let quicknet = Binary::from_base64(QUICKNET).unwrap();
    let sealed = lyceum_learn::timelock::lock(&quicknet, 1000, &Hash32([9; 32])).unwrap();
    let at_time = |time: u64, sealed: &[u8]| {
        let mut view = view(time);
        let mut task = task("gone", json!([5]), Value::Null);
        task.task.benchmark.sealed_key = sealed.to_vec().into();
        task.commit_until = cosmwasm_std::Timestamp::from_seconds(2_990);
        task.reveal_until = cosmwasm_std::Timestamp::from_seconds(3_190);
        view.tasks.insert(1, task);
        view.claims.insert(5, claim("trainer", json!({"revealed": {}}), json!(HASH)));
        view
    };
    let posted = |mut view: View| {
        view.signatures.insert(1000, Binary::from_base64(ROUND_1000).unwrap());
        seen(view)
    };
    let unseal = ExecuteMsg::Unseal { task: 1, key: Hash32([9; 32]) };
    let coordinator = || Coordinator::new(vec![]);
    let (_, actions) = coordinator().step(&seen(at_time(3_000, &sealed)));
    assert!(keys(&actions).is_empty(), "nobody knows the round");
    let (_, actions) = coordinator().step(&posted(at_time(3_000, &sealed)));
    assert_eq!(said(&actions[0]), unseal);
    // Others step in when coordinators let half of the time pass.
    let (evaluator, actions) = Evaluator::default().step(&posted(at_time(3_000, &sealed)));
    assert_eq!(actions, [Action::Wake { at: 3_093 }]);
    let (_, actions) = evaluator.step(&posted(at_time(3_100, &sealed)));
    assert_eq!(said(&actions[0]), unseal);
    let (_, actions) = Trainer::new(Takes::default()).step(&posted(at_time(3_100, &sealed)));
    assert_eq!(said(&actions[0]), unseal);
    // What does not open is left to void itself.
    let (_, actions) = coordinator().step(&posted(at_time(3_100, &[7; 160])));
    assert!(keys(&actions).is_empty());
    let (_, actions) = coordinator().step(&posted(at_time(3_191, &[7; 160])));
    assert_eq!(keys(&actions), ["void/1"]);
    let mut exposed = at_time(2_000, &sealed);
    exposed.tasks.get_mut(&1).unwrap().exposed = true;
    let (_, actions) = coordinator().step(&seen(exposed));
    assert_eq!(keys(&actions), ["void/1"]);
}

#[test]
fn a_trainer_that_neither_serves_nor_opens_is_expired_and_not_settled() {
    let stages = [
        (json!({"serving": {"until": at(249)}}), "unserved/8"),
        (json!({"revealing": {"until": at(249)}}), "unopened/8"),
    ];
    for (status, key) in stages {
        let view = seat_view(status, json!(HASH), true);
        let (_, actions) = Coordinator::new(vec![]).step(&seen(view));
        assert_eq!(keys(&actions), [key]);
        assert_eq!(said(&actions[0]), ExecuteMsg::Expire { claim: 5 });
    }
}

#[test]
fn a_relay_posts_what_is_wanted_and_out() {
    let mut view = view(10);
    view.wanted = BTreeSet::from([1, 4, 5]);
    let (relay, actions) = Relay::default().step(&seen(view.clone()));
    assert_eq!(keys(&actions), ["beacon/1", "beacon/4"]);
    let (_, actions) = relay.step(&seen(view));
    assert!(keys(&actions).is_empty());
}

#[test]
fn a_voter_follows_the_audit_and_votes_once() {
    let dataset = |pii: u32| {
        serde_json::from_value::<lyceum_api::datasets::DatasetResponse>(json!({
            "id": 1, "proposer": "p", "status": {"voting": {"until": at(500), "extended": false}}, "height": 1,
            "manifest": {"name": "d", "licence": "MIT", "source": "curated", "shards": []},
            "proposed_at": at(0), "allowed": "gold", "yes": 0, "no": 0, "total_power": 3,
            "audit": {"licence_ok": true, "pii_ppm": pii, "toxicity_ppm": 0, "duplicates_ppm": 0, "gain": 5},
        }))
        .unwrap()
    };
    let vote = |pii: u32, power: u64| {
        let mut view = view(10);
        view.datasets.insert(1, dataset(pii));
        let mut now = seen(view);
        now.power = BTreeMap::from([(1, power)]);
        let (voter, actions) = Voter::new(100, 100, 100).step(&now);
        assert!(keys(&voter.step(&now).1).is_empty());
        actions.first().map(|action| {
            let Action::Send { tx, .. } = action else { panic!() };
            let msg: lyceum_api::datasets::ExecuteMsg = from_json(&tx[0].msg).unwrap();
            matches!(msg, lyceum_api::datasets::ExecuteMsg::Vote { yes: true, .. })
        })
    };
    assert_eq!(vote(0, 2), Some(true));
    assert_eq!(vote(101, 2), Some(false));
    assert_eq!(vote(0, 0), None);
}

#[test]
fn a_life_replays_from_its_observations() {
    let mut open = view(10);
    open.tasks.insert(1, task("coordinator", json!([]), Value::Null));
    let mut taken = view(25);
    taken.tasks.insert(1, task("coordinator", json!([5]), Value::Null));
    taken.claims.insert(5, claim(ME, json!({"taken": {}}), json!(HASH)));
    let life = [seen(open), seen(taken), seen(seat_view(json!({"pending": {}}), Value::Null, false))];
    let live = || {
        let mut roles = Roles {
            trainer: Some(Trainer::new(Takes::default())),
            evaluator: Some(Evaluator::default()),
            ..Roles::default()
        };
        let mut all = Vec::new();
        for observation in &life {
            let (next, mut actions) = roles.step(observation);
            all.append(&mut actions);
            roles = next;
        }
        (roles, all)
    };
    assert_eq!(live(), live());
    assert_eq!(keys(&live().1), ["take/1", "work train/5"]);
}
