//! Shards as one text: in UTF-8 with `\n` line ends, in chunks of bounded size, each byte with its origin.
//!
//! Decoding needs no guess about whole files, because a shard may hold many and may begin in the middle of one: NUL
//! bytes are dropped, which turns UTF-16 and UTF-32 of Latin scripts into Latin-1, and a byte that is no UTF-8 is
//! read as Latin-1. Escapes in lines of JSON are resolved, so that a record's text is read as the text it holds.

/// Bytes of a chunk, at most.
const CHUNK: usize = 256 << 10;
/// A chunk ends at the last line end in this many last bytes, else at the last space, else anywhere.
const TAIL: usize = 32 << 10;
/// How far the beginning of a line is looked at to tell whether it is JSON.
const HEAD: usize = 120;
/// Bytes of a character of ASCII, at most: UTF-32 has three NUL bytes with it.
const WIDTH: usize = 4;
/// What files begin with to say how they are encoded: UTF-8, UTF-16 in both byte orders.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// A part of the text. Lines that a shard's border cuts are joined.
#[derive(Debug, Default)]
pub struct Chunk {
    /// UTF-8 with `\n` line ends.
    pub text: String,
    /// Of each byte of `text` its offset in all shards, one after the other, and of the end.
    pub origin: Vec<u64>,
    /// Where in `text` shards begin, unless at its beginning.
    pub seams: Vec<usize>,
}

/// Decodes shards and hands on the chunks in their order.
pub fn chunks(shards: &[&[u8]], mut each: impl FnMut(&Chunk)) {
    let mut decoder = Decoder::default();
    let mut offset = 0;
    for shard in shards {
        if !decoder.chunk.text.is_empty() {
            decoder.chunk.seams.push(decoder.chunk.text.len());
        }
        if !decoder.inside {
            decoder.json = is_json(shard);
        }
        let mut at = 0;
        while at < shard.len() {
            at += decoder.take(&shard[at..], offset + at as u64);
            if decoder.chunk.text.len() >= CHUNK {
                let rest = split(&mut decoder.chunk, offset + at as u64);
                each(&decoder.chunk);
                decoder.chunk = rest;
            }
        }
        offset += shard.len() as u64;
    }
    decoder.chunk.origin.push(offset);
    each(&decoder.chunk);
}

#[derive(Default)]
struct Decoder {
    chunk: Chunk,
    /// Whether the last byte was a carriage return, so that a line feed after it adds nothing.
    returned: bool,
    /// Whether the current line is JSON.
    json: bool,
    /// Whether the current line has begun: what a shard begins with then goes on with it.
    inside: bool,
}

impl Decoder {
    /// Decodes what stands first in `rest`, and gives how many bytes that was.
    fn take(&mut self, rest: &[u8], origin: u64) -> usize {
        let returned = std::mem::take(&mut self.returned);
        self.inside = match rest[0] {
            0 => self.inside,
            byte => !matches!(byte, b'\n' | b'\r'),
        };
        match rest[0] {
            0 => {
                self.returned = returned;
                return 1;
            }
            b'\n' if returned => {
                self.json = is_json(&rest[1..]);
                return 1;
            }
            b'\n' | b'\r' => {
                self.returned = rest[0] == b'\r';
                self.json = is_json(&rest[1..]);
                self.push('\n', origin);
                return 1;
            }
            b'\\' => {
                if let Some((c, length)) = escape(rest, self.json) {
                    self.push(c, origin);
                    return length;
                }
                self.push('\\', origin);
                return 1;
            }
            byte if byte.is_ascii() => {
                self.push(char::from(byte), origin);
                return 1;
            }
            _ => {}
        }
        let head = &rest[..rest.len().min(4)];
        let valid = match std::str::from_utf8(head) {
            Ok(text) => Some(text),
            Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok(),
        };
        match valid.and_then(|text| text.chars().next()) {
            Some(c) => {
                self.push(c, origin);
                c.len_utf8()
            }
            None => {
                self.push(char::from(rest[0]), origin);
                1
            }
        }
    }

    fn push(&mut self, c: char, origin: u64) {
        self.chunk.text.push(c);
        for _ in 0..c.len_utf8() {
            self.chunk.origin.push(origin);
        }
    }
}

/// A resolved escape sequence and its length. Outside JSON only `\uXXXX` of what is no ASCII is one.
fn escape(rest: &[u8], json: bool) -> Option<(char, usize)> {
    // As everywhere, NUL bytes count for nothing.
    let mut bytes = rest.iter().enumerate().take(6 * WIDTH).filter(|(_, b)| **b != 0).skip(1);
    let (at, kind) = bytes.next()?;
    if *kind == b'u' {
        let (mut digits, mut length) = ([0; 4], 0);
        for digit in &mut digits {
            let (at, byte) = bytes.next()?;
            (*digit, length) = (*byte, at + 1);
        }
        let c = char::from_u32(u32::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?)?;
        return (u32::from(c) >= 0x80).then_some((c, length));
    }
    if !json {
        return None;
    }
    let c = match kind {
        b'n' | b'r' => '\n',
        b't' => '\t',
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        _ => return None,
    };
    Some((c, at + 1))
}

/// Whether a line that begins here is an object of JSON, a list of them, or a member.
fn is_json(line: &[u8]) -> bool {
    let line = MARKS.iter().find_map(|mark| line.strip_prefix(*mark)).unwrap_or(line);
    let indent = line.iter().take_while(|b| matches!(b, b' ' | b'\t' | 0)).count();
    let (mut head, mut length) = ([0; HEAD], 0);
    let bytes = line[indent..].iter().take(HEAD * WIDTH).filter(|b| **b != 0);
    for (space, byte) in head.iter_mut().zip(bytes) {
        *space = *byte;
        length += 1;
    }
    let head = &head[..length];
    let head = head.strip_prefix(b"[").unwrap_or(head).trim_ascii_start();
    let head = match head.strip_prefix(b"{") {
        Some(inner) => inner.trim_ascii_start(),
        None => head,
    };
    let Some(key) = head.strip_prefix(b"\"") else { return false };
    let name = key.iter().take_while(|b| b.is_ascii_alphanumeric() || b"_-. ".contains(b)).count();
    name > 0 && key[name..].strip_prefix(b"\"").is_some_and(|r| r.trim_ascii_start().starts_with(b":"))
}

/// Ends a full chunk at a line, and gives what follows.
fn split(chunk: &mut Chunk, end: u64) -> Chunk {
    let text = &chunk.text;
    let tail = text.floor_char_boundary(text.len() - TAIL);
    let last = |wanted: char| text[tail..].rfind(wanted).map(|i| tail + i + 1);
    let at = last('\n').or_else(|| last(' ')).unwrap_or(text.len());
    let rest = chunk.text.split_off(at);
    let origin = chunk.origin.split_off(at);
    chunk.origin.push(origin.first().copied().unwrap_or(end));
    let later = |seam: &usize| *seam > at;
    let seams = chunk.seams.iter().filter(|s| later(s)).map(|s| s - at).collect();
    chunk.seams.retain(|s| *s < at);
    Chunk { text: rest, origin, seams }
}

/// Whether a character is a letter or digit of a word. A fixed table rather than the standard library's, whose
/// Unicode version differs between compilers: auditors must agree to the byte.
pub fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || is_letter(c)
        || matches!(u32::from(c), 0x0530..=0x1fff | 0x2c00..=0x2dff | 0xa000..=0xd7ff | 0x10000..=0x1efff)
        || is_ideograph(c)
}

/// Whether it is white space: the characters that Unicode has called so since 2013.
pub fn is_space(c: char) -> bool {
    matches!(u32::from(c), 0x09..=0x0d | 0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f
        | 0x205f | 0x3000)
}

/// Whether it is a capital as European names begin with. Where capitals and small letters take turns, it is every
/// second one.
pub fn is_capital(c: char) -> bool {
    let code = u32::from(c);
    let even = code.is_multiple_of(2);
    match code {
        0x41..=0x5a | 0xc0..=0xd6 | 0xd8..=0xde | 0x178 => true,
        0x100..=0x137 | 0x14a..=0x177 | 0x1de..=0x1ee | 0x1fa..=0x232 | 0x248..=0x24e => even,
        0x139..=0x148 | 0x179..=0x17e | 0x1cd..=0x1dc => !even,
        // Letters of African, Azerbaijani and other alphabets, in no order.
        0x181 | 0x182 | 0x184 | 0x186 | 0x187 | 0x189..=0x18b | 0x18e..=0x191 | 0x193 | 0x194 => true,
        0x196..=0x198 | 0x19c | 0x19d | 0x19f | 0x1a0 | 0x1a2 | 0x1a4 | 0x1a6 | 0x1a7 | 0x1a9 => true,
        0x1ac | 0x1ae | 0x1af | 0x1b1..=0x1b3 | 0x1b5 | 0x1b7 | 0x1b8 | 0x1bc | 0x1c4 | 0x1c7 => true,
        0x1ca | 0x1f1 | 0x1f4 | 0x1f6..=0x1f8 | 0x23a | 0x23b | 0x23d | 0x23e | 0x241 => true,
        0x243..=0x246 => true,
        0x386 | 0x388..=0x38a | 0x38c | 0x38e | 0x38f | 0x391..=0x3a1 | 0x3a3..=0x3ab => true,
        0x400..=0x42f | 0x4c0 => true,
        0x460..=0x481 | 0x48a..=0x4bf | 0x4d0..=0x52f | 0x1e00..=0x1e95 | 0x1e9e..=0x1eff => even,
        0x4c1..=0x4ce => !even,
        _ => false,
    }
}

/// Whether it is a letter beyond ASCII as they stand in European names: Latin, Greek, Cyrillic.
pub fn is_letter(c: char) -> bool {
    matches!(u32::from(c), 0xaa | 0xb5 | 0xba | 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x2ff | 0x370..=0x52f
        | 0x1e00..=0x1fff)
}

/// Whether it is a character of a script without spaces between words.
pub fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(shards: &[&[u8]]) -> String {
        let mut out = String::new();
        chunks(shards, |chunk| {
            assert_eq!(chunk.origin.len(), chunk.text.len() + 1);
            assert!(chunk.origin.is_sorted());
            out.push_str(&chunk.text);
        });
        out
    }

    #[test]
    fn every_encoding_that_people_have_becomes_the_same_text() {
        let utf16: Vec<u8> = "\u{feff}Größe\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&[&utf16[2..]]), "Größe\n");
        assert_eq!(decoded(&[b"Gr\xf6\xdfe\r"]), "Größe\n");
        assert_eq!(decoded(&["Größe\n".as_bytes()]), "Größe\n");
        assert_eq!(decoded(&[br#"{"text": "Gr\u00f6\u00dfe\n"}"#]), "{\"text\": \"Größe\n\"}");
    }

    #[test]
    fn json_is_read_alike_in_every_encoding() {
        let text = "{\"a\": \"one\\ntwo \\u00f6\"}\r\n  \"b\": \"\\\"c\\\"\"\n[{ \"d\": \"x\\ty\"}]\n";
        let read = "{\"a\": \"one\ntwo ö\"}\n  \"b\": \"\"c\"\"\n[{ \"d\": \"x\ty\"}]\n";
        let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let utf32 = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for bytes in [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes), utf32] {
            assert_eq!(decoded(&[&bytes]), read, "{:?}", &bytes[..8]);
        }
        for (mark, bytes) in
            MARKS.iter().zip([text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)])
        {
            assert!(decoded(&[&[*mark, &bytes].concat()]).ends_with(read), "{mark:?}");
        }
    }

    #[test]
    fn escapes_outside_json_stay_as_they_are() {
        assert_eq!(decoded(&[br#"print("a\n")"#]), r#"print("a\n")"#);
    }

    #[test]
    fn a_shard_that_begins_with_a_line_is_read_as_what_the_line_is() {
        let (record, escaped) = (br#"{"text": "a\nb"}"#, "{\"text\": \"a\nb\"}");
        for before in ["a line\n", "a line\r", "a line\r\n", "a line\n\0"] {
            let text = before.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "");
            assert_eq!(decoded(&[before.as_bytes(), record]), text + escaped, "{before:?}");
        }
        // An escaped line end does not end the record.
        assert_eq!(decoded(&[br#"{"text": "a\n"#, br#"b\n"}"#]), "{\"text\": \"a\nb\n\"}");
        assert_eq!(decoded(&[b"print(", br#""a\n": 1)"#]), r#"print("a\n": 1)"#);
    }

    #[test]
    fn the_fixed_tables_say_what_unicode_says_of_the_letters_of_names() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_space(c), c.is_whitespace(), "{c:?}");
            assert!(!is_capital(c) || c.is_uppercase(), "{c:?} {:x}", u32::from(c));
        }
        let latin = ('a'..='\u{24f}').chain('\u{1e00}'..='\u{1eff}');
        for c in ('A'..='Z').chain(latin).chain('\u{384}'..='\u{3ce}').chain('\u{400}'..='\u{52f}') {
            assert_eq!(is_capital(c), c.is_uppercase(), "{c:?} {:x}", u32::from(c));
        }
    }

    #[test]
    fn a_line_cut_by_a_shard_is_joined_and_the_seam_known() {
        let mut seams = vec![];
        chunks(&[b"one tw", b"o three"], |chunk| seams.extend_from_slice(&chunk.seams));
        assert_eq!(seams, [6]);
        assert_eq!(decoded(&[b"one tw", b"o three"]), "one two three");
    }

    #[test]
    fn long_texts_come_in_chunks_that_end_at_lines_and_lose_nothing() {
        let text = "a line of text\n".repeat(60_000);
        let mut count = 0;
        chunks(&[text.as_bytes()], |chunk| {
            assert!(chunk.text.len() <= CHUNK && chunk.text.ends_with('\n'));
            assert_eq!(chunk.origin.len(), chunk.text.len() + 1);
            count += 1;
        });
        assert!(count > 2);
        assert_eq!(decoded(&[text.as_bytes()]), text);
    }
}
