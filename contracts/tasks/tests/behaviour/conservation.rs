//! Whatever happens, what came in goes out: to accounts, or to the treasury.
use lyceum_api::tasks::*;
use proptest::prelude::*;

use crate::mocks::PAYMENTS;
use crate::run::{Run, STEP};
use crate::world::*;

/// What becomes of a claim.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Honest { gain: i64 },
    Uncommitted,
    Unrevealed,
    Unserved,
    Unopened,
    Forged { seats: usize },
    Lazy { seat: usize },
    NoQuorum,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        (-10i64..10).prop_map(|gain| Fate::Honest { gain }),
        Just(Fate::Uncommitted),
        Just(Fate::Unrevealed),
        Just(Fate::Unserved),
        Just(Fate::Unopened),
        (0usize..12).prop_map(|seats| Fate::Forged { seats }),
        (0usize..5).prop_map(|seat| Fate::Lazy { seat }),
        Just(Fate::NoQuorum),
    ]
}

fn expire(w: &mut World, claim: u64) {
    w.ok(&w.stranger(), &ExecuteMsg::Expire { claim }, 0);
}

/// Takes a revealed claim to its end.
fn play(w: &mut World, claim: u64, run: &Run, fate: Fate) {
    let panel = w.draw(claim);
    match fate {
        Fate::Honest { gain } => w.work(panel, run, |_, a| a.scored.as_mut().unwrap().gain = gain),
        Fate::Unserved => {
            w.wait(1_800);
            expire(w, claim);
        }
        Fate::Unopened => {
            w.serve(panel, run);
            w.wait(3_600 + 1_800);
            expire(w, claim);
        }
        Fate::Forged { seats } => {
            w.work(panel, run, |_, _| {});
            // The seats of the disputes are divided: some see what the trainer wants.
            while let ClaimStatus::Disputed { .. } = w.claim(claim).status {
                let open =
                    w.claim(claim).panels.into_iter().find(|p| w.panel(*p).status == PanelStatus::Pending {});
                let panel = open.unwrap();
                w.draw_panel(panel);
                w.work(panel, run, |seat, answer| {
                    if seat < seats {
                        for seen in &mut answer.intervals {
                            let (start, end) = (seen.start.values().unwrap(), seen.end.values().unwrap());
                            let half = std::array::from_fn(|i| (start[i] + end[i]) / 2);
                            seen.end = lyceum_api::attestation::StateSketch::new(&half);
                        }
                    }
                });
            }
        }
        Fate::Lazy { seat: lazy } => {
            w.work(panel, run, |seat, answer| {
                if seat == lazy {
                    answer.intervals[0].end = answer.intervals[0].start.clone();
                }
            });
            w.dispute(claim, run, |_, _| {});
        }
        Fate::NoQuorum => {
            let mut panel = panel;
            while w.claim(claim).status == (ClaimStatus::Revealed {}) {
                w.serve(panel, run);
                w.wait(3_600);
                w.open_sketches(panel, run);
                w.settle(panel);
                if w.claim(claim).status == (ClaimStatus::Revealed {}) {
                    panel = w.draw(claim);
                }
            }
        }
        Fate::Uncommitted | Fate::Unrevealed => unreachable!("never revealed"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_becomes_of_two_claims_all_that_came_in_went_out(first in fates(), second in fates()) {
        let mut w = World::new();
        let task = w.open();
        let half = |mut run: Run| {
            run.values.iter_mut().zip(0..).for_each(|(v, j): (_, i64)| *v -= j * STEP / 2);
            run.opened = run.values.clone();
            run
        };
        let mut claims = vec![];
        for (trainer, fate) in [(w.trainer.clone(), first), (w.rival.clone(), second)] {
            let forged = matches!(fate, Fate::Forged { .. });
            let (claim, run) = w.train(&trainer, task, |run| if forged { half(run) } else { run });
            if !matches!(fate, Fate::Uncommitted) {
                w.commit(claim, &run);
            }
            claims.push((claim, run, fate));
        }
        let came_in = w.held();
        w.unseal(task);
        for (claim, run, fate) in &claims {
            if !matches!(fate, Fate::Uncommitted | Fate::Unrevealed) {
                w.reveal(*claim, run);
            }
        }
        w.until(w.task(task).reveal_until.seconds());
        for (claim, run, fate) in &claims {
            match fate {
                Fate::Uncommitted | Fate::Unrevealed => expire(&mut w, *claim),
                fate => play(&mut w, *claim, run, *fate),
            }
        }
        w.wait(2 * 3_600);
        w.ok(&w.stranger(), &ExecuteMsg::Finalize { task }, 0);
        prop_assert_eq!(w.held(), 0);
        let paid: u128 = w.log(&w.rewards, PAYMENTS).iter().map(|p| p.amount.u128()).sum();
        prop_assert_eq!(paid + w.treasury(), came_in);
    }
}
