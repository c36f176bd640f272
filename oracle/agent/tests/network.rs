//! Whole networks of real nodes: honest claims are accepted, cheats are caught, and a run repeats itself.

mod common;

use std::sync::Arc;

use common::{Cast, World, files};
use lyceum_agent::{Adversary, Ended, Event, Hash32, View, What};
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
        let mut world =
            World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false }, files.clone());
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
                    What::Sent { key, height } => Some((e.node.clone(), key.clone(), *height)),
                    _ => None,
                })
                .collect::<std::collections::BTreeSet<_>>()
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
            ("unrevealing", Some(Adversary::Unrevealing)),
        ]],
        lazy: 0,
        flaky: false,
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
    for cheat in ["fewer-steps", "other-data", "jump"] {
        assert!(matches!(by[cheat], ClaimStatus::Fraud { .. }), "{cheat}: {:?}", by[cheat]);
    }
    assert_eq!(by["unrevealing"], ClaimStatus::Forfeited {});
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lazy_seats_lose_stake_and_the_honest_claim_stands() {
    let files = Arc::new(files());
    let mut world = World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 5, flaky: false }, files);
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
    let mut world = World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false }, files);
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
    let mut world = World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: true }, files);
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
    let mut world = World::new(Cast { tasks: vec![vec![("alice", None)]], lazy: 0, flaky: false }, files);
    let cancel = world.cancel.clone();
    // In the middle of training: a run of 400 steps tells of itself before its end.
    let mut events = std::mem::replace(&mut world.events, tokio::sync::mpsc::channel(1).1);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if matches!(event.what, What::Training { .. }) {
                cancel.cancel();
            }
        }
    });
    let begun = std::time::Instant::now();
    let ended = world.run_until(|_| false).await;
    assert!(matches!(ended, Err(lyceum_agent::AgentError::Cancelled)), "{ended:?}");
    assert!(begun.elapsed().as_secs() < 60);
    world.restart();
    let view = until_idle(&mut world).await;
    assert_eq!(view.claims[&1].status, ClaimStatus::Accepted {});
}
