//! What seats measured: whether they agree, their medians, and the verdict that follows.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint256;
use lyceum_api::attestation::{DomainScore, SKETCH_DIM, Scored};
use lyceum_economy::gain::{Direction, gain_percent};
use lyceum_economy::params::GUARD_LOSS;
use lyceum_onchain::tally::median;

/// Medians over the seats of a panel.
#[cw_serde]
pub struct Medians {
    pub gain: i64,
    pub synthetic: i64,
    pub reference: i64,
    pub score: i64,
    pub guards: Vec<DomainScore>,
}

/// The medians of what seats scored, all of the same guards in the same order; none of none.
pub fn medians(scored: &[&Scored]) -> Option<Medians> {
    let of = |value: fn(&Scored) -> i64| median(&scored.iter().map(|s| value(s)).collect::<Vec<_>>());
    let guard = |(i, guard): (usize, &DomainScore)| {
        let scores: Vec<_> = scored.iter().filter_map(|s| s.guards.get(i)).map(|g| g.score).collect();
        median(&scores).map(|score| DomainScore { domain: guard.domain, score })
    };
    Some(Medians {
        gain: of(|s| s.gain)?,
        synthetic: of(|s| s.synthetic_gain)?,
        reference: of(|s| s.reference)?,
        score: of(|s| s.child)?,
        guards: scored.first()?.guards.iter().enumerate().filter_map(guard).collect(),
    })
}

/// Largest minus smallest gain.
pub fn spread(scored: &[&Scored]) -> u64 {
    let gains = || scored.iter().map(|s| s.gain);
    gains().max().unwrap_or(0).abs_diff(gains().min().unwrap_or(0))
}

/// Whether two seats measured different item losses: ‖a − b‖ above the bound of the larger norm, and above what
/// rounding to integers may cost.
pub fn items_apart(a: &[i64; SKETCH_DIM], b: &[i64; SKETCH_DIM], bound_ppm: u32) -> bool {
    // Components are below 2⁵⁵: squares of differences sum up below 2¹¹⁷.
    let squares = |values: &mut dyn Iterator<Item = i64>| -> u128 {
        values.map(|v| u128::from(v.unsigned_abs()).pow(2)).sum()
    };
    let apart = squares(&mut a.iter().zip(b).map(|(a, b)| a - b));
    let norm = squares(&mut a.iter().copied()).max(squares(&mut b.iter().copied()));
    let million = Uint256::from(1_000_000u64);
    let bound = Uint256::from(bound_ppm);
    let rounding = Uint256::from(SKETCH_DIM as u64) * million * million;
    Uint256::from(apart) * million * million > Uint256::from(norm) * bound * bound + rounding
}

/// Whether a domain's score is at most 1 % worse than its best; lower is better.
pub fn guard_holds(best: i64, score: i64) -> bool {
    gain_percent(best, score, Direction::LowerIsBetter).is_ok_and(|gain| gain >= -GUARD_LOSS)
}

/// Why the medians are no accepted claim, or none: the gain must be positive (it is the mean minus two standard
/// errors already), the seats' own synthetic items must not have lost more than the tolerance, and no guard more
/// than 1 % of its best. `bests` are those of the guards, in order.
pub fn rejection(medians: &Medians, tolerance: u64, bests: &[i64]) -> Option<&'static str> {
    let lost = i128::from(medians.synthetic) < -i128::from(tolerance);
    match medians {
        m if m.gain <= 0 => Some("no_gain"),
        _ if lost => Some("synthetic"),
        m if !m.guards.iter().zip(bests).all(|(guard, best)| guard_holds(*best, guard.score)) => {
            Some("guard")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lyceum_api::attestation::ItemSketch;
    use proptest::prelude::*;

    use super::*;

    fn seat(gain: i64, guard: i64) -> Scored {
        Scored {
            reference: 3_000_000,
            child: 2_900_000,
            gain,
            synthetic_gain: gain,
            items: ItemSketch::new(&[0; SKETCH_DIM]),
            guards: vec![DomainScore { domain: 2, score: guard }],
        }
    }

    #[test]
    fn medians_do_not_follow_an_outlier() {
        let seats = [seat(5, 100), seat(4, 101), seat(i64::MAX, i64::MAX)];
        let found = medians(&seats.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((found.gain, found.guards[0].score), (5, 101));
        assert_eq!(medians(&[]), None);
    }

    #[test]
    fn each_rule_of_the_verdict_rejects_with_its_own_reason() {
        let of = |gain, synthetic, guard| Medians {
            gain,
            synthetic,
            reference: 1,
            score: 1,
            guards: vec![DomainScore { domain: 2, score: guard }],
        };
        assert_eq!(rejection(&of(1, -10, 101), 10, &[100]), None);
        assert_eq!(rejection(&of(0, 0, 100), 10, &[100]), Some("no_gain"));
        assert_eq!(rejection(&of(1, -11, 100), 10, &[100]), Some("synthetic"));
        assert_eq!(rejection(&of(1, 0, 102), 10, &[100]), Some("guard"));
        assert_eq!(rejection(&of(1, 0, 1), 10, &[100]), None);
    }

    #[test]
    fn the_spread_is_from_the_smallest_to_the_largest_gain() {
        let seats = [seat(-5, 1), seat(7, 1), seat(0, 1)];
        assert_eq!(spread(&seats.iter().collect::<Vec<_>>()), 12);
        assert_eq!(spread(&[]), 0);
    }

    #[test]
    fn item_losses_a_thousandth_apart_are_the_same_and_more_are_not() {
        let (a, b) = ([1_000_000_000; SKETCH_DIM], [1_000_999_000; SKETCH_DIM]);
        assert!(!items_apart(&a, &b, 1000));
        assert!(items_apart(&a, &[1_002_000_000; SKETCH_DIM], 1000));
        assert!(!items_apart(&[0; SKETCH_DIM], &[1; SKETCH_DIM], 1000), "a unit of rounding");
    }

    proptest! {
        #[test]
        fn items_of_any_allowed_size_compare_without_overflow(
            a in -(1i64 << 55) + 1..1 << 55, b in -(1i64 << 55) + 1..1 << 55,
        ) {
            let (a, b) = ([a; SKETCH_DIM], [b; SKETCH_DIM]);
            prop_assert_eq!(items_apart(&a, &b, 1000), items_apart(&b, &a, 1000));
            prop_assert!(!items_apart(&a, &a, 0));
        }

        #[test]
        fn a_guard_holds_exactly_up_to_one_percent(best in 1i64..1_000_000_000_000, score in 1i64..1_000_000_000_000) {
            let exact = i128::from(score) * 100 <= i128::from(best) * 101;
            prop_assert_eq!(guard_holds(best, score), exact);
        }
    }
}
