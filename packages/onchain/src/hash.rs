//! Domain-separated hashing in the project's canonical form: version, length-prefixed tag, fields.
use blake3::Hasher;

/// Version byte of every value hashed here.
const VERSION: u8 = 1;

/// A hasher that has taken the version and the tag; fields follow, integers little-endian.
pub(crate) fn tagged(tag: &str) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.update(&[VERSION]);
    // Tags are short constants or checked by the caller; a longer one would still only collide with itself.
    hasher.update(&(tag.len() as u16).to_le_bytes());
    hasher.update(tag.as_bytes());
    hasher
}

/// The end of a hash.
pub(crate) fn finish(hasher: &Hasher) -> [u8; 32] {
    *hasher.finalize().as_bytes()
}
