//! The demo's texts: where they come from, and what is trained on, held out and sealed.
//!
//! [`read`] takes a path of the user's: [`walk`] finds its files, [`decode`] makes text of them, [`licence`] says under
//! which licence, [`names`] what to call it. [`defaults()`] takes what every machine with the toolchain has.

mod decode;
mod defaults;
mod files;
mod licence;
mod names;
mod reader;
mod texts;
mod tier;
mod walk;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lyceum_learn::Hash32;

use crate::failure::BadInput;

pub use defaults::{PYTHON_LICENCE, defaults};
pub use files::read;
pub use licence::{Licence, contradicted};
pub use names::{shown, unique};
pub use texts::Texts;
pub use tier::tier_at_best;
pub use walk::Skipped;

/// The most bytes of a domain that are used; longer texts are sampled evenly.
pub const MAX_TEXT: usize = 4 << 20;
/// The least bytes of a domain: below it too little is left to score on after holding out.
pub const MIN_TEXT: usize = 128 << 10;
/// Texts are divided in blocks of this many bytes, so that what is held out is not cut in every sentence.
const BLOCK: usize = 4096;
/// Of so many blocks one is held out in public and one is sealed.
const EVERY: usize = 8;

/// A domain's text.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// The domain's name.
    pub name: String,
    /// Its licence, and how that is known.
    pub licence: Licence,
    /// Where it was read from.
    pub from: PathBuf,
    /// The text.
    pub text: Vec<u8>,
    /// Files read.
    pub files: Vec<PathBuf>,
    /// How many of them were encoded otherwise than in UTF-8, by encoding.
    pub encodings: BTreeMap<&'static str, u64>,
    /// What was not read, by its reason.
    pub skipped: Skipped,
}

/// A text divided: nothing of one part is in another.
#[derive(Debug, Clone)]
pub struct Parts {
    /// To train on.
    pub train: Vec<u8>,
    /// Public held-out text, rooted in the domain.
    pub held_out: Vec<u8>,
    /// What benchmarks are sealed from.
    pub benchmark: Vec<u8>,
}

impl Corpus {
    /// Checks the size, samples a text that is too long, and gives the corpus.
    fn fit(mut self) -> anyhow::Result<Self> {
        if self.text.len() < MIN_TEXT {
            let found = self.text.len();
            let text = format!(
                "{} has {found} bytes of text; at least {MIN_TEXT} are needed to hold a part out and train on the rest",
                shown(&self.from)
            );
            return Err(BadInput(text).into());
        }
        if self.text.len() > MAX_TEXT {
            self.text = sample(&self.text);
        }
        licence::check_length(&self.licence.expression())?;
        Ok(self)
    }

    /// What was read, in a line.
    pub fn summary(&self) -> String {
        let mut parts = vec![format!("{} KiB from {} files", self.text.len() >> 10, self.files.len())];
        parts.extend(self.encodings.iter().map(|(encoding, files)| format!("{files} in {encoding}")));
        if self.skipped != Skipped::default() {
            parts.push(format!("skipped: {}", self.skipped));
        }
        parts.push(self.licence.to_string());
        parts.join("; ")
    }

    /// Divides the text: of every eight blocks one is held out and one is sealed.
    pub fn parts(&self) -> Parts {
        let mut parts = Parts { train: vec![], held_out: vec![], benchmark: vec![] };
        for (i, block) in self.text.chunks(BLOCK).enumerate() {
            let part = match i % EVERY {
                2 if block.len() == BLOCK => &mut parts.held_out,
                5 if block.len() == BLOCK => &mut parts.benchmark,
                _ => &mut parts.train,
            };
            part.extend_from_slice(block);
        }
        parts
    }

    /// Hash of the text: the same text gives the same run.
    pub fn root(&self) -> Hash32 {
        Hash32::of(&self.text)
    }
}

/// [`MAX_TEXT`] bytes in whole blocks, evenly from the whole text.
fn sample(text: &[u8]) -> Vec<u8> {
    let wanted = MAX_TEXT / BLOCK;
    let blocks: Vec<&[u8]> = text.chunks_exact(BLOCK).collect();
    (0..wanted).flat_map(|i| blocks[i * blocks.len() / wanted]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(bytes: usize) -> anyhow::Result<Corpus> {
        let text = (0..bytes).map(|i| (i / BLOCK) as u8).collect();
        let (licence, from) = (Licence::Declared("MIT".into()), "x.txt".into());
        let (files, encodings, skipped) = (vec!["x.txt".into()], BTreeMap::new(), Skipped::default());
        Corpus { name: "x".into(), licence, from, text, files, encodings, skipped }.fit()
    }

    #[test]
    fn the_parts_share_no_block_and_lose_no_byte() {
        let parts = corpus(MIN_TEXT + 100).unwrap().parts();
        assert_eq!(parts.train.len() + parts.held_out.len() + parts.benchmark.len(), MIN_TEXT + 100);
        assert_eq!(parts.held_out.len(), MIN_TEXT / EVERY);
        let of = |bytes: &[u8]| bytes.iter().copied().collect::<std::collections::BTreeSet<u8>>();
        assert!(of(&parts.train).is_disjoint(&of(&parts.held_out)));
        assert!(of(&parts.train).is_disjoint(&of(&parts.benchmark)));
    }

    #[test]
    fn a_text_too_short_to_hold_out_a_part_is_refused_with_the_numbers() {
        let error = corpus(1000).unwrap_err().to_string();
        assert!(error.contains("1000") && error.contains(&MIN_TEXT.to_string()), "{error}");
    }

    #[test]
    fn a_long_text_is_sampled_from_its_whole_length() {
        let long = corpus(3 * MAX_TEXT).unwrap();
        assert_eq!(long.text.len(), MAX_TEXT);
    }
}
