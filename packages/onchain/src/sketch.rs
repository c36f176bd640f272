//! Comparing sketches: how far a claimed change of state is from a recomputed one, and which changes are jumps.
//!
//! A sketch is 96 integers, 32 each for the weights, Adam's m and √v. It is linear, so the difference of a
//! start and an end sketch is the sketch of the change. Everything is exact: values are below 2⁵⁵, squares of
//! differences of differences below 2¹¹⁹, and what is multiplied further is 256 bits wide. So a sketch from
//! outside goes through [`checked`] first: the other functions overflow on larger values.
use cosmwasm_std::{Isqrt, Uint256};
use thiserror::Error;

/// Integers of a sketch: w, then m, then √v.
pub const LEN: usize = 96;
/// Integers of one part.
pub const PART: usize = 32;
/// Parts of a sketch.
pub const PARTS: usize = 3;
/// Magnitudes stay below this.
pub const BOUND: u64 = 1 << 55;
/// ε of the distance in ppm: a change smaller than ε‖x₀‖ is measured against that.
pub const EPSILON_PPM: u64 = 1;
/// A change is a jump above this multiple of the median.
pub const JUMP_FACTOR: u64 = 4;

const ONE: u64 = 1_000_000;

/// A sketch as it travels.
pub type Sketch = [i64; LEN];

/// The sketch of a state's weights, of m, or of √v.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Weights.
    Weights = 0,
    /// Adam's first moment.
    Momentum = 1,
    /// The root of Adam's second moment.
    RootVariance = 2,
}

/// All parts, in their order.
pub const ALL_PARTS: [Part; PARTS] = [Part::Weights, Part::Momentum, Part::RootVariance];

/// A sketch was malformed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SketchError {
    /// Not 96 integers.
    #[error("sketch has {found} integers, expected {LEN}")]
    Length {
        /// Integers that were given.
        found: usize,
    },
    /// An integer that no honest sketch holds.
    #[error("sketch holds {value} at {index}, expected a magnitude below 2^55")]
    TooLarge {
        /// Where.
        index: usize,
        /// What.
        value: i64,
    },
}

/// Takes a sketch from outside: 96 integers, each of a magnitude below 2⁵⁵.
pub fn checked(values: &[i64]) -> Result<Sketch, SketchError> {
    let sketch: Sketch = values.try_into().map_err(|_| SketchError::Length { found: values.len() })?;
    match sketch.iter().position(|value| value.unsigned_abs() >= BOUND) {
        Some(index) => Err(SketchError::TooLarge { index, value: sketch[index] }),
        None => Ok(sketch),
    }
}

fn part_of(sketch: &Sketch, part: Part) -> &[i64] {
    &sketch[part as usize * PART..][..PART]
}

/// Squared norm of integers below 2⁵⁷: below 2¹¹⁹.
fn square_sum(values: impl Iterator<Item = i64>) -> u128 {
    values.map(|v| u128::from(v.unsigned_abs()).pow(2)).sum()
}

/// Squared norm of one part of a sketch.
pub fn norm_squared(sketch: &Sketch, part: Part) -> u128 {
    square_sum(part_of(sketch, part).iter().copied())
}

/// Squared norm of the change of one part between two [`checked`] sketches.
pub fn change_squared(start: &Sketch, end: &Sketch, part: Part) -> u128 {
    square_sum(part_of(start, part).iter().zip(part_of(end, part)).map(|(s, e)| e - s))
}

/// Squared distance and squared reference of one part, both × 10¹².
fn fraction(claimed: [&Sketch; 2], recomputed: [&Sketch; 2], part: Part) -> (Uint256, Uint256) {
    let at = |sketch: &Sketch, i: usize| part_of(sketch, part)[i];
    let apart =
        square_sum((0..PART).map(|i| {
            (at(claimed[1], i) - at(claimed[0], i)) - (at(recomputed[1], i) - at(recomputed[0], i))
        }));
    let million = Uint256::from(ONE);
    let change = Uint256::from(change_squared(recomputed[0], recomputed[1], part)) * million * million;
    let epsilon = Uint256::from(EPSILON_PPM);
    let least = Uint256::from(norm_squared(recomputed[0], part)) * epsilon * epsilon;
    (Uint256::from(apart) * million * million, change.max(least))
}

/// The distance in ppm, rounded down: the largest over w, m, √v of ‖Δ′ − Δ‖ / max(‖Δ‖, ε‖x₀‖), where Δ′ is the
/// trainer's change and Δ, x₀ are the evaluator's; 0 / 0 is 0, and anything over nothing saturates.
pub fn distance_ppm(claimed_start: &Sketch, claimed_end: &Sketch, start: &Sketch, end: &Sketch) -> u64 {
    let part_ppm = |part| {
        let (apart, reference) = fraction([claimed_start, claimed_end], [start, end], part);
        if apart.is_zero() {
            return 0;
        }
        if reference.is_zero() {
            return u64::MAX;
        }
        // 119 + 40 + 40 bits. ⌊√⌊x⌋⌋ = ⌊√x⌋.
        let ratio = (apart * Uint256::from(ONE) * Uint256::from(ONE) / reference).isqrt();
        ratio.to_string().parse().unwrap_or(u64::MAX)
    };
    ALL_PARTS.into_iter().map(part_ppm).max().unwrap_or(0)
}

/// Whether the distance exceeds a bound in ppm, exactly.
pub fn exceeds(
    claimed_start: &Sketch,
    claimed_end: &Sketch,
    start: &Sketch,
    end: &Sketch,
    bound_ppm: u32,
) -> bool {
    let million = Uint256::from(ONE);
    let bound = Uint256::from(bound_ppm);
    ALL_PARTS.into_iter().any(|part| {
        let (apart, reference) = fraction([claimed_start, claimed_end], [start, end], part);
        apart * million * million > reference * bound * bound
    })
}

/// Whether two sketches are of the same state: in every part, ‖a − b‖ is at most `tolerance_ppm` of the larger
/// norm plus one unit per integer, which the order of a sum in f64 may cost.
pub fn same_state(a: &Sketch, b: &Sketch, tolerance_ppm: u32) -> bool {
    let million = Uint256::from(ONE);
    let tolerance = Uint256::from(tolerance_ppm);
    ALL_PARTS.into_iter().all(|part| {
        let apart = Uint256::from(change_squared(a, b, part)) * million * million;
        let norm = Uint256::from(norm_squared(a, part).max(norm_squared(b, part)));
        let rounding = Uint256::from(PART as u64) * million * million;
        apart <= norm * tolerance * tolerance + rounding
    })
}

/// The indexes of the changes whose norm is above 4 × their median, from the squared norms of the changes between
/// kept states. The median of an even number is the lower one; if it is zero, every change is a jump.
pub fn jumps(norms_squared: &[u128]) -> Vec<usize> {
    let mut sorted = norms_squared.to_vec();
    sorted.sort_unstable();
    let Some(median) = sorted.len().checked_sub(1).map(|last| sorted[last / 2]) else { return Vec::new() };
    let factor = u128::from(JUMP_FACTOR * JUMP_FACTOR);
    let limit = median.saturating_mul(factor);
    (0..norms_squared.len()).filter(|i| norms_squared[*i] > limit).collect()
}

/// The spans between kept states whose change jumps in the given part, by [`jumps`]. Span `i` lies between
/// kept states `i` and `i + 1`.
pub fn jumping_spans(kept: &[Sketch], part: Part) -> Vec<usize> {
    let norms: Vec<_> = kept.windows(2).map(|pair| change_squared(&pair[0], &pair[1], part)).collect();
    jumps(&norms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZERO: Sketch = [0; LEN];

    fn scaled(sketch: &Sketch, percent: i64) -> Sketch {
        sketch.map(|v| v * percent / 100)
    }

    fn ramp() -> Sketch {
        std::array::from_fn(|i| (i as i64 + 1) * 100_000)
    }

    #[test]
    fn an_update_scaled_by_a_is_one_minus_a_away() {
        let end = ramp();
        assert_eq!(distance_ppm(&ZERO, &end, &ZERO, &end), 0);
        assert_eq!(distance_ppm(&ZERO, &scaled(&end, 90), &ZERO, &end), 100_000);
        assert_eq!(distance_ppm(&ZERO, &scaled(&end, 300), &ZERO, &end), 2_000_000);
        assert_eq!(distance_ppm(&ZERO, &ZERO, &ZERO, &end), 1_000_000);
        assert_eq!(distance_ppm(&ZERO, &scaled(&end, -100), &ZERO, &end), 2_000_000);
    }

    #[test]
    fn a_forgery_in_any_part_shows() {
        let end = ramp();
        for part in ALL_PARTS {
            let mut forged = end;
            forged[part as usize * PART..][..PART].iter_mut().for_each(|v| *v = -*v);
            assert_eq!(distance_ppm(&ZERO, &forged, &ZERO, &end), 2_000_000, "{part:?}");
            assert!(exceeds(&ZERO, &forged, &ZERO, &end, 1000));
        }
    }

    #[test]
    fn standing_still_together_is_no_distance_and_moving_from_nothing_is_all() {
        assert_eq!(distance_ppm(&ZERO, &ZERO, &ZERO, &ZERO), 0);
        assert!(!exceeds(&ZERO, &ZERO, &ZERO, &ZERO, 0));
        assert_eq!(distance_ppm(&ZERO, &ramp(), &ZERO, &ZERO), u64::MAX);
        assert!(exceeds(&ZERO, &ramp(), &ZERO, &ZERO, u32::MAX));
        // Standing still at x₀: a change of x₀ / 10⁶ is the distance 1.
        let state = ramp().map(|v| v * 10);
        let moved = state.map(|v| v + v / 1_000_000);
        assert_eq!(distance_ppm(&state, &moved, &state, &state), 1_000_000);
    }

    #[test]
    fn a_sketch_from_outside_is_checked() {
        assert_eq!(checked(&[0; 95]), Err(SketchError::Length { found: 95 }));
        let mut values = [0; LEN];
        values[3] = 1 << 55;
        assert_eq!(checked(&values), Err(SketchError::TooLarge { index: 3, value: 1 << 55 }));
        values[3] = i64::MIN;
        assert!(checked(&values).is_err());
        values[3] = 1 - (1 << 55);
        assert_eq!(checked(&values), Ok(values));
    }

    #[test]
    fn the_same_state_may_differ_by_rounding_only() {
        let state = ramp();
        assert!(same_state(&state, &state.map(|v| v + 1), 0));
        assert!(!same_state(&state, &state.map(|v| v + 2), 0));
        assert!(same_state(&state, &state.map(|v| v + v / 1000), 1000));
        assert!(!same_state(&state, &state.map(|v| v + v / 100), 1000));
        assert!(!same_state(&state, &ZERO, 999_000));
    }

    #[test]
    fn a_change_above_four_medians_is_a_jump() {
        let square = |norms: &[u128]| norms.iter().map(|n| n * n).collect::<Vec<_>>();
        assert_eq!(jumps(&square(&[10, 11, 9, 40, 41, 10, 10])), [4]);
        assert_eq!(jumps(&square(&[0, 0, 1])), [2]);
        assert_eq!(jumps(&square(&[5, 21])), [1]);
        assert!(jumps(&[]).is_empty() && jumps(&[7]).is_empty());
        assert!(jumps(&[u128::MAX; 3]).is_empty());
    }

    #[test]
    fn a_jump_of_the_weights_is_found_in_its_span() {
        let step = |i: i64| [i * 1000; LEN];
        let mut kept: Vec<Sketch> = (0..20).map(step).collect();
        assert!(jumping_spans(&kept, Part::Weights).is_empty());
        kept[12..].iter_mut().for_each(|state| state[..PART].iter_mut().for_each(|v| *v += 3001));
        assert_eq!(jumping_spans(&kept, Part::Weights), [11]);
        assert!(jumping_spans(&kept, Part::Momentum).is_empty());
    }

    fn any_sketch() -> impl Strategy<Value = Sketch> {
        prop::collection::vec(1 - (BOUND as i64)..BOUND as i64, LEN).prop_map(|v| v.try_into().unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn distances_of_extreme_sketches_agree_with_real_arithmetic(
            a in any_sketch(), b in any_sketch(), c in any_sketch(), d in any_sketch(), bound: u32,
        ) {
            let ppm = distance_ppm(&a, &b, &c, &d);
            let real = (0..PARTS).map(|p| {
                let (mut apart, mut change) = (0f64, 0f64);
                for i in p * PART..(p + 1) * PART {
                    let recomputed = d[i] as f64 - c[i] as f64;
                    apart += (b[i] as f64 - a[i] as f64 - recomputed).powi(2);
                    change += recomputed.powi(2);
                }
                (apart / change).sqrt() * 1e6
            }).fold(0.0, f64::max);
            prop_assert!((ppm as f64 - real).abs() <= 1.0 + real * 1e-9);
            prop_assert!(exceeds(&a, &b, &c, &d, bound) == (ppm >= u64::from(bound)) || ppm == u64::from(bound));
            prop_assert_eq!(distance_ppm(&c, &d, &c, &d), 0);
            prop_assert!(same_state(&a, &a, 0));
        }

        #[test]
        fn extremes_of_opposite_sign_do_not_overflow(sign: bool) {
            let top = if sign { BOUND as i64 - 1 } else { 1 - BOUND as i64 };
            let (high, low) = ([top; LEN], [-top; LEN]);
            prop_assert_eq!(distance_ppm(&high, &low, &low, &high), 2_000_000);
            prop_assert!(exceeds(&high, &low, &low, &high, 1_999_999));
            prop_assert!(!exceeds(&high, &low, &low, &high, 2_000_000));
        }
    }
}
