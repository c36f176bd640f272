//! Whole networks of real nodes: honest claims are accepted, cheats are caught, and a run repeats itself.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{Cast, World, files};
use lyceum_agent::{Adversary, Ended, Event, Hash32, Needs, Settled, View, Views, What};
use lyceum_api::datasets::Status;
use lyceum_api::tasks::ClaimStatus;
use lyceum_chain::Chain;

/// Runs until nobody has anything left to do, and gives what the chain says then.
async fn until_idle(world: &mut World) -> View {
    assert_eq!(world.run_until(|_| false).await.unwrap(), Ended::Idle);
    let chain = world.nodes[0].1.chain();
    let head = chain.head().await.unwrap();
    (*lyceum_agent::Views::new().at(chain, head).await.unwrap()).clone()
}

fn events(world: &mut World) -> Vec<Event> {
    std::iter::from_fn(|| world.events.try_recv().ok()).collect()
}

fn print(events: &[Event]) {
    for e in events {
        if !matches!(e.what, What::Training { .. } | What::Trained { .. }) {
            eprintln!("{} {:?}", e.node, e.what);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_claim_is_accepted_and_a_stuffed_dataset_is_refused_and_a_run_repeats_itself() {
    let files = Arc::new(files());
    let mut first: Option<(Vec<_>, Vec<_>)> = None;
    for _ in 0..2 {
        let mut world = World::new(
            Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false, shaky: 0 },
            files.clone(),
        );
        let view = until_idle(&mut world).await;
        let told = events(&mut world);
        let claim = &view.claims[&1];
        if claim.status != (ClaimStatus::Accepted {}) {
            print(&told);
        }
        assert_eq!(claim.status, ClaimStatus::Accepted {}, "{claim:?}");
        assert!(claim.gain.unwrap() > 0);
        let statuses: Vec<_> = view.datasets.values().map(|d| d.status.clone()).collect();
        assert!(matches!(statuses[0], Status::Approved { .. }), "{statuses:?} {:?}", view.datasets[&1].audit);
        assert!(
            matches!(&statuses[1], Status::Rejected { reason } if reason.starts_with("audit_")),
            "{statuses:?}"
        );
        let steps: u64 =
            told.iter().map(|e| if let What::Attested { steps, .. } = &e.what { *steps } else { 0 }).sum();
        assert_eq!(steps, 20, "five seats re-execute two intervals of two steps each");
        assert!(steps * 20 <= 400, "at most 5 % of the steps");
        assert!(view.learning.number > 0, "the gain sealed a learning block");
        let asked = std::mem::take(&mut *world.bringing.asked.lock().unwrap());
        for what in ["manifest", "block", "state", "shard", "base"] {
            let first: BTreeSet<_> =
                asked.iter().filter(|(w, _)| *w == what).map(|(_, f)| f.clone()).collect();
            // Whoever claims is asked first for what the claim names; for what anybody has, nobody is.
            let named = matches!(what, "manifest" | "block" | "state").then(|| claim.trainer.to_string());
            assert_eq!(first, BTreeSet::from([named]), "{what}");
        }
        let (_, alice) = world.nodes.iter().find(|(n, _)| n == "alice").unwrap();
        let query = lyceum_api::rewards::QueryMsg::Paid { account: alice.identity().account.to_string() };
        let chain = alice.chain();
        let paid: lyceum_api::rewards::PaidResponse =
            chain.query(&chain.contracts().rewards, &query).await.unwrap();
        assert!(!paid.amount.is_zero(), "the trainer pulled its reward");
        let outcome = (
            view.claims
                .values()
                .map(|c| (c.gain, c.score, c.content.as_ref().map(|c| c.block)))
                .collect::<Vec<_>>(),
            told.iter()
                .filter_map(|e| match &e.what {
                    What::Sent { key, height, .. } => Some((e.node.clone(), key.clone(), *height)),
                    _ => None,
                })
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>(),
        );
        match &first {
            None => first = Some(outcome),
            Some(first) => assert_eq!(*first, outcome),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cheat_is_caught() {
    let files = Arc::new(files());
    let copied = Hash32::of(&files.copied);
    let cast = Cast {
        tasks: vec![vec![
            ("honest", None),
            ("fewer-steps", Some(Adversary::FewerSteps)),
            ("other-data", Some(Adversary::OtherData { text: copied })),
            ("jump", Some(Adversary::Jump { interval: 123, block: copied })),
            ("lies-after-draw", Some(Adversary::LiesAfterDraw)),
            ("unrevealing", Some(Adversary::Unrevealing)),
        ]],
        lazy: 0,
        flaky: false,
        shaky: 0,
    };
    let mut world = World::new(cast, files);
    let view = until_idle(&mut world).await;
    let told = events(&mut world);
    let by: std::collections::BTreeMap<String, ClaimStatus> = world
        .nodes
        .iter()
        .filter_map(|(name, node)| {
            let claim = view.claims.values().find(|c| c.trainer == node.identity().account)?;
            Some((name.clone(), claim.status.clone()))
        })
        .collect();
    let fraud = |reason: &str| ClaimStatus::Fraud { reason: reason.to_owned() };
    if by["honest"] != (ClaimStatus::Accepted {}) || by["jump"] != fraud("interval") {
        print(&told);
    }
    eprintln!("{by:?}");
    assert_eq!(by["honest"], ClaimStatus::Accepted {});
    for cheat in ["fewer-steps", "other-data", "jump", "lies-after-draw"] {
        assert!(matches!(by[cheat], ClaimStatus::Fraud { .. }), "{cheat}: {:?}", by[cheat]);
    }
    assert_eq!(by["unrevealing"], ClaimStatus::Forfeited {});
    // Finding a forgery is work like confirming honesty: whoever re-executed an interval tells its two steps.
    let found = told.iter().filter_map(|e| match &e.what {
        What::Attested { steps, fault: Some(fault), .. } if fault.contains("leads") => Some(*steps),
        _ => None,
    });
    let found: Vec<u64> = found.collect();
    assert!(found.len() > 5, "most of a panel of eleven found the forgery: {found:?}");
    assert!(found.iter().all(|steps| *steps == 2), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lazy_seats_lose_stake_and_the_honest_claim_stands() {
    let files = Arc::new(files());
    let mut world =
        World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 5, flaky: false, shaky: 0 }, files);
    let view = until_idle(&mut world).await;
    let told = events(&mut world);
    let claim = &view.claims[&1];
    let panel = &view.panels[&claim.panels[0]];
    let mut seated = 0;
    for (name, node) in world.nodes.iter().filter(|(n, _)| n.starts_with("evaluator-")) {
        let lazy = name.trim_start_matches("evaluator-").parse::<usize>().unwrap() < 5;
        if !lazy || !panel.seats.iter().any(|s| s.node == node.identity().account) {
            continue;
        }
        seated += 1;
        let chain = node.chain();
        let query = lyceum_api::nodes::QueryMsg::Node { node: node.identity().account.to_string() };
        let info: lyceum_api::nodes::NodeResponse =
            chain.query(&chain.contracts().nodes, &query).await.unwrap();
        assert!(info.stake.u128() < 2_000_000_000, "{name}");
    }
    if claim.status != (ClaimStatus::Accepted {}) {
        print(&told);
    }
    assert!(seated > 0, "the seed of this test draws a lazy seat");
    assert_eq!(claim.status, ClaimStatus::Accepted {});
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_are_killed_between_commit_and_reveal_lose_nothing() {
    let files = Arc::new(files());
    let mut world =
        World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false, shaky: 0 }, files);
    let committed = |view: &View| view.claims.values().any(|c| c.status == ClaimStatus::Committed {});
    assert_eq!(world.run_until(committed).await.unwrap(), Ended::Enough);
    world.restart();
    let attested = |view: &View| {
        view.panels.values().any(|p| !p.seats.is_empty() && p.seats.iter().all(|s| s.commit.is_some()))
    };
    assert_eq!(world.run_until(attested).await.unwrap(), Ended::Enough);
    world.restart();
    let view = until_idle(&mut world).await;
    assert_eq!(view.claims[&1].status, ClaimStatus::Accepted {});
    assert!(view.panels[&view.claims[&1].panels[0]].seats.iter().all(|s| s.revealed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_that_cannot_be_had_at_first_are_asked_for_on_chain_and_answered() {
    let files = Arc::new(files());
    let mut world =
        World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: true, shaky: 0 }, files);
    let view = until_idle(&mut world).await;
    let told = events(&mut world);
    let challenges: Vec<_> = view.panels.values().flat_map(|p| p.challenges.clone()).collect();
    if view.claims[&1].status != (ClaimStatus::Accepted {}) {
        print(&told);
    }
    assert!(!challenges.is_empty() && challenges.iter().all(|c| c.answered), "{challenges:?}");
    assert_eq!(view.claims[&1].status, ClaimStatus::Accepted {});
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_network_stops_at_once_and_its_folders_open_again() {
    let files = Arc::new(files());
    let mut world =
        World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false, shaky: 0 }, files);
    let cancel = world.cancel.clone();
    // In the middle of training: a run of 400 steps tells of itself before its end.
    let mut told = std::mem::replace(&mut world.events, tokio::sync::mpsc::channel(1).1);
    let listening = tokio::spawn(async move {
        let mut after = Vec::new();
        while let Some(event) = told.recv().await {
            if cancel.is_set() {
                after.push(event.what);
            } else if matches!(&event.what, What::Training { progress, .. } if progress.step > 60) {
                cancel.cancel();
            }
        }
        after
    });
    let ended = world.run_until(|_| false).await;
    assert!(matches!(ended, Err(lyceum_agent::AgentError::Cancelled)), "{ended:?}");
    // Nodes hold the other end of what is told.
    world.restart();
    // The run of 400 steps was left in its middle, and nothing was begun or finished after the word was given. What
    // was told when it was given may be behind it by what one turn of a node or one step of a run tells.
    let after = listening.await.unwrap();
    let finished = |what: &&What| matches!(what, What::Trained { .. } | What::Attested { .. });
    assert_eq!(after.iter().filter(finished).count(), 0, "{after:?}");
    let steps = after.iter().filter_map(|what| match what {
        What::Training { progress, .. } => Some(progress.step),
        _ => None,
    });
    assert!(steps.max().is_none_or(|step| step < 400), "{after:?}");
    let view = until_idle(&mut world).await;
    assert_eq!(view.claims[&1].status, ClaimStatus::Accepted {});
    // The run went on where it was, and came to what another node re-executes.
    let resumed = |e: &Event| match e.what {
        What::Resumed { step, .. } => Some(step),
        _ => None,
    };
    let told = events(&mut world);
    let steps: Vec<u64> = told.iter().filter_map(resumed).collect();
    assert!(matches!(steps[..], [step] if step >= 60 && step.is_multiple_of(20)), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_does_not_always_answer_costs_time_and_nothing_else() {
    let files = Arc::new(files());
    let mut outcomes = Vec::new();
    for shaky in [0, 61] {
        let cast = Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false, shaky };
        let mut world = World::new(cast, files.clone());
        // Nobody is idle while anything is not known, so the network comes to rest all the same.
        let view = loop {
            let ended = world.run_until(|_| false).await;
            assert_eq!(ended.unwrap(), Ended::Idle);
            let chain = world.nodes[0].1.chain();
            let Ok(head) = chain.head().await else { continue };
            if let Ok(view) = Views::new().at(chain, head).await {
                break (*view).clone();
            }
        };
        let told = events(&mut world);
        if view.claims.get(&1).is_none_or(|c| c.status != ClaimStatus::Accepted {}) {
            print(&told);
        }
        let unknown = told.iter().filter(|e| matches!(e.what, What::Unknown { .. })).count();
        let retried = told.iter().filter(|e| matches!(e.what, What::Retrying { .. })).count();
        assert_eq!((unknown > 0, retried > 0), (shaky > 0, shaky > 0));
        assert_eq!((view.tasks.len(), view.claims.len()), (1, 1), "nothing was opened or taken twice");
        let claim = &view.claims[&1];
        assert_eq!(claim.status, ClaimStatus::Accepted {});
        outcomes.push(view.datasets.values().map(|d| d.status.clone()).collect::<Vec<_>>());
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lean_view_lists_what_is_under_way_and_what_is_needed() {
    let files = Arc::new(files());
    let mut world =
        World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false, shaky: 0 }, files);
    let revealed = |view: &View| view.claims.values().any(|c| c.status == ClaimStatus::Revealed {});
    assert_eq!(world.run_until(revealed).await.unwrap(), Ended::Enough);
    let lean = Views::lean(Settled::default());
    let chain = world.nodes[0].1.chain();
    let view = lean.at_with(chain, chain.head().await.unwrap(), &Needs::default()).await.unwrap();
    assert_eq!((view.tasks.len(), view.claims.len(), view.panels.len()), (1, 1, 1));
    assert!(view.datasets.is_empty(), "both are decided");
    let whole = until_idle(&mut world).await;
    let chain = world.nodes[0].1.chain();
    let head = chain.head().await.unwrap();
    let view = lean.at_with(chain, head, &Needs::default()).await.unwrap();
    assert!(view.tasks.is_empty() && view.claims.is_empty() && view.panels.is_empty());
    // A later life that begins where everything was over still has what it needs.
    let settled = Settled {
        tasks: whole.tasks.keys().next_back().copied(),
        claims: whole.claims.keys().next_back().copied(),
        panels: whole.panels.keys().next_back().copied(),
        datasets: whole.datasets.keys().next_back().copied(),
    };
    let needs = Needs { claims: [1].into(), datasets: [1, 99].into(), ..Needs::default() };
    let view = Views::lean(settled).at_with(chain, head, &needs).await.unwrap();
    assert_eq!(view.claims[&1], whole.claims[&1]);
    assert_eq!(view.datasets.keys().collect::<Vec<_>>(), [&1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_owe_nothing_leave_as_soon_as_they_are_asked_to() {
    let files = Arc::new(files());
    let mut world =
        World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false, shaky: 0 }, files);
    world.drain.begin(None);
    assert_eq!(world.run_until(|_| false).await.unwrap(), Ended::Drained);
    for (name, node) in &world.nodes {
        let status = node.status().borrow().clone();
        assert_eq!(status.phase, lyceum_agent::status::Phase::Ended, "{name}");
        assert!(status.owes.is_empty(), "{name}: {:?}", status.owes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evaluators_with_little_room_delete_what_nothing_needs_and_do_the_same_work() {
    let files = Arc::new(files());
    let mut quota = None;
    let mut before = None;
    for _ in 0..2 {
        let cast =
            Cast { tasks: vec![vec![("alice", None)], vec![("bob", None)]], lazy: 0, flaky: false, shaky: 0 };
        let mut world = World::new(cast, files.clone());
        let evaluators: Vec<_> =
            world.stores.iter().filter(|(name, _)| name.starts_with("evaluator")).cloned().collect();
        evaluators.iter().for_each(|(_, store)| store.set_quota(quota));
        let view = until_idle(&mut world).await;
        let claims: Vec<_> = view.claims.values().map(|c| (c.status.clone(), c.gain)).collect();
        assert_eq!(claims.len(), 2);
        let has = |store: &lyceum_store::Store, root: &Hash32| store.has(root.as_bytes());
        let accepted = view.claims.values().filter(|c| c.status == ClaimStatus::Accepted {});
        let mut stays = vec![Hash32::of(&files.base), Hash32::of(&files.held_out)];
        stays.extend(accepted.filter_map(|c| c.content.as_ref()).map(|c| c.block).next_back());
        let kept: Vec<Vec<bool>> =
            evaluators.iter().map(|(_, store)| stays.iter().map(|root| has(store, root)).collect()).collect();
        let stored: Vec<u64> = evaluators.iter().map(|(_, store)| store.usage().stored).collect();
        match before.take() {
            None => {
                // Who has most has no room for it the second time.
                quota = stored.iter().max().map(|most| most - 1);
                before = Some((claims, kept, stored));
            }
            Some((same, had, took)) => {
                assert_eq!(claims, same, "the same verdicts with the same gains");
                assert_eq!(kept, had, "base, held-out text and head stay with whoever had them");
                assert!(stored.iter().all(|bytes| Some(*bytes) <= quota));
                assert!(stored.iter().sum::<u64>() < took.iter().sum::<u64>(), "something was deleted");
            }
        }
    }
}
