//! Toxic text, by a short list of words that are insults in any context. A list is a floor, not a judgement: it
//! misses what it doesn't name, and says nothing of what a sentence means.

use std::collections::VecDeque;

use super::words::Word;

const WORDS: [&str; 24] = [
    "arsehole",
    "arseholes",
    "asshole",
    "assholes",
    "bastard",
    "bastards",
    "bitch",
    "bitches",
    "cunt",
    "cunts",
    "dickhead",
    "dickheads",
    "fuck",
    "fucked",
    "fucker",
    "fuckers",
    "fucking",
    "motherfucker",
    "shithead",
    "shitheads",
    "slut",
    "sluts",
    "twat",
    "whore",
];
/// Words on each side that a listed word makes toxic: about a sentence, however it is wrapped.
const REACH: usize = 8;
/// But no further than this many bytes of text.
const REACH_BYTES: u64 = 160;

/// Finds toxic passages in a stream of words.
#[derive(Default)]
pub struct Toxic {
    before: VecDeque<u64>,
    /// Words that the last listed one still reaches, and up to where.
    open: Option<(usize, u64)>,
    passage: Option<(u64, u64)>,
}

impl Toxic {
    /// Takes the next word, and gives a passage that ended before it.
    pub fn word(&mut self, word: &Word<'_>) -> Option<(u64, u64)> {
        let mut ended = None;
        if is_listed(word.text) {
            let floor = word.start.saturating_sub(REACH_BYTES);
            let start = self.before.iter().copied().find(|s| *s >= floor).unwrap_or(word.start);
            match &mut self.passage {
                Some((_, end)) if start <= *end => *end = word.end,
                passage => ended = passage.replace((start, word.end)),
            }
            self.open = Some((REACH, word.end + REACH_BYTES));
        } else if let (Some((left, reach)), Some((_, end))) = (self.open, &mut self.passage) {
            if left > 0 && word.end <= reach {
                *end = word.end;
                self.open = Some((left - 1, reach));
            } else {
                self.open = None;
            }
        }
        if self.before.len() == REACH {
            self.before.pop_front();
        }
        self.before.push_back(word.start);
        ended
    }

    /// The passage that the text ends in.
    pub fn finish(self) -> Option<(u64, u64)> {
        self.passage
    }
}

fn is_listed(word: &str) -> bool {
    (4..=12).contains(&word.len()) && WORDS.iter().any(|listed| word.eq_ignore_ascii_case(listed))
}

#[cfg(test)]
mod tests {
    use super::super::measure;
    use super::*;

    #[test]
    fn the_words_around_count_and_words_within_words_do_not() {
        let toxic = |text: &str| measure(&[text.as_bytes()], "MIT").toxicity_ppm;
        assert_eq!(toxic("you Bastard! you"), 1_000_000);
        assert_eq!(toxic("Scunthorpe\n"), 0);
        let far = format!("{0} you bastard {0}", "word ".repeat(1000));
        let share = toxic(&far);
        assert!((5_000..15_000).contains(&share), "{share}");
    }

    #[test]
    fn the_share_does_not_depend_on_the_length_of_lines() {
        let words = "what a fucking mess this is and how it came about nobody knows to this day at all ";
        let text = words.repeat(20) + &"a quiet word about the weather of the last days ".repeat(100);
        let share = |width: usize| {
            let mut line = 0;
            let wrapped: String = text
                .split_inclusive(' ')
                .map(|word| {
                    line += word.len();
                    if line < width {
                        return word.to_owned();
                    }
                    line = 0;
                    word.replace(' ', "\n")
                })
                .collect();
            measure(&[wrapped.as_bytes()], "MIT").toxicity_ppm
        };
        assert!(share(40) > 0 && [10, 80, 400, 1_000_000].map(share).iter().all(|s| *s == share(40)));
    }

    #[test]
    fn the_list_is_sorted_and_of_the_lengths_looked_for() {
        assert!(WORDS.is_sorted() && WORDS.iter().all(|w| (4..=12).contains(&w.len())));
    }
}
