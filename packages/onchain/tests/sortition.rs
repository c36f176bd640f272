//! The draw of nodes: fair, frozen, without replacement, and cheap.
use std::cell::Cell;
use std::collections::BTreeMap;

use cosmwasm_std::testing::MockStorage;
use cosmwasm_std::{Addr, Order, Record, StdResult, Storage, Uint128};
use lyceum_onchain::beacon::derive;
use lyceum_onchain::sortition::{MAX_EXCLUDED, MAX_SEATS, Sortition, SortitionError};
use proptest::prelude::*;

const DRAW: Sortition = Sortition::new("sums", "slots", "nodes", "classes");
const CLASS: &str = "fp32";

fn node(i: usize) -> Addr {
    Addr::unchecked(format!("node{i}"))
}

fn seed(i: u64) -> [u8; 32] {
    derive("test", &[0; 32], &[&i.to_le_bytes()])
}

fn set(storage: &mut dyn Storage, i: usize, weight: u128, epoch: u64) {
    DRAW.set_weight(storage, CLASS, &node(i), weight.into(), epoch).unwrap();
}

fn filled(weights: &[u128]) -> MockStorage {
    let mut storage = MockStorage::new();
    for (i, weight) in weights.iter().enumerate() {
        set(&mut storage, i, *weight, 0);
    }
    storage
}

fn themselves(node: &Addr) -> StdResult<Option<String>> {
    Ok(Some(node.to_string()))
}

fn drawn(storage: &dyn Storage, epoch: u64, seed: [u8; 32], seats: u32, out: &[Addr]) -> Vec<Addr> {
    DRAW.draw(storage, CLASS, epoch, &seed, seats, out, themselves).unwrap()
}

#[test]
fn seats_fall_in_proportion_to_weight() {
    let weights = [1u128, 2, 3, 4, 10, 0, 30];
    let storage = filled(&weights);
    let mut counts = [0u32; 7];
    for i in 0..5000 {
        let seats = drawn(&storage, 1, seed(i), 1, &[]);
        counts[(0..7).find(|n| node(*n) == seats[0]).unwrap()] += 1;
    }
    assert_eq!(counts[5], 0, "no weight, no seat");
    let chi: f64 = (0..7)
        .filter(|i| weights[*i] > 0)
        .map(|i| {
            let expected = 5000.0 * weights[i] as f64 / 50.0;
            (f64::from(counts[i]) - expected).powi(2) / expected
        })
        .sum();
    assert!(chi < 20.52, "{chi}: 5 degrees of freedom, one in a thousand");
}

#[test]
fn two_seats_without_replacement_follow_the_exact_law_of_ordered_pairs() {
    // P(i, j) = w_i / W · w_j / (W − w_i); one node excluded, which must change nothing but W.
    let weights = [1u128, 2, 5, 100, 4];
    let storage = filled(&weights);
    let runs = 12_000u32;
    let mut counts = BTreeMap::new();
    for i in 0..u64::from(runs) {
        let seats = drawn(&storage, 1, seed(i), 2, &[node(3)]);
        *counts.entry((seats[0].clone(), seats[1].clone())).or_insert(0u32) += 1;
    }
    assert_eq!(counts.len(), 12);
    let mut chi = 0.0;
    for i in [0, 1, 2, 4] {
        for j in [0, 1, 2, 4].into_iter().filter(|j| *j != i) {
            let (first, second) = (weights[i] as f64, weights[j] as f64);
            let expected = f64::from(runs) * first / 12.0 * second / (12.0 - first);
            chi += (f64::from(counts[&(node(i), node(j))]) - expected).powi(2) / expected;
        }
    }
    assert!(chi < 31.26, "{chi}: 11 degrees of freedom, one in a thousand");
}

#[test]
fn a_weight_set_in_an_epoch_acts_in_the_next() {
    let mut storage = filled(&[5, 5]);
    assert_eq!(DRAW.total(&storage, CLASS, 0).unwrap(), Uint128::zero());
    assert_eq!(DRAW.total(&storage, CLASS, 1).unwrap(), Uint128::new(10));
    set(&mut storage, 0, 1, 3);
    set(&mut storage, 0, 2, 3);
    let weight = |epoch| DRAW.weight(&storage, CLASS, &node(0), epoch).unwrap().u128();
    assert_eq!([weight(0), weight(1), weight(3), weight(4), weight(9)], [0, 5, 5, 2, 2]);
    assert_eq!(DRAW.total(&storage, CLASS, 4).unwrap(), Uint128::new(7));
    assert_eq!(DRAW.weight(&storage, CLASS, &node(9), 4).unwrap(), Uint128::zero());
    assert_eq!(DRAW.total(&storage, "other", 4).unwrap(), Uint128::zero());
    let past = DRAW.set_weight(&mut storage, CLASS, &node(1), 1u128.into(), 2);
    assert!(matches!(past, Err(SortitionError::PastEpoch { found: 2, latest: 3 })));
}

#[test]
fn one_operator_gets_one_seat_and_the_unqualified_none() {
    let storage = filled(&[10; 12]);
    // Nodes 0–3 are one operator's, 4 and 5 do not qualify.
    let accept = |candidate: &Addr| {
        Ok(match (0..12).find(|i| node(*i) == *candidate) {
            Some(0..=3) => Some("big".to_owned()),
            Some(4 | 5) => None,
            _ => Some(candidate.to_string()),
        })
    };
    for i in 0..200 {
        let seats = DRAW.draw(&storage, CLASS, 1, &seed(i), 7, &[], accept).unwrap();
        assert!(seats.iter().filter(|n| (0..4).any(|i| node(i) == **n)).count() <= 1);
        assert!(!seats.contains(&node(4)) && !seats.contains(&node(5)));
    }
    let all = DRAW.draw(&storage, CLASS, 1, &seed(0), 8, &[], accept);
    assert!(matches!(all, Err(SortitionError::TooFew { found: 7, required: 8 })));
}

#[test]
fn a_draw_that_cannot_be_filled_or_is_too_large_says_so() {
    let storage = filled(&[10; 3]);
    let draw =
        |epoch, seats, out: &[Addr]| DRAW.draw(&storage, CLASS, epoch, &seed(0), seats, out, themselves);
    assert!(matches!(draw(1, 3, &[node(1)]), Err(SortitionError::TooFew { found: 2, required: 3 })));
    assert!(matches!(draw(0, 1, &[]), Err(SortitionError::TooFew { found: 0, required: 1 })));
    assert_eq!(draw(1, 0, &[]).unwrap(), Vec::<Addr>::new());
    assert!(matches!(draw(1, MAX_SEATS + 1, &[]), Err(SortitionError::TooLarge { .. })));
    let crowd = vec![node(0); MAX_EXCLUDED + 1];
    assert!(matches!(draw(1, 1, &crowd), Err(SortitionError::TooLarge { .. })));
    // Excluded twice counts once; a stranger counts nothing.
    assert_eq!(draw(1, 2, &[node(1), node(1), Addr::unchecked("x")]).unwrap().len(), 2);
}

#[test]
fn weights_beyond_128_bits_are_refused() {
    let mut storage = filled(&[u128::MAX - 1]);
    let too_much = DRAW.set_weight(&mut storage, CLASS, &node(1), 2u128.into(), 0);
    assert!(matches!(too_much, Err(SortitionError::Overflow)));
    set(&mut storage, 1, 1, 0);
    set(&mut storage, 0, u128::MAX - 1, 0);
    assert_eq!(drawn(&storage, 1, seed(0), 2, &[]).len(), 2);
}

#[test]
fn an_attempt_is_bounded_when_nobody_qualifies() {
    let storage = filled(&[10; 100]);
    let asked = Cell::new(0);
    let refuse = |_: &Addr| {
        asked.set(asked.get() + 1);
        Ok(None)
    };
    let draw = DRAW.draw(&storage, CLASS, 1, &seed(0), 5, &[node(0), node(1)], refuse);
    assert!(matches!(draw, Err(SortitionError::TooFew { found: 0, .. })));
    assert_eq!(asked.get(), 4 * 5 + 2);
}

/// Storage that counts what is read.
struct Counting<'a>(&'a MockStorage, Cell<u32>);

impl Storage for Counting<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.1.set(self.1.get() + 1);
        self.0.get(key)
    }
    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        Box::new(self.0.range(start, end, order).inspect(|_| self.1.set(self.1.get() + 1)))
    }
    fn set(&mut self, _: &[u8], _: &[u8]) {
        panic!("a draw writes nothing");
    }
    fn remove(&mut self, _: &[u8]) {
        panic!("a draw writes nothing");
    }
}

#[test]
fn a_draw_reads_a_path_per_seat_however_many_nodes_and_epochs_there_are() {
    let mut storage = MockStorage::new();
    for i in 0..1500 {
        set(&mut storage, i, 1000, (i / 100) as u64);
    }
    let counting = Counting(&storage, Cell::new(0));
    let seats = DRAW.draw(&counting, CLASS, 16, &seed(3), 5, &[node(7)], themselves).unwrap();
    assert_eq!(seats.len(), 5);
    // Six paths of five, one slot, five addresses; what paths have in common is read once.
    assert!(counting.1.get() <= 6 * 5 + 1 + 5, "{}", counting.1.get());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn totals_and_weights_of_every_epoch_are_those_of_a_plain_table(
        changes in prop::collection::vec((0usize..40, 0u128..1000, 0u64..2), 1..80),
    ) {
        let mut storage = MockStorage::new();
        let (mut table, mut epoch, mut history) = (BTreeMap::new(), 0u64, Vec::new());
        for (i, weight, pass) in changes {
            if pass > 0 {
                history.push(table.clone()); // what epoch + 1 sees
                epoch += 1;
            }
            set(&mut storage, i, weight, epoch);
            table.insert(i, weight);
        }
        history.push(table);
        for (at, table) in (1u64..).zip(&history) {
            prop_assert_eq!(DRAW.total(&storage, CLASS, at).unwrap().u128(), table.values().sum::<u128>());
            for (i, weight) in table {
                prop_assert_eq!(DRAW.weight(&storage, CLASS, &node(*i), at).unwrap().u128(), *weight);
            }
        }
    }

    #[test]
    fn what_happens_in_an_epoch_never_alters_its_draws_or_earlier_ones(
        weights in prop::collection::vec(1u128..1000, 6..30), run: [u8; 32],
        later in prop::collection::vec((0usize..60, 0u128..1_000_000), 1..40),
    ) {
        let mut storage = filled(&weights);
        let before = drawn(&storage, 1, run, 5, &[node(0)]);
        for (i, weight) in later {
            set(&mut storage, i, weight, 1);
        }
        prop_assert_eq!(drawn(&storage, 1, run, 5, &[node(0)]), before);
    }

    #[test]
    fn a_draw_is_of_distinct_nodes_with_weight_and_without_the_excluded(
        weights in prop::collection::vec(0u128..5, 1..60), run: [u8; 32],
        out in prop::collection::vec(0usize..60, 0..20), seats in 0u32..12,
    ) {
        let storage = filled(&weights);
        let out: Vec<_> = out.into_iter().map(node).collect();
        let fit: Vec<_> =
            (0..weights.len()).filter(|i| weights[*i] > 0).map(node).filter(|n| !out.contains(n)).collect();
        match DRAW.draw(&storage, CLASS, 1, &run, seats, &out, themselves) {
            Ok(drawn) => {
                prop_assert_eq!(drawn.len(), seats as usize);
                prop_assert!(drawn.iter().all(|n| fit.contains(n)));
                let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
                prop_assert_eq!(distinct.len(), drawn.len());
            }
            Err(SortitionError::TooFew { found, .. }) => {
                prop_assert!(found as usize == fit.len() && fit.len() < seats as usize);
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}
