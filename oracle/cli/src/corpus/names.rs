//! Names of domains: what a path suggests, made fit for the chain, a terminal and a table, and unique.

use std::path::Path;

use crate::terminal::printable_line;

/// The longest name of a domain or a dataset, in characters; the contracts refuse longer ones.
const MAX_NAME: usize = 64;

/// The name that a path suggests: its last part without an extension, of letters, digits, `.`, `_` and `-`.
pub(super) fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let named = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned());
    // `notes.txt` is notes, and `data-1.5` is no `data-1`.
    let extension = named(whole.extension()).is_some_and(|e| e.starts_with(|c: char| c.is_alphabetic()));
    let part = if extension && !whole.is_dir() { whole.file_stem() } else { whole.file_name() };
    fit(&named(part).unwrap_or_default())
}

/// Every other character becomes a hyphen, several in a row become one; what is left of nothing is `text`.
fn fit(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        if !(c == '-' && out.ends_with('-')) {
            out.push(c);
        }
    }
    let out: String = out.trim_matches(['-', '.']).chars().take(MAX_NAME).collect();
    if out.is_empty() { "text".to_owned() } else { out }
}

/// The name itself, or the first of `name-2`, `name-3` … that is not taken.
pub fn unique(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut tried = name.to_owned();
    let mut number = 2u64;
    while taken(&tried) {
        let end = format!("-{number}");
        tried = name.chars().take(MAX_NAME - end.len()).chain(end.chars()).collect();
        number += 1;
    }
    tried
}

/// A path for a message, on one line: a name from disk may hold control characters.
pub fn shown(path: &Path) -> String {
    printable_line(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_the_path_without_its_extension() {
        for (path, name) in [
            ("/none/notes.txt", "notes"),
            ("/none/data-1.5", "data-1.5"),
            ("/none/data-1.6", "data-1.6"),
            ("/none/my notes (old).md", "my-notes-old"),
            ("/none/größe.txt", "größe"),
            ("/none/x\u{1b}[31mred", "x-31mred"),
            ("/none/\u{1b}\u{7}", "text"),
            ("/", "text"),
        ] {
            assert_eq!(name_of(Path::new(path)), name, "{path:?}");
        }
        assert_eq!(fit(&"ä".repeat(100)).chars().count(), MAX_NAME);
    }

    #[test]
    fn a_taken_name_gets_the_first_number_that_is_free() {
        let taken = |names: &'static [&str]| move |name: &str| names.contains(&name);
        assert_eq!(unique("x", taken(&[])), "x");
        assert_eq!(unique("x", taken(&["x-3", "x"])), "x-2");
        assert_eq!(unique("x", taken(&["x", "x-2", "x-3"])), "x-4");
        let long = "y".repeat(MAX_NAME);
        let other = unique(&long, |name| name == long);
        assert_eq!((other.chars().count(), other.ends_with("y-2")), (MAX_NAME, true));
    }

    #[test]
    fn a_shown_path_holds_no_control_character() {
        assert_eq!(shown(Path::new("a\u{1b}[31m/b")), "a\\u001b[31m/b");
    }
}
