//! The jump rule: a change between kept states that is larger than 4 × the median of all.
//!
//! Only weights count. A jump to copied weights must show in them; Adam's moments rise from zero at the start of
//! every run, so their first change is large for everybody, and one that is forged elsewhere moves the weights in
//! the same span or not far at all (m decays within some ten steps).
use lyceum_api::attestation::OpenedState;
use lyceum_api::canonical::DecodeError;
use lyceum_api::manifest::KEPT_EVERY;
use lyceum_onchain::sketch::{self, Part, Sketch};

/// The most spans of a claim that are bisected: the largest ones, one after another. One that is forged is enough.
pub const MAX_JUMPS: usize = 3;

/// The spans (first and last state) between kept states that jump: at most [`MAX_JUMPS`], the largest last.
pub fn jumping(states: &[OpenedState], intervals: u32) -> Result<Vec<(u32, u32)>, DecodeError> {
    let kept = states.iter().filter(|s| s.state % KEPT_EVERY == 0 || s.state == intervals);
    let kept: Vec<(u32, Sketch)> =
        kept.map(|s| Ok((s.state, s.sketch.values()?))).collect::<Result<_, _>>()?;
    let change = |pair: &[(u32, Sketch)]| sketch::change_squared(&pair[0].1, &pair[1].1, Part::Weights);
    let norms: Vec<_> = kept.windows(2).map(change).collect();
    let mut found = sketch::jumps(&norms);
    found.sort_by_key(|i| norms[*i]);
    let largest = found.split_off(found.len().saturating_sub(MAX_JUMPS));
    Ok(largest.into_iter().map(|i| (kept[i].0, kept[i + 1].0)).collect())
}

/// The interval of the largest change among states ascending one by one, without those that are decided already.
pub fn largest_change(states: &[OpenedState], decided: &[u32]) -> Result<Option<u32>, DecodeError> {
    let mut largest: Option<(u128, u32)> = None;
    for pair in states.windows(2) {
        if decided.contains(&pair[0].state) {
            continue;
        }
        let change =
            sketch::change_squared(&pair[0].sketch.values()?, &pair[1].sketch.values()?, Part::Weights);
        if largest.is_none_or(|(most, _)| change > most) {
            largest = Some((change, pair[0].state));
        }
    }
    Ok(largest.map(|(_, interval)| interval))
}

#[cfg(test)]
mod tests {
    use lyceum_api::attestation::StateSketch;

    use super::*;

    /// A chain whose weights move by these steps.
    fn chain(numbers: impl Iterator<Item = u32>, steps: &[i64]) -> Vec<OpenedState> {
        let mut at = 1 << 40;
        let moved = std::iter::once(0).chain(steps.iter().copied()).map(|step| {
            at += step;
            StateSketch::new(&[at; 96])
        });
        numbers.zip(moved).map(|(state, sketch)| OpenedState { state, sketch }).collect()
    }

    #[test]
    fn a_single_jump_is_found_and_even_steps_are_not() {
        let mut steps = [1_000i64; 20];
        assert_eq!(jumping(&chain((0..=200).step_by(10), &steps), 200), Ok(vec![]));
        steps[7] = 4_001;
        assert_eq!(jumping(&chain((0..=200).step_by(10), &steps), 200), Ok(vec![(70, 80)]));
        steps[7] = 4_000;
        assert_eq!(jumping(&chain((0..=200).step_by(10), &steps), 200), Ok(vec![]));
    }

    #[test]
    fn the_largest_jumps_come_last_and_the_rest_is_left() {
        let mut steps = [1_000i64; 20];
        for (span, step) in [(2, 9_000), (4, 50_000), (6, 7_000), (8, 8_000)] {
            steps[span] = step;
        }
        let found = jumping(&chain((0..=200).step_by(10), &steps), 200).unwrap();
        assert_eq!(found, [(80, 90), (20, 30), (40, 50)]);
    }

    #[test]
    fn ends_of_drawn_intervals_are_no_kept_states() {
        let mut states = chain((0..=200).step_by(10), &[1_000; 20]);
        states.insert(1, OpenedState { state: 3, sketch: StateSketch::new(&[0; 96]) });
        assert_eq!(jumping(&states, 200), Ok(vec![]));
    }

    #[test]
    fn a_span_leads_to_its_largest_change_that_is_not_decided() {
        let states = chain(70..=80, &[1, 1, 9, 1, 1, 1, 5, 1, 1, 1]);
        assert_eq!(largest_change(&states, &[]), Ok(Some(72)));
        assert_eq!(largest_change(&states, &[72]), Ok(Some(76)));
        assert_eq!(largest_change(&states[..1], &[]), Ok(None));
    }
}
