//! Whatever becomes of proposals, each deposit is held, returned or forfeited, and never two of these.

use lyceum_api::datasets::{AuditReport, DatasetsResponse, ExecuteMsg, Params, QueryMsg, Status};
use proptest::prelude::*;

use cw_multi_test::IntoAddr;

use crate::world::{VOTERS, WEALTH, World, clean, manifest, ulyc};

/// What a seat does.
#[derive(Debug, Clone, Copy)]
enum Seat {
    Away,
    Hides,
    Finds { pii_ppm: u32, licence_ok: bool },
}

/// What becomes of one proposal, unless it ends sooner.
#[derive(Debug, Clone)]
struct Fate {
    proposer: &'static str,
    deposit: u128,
    seats: Vec<Seat>,
    votes: Vec<Option<bool>>,
    /// How many of its steps happen at all.
    steps: usize,
}

fn fate() -> impl Strategy<Value = Fate> {
    let seat = prop_oneof![
        1 => Just(Seat::Away),
        1 => Just(Seat::Hides),
        20 => (prop_oneof![6 => Just(0), 1 => Just(50_000)], prop::bool::weighted(0.9))
            .prop_map(|(pii_ppm, licence_ok)| Seat::Finds { pii_ppm, licence_ok }),
    ];
    let votes = prop::collection::vec(prop::option::weighted(0.5, any::<bool>()), VOTERS.len());
    (
        prop_oneof![Just("ann"), Just("bob")],
        1..1_000u128,
        prop::collection::vec(seat, 5),
        votes,
        prop_oneof![0..7usize, Just(7)],
    )
        .prop_map(|(proposer, deposit, seats, votes, steps)| Fate {
            proposer,
            deposit,
            seats,
            votes,
            steps,
        })
}

fn report(pii_ppm: u32, licence_ok: bool) -> AuditReport {
    AuditReport { pii_ppm, licence_ok, ..clean() }
}

/// Draws, audits, votes and closes, as far as the fate says and the dataset still lives. What is due must succeed.
fn step(world: &mut World, id: u64, fate: &Fate, at: usize) {
    match (at, world.status(id)) {
        (0, _) => drop(world.try_draw(id).unwrap()),
        (1 | 2, Status::Auditing { .. }) => {
            for (node, seat) in world.auditors(id).iter().zip(&fate.seats) {
                match (at, seat) {
                    (1, Seat::Hides) => drop(world.commit(id, node, &clean()).unwrap()),
                    (1, Seat::Finds { pii_ppm, licence_ok }) => {
                        world.commit(id, node, &report(*pii_ppm, *licence_ok)).unwrap();
                    }
                    (2, Seat::Finds { pii_ppm, licence_ok }) => {
                        world.reveal(id, node, &report(*pii_ppm, *licence_ok)).unwrap();
                    }
                    _ => (),
                }
            }
        }
        (3, Status::Auditing { .. }) => drop(world.close_audit(id).unwrap()),
        (4, Status::Voting { .. }) => {
            for ((voter, _), yes) in VOTERS.iter().zip(&fate.votes) {
                if let Some(yes) = yes {
                    world.vote(id, voter, *yes).unwrap();
                }
            }
        }
        (5.., Status::Voting { .. }) => drop(world.close_vote(id).unwrap()),
        // It ended sooner: a second end is refused.
        _ => {
            world.close_audit(id).unwrap_err();
            world.close_vote(id).unwrap_err();
        }
    }
}

fn check(world: &World, fates: &[Fate]) -> Result<(), TestCaseError> {
    let found: DatasetsResponse = world.ask(&QueryMsg::Datasets { start_after: None, limit: None });
    let (mut held, mut returned, mut forfeited) = (0, 0, 0);
    for (dataset, fate) in found.datasets.iter().zip(fates) {
        *match &dataset.status {
            Status::Approved { .. } => &mut returned,
            Status::Rejected { reason } if reason.ends_with("_quorum") => &mut returned,
            Status::Rejected { .. } => &mut forfeited,
            _ => &mut held,
        } += fate.deposit;
    }
    let paid: u128 = fates[..found.datasets.len()].iter().map(|fate| fate.deposit).sum();
    prop_assert_eq!(held + returned + forfeited, paid);
    prop_assert_eq!(world.balance(&world.datasets), held);
    prop_assert_eq!(world.balance(&world.rewards), forfeited);
    let wealth: u128 = ["ann", "bob"].iter().map(|name| world.balance(&name.into_addr())).sum();
    prop_assert_eq!(wealth, 2 * WEALTH - paid + returned);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn held_and_returned_and_forfeited_are_always_what_was_paid_in(
        fates in prop::collection::vec(fate(), 1..5),
    ) {
        let mut world = World::new();
        let charter = world.charter.clone();
        for (at, fate) in fates.iter().enumerate() {
            let params = Params { deposit: fate.deposit.into(), ..Params::default() };
            world.send(&charter, &ExecuteMsg::SetParams { params }, &[]).unwrap();
            let propose = ExecuteMsg::Propose { manifest: manifest(&at.to_string()) };
            world.send(&fate.proposer.into_addr(), &propose, &ulyc(fate.deposit)).unwrap();
            check(&world, &fates)?;
        }
        // Time passes between steps as a live network's would: rounds come out, windows end, votes end twice.
        let Params { audit_commit_seconds, audit_reveal_seconds, vote_seconds, extension_seconds, .. } =
            Params::default();
        let waits = [90, 0, audit_commit_seconds, audit_reveal_seconds, 0, vote_seconds, extension_seconds];
        for (at, wait) in waits.into_iter().enumerate() {
            world.pass(wait);
            for (i, fate) in fates.iter().enumerate().filter(|(_, fate)| at < fate.steps) {
                step(&mut world, i as u64 + 1, fate, at);
                check(&world, &fates)?;
            }
        }
    }
}
