//! What an auditor measures of a dataset's text: licence, personal data, toxic text, duplicates. Pure and the same
//! on every machine, so that honest auditors agree to the byte. The measured gain of training on a sample is the
//! fifth measure; it needs a model and is taken where models are.
//!
//! Shares are of bytes. What is judged are words and what stands around them, never lines, because how long lines are
//! and where they end says nothing of a text. The scanners find what has a form (addresses, numbers with check
//! digits, listed words); what takes understanding they miss. How much they find is in docs/data.md.

mod duplicates;
mod licence;
mod personal;
mod text;
mod toxic;
mod words;

pub use personal::Personal;

/// What was found in a dataset's shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// Whether nothing in the text contradicts the declared licence.
    pub licence_ok: bool,
    /// Bytes of personal data, parts per million.
    pub pii_ppm: u32,
    /// Bytes of passages with toxic words, parts per million.
    pub toxicity_ppm: u32,
    /// Bytes of passages that stood before, in any shard, parts per million.
    pub duplicates_ppm: u32,
}

/// What a place in a text was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A licence, named here, that is no part of the declared one.
    Licence {
        /// The licence that the text names.
        named: String,
    },
    /// Personal data.
    Personal(Personal),
    /// Words around a toxic one.
    Toxic,
    /// Text that stood before.
    Duplicate,
}

/// A finding and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub kind: Kind,
    /// Where it begins: a byte of all shards, one after the other.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
}

/// Measures shards, in their order, against the declared SPDX expression.
pub fn measure(shards: &[&[u8]], declared: &str) -> Measures {
    examine(shards, declared, |_| {})
}

/// Measures shards and hands on every finding: those of a kind in the order of the text, duplicates last.
pub fn examine(shards: &[&[u8]], declared: &str, mut each: impl FnMut(Finding)) -> Measures {
    let total: u64 = shards.iter().map(|s| s.len() as u64).sum();
    let declared = licence::Declared::new(declared);
    let (mut licence_ok, mut personal_bytes, mut toxic_bytes) = (true, 0, 0);
    let mut toxic = toxic::Toxic::default();
    let mut duplicates = duplicates::Duplicates::new(total);
    text::chunks(shards, |chunk| {
        let place = |start: usize, end: usize| (chunk.origin[start], chunk.origin[end]);
        licence_ok &= !hand_on_contradictions(&declared, chunk, &mut each);
        for item in personal::items(&chunk.text) {
            let (start, end) = place(item.start, item.end);
            personal_bytes += end - start;
            each(Finding { kind: Kind::Personal(item.kind), start, end });
        }
        for word in words::words(chunk) {
            duplicates.word(&word);
            if let Some((start, end)) = toxic.word(&word) {
                toxic_bytes += end - start;
                each(Finding { kind: Kind::Toxic, start, end });
            }
        }
    });
    if let Some((start, end)) = toxic.finish() {
        toxic_bytes += end - start;
        each(Finding { kind: Kind::Toxic, start, end });
    }
    let mut duplicate_bytes = 0;
    for (start, end) in duplicates.finish() {
        duplicate_bytes += end - start;
        each(Finding { kind: Kind::Duplicate, start, end });
    }
    Measures {
        licence_ok,
        pii_ppm: ppm(personal_bytes, total),
        toxicity_ppm: ppm(toxic_bytes, total),
        duplicates_ppm: ppm(duplicate_bytes, total),
    }
}

/// Hands on every statement of a licence that is no part of the declared SPDX expression, as [`examine`] does, and
/// looks for nothing else. To an empty declaration every statement is one.
pub fn contradictions(shards: &[&[u8]], declared: &str, mut each: impl FnMut(Finding)) {
    let declared = licence::Declared::new(declared);
    text::chunks(shards, |chunk| {
        hand_on_contradictions(&declared, chunk, &mut each);
    });
}

/// Whether there was any.
fn hand_on_contradictions(
    declared: &licence::Declared,
    chunk: &text::Chunk,
    each: &mut impl FnMut(Finding),
) -> bool {
    let found = declared.contradictions(chunk);
    let any = !found.is_empty();
    for (start, end, named) in found {
        let (start, end) = (chunk.origin[start], chunk.origin[end]);
        each(Finding { kind: Kind::Licence { named }, start, end });
    }
    any
}

/// A share of bytes, rounded up: a single address in a large shard is not nothing.
fn ppm(part: u64, whole: u64) -> u32 {
    let whole = u128::from(whole.max(1));
    // At most a million: a part is never more than the whole.
    (u128::from(part) * 1_000_000).div_ceil(whole).min(1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stuffed_dataset_shows_its_duplicates_and_addresses() {
        let line = "Write to jane.doe@example.com about the very same offer, today and every day.\n";
        let found = measure(&[line.repeat(500).as_bytes()], "MIT");
        assert!(found.duplicates_ppm > 950_000, "{found:?}");
        assert!(found.pii_ppm > 200_000, "{found:?}");
        assert!(found.licence_ok && found.toxicity_ppm == 0);
    }

    #[test]
    fn plain_prose_is_clean() {
        let text = "The quick brown fox jumps over the lazy dog.\nVersion 1.2.3 came out in 2024.\n";
        let clean = Measures { licence_ok: true, pii_ppm: 0, toxicity_ppm: 0, duplicates_ppm: 0 };
        assert_eq!(measure(&[text.as_bytes()], "MIT"), clean);
    }

    #[test]
    fn contradictions_are_what_an_examination_finds_of_licences() {
        let shards: [&[u8]; 2] = [
            b"// SPDX-License-Identifier: MIT\n// spdx-license-identifier: isc\n",
            b"# SPDX-License-Identifier: MIT\n",
        ];
        for (declared, count) in [("", 3), ("MIT", 1), ("MIT AND ISC", 0)] {
            let (mut all, mut licences) = (vec![], vec![]);
            let measures = examine(&shards, declared, |f| all.push(f));
            contradictions(&shards, declared, |f| licences.push(f));
            all.retain(|f| matches!(f.kind, Kind::Licence { .. }));
            assert_eq!((licences.len(), measures.licence_ok), (count, count == 0), "{declared}");
            assert_eq!(all, licences);
        }
    }

    #[test]
    fn one_address_in_a_large_shard_is_not_nothing() {
        let text = format!("{} a@example.org", "word and ".repeat(2_000_000));
        assert!(measure(&[text.as_bytes()], "MIT").pii_ppm >= 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_measured_and_shares_stay_shares(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            let found = measure(&[&bytes, &bytes], "MIT");
            prop_assert!(found.pii_ppm <= 1_000_000 && found.toxicity_ppm <= 1_000_000);
            prop_assert!(found.duplicates_ppm <= 1_000_000);
        }
    }
}
