//! Who a node is to its peers: the ed25519 key that its account bound on chain.

use std::fmt;
use std::path::Path;

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey, ed25519};
use lyceum_files::PlainFile;
use zeroize::Zeroizing;

use crate::error::NetError;
use crate::peer_book::PeerKey;

const SECRET_LEN: usize = 32;

/// A node's key pair towards its peers.
#[derive(Clone)]
pub struct Identity {
    pair: ed25519::Keypair,
}

impl fmt::Debug for Identity {
    /// The public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.peer_id())
    }
}

impl Identity {
    /// A new one, from the system's randomness.
    pub fn generate() -> Self {
        Self { pair: ed25519::Keypair::generate() }
    }

    /// From 32 secret bytes; what was given is cleared.
    pub fn from_secret(mut secret: [u8; SECRET_LEN]) -> Self {
        // It fails for another length only.
        let key = ed25519::SecretKey::try_from_bytes(&mut secret[..]).unwrap_or_else(|_| unreachable!());
        Self { pair: key.into() }
    }

    /// Reads a key file; none if nothing has its name.
    ///
    /// # Errors
    /// What is no plain file, a link that leads nowhere, a file of another length, one that others may read, or the
    /// system's error.
    pub fn load(path: &Path) -> Result<Option<Self>, NetError> {
        Self::read(path).map_err(|reason| key_file(path, reason))
    }

    /// Makes a new key and its file: 32 bytes that only its owner may read. A file that is there is never replaced.
    ///
    /// # Errors
    /// A file that is there already, or the system's error.
    pub fn create(path: &Path) -> Result<Self, NetError> {
        let made = Self::generate();
        let secret = Zeroizing::new(made.pair.to_bytes());
        lyceum_files::create_private(path, &secret[..SECRET_LEN]).map_err(|e| key_file(path, e.reason()))?;
        Ok(made)
    }

    /// The key by which a process that holds this one makes itself known to another that does. Nobody else can compute
    /// it.
    pub(crate) fn probe(&self) -> Self {
        Self::from_secret(self.derive("lyceum/probe-key/1"))
    }

    /// 32 bytes for a purpose, which only a holder of this key can compute.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // None for RSA keys only.
        self.keypair().derive_secret(purpose.as_bytes()).unwrap_or_else(|| unreachable!())
    }

    fn read(path: &Path) -> Result<Option<Self>, String> {
        let Some(file) = PlainFile::open_if_there(path).map_err(|e| e.reason())? else { return Ok(None) };
        let mode = file.mode();
        if mode & 0o077 != 0 {
            return Err(format!("others may read it (mode {mode:o}); run chmod 600 on it"));
        }
        let length = || format!("it is not {SECRET_LEN} bytes long; restore it from your backup");
        if file.metadata().len() != SECRET_LEN as u64 {
            return Err(length());
        }
        let bytes = file.read(SECRET_LEN as u64).map(Zeroizing::new).map_err(|e| e.reason())?;
        let secret: [u8; SECRET_LEN] = bytes[..].try_into().map_err(|_| length())?;
        Ok(Some(Self::from_secret(secret)))
    }

    /// The public key, as it is registered on chain.
    pub fn public(&self) -> PeerKey {
        self.pair.public().to_bytes()
    }

    /// What libp2p calls it.
    pub fn peer_id(&self) -> PeerId {
        PublicKey::from(self.pair.public()).to_peer_id()
    }

    /// Signs what proves on chain that the account holds this key.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message)
    }

    pub(crate) fn keypair(&self) -> Keypair {
        self.pair.clone().into()
    }
}

fn key_file(path: &Path, reason: String) -> NetError {
    NetError::KeyFile { path: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_is_made_once_for_its_owner_only_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peer.key");
        assert!(Identity::load(&path).unwrap().is_none());
        let made = Identity::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Identity::load(&path).unwrap().unwrap().public(), made.public());
        assert_eq!(Identity::create(&path).unwrap_err().code(), "net.key_file", "never replaced");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Identity::load(&path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for wrong in [&b"short"[..], &[1; 33]] {
            fs::write(&path, wrong).unwrap();
            let error = Identity::load(&path).unwrap_err();
            assert_eq!(error.code(), "net.key_file", "{error}");
            assert!(error.to_string().contains("backup"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_in_the_place_of_a_key_is_told_as_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peer.key");
        let refused = || match Identity::load(&path).unwrap_err() {
            NetError::KeyFile { reason, .. } => reason,
            other => panic!("{other}"),
        };
        fs::create_dir(&path).unwrap();
        assert_eq!(refused(), "this is a folder, expected a plain file");
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/no/such/disk/peer.key", &path).unwrap();
        assert!(refused().contains("is a link to /no/such/disk/peer.key"), "{}", refused());
    }

    #[test]
    fn only_who_has_the_key_has_its_probe_key() {
        let (one, other) = (Identity::from_secret([7; 32]), Identity::from_secret([8; 32]));
        assert_eq!(one.probe().public(), Identity::from_secret([7; 32]).probe().public());
        assert_ne!(one.probe().public(), one.public());
        assert_ne!(one.probe().public(), other.probe().public());
    }

    #[test]
    fn an_identity_hides_its_secret_and_signs_for_its_public_key() {
        let identity = Identity::from_secret([7; 32]);
        assert!(!format!("{identity:?}").contains(&crate::error::hex(&[7; 32])));
        let key = ed25519::PublicKey::try_from_bytes(&identity.public()).unwrap();
        assert!(key.verify(b"message", &identity.sign(b"message")));
        assert_eq!(crate::peer_book::peer_id(&identity.public()).unwrap(), identity.peer_id());
    }
}
