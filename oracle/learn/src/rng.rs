//! Random numbers by counter: any value is a function of (seed, stream, index), so that any step of a run can be
//! done again alone, in any order, by anyone who knows the seed.
//!
//! The bytes are BLAKE3's extendable output, keyed by `derive_key("lyceum 2025 counter rng v1", seed ‖ stream)`;
//! index i is the little-endian u64 at byte 8·i.

use crate::Hash32;

const CONTEXT: &str = "lyceum 2025 counter rng v1";

/// A stream of random numbers, addressed by index.
#[derive(Debug, Clone)]
pub struct CounterRng {
    reader: blake3::OutputReader,
}

impl CounterRng {
    /// The stream of this name under this seed.
    pub fn new(seed: &Hash32, stream: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(seed.as_bytes()).update(stream.as_bytes());
        Self { reader: hasher.finalize_xof() }
    }

    /// The 64 random bits at an index.
    pub fn u64(&self, index: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(index, &mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The bytes from an index on.
    pub fn fill(&self, index: u64, out: &mut [u8]) {
        let mut reader = self.reader.clone();
        reader.set_position(index.wrapping_mul(8));
        reader.fill(out);
    }

    /// A number below `bound` (0 for a bound of 0). The bias is below bound / 2⁶⁴.
    pub fn below(&self, index: u64, bound: u64) -> u64 {
        ((u128::from(self.u64(index)) * u128::from(bound)) >> 64) as u64
    }

    /// A number in [0, 1), with 53 bits.
    pub fn uniform(&self, index: u64) -> f64 {
        to_unit(self.u64(index))
    }

    /// `count` standard normal numbers from index 2·`start` on (Box–Muller; each pair takes two indices).
    pub fn normals(&self, start: u64, count: usize) -> Vec<f32> {
        let pairs = count.div_ceil(2);
        let mut bytes = vec![0; pairs * 16];
        self.fill(start.wrapping_mul(2), &mut bytes);
        let mut out = Vec::with_capacity(pairs * 2);
        for pair in bytes.chunks_exact(16) {
            let (a, b) = pair.split_at(8);
            // 1 - u lies in (0, 1], so the logarithm is finite.
            let radius = (-2.0 * (1.0 - to_unit(le64(a))).ln()).sqrt();
            let angle = std::f64::consts::TAU * to_unit(le64(b));
            out.push((radius * angle.cos()) as f32);
            out.push((radius * angle.sin()) as f32);
        }
        out.truncate(count);
        out
    }
}

fn le64(bytes: &[u8]) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(bytes);
    u64::from_le_bytes(eight)
}

fn to_unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_stream_must_not_change() {
        let rng = CounterRng::new(&Hash32([7; 32]), "golden");
        assert_eq!([rng.u64(0), rng.u64(1), rng.u64(1 << 40)], GOLDEN);
    }

    const GOLDEN: [u64; 3] =
        [11_798_790_385_861_470_766, 896_348_708_293_640_821, 16_686_092_550_879_883_850];

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let x = CounterRng::new(&Hash32([1; 32]), "n").normals(0, 100_001);
        let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / x.len() as f64;
        let var = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.03, "{mean} {var}");
    }

    proptest! {
        #[test]
        fn an_index_gives_the_same_whether_read_alone_or_in_a_row(start in 0u64..1 << 50, n in 1usize..20) {
            let rng = CounterRng::new(&Hash32([3; 32]), "row");
            let mut row = vec![0; n * 8];
            rng.fill(start, &mut row);
            for (i, chunk) in row.chunks_exact(8).enumerate() {
                prop_assert_eq!(le64(chunk), rng.u64(start + i as u64));
            }
        }

        #[test]
        fn below_stays_below(index in any::<u64>(), bound in 1u64..) {
            prop_assert!(CounterRng::new(&Hash32([3; 32]), "b").below(index, bound) < bound);
        }
    }
}
