//! Items: the windows of text a model is scored on, as a benchmark file and as a seat's own.

use lyceum_api::canonical::{Canonical, DecodeError, Decoder, Encoder};

use crate::rng::CounterRng;
use crate::{Hash32, LearnError, Result};

/// Most items of a benchmark.
pub const MAX_ITEMS: u32 = 1 << 16;
/// Most bytes of an item.
pub const MAX_ITEM_BYTES: u32 = 1 << 16;

/// Windows of text, each of at least two bytes. Its canonical encoding is the benchmark file that is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items(Vec<Vec<u8>>);

impl Items {
    /// From windows; refuses none at all, too many, and windows that are too short or too long.
    pub fn new(windows: Vec<Vec<u8>>) -> Result<Self> {
        if windows.is_empty() || windows.len() > MAX_ITEMS as usize {
            return Err(LearnError::Items(format!("{} items, expected 1 to {MAX_ITEMS}", windows.len())));
        }
        match windows.iter().find(|w| !(2..=MAX_ITEM_BYTES as usize).contains(&w.len())) {
            Some(w) => Err(LearnError::Items(format!("an item of {} bytes", w.len()))),
            None => Ok(Self(windows)),
        }
    }

    /// Windows of `window` bytes at places of a text drawn from a seed, for a benchmark. The same seed gives the
    /// same items; places are drawn without overlap from a grid of windows.
    pub fn draw(text: &[u8], window: usize, count: usize, seed: &Hash32) -> Result<Self> {
        let grid = text.len() / window.max(1);
        if window < 2 || grid < count {
            let required = (window.max(2) as u64).saturating_mul(count as u64);
            return Err(LearnError::TooShort {
                what: "a text to draw items from",
                required,
                found: text.len() as u64,
            });
        }
        let rng = CounterRng::new(seed, "items");
        let mut places: Vec<usize> = (0..grid).collect();
        for i in 0..count {
            let j = i + rng.below(i as u64, (grid - i) as u64) as usize;
            places.swap(i, j);
        }
        Self::new(places[..count].iter().map(|p| text[p * window..(p + 1) * window].to_vec()).collect())
    }

    /// A seat's own items from the domain's public held-out text: each joins two halves from places drawn from the
    /// seed. They are integers all the way, hence the same on every machine (a model's samples would not be), cannot
    /// be known before the beacon, and reading the seam needs more than having memorised the text.
    pub fn synthesize(text: &[u8], window: usize, count: usize, seed: &Hash32) -> Result<Self> {
        if window < 4 || text.len() < window {
            let (required, found) = (window.max(4) as u64, text.len() as u64);
            return Err(LearnError::TooShort { what: "a text to make items of", required, found });
        }
        let rng = CounterRng::new(seed, "synthetic");
        let half = window / 2;
        let piece = |index: u64, length: usize| {
            let at = rng.below(index, (text.len() - length + 1) as u64) as usize;
            &text[at..at + length]
        };
        Self::new(
            (0..count as u64)
                .map(|i| [piece(2 * i, half), piece(2 * i + 1, window - half)].concat())
                .collect(),
        )
    }

    /// The windows.
    pub fn windows(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Canonical for Items {
    const TAG: &'static str = "lyceum/items";
    const VERSION: u8 = 1;

    fn encode(&self, e: &mut Encoder) {
        e.list(&self.0, |e, w| {
            e.bytes(w);
        });
    }

    fn decode(d: &mut Decoder<'_>) -> std::result::Result<Self, DecodeError> {
        let windows = d.list("items", MAX_ITEMS, |d| Ok(d.bytes("item", MAX_ITEM_BYTES)?.to_vec()))?;
        Self::new(windows).map_err(|_| DecodeError::Field { field: "items" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> Vec<u8> {
        (0..10_000u32).map(|i| (i * i / 7) as u8).collect()
    }

    #[test]
    fn a_seed_draws_distinct_windows_and_always_the_same() {
        let draw = |s| Items::draw(&text(), 100, 60, &Hash32([s; 32])).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(Items::draw(&text(), 100, 101, &Hash32([1; 32])).is_err());
    }

    #[test]
    fn synthetic_items_are_two_pieces_of_the_text() {
        let text = text();
        let items = Items::synthesize(&text, 64, 20, &Hash32([1; 32])).unwrap();
        for item in items.windows() {
            for half in item.chunks(32) {
                assert!(text.windows(32).any(|w| w == half));
            }
        }
        assert!(Items::synthesize(&text[..10], 64, 20, &Hash32([1; 32])).is_err());
    }

    #[test]
    fn items_of_no_use_are_refused() {
        for bad in [vec![], vec![vec![1]], vec![vec![0; MAX_ITEM_BYTES as usize + 1]]] {
            assert!(Items::new(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_benchmark_survives_its_bytes_and_refuses_truncation(
            windows in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 2..40), 1..10), cut in 1usize..10,
        ) {
            let items = Items::new(windows).unwrap();
            let bytes = items.to_bytes();
            prop_assert_eq!(Items::from_bytes(&bytes).unwrap(), items);
            prop_assert!(Items::from_bytes(&bytes[..bytes.len() - cut]).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Items::from_bytes(&bytes);
        }
    }
}
