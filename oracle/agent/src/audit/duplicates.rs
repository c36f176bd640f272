//! Text that stood before, in any shard: the same words in the same order, whatever their lines, numbers and case
//! ([`Runs`]), the same sentences in another order ([`Sentences`]), and passages that have most of their word
//! sequences in common with an earlier one ([`Passages`]).

mod passages;
mod runs;
mod sentences;

use std::hash::{BuildHasherDefault, Hasher};

use super::words::{Word, hash};
use passages::Passages;
use runs::Runs;
use sentences::Sentences;

/// A word as duplicates are found by.
#[derive(Debug, Clone, Copy)]
struct Token {
    hash: u64,
    start: u64,
    end: u64,
    /// Bytes of the word itself.
    length: u32,
    /// Whether it is a number.
    numbered: bool,
}

/// Sets of hashes, which need no second hash.
type Keys = BuildHasherDefault<Key>;

#[derive(Default)]
struct Key(u64);

impl Hasher for Key {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, b| super::words::mix(sum ^ u64::from(*b)));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// Finds duplicates in a stream of words.
pub struct Duplicates {
    texts: Runs,
    numbers: Runs,
    sentences: Sentences,
    passages: Passages,
    /// Whether a sentence or passage ended at a number that was passed over.
    ended: (bool, bool),
}

impl Duplicates {
    /// For a text of `total` bytes, which bounds the memory that is used.
    pub fn new(total: u64) -> Self {
        Self {
            texts: Runs::of_words(total),
            numbers: Runs::of_numbers(total),
            sentences: Sentences::new(total),
            passages: Passages::new(total),
            ended: (false, false),
        }
    }

    /// Takes the next word.
    pub fn word(&mut self, word: &Word<'_>) {
        let numbered = word.text.bytes().all(|b| b.is_ascii_digit());
        let (start, end, length) = (word.start, word.end, word.text.len() as u32);
        let token = Token { hash: hash(word.text), start, end, length, numbered };
        self.numbers.token(token);
        // Copies that differ in their numbers are copies.
        if !numbered {
            self.texts.token(token);
            let (sentence, passage) = std::mem::take(&mut self.ended);
            self.sentences.token(token, sentence || word.after_end);
            self.passages.token(token, passage || word.after_break);
        } else {
            self.ended = (self.ended.0 || word.after_end, self.ended.1 || word.after_break);
        }
    }

    /// The duplicates, in order and apart.
    pub fn finish(self) -> Vec<(u64, u64)> {
        let mut all = self.texts.finish();
        all.extend(self.numbers.finish());
        all.extend(self.sentences.finish());
        all.extend(self.passages.finish());
        all.sort_unstable();
        let mut apart: Vec<(u64, u64)> = vec![];
        for (start, end) in all {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        apart
    }
}

#[cfg(test)]
mod tests {
    use super::super::measure;

    /// Sentences that have nothing in common.
    fn prose(seed: u64, sentences: usize) -> Vec<String> {
        let word = |n: u64| {
            let mut x = super::super::words::mix(n);
            let length = 3 + x % 7;
            (0..length)
                .map(|_| {
                    x /= 26;
                    char::from(b'a' + (x % 26) as u8)
                })
                .collect::<String>()
        };
        let sentence =
            |s: u64| (0..15).map(|w| word(seed << 40 | s << 8 | w)).collect::<Vec<_>>().join(" ") + ".";
        (0..sentences as u64).map(sentence).collect()
    }

    fn share(text: &str) -> u32 {
        measure(&[text.as_bytes()], "MIT").duplicates_ppm
    }

    #[test]
    fn a_copy_is_half_of_the_text_whatever_its_lines_numbers_and_ends() {
        let once = prose(1, 200);
        let first = once.join("\n");
        for (how, copy) in [
            ("as it was", first.clone()),
            ("re-wrapped", first.replace(' ', "\n")),
            ("on one line", first.replace('\n', " ")),
            ("with carriage returns", first.replace('\n', "\r")),
            ("in upper case", first.to_uppercase()),
            ("as a comment", first.replace('\n', "\n// ")),
            ("numbered", once.iter().enumerate().map(|(n, s)| format!("{n}. {s}\n")).collect()),
            ("in another order", once.iter().rev().cloned().collect::<Vec<_>>().join("\n")),
            ("as JSON", format!("{{\"text\": \"{}\"}}", first.replace('\n', "\\n"))),
        ] {
            let found = share(&format!("{first}\n{copy}\n"));
            assert!((440_000..=560_000).contains(&found), "{how}: {found}");
        }
    }

    #[test]
    fn passages_with_every_fifteenth_word_replaced_are_found_by_what_they_have_in_common() {
        let paragraphs: Vec<String> = prose(1, 400).chunks(4).map(|p| p.join(" ")).collect();
        let edit = |p: &String| -> String {
            let words = p.split(' ').enumerate().map(|(n, w)| if n % 15 == 7 { "other" } else { w });
            words.collect::<Vec<_>>().join(" ")
        };
        let edited: Vec<String> = paragraphs.iter().map(edit).collect();
        let found = share(&format!("{}\n\n{}", paragraphs.join("\n\n"), edited.join("\n\n")));
        assert!(found > 150_000, "{found}");
    }

    #[test]
    fn different_text_is_no_duplicate_and_nor_are_different_numbers() {
        assert_eq!(share(&prose(1, 2000).join("\n")), 0);
        let table = |seed: u32| -> String {
            (0..2000u32)
                .map(|n| format!("{},{},{}\n", n, (n * 7919 + seed) % 9973, (n * 104_729) % 9967))
                .collect()
        };
        assert_eq!(share(&table(1)), 0);
        let twice = share(&(table(1) + &table(1)));
        assert!((450_000..=550_000).contains(&twice), "{twice}");
    }

    #[test]
    fn a_copy_in_another_shard_and_encoding_is_one() {
        let text = prose(1, 100).join("\n");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let found = measure(&[text.as_bytes(), &wide], "MIT").duplicates_ppm;
        assert!(found > 600_000, "{found}");
    }

    #[test]
    fn a_large_text_is_sampled_and_its_share_stays_about_the_same() {
        let tokens = |total| {
            let mut found = super::Duplicates::new(total);
            let text = prose(1, 4000).join(" ");
            let half = text.len() as u64;
            for offset in [0, half] {
                let mut at = offset;
                for word in text.split(' ') {
                    let (start, end) = (at, at + word.len() as u64);
                    found.word(&super::Word { text: word, start, end, after_end: false, after_break: false });
                    at = end + 1;
                }
            }
            found.finish().iter().map(|(s, e)| e - s).sum::<u64>() * 1000 / half
        };
        let (small, large) = (tokens(1), tokens(400 << 20));
        assert!((950..=1010).contains(&small) && (900..=1010).contains(&large), "{small} {large}");
    }
}
