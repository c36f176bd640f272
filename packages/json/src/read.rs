//! The syntax: a cursor over a text that knows no type, so that all of it exists once.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::str::from_utf8;

use crate::error::Error;

/// Structs of cosmwasm-std whose unknown fields are passed over: a chain may hand over more than this version knows.
pub const OPEN: &[&str] = &[
    "Env",
    "BlockInfo",
    "TransactionInfo",
    "ContractInfo",
    "MessageInfo",
    "MigrateInfo",
    "Coin",
    "Reply",
    "SubMsgResponse",
    "MsgResponse",
    "Event",
    "Attribute",
    "BalanceResponse",
    "SupplyResponse",
    "ContractInfoResponse",
    "CodeInfoResponse",
];

/// A struct whose name ends so takes part of a larger one: what it doesn't name is passed over.
pub const PART: &str = "Part";

/// What stands for a field of those structs that is not there: they have defaults, of which serde tells a reader
/// nothing.
const DEFAULTS: &[(&str, &[u8])] =
    &[("payload", br#""""#), ("gas_used", b"0"), ("msg_responses", b"[]"), ("hash", br#""""#)];

/// The deepest nesting: as serde_json's.
const MAX_DEPTH: u32 = 127;

type Result<T> = core::result::Result<T, Error>;

/// What is left of a text. Nothing left, where a value is asked for, is a field that is not there.
pub struct Cursor<'de> {
    rest: &'de [u8],
    depth: u32,
}

/// A variant that was read: its number, and whether `{"name": …}` waits for its content.
pub(crate) struct Named {
    pub index: u32,
    pub has_content: bool,
}

impl<'de> Cursor<'de> {
    pub(crate) const fn new(text: &'de [u8]) -> Self {
        Self { rest: text, depth: 0 }
    }

    pub(crate) const fn place(&self) -> &'de [u8] {
        self.rest
    }

    pub(crate) const fn go(&mut self, place: &'de [u8]) {
        self.rest = place;
    }

    /// The first byte of the next value; it stays.
    pub(crate) fn peek(&mut self) -> Result<u8> {
        while let [byte, rest @ ..] = self.rest {
            if !is_space(*byte) {
                return Ok(*byte);
            }
            self.rest = rest;
        }
        Err(Error::missing())
    }

    /// The next byte, whatever it is.
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// Passes a byte if it is the next one but space.
    fn pass(&mut self, byte: u8) -> Result<bool> {
        let is = self.peek()? == byte;
        if is {
            self.byte();
        }
        Ok(is)
    }

    pub(crate) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.pass(byte)? {
            Ok(())
        } else {
            Err(Error::named("expected", from_utf8(&[byte]).unwrap_or_default()))
        }
    }

    /// Nothing but space may follow.
    pub(crate) fn end(&mut self) -> Result<()> {
        if self.rest.iter().all(|byte| is_space(*byte)) {
            Ok(())
        } else {
            Err(Error::new("something follows the value"))
        }
    }

    /// Goes into an array or object. Deeper than serde_json goes, nothing is read.
    pub(crate) fn enter(&mut self, open: u8) -> Result<()> {
        self.expect(open)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Error::new("nested too deeply")) } else { Ok(()) }
    }

    /// Whether another item follows; `first` before the first one. At the end the closing byte is passed.
    pub(crate) fn more(&mut self, first: bool, close: u8) -> Result<bool> {
        if self.pass(close)? {
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
            if self.peek()? == close {
                return Err(Error::new("a comma before the end"));
            }
        }
        Ok(true)
    }

    /// A string; borrowed where nothing is escaped.
    pub(crate) fn string(&mut self) -> Result<Cow<'de, str>> {
        if !self.pass(b'"')? {
            return Err(Error::new("expected a string"));
        }
        let text = self.rest;
        let mut unescaped: Option<Vec<u8>> = None;
        let utf8 = || Error::new("a string that is not UTF-8");
        loop {
            let so_far = text.len() - self.rest.len();
            match self.byte() {
                Some(b'"') => {
                    return match unescaped {
                        None => from_utf8(&text[..so_far]).map(Cow::Borrowed).map_err(|_| utf8()),
                        Some(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| utf8()),
                    };
                }
                Some(b'\\') => {
                    let bytes = unescaped.get_or_insert_with(|| text[..so_far].to_vec());
                    self.escape(bytes)?;
                }
                Some(0..0x20) => return Err(Error::new("a control character in a string")),
                Some(byte) => {
                    if let Some(bytes) = &mut unescaped {
                        bytes.push(byte);
                    }
                }
                None => return Err(Error::new("a string without end")),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let character = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut unit = self.hex()?;
                if (0xD800..0xDC00).contains(&unit) {
                    let low = match (self.byte(), self.byte()) {
                        (Some(b'\\'), Some(b'u')) => self.hex()?,
                        _ => 0,
                    };
                    if !(0xDC00..0xE000).contains(&low) {
                        return Err(no_escape());
                    }
                    unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                }
                char::from_u32(unit).ok_or_else(no_escape)?
            }
            _ => return Err(no_escape()),
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn hex(&mut self) -> Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or_else(no_escape)?;
        }
        Ok(unit)
    }

    /// Passes digits and gives them.
    fn digits(&mut self) -> &'de [u8] {
        let text = self.rest;
        while matches!(self.rest, [b'0'..=b'9', ..]) {
            self.byte();
        }
        &text[..text.len() - self.rest.len()]
    }

    /// An integer: whether it is negative, and its magnitude. Fractions and exponents are refused.
    pub(crate) fn integer(&mut self) -> Result<(bool, u128)> {
        let negative = self.pass(b'-')?;
        let digits = self.digits();
        if digits.is_empty() || matches!(self.rest, [b'.' | b'e' | b'E', ..]) {
            return Err(Error::new("expected an integer"));
        }
        if matches!(digits, [b'0', _, ..]) {
            return Err(Error::new("an integer that begins with 0"));
        }
        let mut magnitude: u128 = 0;
        for digit in digits {
            let next = magnitude.checked_mul(10).and_then(|m| m.checked_add(u128::from(digit - b'0')));
            magnitude = next.ok_or_else(|| Error::new("an integer that is too large"))?;
        }
        Ok((negative, magnitude))
    }

    /// `true`, `false` or `null`.
    pub(crate) fn word(&mut self, word: &str) -> Result<()> {
        match self.rest.strip_prefix(word.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(Error::named("expected", word)),
        }
    }

    pub(crate) fn boolean(&mut self) -> Result<bool> {
        match self.peek()? {
            b't' => self.word("true").map(|()| true),
            b'f' => self.word("false").map(|()| false),
            _ => Err(Error::new("expected a boolean")),
        }
    }

    /// Passes `null`, or a field that is not there.
    pub(crate) fn null(&mut self) -> Result<bool> {
        if self.rest.is_empty() {
            return Ok(true);
        }
        Ok(self.peek()? == b'n' && self.word("null").map(|()| true)?)
    }

    /// Passes a number that nobody asks for: it may be a float.
    fn skip_number(&mut self) -> Result<()> {
        self.pass(b'-')?;
        let whole = self.digits();
        let mut fits = !whole.is_empty() && !matches!(whole, [b'0', _, ..]);
        if let [b'.', ..] = self.rest {
            self.byte();
            fits &= !self.digits().is_empty();
        }
        if let [b'e' | b'E', ..] = self.rest {
            self.byte();
            if let [b'+' | b'-', ..] = self.rest {
                self.byte();
            }
            fits &= !self.digits().is_empty();
        }
        if fits { Ok(()) } else { Err(Error::new("expected a value")) }
    }

    /// Passes a whole value.
    pub(crate) fn skip(&mut self) -> Result<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b't' | b'f' => self.boolean().map(drop),
            b'n' => self.word("null"),
            open @ (b'{' | b'[') => {
                let close = open + 2;
                self.enter(open)?;
                let mut first = true;
                while self.more(first, close)? {
                    if open == b'{' {
                        self.string()?;
                        self.expect(b':')?;
                    }
                    self.skip()?;
                    first = false;
                }
                Ok(())
            }
            _ => self.skip_number(),
        }
    }

    /// Passes an object and gives each field's value and what comes after it, in the order of `fields`; nothing for
    /// one that is not there.
    pub(crate) fn fields(&mut self, name: &str, fields: &[&str]) -> Result<Vec<&'de [u8]>> {
        const ABSENT: &[u8] = &[];
        let mut places = vec![ABSENT; fields.len()];
        let is_open = OPEN.contains(&name) || name.ends_with(PART);
        self.enter(b'{')?;
        let mut first = true;
        while self.more(first, b'}')? {
            first = false;
            let key = self.string()?;
            self.expect(b':')?;
            match fields.iter().position(|field| *field == key) {
                Some(index) if !places[index].is_empty() => {
                    return Err(Error::named("duplicate field", &key));
                }
                Some(index) => {
                    self.peek()?;
                    places[index] = self.rest;
                }
                None if is_open => {}
                None => return Err(Error::named("unknown field", &key)),
            }
            self.skip()?;
        }
        if is_open {
            for (place, field) in places.iter_mut().zip(fields) {
                if place.is_empty()
                    && let Some((_, text)) = DEFAULTS.iter().find(|(name, _)| name == field)
                {
                    *place = text;
                }
            }
        }
        Ok(places)
    }

    /// The name of a variant: a string, or the one key of an object whose content comes next.
    pub(crate) fn variant(&mut self, variants: &[&str]) -> Result<Named> {
        let has_content = self.peek()? == b'{';
        if has_content {
            self.enter(b'{')?;
        }
        let name = self.string()?;
        let index = variants.iter().position(|variant| *variant == name);
        let index = index.ok_or_else(|| Error::named("unknown variant", &name))? as u32; // as many as a type has
        if has_content {
            self.expect(b':')?;
        }
        Ok(Named { index, has_content })
    }

    /// After a variant's content.
    pub(crate) fn close_variant(&mut self, has_content: bool) -> Result<()> {
        if has_content && self.more(false, b'}')? {
            return Err(Error::new("a variant with more than one name"));
        }
        Ok(())
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cold]
fn no_escape() -> Error {
    Error::new("an escape that is none")
}
