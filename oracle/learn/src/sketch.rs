//! Sketches: a random-sign projection of a state to 32 integers for each of w, m and √v, under a key that nobody
//! knew while training. Distances between sketches estimate distances between states (Johnson–Lindenstrauss;
//! signs as in Achlioptas 2003), and since a sketch is linear, so is the sketch of a change.
//!
//! Element i of the trained tensors (numbered one after another in name order) has the 32 sign bits that lie at
//! byte 4·i of BLAKE3's extendable output keyed by `derive_key("lyceum 2025 sketch signs v1", key)` over nothing;
//! a set bit is a minus.

use lyceum_api::attestation::{SKETCH_BOUND, SKETCH_DIM, STATE_SKETCH};

use crate::kernels::simd::wide;
use crate::tensors::{TensorMap, to_vec};
use crate::{Hash32, LearnError, Result, State};

/// Components of a whole sketch are these many in each of w, m and √v.
pub const DIM: usize = SKETCH_DIM;

/// Elements whose signs are drawn at once.
const CHUNK: usize = 4096;

/// What a change is measured against at least: this fraction of the state it began from, so that numerical dust on
/// a part that hardly moves is no fraud.
pub const EPSILON: f64 = 1e-6;

/// Reads sign words one after another.
struct Signs(blake3::OutputReader);

impl Signs {
    fn new(key: &Hash32) -> Self {
        let key = blake3::derive_key("lyceum 2025 sketch signs v1", key.as_bytes());
        Self(blake3::Hasher::new_keyed(&key).finalize_xof())
    }

    fn next(&mut self, words: &mut [u32], bytes: &mut [u8]) {
        let bytes = &mut bytes[..words.len() * 4];
        self.0.fill(bytes);
        for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        }
    }
}

wide! {
    /// Adds ±x to each component. Eight components at a time, so that their sums stay in registers; the order of
    /// additions to a component is the order of the elements, whatever the vectors' width.
    fn project(words: &[u32], x: &[f32], sums: &mut [f64]) {
        for (block, sums) in sums.chunks_exact_mut(8).enumerate() {
            let mut acc = [0.0f64; 8];
            acc.copy_from_slice(sums);
            for (word, x) in words.iter().zip(x) {
                let bits = u64::from(*word >> (8 * block));
                let x = f64::from(*x).to_bits();
                for (c, acc) in acc.iter_mut().enumerate() {
                    *acc += f64::from_bits(x ^ ((bits << (63 - c)) & (1 << 63)));
                }
            }
            sums.copy_from_slice(&acc);
        }
    }

    fn roots(x: &mut [f32]) {
        for x in x {
            *x = x.sqrt();
        }
    }
}

/// The integer of a sum: Σ / √32 · 2³², refused beyond 2⁵⁵.
fn fixed(component: usize, sum: f64) -> Result<i64> {
    let value = (sum / (DIM as f64).sqrt() * 4_294_967_296.0).round();
    if value.abs() < SKETCH_BOUND as f64 { Ok(value as i64) } else { Err(LearnError::Sketch { component }) }
}

/// The sketch of a state: w, then m, then √v.
pub fn state_sketch(key: &Hash32, state: &State) -> Result<[i64; STATE_SKETCH]> {
    let mut signs = Signs::new(key);
    let mut sums = [0.0f64; STATE_SKETCH];
    let (mut words, mut bytes) = (vec![0u32; CHUNK], vec![0u8; CHUNK * 4]);
    for (name, w) in &state.w {
        let (w, m, mut v) = (to_vec(w), to_vec(state.m.get(name)?), to_vec(state.v.get(name)?));
        if m.len() != w.len() || v.len() != w.len() {
            let (found, expected) = (vec![m.len() as i64, v.len() as i64], vec![w.len() as i64; 2]);
            return Err(LearnError::Shape { name: name.clone(), found, expected });
        }
        roots(&mut v);
        for ((w, m), v) in w.chunks(CHUNK).zip(m.chunks(CHUNK)).zip(v.chunks(CHUNK)) {
            let words = &mut words[..w.len()];
            signs.next(words, &mut bytes);
            let (sw, rest) = sums.split_at_mut(DIM);
            let (sm, sv) = rest.split_at_mut(DIM);
            project(words, w, sw);
            project(words, m, sm);
            project(words, v, sv);
        }
    }
    let mut out = [0; STATE_SKETCH];
    for (c, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
        *out = fixed(c, sum)?;
    }
    Ok(out)
}

/// The sketch of item losses (bits per byte × 10⁻⁶, as [`crate::ScoreReport`] has them); item i is element i.
pub fn item_sketch(key: &Hash32, losses: &[i64]) -> Result<[i64; DIM]> {
    let mut signs = Signs::new(key);
    let mut words = vec![0u32; losses.len()];
    signs.next(&mut words, &mut vec![0; losses.len() * 4]);
    let values: Vec<f32> = losses.iter().map(|l| (*l as f64 / 1e6) as f32).collect();
    let mut sums = [0.0; DIM];
    project(&words, &values, &mut sums);
    let mut out = [0; DIM];
    for (c, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
        *out = fixed(c, sum)?;
    }
    Ok(out)
}

/// How far two ends of one interval are apart, relative to the change: for w, m and √v.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// Over the weights.
    pub w: f64,
    /// Over the first moments.
    pub m: f64,
    /// Over the roots of the second moments.
    pub v: f64,
}

impl Distance {
    /// The largest of the three: what is held against the bound.
    pub fn max(&self) -> f64 {
        self.w.max(self.m).max(self.v)
    }
}

/// ‖Δ' − Δ‖ / max(‖Δ‖, ε‖x₀‖) with 0/0 = 0, of a reference change Δ.
fn relative(start: &[f64], claimed: &[f64], seen: &[f64]) -> f64 {
    let norm = |f: &dyn Fn(usize) -> f64| (0..start.len()).map(|i| f(i).powi(2)).sum::<f64>().sqrt();
    let apart = norm(&|i| seen[i] - claimed[i]);
    let change = norm(&|i| claimed[i] - start[i]).max(EPSILON * norm(&|i| start[i]));
    if apart == 0.0 { 0.0 } else { apart / change }
}

/// The distance as the contract sees it: from the sketches of a start, the claimed end and the end another saw.
pub fn sketch_distance(
    start: &[i64; STATE_SKETCH],
    claimed: &[i64; STATE_SKETCH],
    seen: &[i64; STATE_SKETCH],
) -> Distance {
    let part = |k: usize| {
        let float =
            |s: &[i64; STATE_SKETCH]| s[k * DIM..(k + 1) * DIM].iter().map(|v| *v as f64).collect::<Vec<_>>();
        relative(&float(start), &float(claimed), &float(seen))
    };
    Distance { w: part(0), m: part(1), v: part(2) }
}

/// The exact distance, from the states themselves.
pub fn distance(start: &State, claimed: &State, seen: &State) -> Distance {
    let part = |of: &dyn Fn(&State) -> Vec<f64>| relative(&of(start), &of(claimed), &of(seen));
    let flat = |t: &TensorMap| t.flat().into_iter().map(f64::from).collect::<Vec<_>>();
    Distance {
        w: part(&|s| flat(&s.w)),
        m: part(&|s| flat(&s.m)),
        v: part(&|s| flat(&s.v).into_iter().map(f64::sqrt).collect()),
    }
}

/// The norm of a change, from sketches: for w, m and √v.
pub fn change_norms(from: &[i64; STATE_SKETCH], to: &[i64; STATE_SKETCH]) -> [f64; 3] {
    std::array::from_fn(|k| {
        let part = k * DIM..(k + 1) * DIM;
        let sum: f64 = from[part.clone()].iter().zip(&to[part]).map(|(a, b)| ((b - a) as f64).powi(2)).sum();
        sum.sqrt() / 4_294_967_296.0
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tensors::from_slice;

    fn state(step: u64, shift: i64) -> State {
        let mut state = State { step, ..State::default() };
        for (name, rows) in [("b", 3i64), ("a", 5000), ("c", 1)] {
            let values = |f: fn(f32) -> f32| {
                let v: Vec<f32> =
                    (0..rows * 7).map(|i| f(((i * 37 + shift) % 101 - 50) as f32 / 64.0)).collect();
                from_slice(&v, &[rows, 7])
            };
            state.w.insert(name, values(|x| x));
            state.m.insert(name, values(|x| x * 1e-3));
            state.v.insert(name, values(|x| x * x * 1e-6));
        }
        state
    }

    #[test]
    fn the_sketch_must_not_change() {
        let sketch = state_sketch(&Hash32([4; 32]), &state(2, 0)).unwrap();
        let bytes: Vec<u8> = sketch.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!((sketch[0], Hash32::of(&bytes).to_string().as_str()), GOLDEN);
    }

    const GOLDEN: (i64, &str) =
        (-52_293_352_359, "9ae363492fb4d9a1698365cd8da459999441781115f2cafcd0f917f4b7d5527d");

    #[test]
    fn the_sketch_is_what_its_definition_says() {
        let (key, state) = (Hash32([4; 32]), state(0, 0));
        let sketch = state_sketch(&key, &state).unwrap();
        let key = blake3::derive_key("lyceum 2025 sketch signs v1", key.as_bytes());
        let mut words = vec![0; state.w.elements() * 4];
        blake3::Hasher::new_keyed(&key).finalize_xof().fill(&mut words);
        let sign = |i: usize, c: usize| if words[4 * i + c / 8] >> (c % 8) & 1 == 1 { -1.0 } else { 1.0 };
        let parts = [state.w.flat(), state.m.flat(), state.v.flat().iter().map(|v| v.sqrt()).collect()];
        for (k, part) in parts.iter().enumerate() {
            for c in 0..DIM {
                let sum: f64 = part.iter().enumerate().map(|(i, x)| sign(i, c) * f64::from(*x)).sum();
                let value = (sum / 32f64.sqrt() * 2f64.powi(32)).round() as i64;
                assert!((value - sketch[k * DIM + c]).abs() <= 1, "{k} {c}");
            }
        }
    }

    #[test]
    fn another_key_gives_another_sketch_and_the_norm_is_about_right() {
        let state = state(0, 0);
        let zero = [0; STATE_SKETCH];
        let exact = state.w.flat().iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let mut squares = 0.0;
        for key in 0..20 {
            let sketch = state_sketch(&Hash32([key; 32]), &state).unwrap();
            squares += change_norms(&zero, &sketch)[0].powi(2) / 20.0;
        }
        assert!((squares.sqrt() / exact - 1.0).abs() < 0.15, "{} {exact}", squares.sqrt());
    }

    #[test]
    fn distances_of_equal_ends_are_zero_and_of_nothing_over_nothing_too() {
        let s = [5; STATE_SKETCH];
        assert_eq!(sketch_distance(&s, &s, &s).max(), 0.0);
        let (a, b) = (state(0, 0), state(2, 3));
        assert_eq!(distance(&a, &b, &b).max(), 0.0);
        assert!((distance(&a, &b, &a).max() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn huge_values_are_refused_instead_of_wrapping() {
        let mut s = state(0, 0);
        s.w.insert("b", from_slice(&[1e30; 21], &[3, 7]));
        assert!(matches!(state_sketch(&Hash32([4; 32]), &s), Err(LearnError::Sketch { .. })));
    }

    proptest! {
        #[test]
        fn a_sketch_of_losses_is_linear(a in proptest::collection::vec(-8_000_000i64..8_000_000, 40), factor in 1i64..4) {
            let key = Hash32([1; 32]);
            let scaled: Vec<i64> = a.iter().map(|x| x * factor).collect();
            let (one, many) = (item_sketch(&key, &a).unwrap(), item_sketch(&key, &scaled).unwrap());
            // Losses become fp32 before they are summed, hence the slack of a few parts in ten million.
            for (x, y) in one.iter().zip(many) {
                prop_assert!((x * factor - y).abs() < 100_000, "{x} {y}");
            }
        }
    }
}
