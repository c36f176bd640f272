//! The same sentences, in whatever order: what stands between the ends of sentences or lines.

use std::collections::HashSet;

use super::super::words::mix;
use super::{Keys, Token};

/// A sentence is this many words and letters at least.
const MIN_WORDS: usize = 8;
const MIN_BYTES: u32 = 40;
/// From this size of the whole text on only a sample is kept, so that memory stays bounded.
const KEEP_ALL: u64 = 64 << 20;

/// Finds sentences that stood before.
pub struct Sentences {
    seen: HashSet<u64, Keys>,
    hash: u64,
    words: usize,
    bytes: u32,
    span: (u64, u64),
    every: u64,
    found: Vec<(u64, u64)>,
}

impl Sentences {
    /// For a text of `total` bytes.
    pub fn new(total: u64) -> Self {
        let every = 1 + total / KEEP_ALL;
        Self { seen: HashSet::default(), hash: 0, words: 0, bytes: 0, span: (0, 0), every, found: vec![] }
    }

    /// Takes the next word.
    pub fn token(&mut self, token: Token, after_end: bool) {
        if after_end {
            self.end();
        }
        if self.words == 0 {
            self.span.0 = token.start;
        }
        self.words += 1;
        // Words without an end of a sentence may go on for gigabytes; all that counts is whether they are enough.
        self.bytes = self.bytes.saturating_add(token.length);
        self.span.1 = token.end;
        self.hash = mix(self.hash ^ token.hash);
    }

    fn end(&mut self) {
        let long = self.words >= MIN_WORDS && self.bytes >= MIN_BYTES;
        if long && self.hash.is_multiple_of(self.every) && !self.seen.insert(self.hash) {
            self.found.push(self.span);
        }
        (self.hash, self.words, self.bytes) = (0, 0, 0);
    }

    /// What was found.
    pub fn finish(mut self) -> Vec<(u64, u64)> {
        self.end();
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_more_than_four_gigabytes_is_found_again_and_not_counted_past_the_end() {
        let mut sentences = Sentences::new(0);
        for (start, end) in [(0, 10), (10, 20)] {
            for word in 0..MIN_WORDS as u64 {
                let token = Token { hash: word, start, end, length: u32::MAX / 2, numbered: false };
                sentences.token(token, word == 0);
            }
        }
        assert_eq!(sentences.finish(), [(10, 20)]);
    }
}
