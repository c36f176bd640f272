//! [`Hash32`]: a 32-byte BLAKE3 hash, written as 64 hex characters.

use std::fmt;
use std::str::FromStr;

use cosmwasm_schema::cw_schema;
use cosmwasm_schema::schemars::{self, JsonSchema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A BLAKE3 hash (256 bits). In JSON it is 64 lower-case hex characters, never anything else.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, cw_schema::Schemaifier)]
#[schemaifier(crate = "cw_schema", type = cw_schema::NodeType::Checksum)]
pub struct Hash32(pub [u8; 32]);

/// A text that is not 64 lower-case hex characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 lower-case hex characters, found {found:?}")]
pub struct ParseHashError {
    /// The refused text, cut to 80 characters.
    pub found: String,
}

impl Hash32 {
    /// The hash of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash32 {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash32 {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        let refuse = || ParseHashError { found: text.chars().take(80).collect() };
        let digit = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(refuse()),
        };
        let bytes: &[u8; 64] = text.as_bytes().try_into().map_err(|_| refuse())?;
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
        }
        Ok(Self(out))
    }
}

impl Serialize for Hash32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Hash32 {
    fn schema_name() -> String {
        "Hash32".to_owned()
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        let mut schema = String::json_schema(generator).into_object();
        schema.string().pattern = Some("^[0-9a-f]{64}$".to_owned());
        schema.metadata().description = Some("A BLAKE3 hash: 64 lower-case hex characters.".to_owned());
        schema.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text() {
        let hash = Hash32::of(b"lyceum");
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }

    #[test]
    fn upper_case_short_and_foreign_texts_are_refused() {
        for text in ["", "00", &"A".repeat(64), &"g".repeat(64), &"0".repeat(65)] {
            assert!(text.parse::<Hash32>().is_err(), "{text}");
        }
    }
}
