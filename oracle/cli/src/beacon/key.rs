//! [`Key`]: the secret of a local beacon, in a file that only its owner may read.

use std::path::Path;

use anyhow::Context;
use blst::min_sig::{PublicKey, SecretKey};
use lyceum_files::{PlainFile, is_there};
use lyceum_onchain::beacon;
use zeroize::Zeroizing;

use crate::failure::{Failure, Refusal};
use crate::reading;
use crate::wallet::write_private;

/// What stands before the secret's 64 hex characters.
const HEADER: &str = "lyceum-beacon-key/1 ";
/// The longest file that is read.
const MAX_BYTES: u64 = 1024;

/// A local beacon's secret key; blst wipes it when it is dropped.
pub struct Key(SecretKey);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(hidden)")
    }
}

impl Key {
    /// The key in a file, made if there is none.
    pub fn load_or_create(path: &Path) -> anyhow::Result<Self> {
        if !is_there(path)? {
            let mut seed = Zeroizing::new([0; 32]);
            std::fs::File::open("/dev/urandom")
                .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut *seed))
                .context("the system gives no randomness")?;
            let key = SecretKey::key_gen(&*seed, b"lyceum/beacon")
                .map_err(|e| anyhow::anyhow!("blst makes no key: {e:?}"))?;
            let bytes = Zeroizing::new(key.to_bytes());
            let text = Zeroizing::new(format!("{HEADER}{}\n", hex::encode(*bytes)));
            write_private(path, text.as_bytes())?;
        }
        Self::load(path)
    }

    fn load(path: &Path) -> anyhow::Result<Self> {
        let file = PlainFile::open(path).map_err(reading::unreadable)?;
        if file.mode() & 0o077 != 0 {
            return Err(unfit(
                path,
                "others may read it: `chmod 600` it, or make a new one if somebody may have",
            ));
        }
        let text = file.read(MAX_BYTES).map(Zeroizing::new).map_err(reading::unreadable)?;
        let text = std::str::from_utf8(&text).unwrap_or_default();
        let secret =
            text.strip_prefix(HEADER).and_then(|rest| hex::decode(rest.trim_end()).ok()).map(Zeroizing::new);
        let key = secret.and_then(|secret| SecretKey::from_bytes(&secret).ok());
        key.map(Self).ok_or_else(|| unfit(path, "it holds no key of version 1: restore it from your backup"))
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        self.0.sk_to_pk()
    }

    /// The signature of a round: 48 bytes on G1.
    pub fn sign(&self, round: u64) -> Vec<u8> {
        self.0.sign(&beacon::message(round), beacon::DST, &[]).compress().to_vec()
    }
}

fn unfit(path: &Path, why: &str) -> anyhow::Error {
    Refusal::new(Failure::Key, "beacon.key", format!("{}: {why}", path.display())).into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beacon.key");
        let made = Key::load_or_create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let found = Key::load_or_create(&path).unwrap();
        assert_eq!(made.public(), found.public());
        assert!(super::super::info::verify(&made.public(), 7, &found.sign(7)));
        assert_eq!(format!("{made:?}"), "Key(hidden)");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Key::load_or_create(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_damaged_key_is_refused_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beacon.key");
        for text in ["", "lyceum-beacon-key/1 00", "lyceum-beacon-key/2 ", &"f".repeat(2_000)] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert!(Key::load_or_create(&path).is_err(), "{text:.20}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
