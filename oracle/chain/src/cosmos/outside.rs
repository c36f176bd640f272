//! Words of endpoints as they may be shown and kept: a sentence that they stand in stays on its line.

/// The most characters that are kept.
const MAX_WORDS: usize = 1024;

/// Words on one line, and not too many of them.
pub fn one_line(words: &str) -> String {
    let mut chars = words.chars();
    let mut line: String =
        chars.by_ref().take(MAX_WORDS).map(|c| if breaks_lines(c) { ' ' } else { c }).collect();
    if chars.next().is_some() {
        line.push('…');
    }
    line
}

/// What ends a line or moves a terminal's cursor.
fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_are_one_line_of_bounded_length() {
        assert_eq!(one_line("no\r\nlyceum: all is well\u{1b}[2J\u{2028}x"), "no  lyceum: all is well [2J x");
        let long = one_line(&"ü".repeat(MAX_WORDS + 1));
        assert_eq!(long.chars().count(), MAX_WORDS + 1);
        assert!(long.ends_with('…'));
    }
}
