//! Text that stood before: whole lines long enough to say something, seen again in any shard.

use std::collections::HashSet;

/// Shorter lines (braces, headings, imports) repeat in any honest text.
const MIN_LINE: usize = 40;

/// Bytes of lines that stood before.
pub fn bytes(shards: &[&[u8]]) -> u64 {
    let mut seen = HashSet::new();
    let lines = shards.iter().flat_map(|s| s.split_inclusive(|b| *b == b'\n'));
    lines
        .filter(|line| line.trim_ascii().len() >= MIN_LINE && !seen.insert(key(line.trim_ascii())))
        .map(|line| line.len() as u64)
        .sum()
}

/// Half a BLAKE3 hash: enough against accidents and too much to forge a collision for.
fn key(line: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(line).as_bytes()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_counts_when_it_comes_again_in_another_shard_and_indented() {
        let line = format!("{}\n", "x".repeat(MIN_LINE));
        let again = format!("  {line}");
        assert_eq!(bytes(&[line.as_bytes(), again.as_bytes()]), again.len() as u64);
        assert_eq!(bytes(&[b"short\nshort\n"]), 0);
    }
}
