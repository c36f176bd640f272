//! The one byte encoding of everything that is hashed, committed to or signed.
//!
//! A value is: its version (u8), its tag (u16 length, ASCII), then its fields. Integers are little-endian and
//! fixed in width; bytes and text are a u32 length and the bytes; a list is a u32 count and its items; an
//! option is 0, or 1 and its value. There is exactly one encoding of a value: the decoder refuses another
//! version, another tag, trailing bytes, and lengths beyond the bytes at hand (before it allocates).

use crate::Hash32;

/// Why bytes are not the canonical encoding of the value asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("the bytes end early: {needed} more wanted, {left} left")]
    Short {
        /// Bytes the next field wants.
        needed: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// Bytes follow the value.
    #[error("{left} bytes follow the value")]
    Trailing {
        /// How many.
        left: u64,
    },
    /// A version this software does not know.
    #[error("version {found} of {tag} is unknown, expected {expected}")]
    Version {
        /// The value's tag.
        tag: &'static str,
        /// The version this software writes and reads.
        expected: u8,
        /// The version found.
        found: u8,
    },
    /// Another kind of value.
    #[error("these bytes are not a {expected}")]
    Tag {
        /// The tag asked for.
        expected: &'static str,
    },
    /// A field whose content is not allowed.
    #[error("{field} is out of its range")]
    Field {
        /// The field's name.
        field: &'static str,
    },
}

/// Writes a canonical encoding.
#[derive(Debug, Clone)]
pub struct Encoder(Vec<u8>);

impl Encoder {
    /// Begins a value with its version and tag.
    pub fn new(tag: &'static str, version: u8) -> Self {
        let mut bytes = vec![version];
        // Tags are literals of this workspace, all far below 64 KiB.
        bytes.extend_from_slice(&(tag.len() as u16).to_le_bytes());
        bytes.extend_from_slice(tag.as_bytes());
        Self(bytes)
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    /// A u32, little-endian.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A u64, little-endian.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// An i64, little-endian two's complement.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A hash: its 32 bytes.
    pub fn hash(&mut self, value: &Hash32) -> &mut Self {
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    /// Bytes with their length. Values of 4 GiB and more are not encodable and never built here.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.u32(value.len() as u32);
        self.0.extend_from_slice(value);
        self
    }

    /// Text with its length.
    pub fn str(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    /// A list: its count, then each item.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.u32(items.len() as u32);
        items.iter().for_each(|i| item(self, i));
        self
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// The BLAKE3 hash of the bytes.
    pub fn digest(&self) -> Hash32 {
        Hash32::of(&self.0)
    }
}

/// Reads a canonical encoding; every read is bounded by the bytes at hand.
#[derive(Debug)]
pub struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    /// Begins to read a value of this tag and version.
    pub fn new(bytes: &'a [u8], tag: &'static str, version: u8) -> Result<Self, DecodeError> {
        let mut decoder = Self(bytes);
        let found = decoder.u8()?;
        let length = decoder.array::<2>().map(u16::from_le_bytes)?;
        if decoder.take(u64::from(length))? != tag.as_bytes() {
            return Err(DecodeError::Tag { expected: tag });
        }
        if found != version {
            return Err(DecodeError::Version { tag, expected: version, found });
        }
        Ok(decoder)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let left = self.0.len() as u64;
        if count > left {
            return Err(DecodeError::Short { needed: count, left });
        }
        let (head, tail) = self.0.split_at(count as usize);
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N as u64)?);
        Ok(out)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|b| b[0])
    }

    /// A u32.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A u64.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// An i64.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A hash.
    pub fn hash(&mut self) -> Result<Hash32, DecodeError> {
        self.array().map(Hash32)
    }

    /// Bytes, at most `max` of them.
    pub fn bytes(&mut self, field: &'static str, max: u32) -> Result<&'a [u8], DecodeError> {
        let count = self.u32()?;
        if count > max {
            return Err(DecodeError::Field { field });
        }
        self.take(u64::from(count))
    }

    /// UTF-8 text of at most `max` bytes.
    pub fn str(&mut self, field: &'static str, max: u32) -> Result<String, DecodeError> {
        let bytes = self.bytes(field, max)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Field { field })
    }

    /// A list of at most `max` items, each at least one byte long.
    pub fn list<T>(
        &mut self,
        field: &'static str,
        max: u32,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.u32()?;
        if count > max {
            return Err(DecodeError::Field { field });
        }
        if u64::from(count) > self.0.len() as u64 {
            return Err(DecodeError::Short { needed: u64::from(count), left: self.0.len() as u64 });
        }
        (0..count).map(|_| item(self)).collect()
    }

    /// Ends the value; nothing may follow.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.0.len() as u64 {
            0 => Ok(()),
            left => Err(DecodeError::Trailing { left }),
        }
    }
}

/// A value with one canonical encoding.
pub trait Canonical: Sized {
    /// Separates this kind of value from every other, e.g. `lyceum/manifest`.
    const TAG: &'static str;
    /// The version this software writes, and the only one it reads.
    const VERSION: u8;

    /// Appends the fields.
    fn encode(&self, encoder: &mut Encoder);

    /// Reads the fields, refusing what is out of range.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// The canonical bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Self::TAG, Self::VERSION);
        self.encode(&mut encoder);
        encoder.finish()
    }

    /// Reads canonical bytes; the only accepted bytes are those [`Canonical::to_bytes`] gives.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes, Self::TAG, Self::VERSION)?;
        let value = Self::decode(&mut decoder)?;
        decoder.finish()?;
        Ok(value)
    }

    /// The BLAKE3 hash of the canonical bytes.
    fn hash(&self) -> Hash32 {
        Hash32::of(&self.to_bytes())
    }
}

/// The least length of a salt, in bytes.
pub const MIN_SALT: usize = 16;
/// The greatest length of a salt, in bytes.
pub const MAX_SALT: usize = 64;

/// Binds content to where and by whom it may be revealed: `H(tag, chain, contract, subject, sender, content,
/// salt)`. A copied commit cannot be revealed by another sender, on another chain, or for another subject.
pub fn commitment(
    tag: &'static str,
    chain: &str,
    contract: &str,
    subject: u64,
    sender: &str,
    content: &Hash32,
    salt: &[u8],
) -> Hash32 {
    let mut e = Encoder::new(tag, 1);
    e.str(chain).str(contract).u64(subject).str(sender).hash(content).bytes(salt);
    e.digest()
}
