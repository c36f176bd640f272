//! Passages that are nearly the same: MinHash over sequences of words, with locality-sensitive hashing.

use std::collections::HashSet;

use super::super::words::mix;
use super::{Keys, Token};

/// Words of a passage, at least and at most. In between it ends at a blank line or where the words themselves say,
/// so that a copy is divided as the original is, wherever it stands.
const MIN_WORDS: usize = 32;
const MAX_WORDS: usize = 128;
/// One of this many word sequences ends a passage.
const END_EVERY: u64 = 64;
/// Words of a sequence.
const SHINGLE: usize = 3;
/// Two passages are the same when all rows of one of the bands are: at a similarity of 0.8 in 9 of 10 cases, at 0.5
/// in 1 of 6, at 0.3 in 1 of 70.
const BANDS: usize = 6;
const ROWS: usize = 5;
/// Passages grow with the text beyond this size, so that memory stays bounded.
const GROWS: u64 = 1 << 30;

const FACTORS: [u64; BANDS * ROWS] = {
    let mut factors = [0; BANDS * ROWS];
    let mut i = 0;
    while i < factors.len() {
        factors[i] = mix(i as u64) | 1;
        i += 1;
    }
    factors
};

/// Finds passages much like an earlier one.
pub struct Passages {
    seen: HashSet<u64, Keys>,
    recent: [u64; SHINGLE],
    words: usize,
    least: [u32; BANDS * ROWS],
    span: (u64, u64),
    scale: usize,
    found: Vec<(u64, u64)>,
}

impl Passages {
    /// For a text of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self {
            seen: HashSet::default(),
            recent: [0; SHINGLE],
            words: 0,
            least: [u32::MAX; BANDS * ROWS],
            span: (0, 0),
            scale: 1 + (total / GROWS) as usize,
            found: vec![],
        }
    }

    /// Takes the next word.
    pub fn token(&mut self, token: Token, after_break: bool) {
        if after_break && self.words >= MIN_WORDS * self.scale {
            self.end();
        }
        if self.words == 0 {
            self.span.0 = token.start;
        }
        self.words += 1;
        self.span.1 = token.end;
        self.recent.rotate_left(1);
        self.recent[SHINGLE - 1] = token.hash;
        if self.words < SHINGLE {
            return;
        }
        let shingle = self.recent.iter().fold(0, |sum, word| mix(sum ^ word));
        for (least, factor) in self.least.iter_mut().zip(FACTORS) {
            // The high half of a product with an odd factor is a hash of a value that is mixed already.
            *least = (*least).min((shingle.wrapping_mul(factor) >> 32) as u32);
        }
        let full = self.words >= MAX_WORDS * self.scale;
        if full || (self.words >= MIN_WORDS * self.scale && shingle.is_multiple_of(END_EVERY)) {
            self.end();
        }
    }

    fn end(&mut self) {
        let mut known = false;
        for (band, rows) in self.least.chunks_exact(ROWS).enumerate() {
            let key = rows.iter().fold(band as u64, |sum, row| mix(sum ^ u64::from(*row)));
            known |= !self.seen.insert(key);
        }
        if known {
            self.found.push(self.span);
        }
        self.words = 0;
        self.least = [u32::MAX; BANDS * ROWS];
    }

    /// What was found.
    pub fn finish(mut self) -> Vec<(u64, u64)> {
        // A last passage that is short says as little as any other that is.
        if self.words >= MIN_WORDS {
            self.end();
        }
        self.found
    }
}
