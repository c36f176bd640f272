//! The default texts, which every machine with this toolchain has: Rust code and the prose of its doc comments from
//! the rust-src component, and Python's standard library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::decode::decode;
use super::reader::{bytes_of, open};
use super::walk::walk;
use super::{Corpus, Licence, MAX_TEXT};
use crate::failure::BadInput;

/// Python's library holds modules that name the MIT licence (tomllib), and the audit finds them.
pub const PYTHON_LICENCE: &str = "PSF-2.0 AND MIT";

/// The longest source file that is read.
const MAX_FILE: usize = 1 << 20;

/// The three default domains.
pub fn defaults() -> anyhow::Result<Vec<Corpus>> {
    let sysroot = path_from("rustc", &["--print", "sysroot"])?;
    let library = sysroot.join("lib/rustlib/src/rust/library");
    if !library.is_dir() {
        let text =
            "the rust-src component is missing: run ./scripts/setup, or name texts with --data".to_owned();
        return Err(BadInput(text).into());
    }
    let python = path_from("python3", &["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"])?;
    let rust = "MIT OR Apache-2.0";
    Ok(vec![
        corpus("rust-code", rust, &library, "rs", code)?,
        corpus("rust-docs", rust, &library, "rs", prose)?,
        corpus("python", PYTHON_LICENCE, &python, "py", |file| file.to_owned())?,
    ])
}

fn path_from(program: &str, args: &[&str]) -> anyhow::Result<PathBuf> {
    let out = Command::new(program).args(args).output().with_context(|| {
        format!("cannot run {program}, whose library is a default text; or name texts with --data")
    })?;
    if !out.status.success() {
        return Err(
            BadInput(format!("{program} failed: {}", String::from_utf8_lossy(&out.stderr).trim())).into()
        );
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()))
}

/// Takes files spread over the whole library until there is enough: a stride through the sorted list, so that no
/// single module makes up the domain.
fn corpus(
    name: &str,
    licence: &str,
    folder: &Path,
    extension: &str,
    keep: impl Fn(&str) -> String,
) -> anyhow::Result<Corpus> {
    const STRIDE: usize = 7;
    let found = walk(folder)?;
    let (mut paths, mut skipped) = (found.files, found.skipped);
    // What somebody installed beside the library is no default text, and a test suite is a poor one.
    let passed_over =
        |p: &Path| p.components().any(|c| c.as_os_str() == "site-packages" || c.as_os_str() == "test");
    paths.retain(|p| p.extension().is_some_and(|e| e == extension) && !passed_over(p));
    let order = (0..STRIDE).flat_map(|start| paths.iter().skip(start).step_by(STRIDE));
    let (mut text, mut files) = (vec![], vec![]);
    for path in order {
        if text.len() >= MAX_TEXT {
            break;
        }
        let read = open(path).and_then(|(mut file, _)| bytes_of(&mut file, MAX_FILE));
        let bytes = read.with_context(|| format!("cannot read {}", path.display()))?;
        let Some(decoded) = decode(&bytes) else {
            skipped.binary += 1;
            continue;
        };
        text.extend_from_slice(keep(&decoded.text).as_bytes());
        files.push(path.clone());
    }
    let (name, licence) = (name.to_owned(), Licence::Declared(licence.to_owned()));
    Corpus { name, licence, from: folder.into(), text, files, encodings: BTreeMap::new(), skipped }.fit()
}

fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

/// Rust without its comments.
fn code(file: &str) -> String {
    lines(file.lines().filter(|l| !l.trim_start().starts_with("//")))
}

/// The prose of doc comments, without their code examples.
fn prose(file: &str) -> String {
    let mut example = false;
    lines(file.lines().filter_map(comment).map(|l| l.strip_prefix(' ').unwrap_or(l)).filter(|line| {
        let fence = line.trim_start().starts_with("```");
        example ^= fence;
        !fence && !example
    }))
}

/// Joins lines, at most one empty line in a row.
fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for line in lines {
        if !(line.trim().is_empty() && out.ends_with("\n\n")) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "//! Room.\n\n/// Adds.\n///\n/// ```\n/// add(1, 2)\n/// ```\n// why\nfn add() {}\n";

    #[test]
    fn prose_is_doc_comments_without_examples() {
        assert_eq!(prose(FILE), "Room.\nAdds.\n\n");
    }

    #[test]
    fn code_is_what_is_not_a_comment() {
        assert_eq!(code(FILE), "\nfn add() {}\n");
    }
}
