//! Reads SPDX expressions as people write them: names in any case, old and short names, and text that follows.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use spdx::{Expression, ParseMode};

use super::super::text::is_space;

/// Operators must not depend on their case, and old names are names still.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// The longest SPDX expression that a text begins with, and its length.
pub(super) fn expression(text: &str) -> Option<(Expression, usize)> {
    let mut joined = String::new();
    // Where an expression may end: in `joined` and in `text`.
    let mut ends: Vec<(usize, usize)> = vec![];
    let (mut at, mut operand, mut open) = (0, true, 0usize);
    loop {
        at = text.len() - text[at..].trim_start_matches(is_space).len();
        let Some(first) = text[at..].chars().next() else { break };
        let length = match first {
            '(' | ')' => 1,
            _ => text[at..].find(|c: char| !is_identifier(c)).unwrap_or(text.len() - at),
        };
        // The end of a sentence is no part of a name.
        let word = text[at..at + length].trim_end_matches(['.', ':']);
        let Some(term) = Term::of(word) else { break };
        let fits = match &term {
            Term::Open | Term::Name(_) => operand,
            Term::Close => !operand && open > 0,
            Term::Operator(_) => !operand,
        };
        if !fits {
            break;
        }
        joined.push_str(match &term {
            Term::Open => "(",
            Term::Close => ")",
            Term::Name(name) => name,
            Term::Operator(operator) => operator,
        });
        operand = matches!(term, Term::Open | Term::Operator(_));
        match term {
            Term::Open => open += 1,
            Term::Close => open -= 1,
            Term::Name(_) | Term::Operator(_) => {}
        }
        if !operand && open == 0 {
            ends.push((joined.len(), at + word.len()));
        }
        joined.push(' ');
        at += length;
    }
    // What does not end there names no exception: few steps back.
    ends.iter()
        .rev()
        .take(8)
        .find_map(|(end, length)| Some((Expression::parse_mode(&joined[..*end], MODE).ok()?, *length)))
}

/// A word of an expression.
enum Term {
    Open,
    Close,
    Operator(&'static str),
    Name(String),
}

impl Term {
    fn of(word: &str) -> Option<Self> {
        let operator = ["AND", "OR", "WITH"].into_iter().find(|o| o.eq_ignore_ascii_case(word));
        Some(match (word, operator) {
            ("(", _) => Self::Open,
            (")", _) => Self::Close,
            (_, Some(operator)) => Self::Operator(operator),
            _ => Self::Name(canonical(word)?),
        })
    }
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':')
}

/// A name as the lists of SPDX write it, if it is on one in another case or shorter, or is a reference.
fn canonical(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    if lower.starts_with("licenseref-") || lower.starts_with("documentref-") {
        return Some(word.to_owned());
    }
    if let Some(whole) = names().get(&lower) {
        return Some((*whole).to_owned());
    }
    let (name, plus) = lower.strip_suffix('+').map_or((&lower[..], ""), |name| (name, "+"));
    let found = names().get(name).or_else(|| names().get(&format!("{name}.0")))?;
    Some(format!("{found}{plus}"))
}

/// The names of licences and exceptions by their small letters. Looking them up must be fast: a text may consist of
/// declarations.
fn names() -> &'static BTreeMap<String, &'static str> {
    static NAMES: OnceLock<BTreeMap<String, &'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        use spdx::identifiers::{EXCEPTIONS, IMPRECISE_NAMES, LICENSES};
        let loose = IMPRECISE_NAMES.iter().map(|(alias, name)| (alias.to_ascii_lowercase(), *name));
        let listed = LICENSES.iter().map(|l| l.name).chain(EXCEPTIONS.iter().map(|e| e.name));
        // Where a loose name is a listed one too, the list decides.
        loose.chain(listed.map(|name| (name.to_ascii_lowercase(), name))).collect()
    })
}
