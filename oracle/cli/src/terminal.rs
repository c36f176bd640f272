//! What a terminal may be sent. Names, texts and errors come from chains, peers and disks: a control character in them
//! would move the cursor, hide lines or set a title, so it is shown as its number instead.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write;
use std::io::{self, BufRead, IsTerminal};

/// Whether a character says how text is shown instead of being shown: controls (C0, DEL, C1), line and paragraph
/// separators, and marks that change the direction of writing.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of several lines as it may be shown: everything hidden but line ends and tabs is written as `\u001b`, which
/// is also how JSON writes it.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && c != '\n' && c != '\t')
}

/// The same for a text that must stay on its line.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// The most characters of a text from outside that stand in a sentence.
const MOST: usize = 1024;

/// A text from outside as it may stand in a sentence: on its line, and no longer than anybody reads.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", printable_line(&text[..end]))),
        None => printable_line(text),
    }
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' if hidden(c) => out.push_str("\\n"),
            '\t' if hidden(c) => out.push_str("\\t"),
            // All of them lie below U+10000; writing to a string does not fail.
            c if hidden(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The longest answer to a question that is read.
const MOST_ANSWER: u64 = 1024;

/// The answer to a question: a line of the standard input, whatever its bytes, without spaces around it.
pub fn answer() -> io::Result<String> {
    answer_of(io::stdin().lock())
}

fn answer_of(from: impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    from.take(MOST_ANSWER).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim().to_owned())
}

/// Whether a stream may be given colours and bars: it is a terminal that knows more than lines, and its user wants
/// them (<https://no-color.org>).
pub fn wants_colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal()
        && allows_colours(std::env::var_os("NO_COLOR").as_deref(), std::env::var_os("TERM").as_deref())
}

/// Whether a terminal can move its cursor.
pub fn moves_cursor(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_some_and(|term| is_able(&term))
}

fn allows_colours(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && term.is_some_and(is_able)
}

fn is_able(term: &OsStr) -> bool {
    !term.is_empty() && term != "dumb"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown_as_its_number() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", "a\\u001b[2Jb"),
            ("title\u{1b}]0;x\u{7}", "title\\u001b]0;x\\u0007"),
            ("over\rwritten", "over\\u000dwritten"),
            ("c1 \u{9b}31m del \u{7f}", "c1 \\u009b31m del \\u007f"),
            ("gpj.\u{202e}exe", "gpj.\\u202eexe"),
            ("a\u{61c}b", "a\\u061cb"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable_line(text), shown);
        }
        assert_eq!(printable("two\n\tlines"), "two\n\tlines");
        assert_eq!(printable_line("two\nlines"), "two\\nlines");
        assert!(matches!(printable("Größe 北京 \u{1f980}"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_excerpt_is_one_line_of_bounded_length() {
        assert_eq!(excerpt("two\nlines"), "two\\nlines");
        let long = excerpt(&"ü".repeat(MOST + 1)).into_owned();
        assert!(long.ends_with('…') && long.chars().count() == MOST + 1);
        assert!(matches!(excerpt("words"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_shown_of_json_reads_back_as_the_same_json() {
        let value = serde_json::json!({ "name": "a\u{9b}b\u{7f}\u{202e}" });
        let shown = printable(&value.to_string()).into_owned();
        assert!(!shown.contains(is_hidden), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn no_color_and_a_dumb_terminal_get_no_colours() {
        let able = Some(OsStr::new("xterm"));
        assert!(allows_colours(None, able) && allows_colours(Some(OsStr::new("")), able));
        assert!(!allows_colours(Some(OsStr::new("1")), able));
        for term in [None, Some(OsStr::new("dumb")), Some(OsStr::new(""))] {
            assert!(!allows_colours(None, term));
        }
    }

    #[test]
    fn an_answer_is_one_bounded_line_of_any_bytes() {
        assert_eq!(answer_of(&b" yes \r\nmore"[..]).unwrap(), "yes");
        assert_eq!(answer_of(&b""[..]).unwrap(), "");
        assert_eq!(answer_of(&b"\xff\n"[..]).unwrap(), "\u{fffd}");
        assert_eq!(answer_of(io::BufReader::new(io::repeat(b'y'))).unwrap().len() as u64, MOST_ANSWER);
    }
}
