//! Key files: a key encrypted with a passphrase in the `age` format (scrypt), which the `age` tool opens too.
//!
//! What is inside is one line, `lyceum-key/1 secp256k1 <64 hex characters>`. Whoever keeps the bytes sees to it that
//! only their owner can read them and that no other key is overwritten: a key that is lost can't be had again.

use std::path::Path;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::Key;
use crate::{ChainError, Result};

/// scrypt's work factor, log₂: half a second and 128 MiB.
const WORK_FACTOR: u8 = 17;
/// The largest work factor that is opened: 1 GiB of memory.
const MAX_WORK_FACTOR: u8 = 20;
/// The longest file that is opened.
const MAX_BYTES: u64 = 16 * 1024;
const HEADER: &str = "lyceum-key/1 secp256k1 ";

/// The bytes of a key's file.
pub fn seal(key: &Key, passphrase: &str) -> Result<Vec<u8>> {
    seal_with(key, passphrase, WORK_FACTOR)
}

/// Opens a key file.
pub fn load(path: &Path, passphrase: &str) -> Result<Key> {
    let wrong = |reason: String| ChainError::KeyFile { path: path.display().to_string(), reason };
    let sealed = lyceum_files::read_input(path, MAX_BYTES).map_err(|e| wrong(e.reason()))?;
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let text = age::decrypt(&identity, &sealed).map(Zeroizing::new).map_err(|e| match e {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            ChainError::Passphrase { path: path.display().to_string() }
        }
        other => wrong(other.to_string()),
    })?;
    let secret = parse(&text).ok_or_else(|| wrong("holds no Lyceum key of version 1".to_owned()))?;
    Key::from_secret(&secret)
}

fn seal_with(key: &Key, passphrase: &str, work_factor: u8) -> Result<Vec<u8>> {
    if passphrase.is_empty() {
        return Err(ChainError::Key("the passphrase is empty; give one".to_owned()));
    }
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str(HEADER);
    for byte in key.secret() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    text.push('\n');
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(work_factor);
    age::encrypt(&recipient, text.as_bytes()).map_err(|e| ChainError::Key(e.to_string()))
}

fn parse(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let hex = text.strip_prefix(HEADER.as_bytes())?.strip_suffix(b"\n")?;
    let mut secret = Zeroizing::new([0; 32]);
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in secret.iter_mut().zip(hex.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosmos::Signer as _;

    fn key() -> Key {
        Key::generate().unwrap().0
    }

    #[test]
    fn a_key_comes_back_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trainer.key");
        let key = key();
        let sealed = seal_with(&key, "correct horse", 2).unwrap();
        assert!(!sealed.windows(32).any(|w| w == key.secret()));
        std::fs::write(&path, sealed).unwrap();
        assert_eq!(load(&path, "correct horse").unwrap().public_key(), key.public_key());
        assert_eq!(load(&path, "wrong horse").unwrap_err().code(), "chain.passphrase");
    }

    #[test]
    fn a_key_is_not_sealed_with_nothing() {
        assert_eq!(seal_with(&key(), "", 2).unwrap_err().code(), "chain.key");
    }

    #[test]
    fn what_is_no_key_file_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noise");
        assert_eq!(load(&path, "x").unwrap_err().code(), "chain.key_file");
        std::fs::write(&path, b"noise").unwrap();
        assert!(load(&path, "x").unwrap_err().to_string().contains("noise"));
        std::fs::write(&path, vec![0; 20_000]).unwrap();
        assert!(load(&path, "x").unwrap_err().to_string().contains("20000 bytes, at most 16384"));
        let mut recipient = age::scrypt::Recipient::new(SecretString::from("x".to_owned()));
        recipient.set_work_factor(2);
        std::fs::write(&path, age::encrypt(&recipient, b"lyceum-key/9 x\n").unwrap()).unwrap();
        assert!(load(&path, "x").unwrap_err().to_string().contains("version 1"));
    }
}
