//! What bytes say as text, whatever they are encoded in: UTF-8 with or without errors, UTF-16 and UTF-32 in both byte
//! orders, and the encodings of the web (windows-1252, which holds Latin-1, windows-1251, Shift_JIS …).

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// One of this many characters may be a control character. Binary formats have far more, logs with escape sequences less.
const CHARACTERS_PER_CONTROL: usize = 200;
/// So many more may be in any text that is not made of them, so that a stray one makes a short text no other. Zero bytes
/// are in every binary format, so that of them there are no more.
const STRAY_CONTROLS: usize = 3;
/// How many characters a text has at least for each control character.
const FEWEST_PER_CONTROL: usize = 4;
/// How many well-formed multi-byte characters stand for each error where a text is UTF-8 with errors in it. In an
/// 8-bit encoding nearly every character above ASCII is such an error.
const CHARACTERS_PER_ERROR: usize = 4;
/// One of this many units of UTF-16 is below 256 in any text, because spaces and line ends are.
const UNITS_PER_ZERO: usize = 20;

/// A decoded text. Lines end with a line feed, and no byte order mark is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The text.
    pub text: String,
    /// The name of what it was encoded in; `UTF-8 with errors` where some bytes were replaced.
    pub encoding: &'static str,
}

/// Decodes a file, or as much of one as was read; `None` says that it is no text. A character that is cut off at the
/// end is left out.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded> {
    let (text, encoding) = marked(bytes).or_else(|| utf16(bytes)).or_else(|| unmarked(bytes))?;
    is_text(&text).then(|| Decoded { text: with_line_feeds(text), encoding })
}

/// By its byte order mark.
fn marked(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => return Some((utf32(rest, u32::from_le_bytes), "UTF-32LE")),
        [0, 0, 0xfe, 0xff, rest @ ..] => return Some((utf32(rest, u32::from_be_bytes), "UTF-32BE")),
        _ => {}
    }
    let (encoding, mark) = Encoding::for_bom(bytes)?;
    let rest = &bytes[mark..];
    Some(if encoding == UTF_8 { utf8(rest)? } else { (wide(encoding, rest), encoding.name()) })
}

/// UTF-16 without a mark: zero bytes stand on one side of its units alone, and not just a few. Where all others are
/// ASCII they stand in most units, or a stray one would make another text of an ASCII one.
fn utf16(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    let units = bytes.as_chunks::<2>().0;
    let ascii = |byte: &u8| matches!(byte, 0 | b' '..=b'~') || byte.is_ascii_whitespace();
    let least =
        if bytes.iter().all(ascii) { units.len() / 2 + 1 } else { units.len().div_ceil(UNITS_PER_ZERO) };
    let zeros = |side: usize| units.iter().filter(|unit| unit[side] == 0).count();
    let encoding = match (zeros(0), zeros(1)) {
        (0, high) if high >= least => UTF_16LE,
        (high, 0) if high >= least => UTF_16BE,
        _ => return None,
    };
    let text = wide(encoding, bytes);
    (is_text(&text) && text.chars().count() > 1).then_some((text, encoding.name()))
}

/// UTF-8, else the 8-bit or multi-byte encoding that it looks like.
fn unmarked(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    if let Some(found) = utf8(bytes) {
        return Some(found);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Some((text, encoding.name()))
}

/// UTF-8 with few errors or none.
fn utf8(bytes: &[u8]) -> Option<(Cow<'_, str>, &'static str)> {
    let bytes = match std::str::from_utf8(bytes) {
        Ok(text) => return Some((Cow::Borrowed(text), UTF_8.name())),
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        Err(_) => bytes,
    };
    let (mut errors, mut characters) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        errors += usize::from(!chunk.invalid().is_empty());
    }
    let name = if errors == 0 { UTF_8.name() } else { "UTF-8 with errors" };
    (errors * CHARACTERS_PER_ERROR <= characters).then(|| (String::from_utf8_lossy(bytes), name))
}

fn wide(encoding: &'static Encoding, bytes: &[u8]) -> Cow<'static, str> {
    let whole = &bytes[..bytes.len() & !1];
    Cow::Owned(encoding.decode_without_bom_handling(whole).0.into_owned())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'static, str> {
    let units = bytes.as_chunks::<4>().0.iter().map(|bytes| unit(*bytes));
    Cow::Owned(units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Whether there are no more control characters than a text has.
fn is_text(text: &str) -> bool {
    let layout =
        |c: char| matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{8}' | '\u{1a}' | '\u{1b}');
    let (mut controls, mut zeros, mut characters) = (0, 0, 0);
    for c in text.chars() {
        characters += 1;
        zeros += usize::from(c == '\0');
        controls += usize::from((c.is_control() && !layout(c)) || c == '\u{ffff}');
    }
    let share = characters / CHARACTERS_PER_CONTROL;
    zeros <= share && controls <= share + STRAY_CONTROLS && controls * FEWEST_PER_CONTROL <= characters
}

fn with_line_feeds(text: Cow<'_, str>) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "Äpfel und Birnen, früh gepflückt.\nNoch ein Satz über das schöne Wetter in Köln.\n";

    fn decoded(bytes: &[u8]) -> (String, &'static str) {
        let Decoded { text, encoding } = decode(bytes).expect("it is text");
        (text, encoding)
    }

    fn utf16_of(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn utf_8_is_taken_as_it_is_without_its_byte_order_mark() {
        assert_eq!(decoded(TEXT.as_bytes()), (TEXT.to_owned(), "UTF-8"));
        assert_eq!(decoded(format!("\u{feff}{TEXT}").as_bytes()), (TEXT.to_owned(), "UTF-8"));
        assert_eq!(decoded(b""), (String::new(), "UTF-8"));
    }

    #[test]
    fn utf_8_with_a_few_errors_keeps_everything_else() {
        let mut bytes = TEXT.as_bytes().to_vec();
        bytes.insert(20, 0xff);
        let (text, encoding) = decoded(&bytes);
        assert_eq!(encoding, "UTF-8 with errors");
        assert_eq!(text.replace('\u{fffd}', ""), TEXT);
    }

    #[test]
    fn utf_16_and_utf_32_are_read_in_both_byte_orders_with_and_without_a_mark() {
        for text in [TEXT, "plain words™\n", "Да, конечно.\nЕщё одна строка.\n"] {
            let marked = format!("\u{feff}{text}");
            for (unit, name) in
                [(u16::to_le_bytes as fn(u16) -> [u8; 2], "UTF-16LE"), (u16::to_be_bytes, "UTF-16BE")]
            {
                assert_eq!(decoded(&utf16_of(&marked, unit)), (text.to_owned(), name));
                assert_eq!(decoded(&utf16_of(text, unit)), (text.to_owned(), name));
            }
            let le: Vec<u8> = marked.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
            let be: Vec<u8> = marked.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
            assert_eq!(decoded(&le), (text.to_owned(), "UTF-32LE"));
            assert_eq!(decoded(&be), (text.to_owned(), "UTF-32BE"));
        }
    }

    #[test]
    fn eight_bit_text_is_decoded_and_its_encoding_named() {
        let latin = encoding_rs::WINDOWS_1252.encode(TEXT).0.into_owned();
        assert_eq!(decoded(&latin), (TEXT.to_owned(), "windows-1252"));
        assert_eq!(decoded(b"caf\xe9 na\xefve\n"), ("café naïve\n".to_owned(), "windows-1252"));
        let russian = "Съешь ещё этих мягких французских булок, да выпей же чаю.\n".repeat(3);
        let bytes = encoding_rs::KOI8_R.encode(&russian).0.into_owned();
        assert_eq!(decode(&bytes).map(|d| d.text), Some(russian));
    }

    #[test]
    fn every_line_ending_becomes_a_line_feed() {
        assert_eq!(decoded(b"a\r\nb\rc\nd\r\n").0, "a\nb\nc\nd\n");
    }

    #[test]
    fn a_stray_control_character_makes_a_short_text_no_other() {
        for text in ["a note\u{1}\n", "abc\u{7f}", "Grüße\u{9b}31m", "one\u{1}two\u{2}three\u{3}\n"] {
            assert_eq!(decoded(text.as_bytes()), (text.to_owned(), "UTF-8"));
            assert_eq!(decoded(&utf16_of(&format!("\u{feff}{text}"), u16::to_le_bytes)).0, text);
        }
        for bytes in [
            &b"\x01"[..],
            b"\x01\x02ab\x03",
            b"a note\0",
            b"a note\n\0",
            b"abc\0",
            b"a\x01b\x02c\x03d\x04e\x05 and more",
        ] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_stray_zero_byte_makes_a_text_no_other() {
        let text = format!("{}\0{}", "plain words\n".repeat(50), "and more\n".repeat(50));
        assert_eq!(decoded(text.as_bytes()), (text.clone(), "UTF-8"));
    }

    #[test]
    fn text_cut_within_a_character_is_text() {
        assert_eq!(decoded(&"aé".as_bytes()[..2]), ("a".to_owned(), "UTF-8"));
        let cut = utf16_of(&format!("\u{feff}{TEXT}"), u16::to_le_bytes);
        assert_eq!(decode(&cut[..cut.len() - 1]).map(|d| d.encoding), Some("UTF-16LE"));
    }

    #[test]
    fn what_is_no_text_is_none() {
        let counted: Vec<u8> = (0u16..2000).flat_map(u16::to_le_bytes).collect();
        let noise: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for bytes in [&[0u8; 4096][..], &[1, 0, 2], &counted, &noise, b"\x7fELF\x02\x01\x01\0\0\0\0"] {
            assert_eq!(decode(bytes), None, "{:?}", &bytes[..bytes.len().min(12)]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(decoded) = decode(&bytes) {
                prop_assert!(!decoded.text.contains('\r'));
            }
        }

        #[test]
        fn any_text_in_utf_8_comes_back(text in "[a-zA-Zäöüßéñ東京 .,\n]{0,300}") {
            prop_assert_eq!(decode(text.as_bytes()).map(|d| d.text), Some(text));
        }
    }
}
