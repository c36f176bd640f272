//! The same words in the same order: windows of words, looked up by their hash.

use std::collections::{HashSet, VecDeque};

use super::super::words::mix;
use super::{Keys, Token};

/// A window is this many words and letters at least: less repeats in any honest text.
const MIN_WORDS: usize = 20;
const MIN_BYTES: u32 = 80;
/// Or this many bytes, for texts whose words are long.
const MAX_BYTES: u32 = 200;
/// Of tables, whose cells are short.
const MIN_CELLS: usize = 24;
/// From this size of the whole text on only a sample of the windows is kept, so that memory stays bounded.
const KEEP_ALL: u64 = 16 << 20;
/// The base of the polynomial that makes one hash of a window's words; odd, so that no word is lost.
const BASE: u64 = 0x2545_f491_4f6c_dd1d;

/// Finds windows that stood before.
pub struct Runs {
    seen: HashSet<u64, Keys>,
    window: VecDeque<Token>,
    /// Of the window: its hash, its bytes, its numbers.
    hash: u64,
    bytes: u32,
    numbered: usize,
    words: usize,
    /// Whether windows are of numbers: at least half of their words must be.
    numbers: bool,
    /// One of this many windows is kept, chosen by its hash.
    every: u64,
    /// Whether the window looked at last stood before.
    repeated: bool,
    found: Vec<(u64, u64)>,
}

impl Runs {
    /// Windows of words.
    pub fn of_words(total: u64) -> Self {
        Self {
            seen: HashSet::default(),
            window: VecDeque::new(),
            hash: 0,
            bytes: 0,
            numbered: 0,
            words: MIN_WORDS,
            numbers: false,
            every: 1 + total / KEEP_ALL,
            repeated: false,
            found: vec![],
        }
    }

    /// Windows of tables and other numbers.
    pub fn of_numbers(total: u64) -> Self {
        Self { words: MIN_CELLS, numbers: true, ..Self::of_words(total) }
    }

    /// Takes the next word.
    pub fn token(&mut self, token: Token) {
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(token.hash);
        self.bytes += token.length;
        self.numbered += usize::from(token.numbered);
        self.window.push_back(token);
        // A window without its last word was not full, so one without its first and last is not either.
        while (self.window.len() >= self.words && self.bytes >= MIN_BYTES) || self.bytes >= MAX_BYTES {
            if !self.numbers || 2 * self.numbered >= self.window.len() {
                self.look();
            }
            let Some(first) = self.window.pop_front() else { return };
            let power = BASE.wrapping_pow(self.window.len() as u32);
            self.hash = self.hash.wrapping_sub(first.hash.wrapping_mul(power));
            self.bytes -= first.length;
            self.numbered -= usize::from(first.numbered);
        }
    }

    fn look(&mut self) {
        let key = mix(self.hash);
        let (Some(first), Some(last)) = (self.window.front(), self.window.back()) else { return };
        if !key.is_multiple_of(self.every) {
            return;
        }
        let (start, end) = (first.start, last.end);
        let before = std::mem::replace(&mut self.repeated, !self.seen.insert(key));
        if !self.repeated {
            return;
        }
        match self.found.last_mut() {
            // Between two windows that stood before, the text did: not all windows are kept.
            Some(last) if start <= last.1 || (before && self.every > 1) => last.1 = end,
            _ => self.found.push((start, end)),
        }
    }

    /// What was found.
    pub fn finish(self) -> Vec<(u64, u64)> {
        self.found
    }
}
