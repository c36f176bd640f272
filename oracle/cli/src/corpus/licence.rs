//! Under which licence a text is offered: what its owner declares, or what its files name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lyceum_agent::audit::{Kind, contradictions};

use super::files::text_of;
use super::names::shown;
use crate::failure::BadInput;
use crate::terminal::printable_line;

/// What a manifest says where nobody declared a licence and no file names one.
pub const NONE_DECLARED: &str = "LicenseRef-none-declared";
/// How the user says that there is none.
const NONE: &str = "none";
/// The longest licence of a manifest, in characters; the contract refuses longer ones.
const MAX_LICENCE: usize = 64;
/// Characters of a line that are shown.
const SHOWN: usize = 80;

/// A licence, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Licence {
    /// The owner declares it.
    Declared(String),
    /// Files name it: the expressions, in order, and how many files name each.
    Named(Vec<(String, u64)>),
    /// Nobody declares any.
    None,
}

impl Licence {
    /// None, where no file names any.
    pub(super) fn or_none(self) -> Self {
        match self {
            Self::Named(named) if named.is_empty() => Self::None,
            other => other,
        }
    }

    /// The SPDX expression for the manifest.
    pub fn expression(&self) -> String {
        match self {
            Self::Declared(expression) => expression.clone(),
            Self::Named(named) => joined(named.iter().map(|(expression, _)| expression.as_str())),
            Self::None => NONE_DECLARED.to_owned(),
        }
    }
}

impl std::fmt::Display for Licence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Declared(expression) => write!(f, "licence {expression}, as declared"),
            Self::Named(named) => {
                let each: Vec<String> =
                    named.iter().map(|(expression, files)| format!("{expression} in {files}")).collect();
                write!(f, "licence {}, as its files say ({})", self.expression(), each.join(", "))
            }
            Self::None => f.write_str("no licence declared (declare one with --licence)"),
        }
    }
}

/// What the user wrote after `--licence`.
pub(super) fn declared(text: &str) -> anyhow::Result<Licence> {
    if text.eq_ignore_ascii_case(NONE) {
        return Ok(Licence::None);
    }
    if !is_expression(text) {
        let words = format!(
            "--licence {}: an SPDX expression is expected, such as MIT or \"MIT OR Apache-2.0\", or {NONE}",
            printable_line(text)
        );
        return Err(BadInput(words).into());
    }
    check_length(text)?;
    Ok(Licence::Declared(text.to_owned()))
}

/// Whether the manifest can hold it.
pub(super) fn check_length(expression: &str) -> anyhow::Result<()> {
    match expression.chars().count() {
        found if found <= MAX_LICENCE => Ok(()),
        found => {
            let start: String = expression.chars().take(MAX_LICENCE).collect();
            let words = format!(
                "the licence \"{start}…\" has {found} characters, a dataset's at most {MAX_LICENCE}: divide the texts by \
                 licence, each with its own --data, or declare a shorter expression with --licence"
            );
            Err(BadInput(words).into())
        }
    }
}

/// Whether words could be an SPDX expression: identifiers with operators between them. Which identifiers there are
/// is for the audit to know.
fn is_expression(text: &str) -> bool {
    let identifier = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':'))
    };
    let words: Vec<&str> = text.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
    let operator = |word: &str| matches!(word, "AND" | "OR" | "WITH");
    words.len() % 2 == 1
        && words.iter().enumerate().all(|(i, word)| identifier(word) && operator(word) == (i % 2 == 1))
}

/// The licences that the files of a text name, and how many files name each. `files` says where each ends. What a
/// file names is what an audit finds in it, so that an audit finds nothing that the declaration made of it lacks. The
/// notice of a GNU licence says no version, and thus no expression: its owner must declare one.
pub(super) fn named(files: &[(PathBuf, usize)], text: &str) -> Vec<(String, u64)> {
    let starts = std::iter::once(0).chain(files.iter().map(|(_, end)| *end));
    let shards =
        starts.zip(files).map(|(start, (_, end))| text.as_bytes().get(start..*end).unwrap_or_default());
    let shards: Vec<&[u8]> = shards.collect();
    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    contradictions(&shards, "", |finding| {
        if let Kind::Licence { named } = finding.kind
            && is_expression(&named)
        {
            let file = files.partition_point(|(_, end)| *end as u64 <= finding.start);
            found.entry(named).or_default().insert(file);
        }
    });
    found.into_iter().map(|(expression, files)| (expression, files.len() as u64)).collect()
}

/// All of several expressions at once: each licence binds its own files, so a user of all of them keeps all.
fn joined<'a>(expressions: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = expressions.collect();
    let several = |e: &str| all.len() > 1 && (e.contains(" OR ") || e.contains(" WITH "));
    let parts: Vec<String> =
        all.iter().map(|e| if several(e) { format!("({e})") } else { (*e).to_owned() }).collect();
    parts.join(" AND ")
}

/// The first place at which an audit finds that a file contradicts a licence: path, line, and what stands there.
pub fn contradicted(files: &[PathBuf], licence: &str) -> Option<String> {
    files.iter().find_map(|path| place(path, licence))
}

fn place(path: &Path, licence: &str) -> Option<String> {
    let text = text_of(path)?;
    let mut first: Option<u64> = None;
    contradictions(&[text.as_bytes()], licence, |f| first = Some(first.map_or(f.start, |s| s.min(f.start))));
    let start = usize::try_from(first?).ok()?;
    let before = text.get(..start)?;
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    // A long line, such as a record of JSON, is shown from where the licence stands.
    let from = if start - line < SHOWN / 2 { line } else { start };
    let words: String = text[from..].lines().next()?.trim().chars().take(SHOWN).collect();
    Some(format!("{}:{}: {}", shown(path), before.matches('\n').count() + 1, printable_line(&words)))
}

#[cfg(test)]
mod tests {
    use lyceum_agent::audit::measure;

    use super::*;

    fn of(files: &[&str]) -> Licence {
        let mut text = String::new();
        let ends = files.iter().map(|file| {
            text.push_str(file);
            (PathBuf::from("f"), text.len())
        });
        let ends: Vec<_> = ends.collect();
        Licence::Named(named(&ends, &text)).or_none()
    }

    #[test]
    fn the_licence_is_what_the_files_name() {
        let apache = "// SPDX-License-Identifier: Apache-2.0\nfn a() {}\n";
        assert_eq!(of(&[apache, "fn b() {}\n", apache]).expression(), "Apache-2.0");
        let either = "<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->\n";
        assert_eq!(of(&[either, apache]).expression(), "Apache-2.0 AND (MIT OR Apache-2.0)");
        assert_eq!(
            of(&["/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */\n"]).expression(),
            "GPL-2.0-only WITH Linux-syscall-note"
        );
    }

    #[test]
    fn what_the_files_name_is_what_an_audit_finds() {
        for (text, expression) in [
            ("// spdx-license-identifier: apache-2.0\n", "Apache-2.0"),
            ("{\"text\": \"// SPDX-License-Identifier: MIT\\nfn a() {}\"}\n", "MIT"),
            ("words\n\n# SPDX-License-Identifier: LicenseRef-ours\n", "LicenseRef-ours"),
            ("// SPDX-License-Identifier: my-own\n", NONE_DECLARED),
            ("As in\n```c\n// SPDX-License-Identifier: GPL-3.0-only\n```\n", NONE_DECLARED),
            (
                "// SPDX-License-Identifier: MIT\n\n/* SPDX-License-Identifier: ISC OR MIT */ x\n",
                "(ISC OR MIT) AND MIT",
            ),
        ] {
            for text in [text.to_owned(), "a line\n".repeat(100) + text] {
                assert_eq!(of(&[&text]).expression(), expression, "{text}");
                assert!(measure(&[text.as_bytes()], expression).licence_ok, "{text}");
            }
        }
        let record = "{\"text\": \"// SPDX-License-Identifier: MIT\\nfn a() {}\"}\n";
        let both = of(&["# SPDX-License-Identifier: MIT\n", record, "no word of it\n"]);
        assert_eq!(both, Licence::Named(vec![("MIT".to_owned(), 2)]));
        assert_eq!(both.to_string(), "licence MIT, as its files say (MIT in 2)");
    }

    #[test]
    fn a_text_that_names_none_declares_none() {
        assert_eq!(of(&["plain words\n", "{\"text\": \"SPDX-License-Identifier: MIT\"}\n"]), Licence::None);
        assert_eq!(Licence::None.expression(), NONE_DECLARED);
    }

    #[test]
    fn declared_licences_are_expressions_or_none() {
        assert_eq!(declared("none").unwrap(), Licence::None);
        assert_eq!(declared("MIT OR Apache-2.0").unwrap(), Licence::Declared("MIT OR Apache-2.0".to_owned()));
        for wrong in ["", "MIT OR", "MIT Apache-2.0", "my own!", "OR"] {
            assert!(declared(wrong).is_err(), "{wrong:?}");
        }
        assert!(declared(&["MIT"; 20].join(" AND ")).unwrap_err().to_string().contains("64"));
    }

    #[test]
    fn a_contradiction_is_told_with_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        std::fs::write(&path, "//! A file.\n// SPDX-License-Identifier: Apache-2.0\nfn a() {}\n").unwrap();
        let place = contradicted(std::slice::from_ref(&path), "CC0-1.0").unwrap();
        assert!(place.contains("a.rs:2: // SPDX-License-Identifier: Apache-2.0"), "{place}");
        assert_eq!(contradicted(std::slice::from_ref(&path), "Apache-2.0"), None);
        let record = format!(
            "{{\"id\": \"{}\", \"text\": \"# SPDX-License-Identifier: ISC\\n\u{9b}\"}}\n",
            "x".repeat(90)
        );
        std::fs::write(&path, format!("{{}}\n{record}{}", "words\n".repeat(50))).unwrap();
        let place = contradicted(&[path], "MIT").unwrap();
        assert!(place.ends_with("a.rs:2: SPDX-License-Identifier: ISC\\n\\u009b\"}"), "{place}");
    }

    #[test]
    fn an_audit_has_nothing_against_a_text_for_which_no_licence_is_declared() {
        assert!(measure(&[b"plain words without a licence\n"], NONE_DECLARED).licence_ok);
    }
}
