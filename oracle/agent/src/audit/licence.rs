//! Whether a text contradicts the licence declared for it.

/// How many bytes of a line are looked at.
const MAX_LINE: usize = 400;
const MARK: &str = "SPDX-License-Identifier:";

/// True unless the text names, by SPDX, a licence that is no part of the declared expression. Text that names none
/// neither proves nor disproves a declaration; then the list of allowed licences decides.
pub fn agrees(text: &[u8], declared: &str) -> bool {
    text.split(|b| *b == b'\n').all(|line| {
        let line = String::from_utf8_lossy(&line[..line.len().min(MAX_LINE)]);
        let Some((_, named)) = line.split_once(MARK) else { return true };
        let allowed: Vec<&str> = licences(declared).collect();
        licences(named).all(|l| allowed.contains(&l))
    })
}

/// The identifiers of an SPDX expression, as far as it is one.
fn licences(expression: &str) -> impl Iterator<Item = &str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    expression
        .split(word)
        .filter(|w| w.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .filter(|w| !matches!(*w, "OR" | "AND" | "WITH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_licence_must_be_part_of_the_declared_one() {
        let text = b"// SPDX-License-Identifier: Apache-2.0 */\nfn main() {}\n";
        assert!(agrees(text, "MIT OR Apache-2.0"));
        assert!(!agrees(text, "CC0-1.0"));
        assert!(agrees(b"no licence named", "CC0-1.0"));
    }
}
