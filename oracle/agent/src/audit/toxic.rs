//! Toxic text, by a short list of words that are insults in any context. A list is a floor, not a judgement: it
//! misses what it doesn't name, and says nothing of what a sentence means.

const WORDS: [&str; 14] = [
    "arsehole", "asshole", "bastard", "bastards", "bitch", "bitches", "cunt", "dickhead", "fuck", "fucking",
    "shithead", "slut", "twat", "whore",
];

/// Bytes of the lines that hold a listed word.
pub fn bytes(text: &[u8]) -> u64 {
    text.split_inclusive(|b| *b == b'\n').filter(|line| is_toxic(line)).map(|line| line.len() as u64).sum()
}

fn is_toxic(line: &[u8]) -> bool {
    line.split(|b| !b.is_ascii_alphabetic())
        .filter(|word| (4..=8).contains(&word.len()))
        .any(|word| WORDS.iter().any(|listed| word.eq_ignore_ascii_case(listed.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_count_and_words_within_words_do_not() {
        assert_eq!(bytes(b"fine\nyou Bastard!\nfine"), 13);
        assert_eq!(bytes(b"Scunthorpe\n"), 0);
    }

    #[test]
    fn the_list_is_sorted_and_of_the_lengths_looked_for() {
        assert!(WORDS.is_sorted() && WORDS.iter().all(|w| (4..=8).contains(&w.len())));
    }
}
