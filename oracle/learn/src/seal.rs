//! Sealing a benchmark until its time: symmetric encryption whose key is committed to beforehand.
//!
//! Construction: `enc = derive_key("lyceum 2025 seal encryption v1", key)` and likewise `mac`. The text is XORed
//! with BLAKE3's extendable output keyed by `enc` over nothing; a keyed BLAKE3 of the cipher text under `mac` comes
//! first (encrypt, then authenticate). A key seals one text only, which is why there is no nonce: the commitment
//! to the key (`lyceum_api::tasks::key_commitment`) is on chain with the task, and so is the root of the sealed file.

use crate::{Hash32, LearnError, Result};

const MAGIC: &[u8; 8] = b"LYSEAL01";
const TAG: usize = 32;

fn derive(purpose: &str, key: &Hash32) -> [u8; 32] {
    blake3::derive_key(purpose, key.as_bytes())
}

fn keystream(key: &Hash32, data: &mut [u8]) {
    let mut reader = blake3::Hasher::new_keyed(&derive("lyceum 2025 seal encryption v1", key)).finalize_xof();
    let mut pad = [0; 4096];
    for chunk in data.chunks_mut(pad.len()) {
        let pad = &mut pad[..chunk.len()];
        reader.fill(pad);
        chunk.iter_mut().zip(pad).for_each(|(b, p)| *b ^= *p);
    }
}

fn authenticate(key: &Hash32, cipher: &[u8]) -> blake3::Hash {
    blake3::keyed_hash(&derive("lyceum 2025 seal authentication v1", key), cipher)
}

/// Seals a text under a key that is used for nothing else.
pub fn seal(text: &[u8], key: &Hash32) -> Vec<u8> {
    let mut cipher = text.to_vec();
    keystream(key, &mut cipher);
    let mut out = Vec::with_capacity(MAGIC.len() + TAG + cipher.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(authenticate(key, &cipher).as_bytes());
    out.extend_from_slice(&cipher);
    out
}

/// Opens a sealed text; refuses other files, other keys and any changed byte.
pub fn unseal(sealed: &[u8], key: &Hash32) -> Result<Vec<u8>> {
    let rest = sealed.strip_prefix(MAGIC).ok_or(LearnError::Seal("not a sealed file"))?;
    let (tag, cipher) = rest.split_first_chunk::<TAG>().ok_or(LearnError::Seal("the file is cut off"))?;
    // blake3::Hash compares in constant time.
    if authenticate(key, cipher) != blake3::Hash::from_bytes(*tag) {
        return Err(LearnError::Seal("wrong key or damaged file"));
    }
    let mut text = cipher.to_vec();
    keystream(key, &mut text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_format_must_not_change() {
        let sealed = seal(b"the quick brown fox", &Hash32([9; 32]));
        assert_eq!(Hash32::of(&sealed).to_string(), GOLDEN);
    }

    const GOLDEN: &str = "e7071b43c8a12dc4a43f279cfec60613b7158180324b222946217ef8220a1df5";

    proptest! {
        #[test]
        fn only_the_right_key_opens_an_unchanged_seal(
            text in proptest::collection::vec(any::<u8>(), 0..10_000), at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let key = Hash32([1; 32]);
            let mut sealed = seal(&text, &key);
            prop_assert_eq!(unseal(&sealed, &key).unwrap(), text);
            prop_assert!(unseal(&sealed, &Hash32([2; 32])).is_err());
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(unseal(&sealed, &key).is_err());
            prop_assert!(unseal(&sealed[..at], &key).is_err());
        }
    }
}
