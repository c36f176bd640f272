//! A text as a stream of words, which is the same however lines are wrapped, numbered or ended.

use super::text::{Chunk, is_ideograph, is_space, is_word};

/// Longer runs of letters (encoded bytes, mostly) are cut into words of this many bytes.
const MAX_WORD: usize = 64;

/// A word and where in all shards it stands.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    /// Its letters.
    pub text: &'a str,
    /// Offset of its first byte.
    pub start: u64,
    /// Offset after its last.
    pub end: u64,
    /// Whether the end of a sentence or line comes before it.
    pub after_end: bool,
    /// Whether a blank line or another break between passages comes before it.
    pub after_break: bool,
}

/// The words of a chunk.
pub fn words(chunk: &Chunk) -> impl Iterator<Item = Word<'_>> {
    let text = chunk.text.as_str();
    let mut at = 0;
    std::iter::from_fn(move || {
        let (mut line_ends, mut stop, mut ended) = (0, false, false);
        let start = loop {
            let c = text[at..].chars().next()?;
            if is_word(c) {
                break at;
            }
            line_ends += usize::from(c == '\n');
            ended |= c == '\n' || (stop && is_space(c));
            stop = matches!(c, '.' | '!' | '?' | '。');
            at += c.len_utf8();
        };
        for c in text[start..].chars() {
            let alone = is_ideograph(c);
            if !is_word(c) || (alone && at > start) || at + c.len_utf8() - start > MAX_WORD {
                break;
            }
            at += c.len_utf8();
            if alone {
                break;
            }
        }
        Some(Word {
            text: &text[start..at],
            start: chunk.origin[start],
            end: chunk.origin[at],
            after_end: ended,
            after_break: line_ends > 1,
        })
    })
}

/// A hash of a word that is the same in any case of ASCII letters.
pub fn hash(word: &str) -> u64 {
    let folded = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(folded)
}

/// Spreads a value over all bits (the finaliser of SplitMix64).
pub const fn mix(value: u64) -> u64 {
    let mut x = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::text::chunks;
    use super::*;

    fn listed(text: &str) -> Vec<String> {
        let mut out = vec![];
        chunks(&[text.as_bytes()], |chunk| out.extend(words(chunk).map(|w| w.text.to_owned())));
        out
    }

    #[test]
    fn words_are_runs_of_letters_and_ideographs_stand_alone() {
        assert_eq!(listed("Größe, 12 µm\r\n(x_y)"), ["Größe", "12", "µm", "x", "y"]);
        assert_eq!(listed("你好 abc世"), ["你", "好", "abc", "世"]);
        assert_eq!(listed(&"x".repeat(MAX_WORD + 1)).len(), 2);
        assert_eq!(hash("Word"), hash("wORD"));
    }
}
