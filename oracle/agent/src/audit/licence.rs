//! Whether a text contradicts the licence declared for it: SPDX declarations where one can stand, and the notice that
//! the GNU licences ask for.

mod expression;
mod notice;

use spdx::{Expression, LicenseItem, LicenseReq, Licensee};

use self::expression::expression;
use self::notice::{NOTICE, notice};
use super::text::{Chunk, is_letter, is_space};

const MARK: &str = "SPDX-License-Identifier:";
/// How much of a declaration is read.
const MAX_EXPRESSION: usize = 256;
/// How far around a declaration the fences of an example are looked for.
const FENCES: usize = 2048;

/// The licence that a dataset is declared under.
pub struct Declared {
    text: String,
    licences: Vec<LicenseReq>,
}

impl Declared {
    /// Reads it. What is no SPDX expression agrees with nothing but itself.
    pub fn new(text: &str) -> Self {
        let licences = expression(text)
            .map(|(found, _)| found.requirements().map(|r| r.req.clone()).collect())
            .unwrap_or_default();
        Self { text: text.trim_matches(is_space).to_owned(), licences }
    }

    /// Every statement of a licence in a chunk that is no part of the declaration: where it stands in the chunk, and
    /// the licence it names.
    pub fn contradictions(&self, chunk: &Chunk) -> Vec<(usize, usize, String)> {
        let mut found = vec![];
        for mark in marks(&chunk.text) {
            let Some((end, named)) = declaration(chunk, &mark) else { continue };
            let same = self.text.eq_ignore_ascii_case(named.as_ref());
            if !same && !named.evaluate(|wanted| self.allows(wanted)) {
                found.push((mark.at, end, named.to_string()));
            }
        }
        for at in places(&chunk.text, NOTICE) {
            let Some((end, family)) = notice(&chunk.text, at) else { continue };
            let gnu = |l: &LicenseReq| l.license.id().is_some_and(|id| id.name.starts_with(family));
            if !self.licences.iter().any(gnu) {
                found.push((at, end, format!("{family} (by its notice)")));
            }
        }
        found
    }

    /// Whether the declaration holds this licence. An exception only adds permissions.
    fn allows(&self, wanted: &LicenseReq) -> bool {
        let bare = LicenseReq { license: wanted.license.clone(), addition: None };
        self.licences.iter().any(|have| {
            let additions = have.addition.is_none() || have.addition == wanted.addition;
            let have = Licensee::new(have.license.clone(), None);
            additions && (have.satisfies(&bare) || same_family(&have.into_req().license, &bare.license))
        })
    }
}

/// GPL-2.0+ is GPL-2.0-or-later, and GPL-2.0 is GPL-2.0-only.
fn same_family(a: &LicenseItem, b: &LicenseItem) -> bool {
    let name = |item: &LicenseItem| match item {
        LicenseItem::Spdx { id, or_later } => {
            let bare = id.name.trim_end_matches('+');
            let later = *or_later || id.name.ends_with('+') || bare.ends_with("-or-later");
            Some((bare.trim_end_matches("-or-later").trim_end_matches("-only"), later))
        }
        LicenseItem::Other(_) => None,
    };
    name(a).is_some() && name(a) == name(b)
}

/// Where a pattern of ASCII begins, whatever its case.
fn places<'a>(text: &'a str, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
    let (bytes, pattern) = (text.as_bytes(), pattern.as_bytes());
    let first = pattern[0].to_ascii_lowercase();
    (0..bytes.len().saturating_sub(pattern.len() - 1)).filter(move |i| {
        bytes[*i].to_ascii_lowercase() == first && bytes[*i..*i + pattern.len()].eq_ignore_ascii_case(pattern)
    })
}

/// A mark and what stands before it.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Where it begins.
    at: usize,
    /// Where its line begins.
    line: usize,
    /// Where the line's text begins: a byte order mark, also as Latin-1, is no part of it.
    bare: usize,
    /// Where the first character stands that is no space.
    first: usize,
    /// Where the mark before it ends, or the line begins. A line may consist of marks, so only what stands from
    /// here on is read for each, and the rest of the line is summed up.
    since: usize,
    /// Whether the value of a record's member begins between the line's beginning and the mark.
    member: bool,
}

/// The marks of a text, in order.
fn marks(text: &str) -> impl Iterator<Item = Mark> + '_ {
    let mut last: Option<Mark> = None;
    places(text, MARK).map(move |at| {
        let past = last.map_or(0, |mark| mark.at + MARK.len());
        let line = match (text[past..at].rfind('\n'), last) {
            (Some(end), _) => past + end + 1,
            (None, Some(mark)) => mark.line,
            (None, None) => 0,
        };
        let same = last.filter(|mark| mark.line == line);
        let (bare, first) = same.map_or_else(
            || {
                let before = &text[line..at];
                let bare = before.trim_start_matches(['\u{feff}', 'ÿ', 'þ', 'ï', '»', '¿']);
                (at - bare.len(), at - bare.trim_start_matches(is_space).len())
            },
            |mark| (mark.bare, mark.first),
        );
        let since = past.max(line);
        let member = same.is_some_and(|mark| mark.member) || value(&text[since..at]).is_some();
        let mark = Mark { at, line, bare, first, since, member };
        last = Some(mark);
        mark
    })
}

/// Where the value of a record's last member begins.
fn value(text: &str) -> Option<usize> {
    text.rfind("\": \"").map(|i| i + 4).or_else(|| text.rfind("\":\"").map(|i| i + 3))
}

/// The expression declared at a mark and where it ends, if a declaration can stand there.
fn declaration(chunk: &Chunk, mark: &Mark) -> Option<(usize, Expression)> {
    let text = chunk.text.as_str();
    let form = Form::of(text, mark)?;
    let from = mark.at + MARK.len();
    let most = text.floor_char_boundary((from + MAX_EXPRESSION).min(text.len()));
    let line = text[from..most].find('\n').map_or(most, |i| from + i);
    // A shard's border in the line either cuts the declaration or ends it: what is an expression when joined is one.
    let seam = chunk.seams.get(chunk.seams.partition_point(|s| *s < from)).copied().filter(|s| *s < line);
    let (end, (found, length)) = match (expression(&text[from..line]), seam) {
        (Some(found), _) => (line, found),
        (None, Some(seam)) => (seam, expression(&text[from..seam])?),
        (None, None) => return None,
    };
    let rest = text[from + length..end].trim_matches(is_space);
    let stands = match form {
        Form::Comment => true,
        Form::Closed => rest.starts_with("*/") || rest.starts_with("-->"),
        Form::Bare => matches!(rest, "" | "."),
        // A member that holds nothing but a header is a setting, not a text.
        Form::Json => ahead(text, line).chars().find(|c| !is_space(*c)).is_some_and(|c| c != '"'),
    };
    let example = matches!(form, Form::Comment | Form::Bare) && is_example(text, mark.line, line);
    (stands && !example).then_some((from + length, found))
}

/// How a declaration stands in its line.
enum Form {
    /// After the opening of a comment.
    Comment,
    /// In a comment behind other things, which must be closed right after it.
    Closed,
    /// Alone, as in a file of text.
    Bare,
    /// At the beginning of a text in a record.
    Json,
}

impl Form {
    fn of(text: &str, mark: &Mark) -> Option<Self> {
        let alone = mark.since == mark.line;
        let from = if alone { mark.first } else { mark.since };
        let marks = text[from..mark.at].trim_end_matches(is_space);
        if alone && marks.is_empty() {
            return (mark.at - mark.bare <= 3).then_some(Self::Bare);
        }
        if alone && is_opening(marks) {
            return Some(Self::Comment);
        }
        if mark.member && text[mark.first..].starts_with(['{', '[', '"']) {
            let opening = marks[value(marks)?..].trim_matches(is_space);
            return (opening.is_empty() || is_opening(opening)).then_some(Self::Json);
        }
        let code = |c: char| matches!(c, ';' | '{' | '}' | ')' | ',' | '>');
        if let Some(code_before) = marks.strip_suffix("//") {
            return code_before.trim_end_matches(is_space).ends_with(code).then_some(Self::Comment);
        }
        let opens = ["/*", "/*!", "/**", "<!--"].iter().find_map(|o| marks.strip_suffix(o))?;
        (!opens.ends_with(['`', '"', '\''])).then_some(Self::Closed)
    }
}

/// Whether this is nothing but the opening or the margin of a comment.
fn is_opening(marks: &str) -> bool {
    let margin = |c: char| is_space(c) || "/*#-;%!<.({|~=\\".contains(c);
    let opens =
        marks.contains(['/', '*', '#', ';', '%', '!', '\\']) || marks.contains("--") || marks.contains("..");
    (opens && marks.chars().all(margin))
        || ["rem", "dnl", "\"\"\"", "'''", "c", "'", "{-"].iter().any(|o| o.eq_ignore_ascii_case(marks))
}

/// Whether the line is shown rather than meant: between the fences of a code block, or after a sentence that
/// announces it.
fn is_example(text: &str, start: usize, end: usize) -> bool {
    let before = &text[text.ceil_char_boundary(start.saturating_sub(FENCES))..start];
    let after = ahead(text, end);
    let fence = |l: &&str| {
        let l = l.trim_start_matches(is_space);
        l.starts_with("```") || l.starts_with("~~~")
    };
    let opened = before.lines().rev().find(fence).is_some_and(|l| {
        // The fence that opens names a language, or stands right above.
        let trimmed = l.trim_end_matches(is_space);
        trimmed.trim_start_matches(is_space).len() > 3 || before.trim_end_matches(is_space).ends_with(trimmed)
    });
    if opened && after.lines().any(|l| fence(&l)) {
        return true;
    }
    let mut lines = before.lines().rev().map(|l| l.trim_matches(is_space));
    let Some(intro) = lines.find(|l| !l.is_empty()) else { return false };
    let words = intro.split(is_space).filter(|w| !w.is_empty()).count();
    let letter = |c: char| c.is_ascii_alphabetic() || is_letter(c);
    words >= 4 && intro.ends_with(':') && intro.starts_with(letter)
}

/// What follows, as far as it is looked at.
fn ahead(text: &str, from: usize) -> &str {
    &text[from..text.floor_char_boundary((from + FENCES).min(text.len()))]
}

#[cfg(test)]
mod tests {
    use super::super::text::chunks;
    use super::*;

    fn agrees(shards: &[&[u8]], declared: &str) -> bool {
        let declared = Declared::new(declared);
        let mut none = true;
        chunks(shards, |chunk| none &= declared.contradictions(chunk).is_empty());
        none
    }

    fn says(text: &str, declared: &str) -> bool {
        agrees(&[text.as_bytes()], declared)
    }

    #[test]
    fn a_named_licence_must_be_part_of_the_declared_one() {
        let text = "// SPDX-License-Identifier: Apache-2.0 */\nfn main() {}\n";
        assert!(says(text, "MIT OR Apache-2.0"));
        assert!(!says(text, "CC0-1.0"));
        assert!(says("no licence named", "CC0-1.0"));
    }

    #[test]
    fn a_choice_agrees_when_one_side_does_and_a_sum_when_both_do() {
        assert!(says("# SPDX-License-Identifier: MIT OR GPL-2.0-only", "MIT"));
        assert!(!says("# SPDX-License-Identifier: MIT AND GPL-2.0-only", "MIT"));
        assert!(says("# SPDX-License-Identifier: (MIT AND BSD-3-Clause)", "MIT AND BSD-3-Clause"));
    }

    #[test]
    fn names_are_the_same_in_any_case_and_old_names_too() {
        for text in ["mit", "Mit */", "MIT.", "MIT, see LICENSE", "(MIT)", "MIT -->", "MIT and MIT"] {
            assert!(says(&format!("/* SPDX-License-Identifier: {text}\n"), "MIT"), "{text}");
            assert!(!says(&format!("/* SPDX-License-Identifier: {text}\n"), "ISC"), "{text}");
        }
        for text in ["GPL-2.0+", "GPL-2+", "gpl-2.0-or-later", "GPL-2.0-or-later WITH GCC-exception-2.0"] {
            assert!(says(&format!("# SPDX-License-Identifier: {text}\n"), "GPL-2.0-or-later"), "{text}");
            assert!(!says(&format!("# SPDX-License-Identifier: {text}\n"), "MIT"), "{text}");
        }
    }

    #[test]
    fn what_speaks_of_declarations_is_none() {
        for text in [
            "Every file says SPDX-License-Identifier: GPL-3.0-only.",
            "Add `// SPDX-License-Identifier: GPL-3.0-only` on top.",
            "Add SPDX-License-Identifier: <id> to each file.",
            "// SPDX-License-Identifier: <id>",
            "let header = \"// SPDX-License-Identifier: GPL-3.0-only\";",
            "Begin each of your files so:\n\n// SPDX-License-Identifier: GPL-3.0-only\n",
            "As in\n```c\n// SPDX-License-Identifier: GPL-3.0-only\n```\n",
            "SPDX-License-Identifier: GPL-3.0-only is what they write in theirs",
            "{\"header\": \"// SPDX-License-Identifier: GPL-3.0-only\\n\"}",
            "{\"text\": \"They wrote SPDX-License-Identifier: GPL-3.0-only in each\"}",
        ] {
            assert!(says(text, "MIT"), "{text}");
        }
    }

    #[test]
    fn a_declaration_counts_wherever_one_can_stand() {
        let far = " ".repeat(900);
        for text in [
            "SPDX-License-Identifier: GPL-3.0-only\n",
            "\u{feff}// SPDX-License-Identifier: GPL-3.0-only\n",
            " * SPDX-License-Identifier: GPL-3.0-only\r",
            "<!-- SPDX-License-Identifier: GPL-3.0-only -->",
            "-- SPDX-License-Identifier: GPL-3.0-only",
            "int x; /* SPDX-License-Identifier: GPL-3.0-only */ int y;",
            "f(); // SPDX-License-Identifier: GPL-3.0-only",
            "REM SPDX-License-Identifier: GPL-3.0-only",
            "{\"text\": \"// SPDX-License-Identifier: GPL-3.0-only\\nint main(void);\\n\"}",
            "{\"text\": \"#!/bin/sh\\n# SPDX-License-Identifier: GPL-3.0-only\\necho\\n\"}",
        ] {
            assert!(!says(text, "MIT"), "{text}");
            assert!(!says(&format!("{far}{text}"), "MIT") || text.starts_with(['S', '\u{feff}']), "{text}");
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(!agrees(&[&wide], "MIT") || text.starts_with('{'), "{text}");
        }
    }

    #[test]
    fn what_is_read_before_each_mark_does_not_overlap_however_long_the_line() {
        for noise in ["(", "*", "#", "\"", "{\"a\": \"", " ", "\n", "x", ""] {
            let part = format!("{}{MARK}", noise.repeat(100));
            for text in [part.repeat(100), format!("{}{}", noise.repeat(10_000), MARK.repeat(100))] {
                let found: Vec<Mark> = marks(&text).collect();
                assert_eq!(found.len(), 100);
                assert!(found.iter().map(|m| m.at - m.since).sum::<usize>() < text.len(), "{noise:?}");
                assert!(found.iter().all(|m| text[m.line..m.at].find('\n').is_none()), "{noise:?}");
            }
        }
    }

    #[test]
    fn every_declaration_of_a_line_and_of_a_chunk_is_found() {
        let count = |text: &str| {
            let mut count = 0;
            let declared = Declared::new("MIT");
            chunks(&[text.as_bytes()], |chunk| count += declared.contradictions(chunk).len());
            count
        };
        assert_eq!(count(&"/* SPDX-License-Identifier: ISC */ ".repeat(5)), 5);
        assert_eq!(count(&"// SPDX-License-Identifier: ISC\n".repeat(5000)), 5000);
        assert_eq!(count(&format!("// SPDX-License-Identifier: ISC OR ({}", "ISC OR ".repeat(20))), 1);
        let records = "{\"id\": \"1\", \"text\": \"# SPDX-License-Identifier: ISC\\nx\"}\n";
        assert_eq!(count(&records.repeat(5)), 5);
        let members =
            "{\"a\": \"SPDX-License-Identifier: ISC\", \"b\": \"# SPDX-License-Identifier: ISC\\nx\"}";
        assert_eq!(count(members), 2);
    }

    #[test]
    fn a_declaration_cut_by_a_shard_is_read_whole_and_one_that_ends_a_shard_ends() {
        assert!(agrees(&[b"// SPDX-License-Identifier: Apa", b"che-2.0\nfn b() {}"], "Apache-2.0"));
        assert!(!agrees(&[b"// SPDX-License-Identifier: GP", b"L-2.0\nfn b() {}"], "MIT"));
        assert!(!agrees(&[b"// SPDX-Lic", b"ense-Identifier: GPL-2.0\nfn b() {}"], "MIT"));
        assert!(agrees(&[b"// SPDX-License-Identifier: MIT", b"fn b() {}"], "MIT"));
        assert!(!agrees(&[b"// SPDX-License-Identifier: MIT", b"fn b() {}"], "ISC"));
    }

    #[test]
    fn the_notice_of_a_gnu_licence_is_a_statement_too() {
        let text =
            "/* You can redistribute it and/or modify\n * it under the terms of the GNU Lesser General\n";
        assert!(!says(text, "MIT"));
        assert!(says(text, "LGPL-2.1-or-later"));
        assert!(says("You may redistribute it and/or modify it as you like.", "MIT"));
    }
}
