//! Names of persons, which have no form of their own: they count where other personal data stands beside them.

use super::super::text::is_letter;
use super::{Item, Personal};

/// How near other personal data makes a labelled name one.
const NEAR: usize = 200;
/// What stands before a name in a record.
const LABELS: [&str; 22] = [
    "name",
    "full name",
    "fullname",
    "first name",
    "last name",
    "surname",
    "vorname",
    "nachname",
    "customer",
    "kunde",
    "kundin",
    "patient",
    "patientin",
    "employee",
    "mitarbeiter",
    "ansprechpartner",
    "kontoinhaber",
    "nom",
    "nombre",
    "cognome",
    "herr",
    "frau",
];

/// Adds the names that stand beside items.
pub fn add(text: &str, items: &mut Vec<Item>) {
    if items.is_empty() {
        return;
    }
    let mut names: Vec<(usize, usize)> = items.iter().filter_map(|i| before(text, i.start)).collect();
    for item in items.iter() {
        let from = text.ceil_char_boundary(item.start.saturating_sub(NEAR));
        let to = text.floor_char_boundary((item.end + NEAR).min(text.len()));
        names.extend(labelled(&text[from..to]).into_iter().map(|(s, e)| (from + s, from + e)));
    }
    names.sort_unstable();
    names.dedup();
    let known = items.len();
    let mut last = 0;
    for (start, end) in names {
        let next = items[..known].partition_point(|i| i.end <= start);
        if start >= last && items[..known].get(next).is_none_or(|i| end <= i.start) {
            items.push(Item { kind: Personal::Name, start, end });
            last = end;
        }
    }
    items.sort_unstable_by_key(|i| i.start);
}

/// A name of two to four words right before an item.
fn before(text: &str, item: usize) -> Option<(usize, usize)> {
    let head = &text[text.ceil_char_boundary(item.saturating_sub(80))..item];
    let end = item - (head.len() - head.trim_end_matches([' ', ',', ';', '\t', '|', '<', '(', '"']).len());
    if end == item || item - end > 4 {
        return None;
    }
    let (mut start, mut count, mut at) = (end, 0, end);
    while count < 4 {
        let word = text[..at].rsplit(|c: char| !is_name(c)).next()?;
        if !is_capitalised(word) {
            break;
        }
        start = at - word.len();
        count += 1;
        match text[..start].chars().next_back() {
            Some(' ') => at = start - 1,
            _ => break,
        }
    }
    (count >= 2).then_some((start, end))
}

/// Names after a label, in the text around an item.
fn labelled(around: &str) -> Vec<(usize, usize)> {
    let mut found = vec![];
    for (at, sign) in around.match_indices([':', '=']) {
        let label = around[..at].trim_end_matches(['"', '\'', ' ']);
        let label = label.rsplit(|c: char| !(c.is_alphabetic() || c == ' ')).next().unwrap_or_default();
        if LABELS.iter().any(|l| label.trim().eq_ignore_ascii_case(l)) {
            found.extend(name_at(around, at + sign.len()));
        }
    }
    for title in ["Herr ", "Frau ", "Herrn "] {
        found.extend(around.match_indices(title).filter_map(|(at, _)| name_at(around, at + title.len())));
    }
    found
}

/// The capitalised words that stand here, up to four.
fn name_at(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + text[from..].len() - text[from..].trim_start_matches([' ', '"', '\'', '\t']).len();
    let (mut end, mut at) = (start, start);
    for _ in 0..4 {
        let length = text[at..].find(|c: char| !is_name(c)).unwrap_or(text.len() - at);
        if !is_capitalised(&text[at..at + length]) {
            break;
        }
        end = at + length;
        if !text[end..].starts_with(' ') {
            break;
        }
        at = end + 1;
    }
    (end > start).then_some((start, end))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphabetic() || is_letter(c) || matches!(c, '-' | '\'' | '.')
}

/// A word of a name: it begins with a capital and goes on in small letters, or is an initial.
fn is_capitalised(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase)
        && (chars.clone().any(char::is_lowercase) || matches!(word.len(), 2 if word.ends_with('.')))
}
