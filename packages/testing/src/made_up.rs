//! Runs that never ran: states, sketches and scores that agree with one another as those of an honest run would,
//! without any training. Contracts cannot tell; evaluators that re-execute would.

use lyceum_api::Hash32;
use lyceum_api::attestation::{
    DomainScore, IntervalSeen, ItemSketch, OpenedState, Opening, SKETCH_DIM, STATE_SKETCH, Scored,
    StateSketch,
};
use lyceum_api::canonical::Encoder;
use lyceum_api::claim::ClaimContent;
use lyceum_api::manifest::{salted_state, state_root};
use lyceum_api::tasks::ServedState;
use lyceum_onchain::merkle;

/// A made-up run of `intervals` intervals of `steps` steps under a seed.
#[derive(Debug, Clone)]
pub struct Run {
    seed: Hash32,
    intervals: u32,
    steps: u32,
    leaves: Vec<[u8; 32]>,
    forgery: Option<Forgery>,
    /// The gain that honest seats measure, percent × 10⁻⁶.
    pub gain: i64,
    /// The gain that the trainer reports; the same unless changed.
    pub reported: i64,
}

/// What a dishonest trainer makes of the change that an interval honestly has: 32 integers each of w, m and √v.
pub type Forgery = fn(interval: u32, change: &mut [i64; STATE_SKETCH]);

fn tagged(seed: &Hash32, what: &str, index: u64) -> Hash32 {
    let mut e = Encoder::new("lyceum/testing/made-up", 1);
    e.hash(seed).str(what).u64(index);
    e.digest()
}

impl Run {
    /// A run that gains `gain`.
    pub fn new(seed: Hash32, intervals: u32, steps: u32, gain: i64) -> Self {
        let mut run =
            Self { seed, intervals, steps, leaves: Vec::new(), forgery: None, gain, reported: gain };
        run.leaves = (0..=intervals)
            .map(|j| {
                let state = state_root(u64::from(j) * u64::from(steps), &seed, &run.tensors(j));
                salted_state(&run.salt(j), &state).0
            })
            .collect();
        run
    }

    /// The same run by a trainer that forged its changes: what it opens is forged, what honest seats see when
    /// they begin at its states is not.
    #[must_use]
    pub fn forged(self, forgery: Forgery) -> Self {
        Self { forgery: Some(forgery), ..self }
    }

    /// The salt of a state.
    pub fn salt(&self, state: u32) -> Hash32 {
        tagged(&self.seed, "salt", u64::from(state))
    }

    /// Content root of the tensors of a state.
    pub fn tensors(&self, state: u32) -> Hash32 {
        tagged(&self.seed, "tensors", u64::from(state))
    }

    /// What the trainer claims.
    pub fn content(&self) -> ClaimContent {
        ClaimContent {
            block: tagged(&self.seed, "block", 0),
            block_bytes: 1_000_000,
            manifest: tagged(&self.seed, "manifest", 0),
            states: Hash32(merkle::root(&self.leaves)),
            reported: self.reported,
        }
    }

    /// A state as it is served, with its proof; none beyond the last.
    pub fn serve(&self, state: u32) -> Option<ServedState> {
        let proof = merkle::prove(&self.leaves, state)?;
        Some(ServedState {
            state,
            salt: self.salt(state),
            tensors: self.tensors(state),
            proof: proof.into_iter().map(Hash32).collect(),
        })
    }

    /// The sketch of a state: it drifts evenly in a direction of the run's own, so that no change is a jump. It is
    /// the same under every key, which real ones are not.
    pub fn sketch(&self, state: u32) -> StateSketch {
        StateSketch::new(&self.values(state))
    }

    /// What one interval honestly changes.
    fn change(&self) -> [i64; STATE_SKETCH] {
        let direction = self.seed.as_bytes();
        std::array::from_fn(|i| (2 * (i64::from(direction[i % 32]) - 128) + 1) * (1 << 24))
    }

    fn values(&self, state: u32) -> [i64; STATE_SKETCH] {
        let honest = self.change();
        let mut values: [i64; STATE_SKETCH] = std::array::from_fn(|i| (i as i64 + 1) * (1 << 40));
        for interval in 0..state {
            let mut change = honest;
            if let Some(forge) = self.forgery {
                forge(interval, &mut change);
            }
            values.iter_mut().zip(change).for_each(|(value, change)| *value += change);
        }
        values
    }

    /// The sketch of a state that somebody made up who did not work: far from [`Run::sketch`].
    pub fn false_sketch(&self, state: u32) -> StateSketch {
        let other = Self { seed: tagged(&self.seed, "false", 0), ..self.clone() };
        other.sketch(state)
    }

    /// What an honest seat sees of an interval: it begins at the trainer's state, and trains.
    pub fn seen(&self, interval: u32) -> IntervalSeen {
        let start = self.values(interval);
        let mut end = start;
        end.iter_mut().zip(self.change()).for_each(|(value, change)| *value += change);
        let committed = end == self.values(interval + 1);
        let end_root = if committed { self.tensors(interval + 1) } else { tagged(&self.seed, "honest", 0) };
        IntervalSeen { interval, start: StateSketch::new(&start), end: StateSketch::new(&end), end_root }
    }

    /// What the trainer opens of an interval, and an accomplice in a seat confirms.
    pub fn claimed(&self, interval: u32) -> IntervalSeen {
        let (start, end) = (self.sketch(interval), self.sketch(interval + 1));
        IntervalSeen { interval, start, end, end_root: self.tensors(interval + 1) }
    }

    /// What a seat sees that did not work.
    pub fn lazily_seen(&self, interval: u32) -> IntervalSeen {
        let (start, end) = (self.sketch(interval), self.false_sketch(interval + 1));
        IntervalSeen { interval, start, end, end_root: tagged(&self.seed, "lazy", 0) }
    }

    /// The opening of these states, ascending, with proofs of the `ends` that a claim panel asks for.
    pub fn opening(&self, states: &[u32], ends: &[u32]) -> Opening {
        Opening {
            ends: ends.iter().filter_map(|j| self.serve(*j)).collect(),
            states: states.iter().map(|j| OpenedState { state: *j, sketch: self.sketch(*j) }).collect(),
        }
    }

    /// What an honest seat measures: a reference of 3 bits per byte and a child better by the gain; guards as the
    /// given scores.
    pub fn scored(&self, guards: Vec<DomainScore>) -> Scored {
        let reference = 3_000_000;
        let mut items = [0; SKETCH_DIM];
        items.iter_mut().enumerate().for_each(|(i, v)| *v = (i as i64 + 1) << 32);
        Scored {
            reference,
            child: reference - reference * self.gain / 100_000_000,
            gain: self.gain,
            synthetic_gain: self.gain,
            items: ItemSketch::new(&items),
            guards,
        }
    }

    /// Intervals of the run.
    pub fn intervals(&self) -> u32 {
        self.intervals
    }

    /// Steps of an interval.
    pub fn steps(&self) -> u32 {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use lyceum_onchain::sketch;

    use super::*;

    #[test]
    fn a_made_up_run_agrees_with_itself_and_not_with_a_lazy_seat() {
        let run = Run::new(Hash32::of(b"run"), 200, 2, 3_000_000);
        let values = |s: &StateSketch| s.values().unwrap();
        let (start, end) = (values(&run.sketch(7)), values(&run.sketch(8)));
        let honest = run.seen(7);
        assert!(!sketch::exceeds(&start, &end, &values(&honest.start), &values(&honest.end), 1_000));
        let lazy = run.lazily_seen(7);
        assert!(sketch::exceeds(&start, &end, &values(&lazy.start), &values(&lazy.end), 1_000));
        let kept: Vec<_> = (0..=200).step_by(10).map(|j| values(&run.sketch(j))).collect();
        assert!(sketch::jumping_spans(&kept, sketch::Part::Weights).is_empty());
        let served = run.serve(50).unwrap();
        let leaf = salted_state(&served.salt, &state_root(100, &Hash32::of(b"run"), &served.tensors));
        let proof: Vec<_> = served.proof.iter().map(|p| p.0).collect();
        assert!(merkle::verify(&run.content().states.0, 201, 50, &leaf.0, &proof));
        assert!(run.serve(201).is_none());
    }

    #[test]
    fn a_forged_run_opens_what_honest_seats_do_not_see() {
        let run = Run::new(Hash32::of(b"run"), 200, 2, 3_000_000);
        assert_eq!(run.claimed(7), run.seen(7));
        let forged = run.forged(|interval, change| {
            if interval == 7 {
                change.iter_mut().for_each(|value| *value /= 2);
            }
        });
        assert_eq!(forged.claimed(6), forged.seen(6));
        let values = |s: &StateSketch| s.values().unwrap();
        let (claimed, seen) = (forged.claimed(7), forged.seen(7));
        assert_eq!(claimed.start, seen.start);
        let [start, a, b] = [&claimed.start, &claimed.end, &seen.end].map(values);
        assert_eq!(sketch::distance_ppm(&start, &a, &start, &b), 500_000);
    }
}
