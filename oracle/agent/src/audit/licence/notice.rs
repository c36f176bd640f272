//! The notice that the GNU licences ask for.

use super::super::text::is_word;

/// How a text says by words that it is under a GNU licence.
pub(super) const NOTICE: &str = "redistribute it and/or";
const NOTICE_WORDS: [&str; 7] = ["modify", "it", "under", "the", "terms", "of", "the"];

/// The notice of a GNU licence that begins here: where it ends, and how the identifiers of its family begin.
pub(super) fn notice(text: &str, at: usize) -> Option<(usize, &'static str)> {
    let end = text.floor_char_boundary((at + 400).min(text.len()));
    let from = at + NOTICE.len();
    let mut words = text[from..end].split(|c: char| !is_word(c)).filter(|w| !w.is_empty());
    for wanted in NOTICE_WORDS {
        if !words.next()?.eq_ignore_ascii_case(wanted) {
            return None;
        }
    }
    if !words.next()?.eq_ignore_ascii_case("gnu") {
        return None;
    }
    let kind = words.next()?;
    let family = match kind.to_ascii_lowercase().as_str() {
        "general" => "GPL",
        "lesser" | "library" => "LGPL",
        "affero" => "AGPL",
        _ => return None,
    };
    let end = kind.as_ptr() as usize - text.as_ptr() as usize + kind.len();
    Some((end, family))
}
