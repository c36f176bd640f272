//! Names of persons, which have no form of their own: they count where other personal data stands beside them.

use super::super::text::{is_capital, is_letter};
use super::{Item, Personal};

/// How near other personal data makes a labelled name one.
const NEAR: usize = 200;
/// How far before a sign its label may begin, and how far after a label a name may end.
const LABEL: usize = 32;
const NAME: usize = 128;
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
    for (from, to) in surroundings(text, items) {
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

/// What lies [`NEAR`] items, in parts that do not overlap, so that many items do not make a text be read many times.
fn surroundings(text: &str, items: &[Item]) -> Vec<(usize, usize)> {
    let mut parts: Vec<(usize, usize)> = vec![];
    for item in items {
        let from = text.ceil_char_boundary(item.start.saturating_sub(NEAR));
        let to = text.floor_char_boundary((item.end + NEAR).min(text.len()));
        match parts.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => parts.push((from, to)),
        }
    }
    parts
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
        let label = around[around.ceil_char_boundary(at.saturating_sub(LABEL))..at]
            .trim_end_matches(['"', '\'', ' ']);
        let letter = |c: char| c.is_ascii_alphabetic() || is_letter(c);
        let label = label.rsplit(|c: char| !(letter(c) || c == ' ')).next().unwrap_or_default();
        let label = label.trim_matches(' ');
        if LABELS.iter().any(|l| label.eq_ignore_ascii_case(l)) {
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
    let text = &text[..text.floor_char_boundary((from + NAME).min(text.len()))];
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
    let small = |c: char| (c.is_ascii_alphabetic() || is_letter(c)) && !is_capital(c);
    chars.next().is_some_and(is_capital)
        && (chars.any(small) || matches!(word.len(), 2 if word.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::super::items;
    use super::*;

    #[test]
    fn the_text_around_many_items_is_read_once() {
        let text = "Name: A. B. a@b.de, ".repeat(1000);
        let found: Vec<Item> = items(&text).into_iter().filter(|i| i.kind == Personal::Email).collect();
        assert_eq!(found.len(), 1000);
        let parts = surroundings(&text, &found);
        assert!(parts.iter().map(|(from, to)| to - from).sum::<usize>() <= text.len(), "{parts:?}");
    }

    #[test]
    fn names_of_every_european_script_begin_with_capitals() {
        for word in ["Anna", "Łukasz", "Əmirov", "Øystein", "Șerban", "Ελένη", "Юлия", "Đặng", "A."]
        {
            assert!(is_capitalised(word), "{word}");
        }
        for word in ["anna", "ANNA", "łukasz", "юлия", "", "AB."] {
            assert!(!is_capitalised(word), "{word}");
        }
    }
}
