//! One process a node. A lock in its folder keeps a second one out of the same folder; two sockets keep a second one off
//! this machine that runs from a copy of it, with the same peer key or the same account. The system lets go of all of
//! them even when the process is killed.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use anyhow::Context;
use lyceum_chain::cosmos::{Key, Signer};
use lyceum_net::Identity;
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Refusal};

const LOCK: &str = "node.lock";
/// What locks are derived for.
const PURPOSE: &str = "lyceum/one-process/1";

/// Held while the node lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a folder.
    pub fn take(folder: &Path) -> anyhow::Result<Self> {
        Ok(match Self::look(folder)? {
            Some(lock) => lock,
            None => Self::of(open(folder, true)?, folder)?,
        })
    }

    /// Takes a folder without making anything: where there is no lock yet, no node runs.
    pub fn look(folder: &Path) -> anyhow::Result<Option<Self>> {
        match lyceum_files::is_plain(&folder.join(LOCK))? {
            true => Self::of(open(folder, false)?, folder).map(Some),
            false => Ok(None),
        }
    }

    fn of(file: File, folder: &Path) -> anyhow::Result<Self> {
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let words = format!(
                    "another process runs the node in {}: stop that one first (`systemctl status lyceum`)",
                    folder.display()
                );
                Err(Refusal::new(Failure::Busy, "node.in_use", words).into())
            }
            Err(TryLockError::Error(error)) => Err(unlockable(error, folder)),
        }
    }
}

fn open(folder: &Path, create: bool) -> anyhow::Result<File> {
    let path = folder.join(LOCK);
    let file = File::options().create(create).truncate(false).write(true).open(&path);
    file.with_context(|| format!("cannot lock {}", path.display()))
}

/// What to do about a file system without locks.
fn unlockable(error: std::io::Error, folder: &Path) -> anyhow::Error {
    let words = format!(
        "{} cannot be locked ({error}), so a second process could run in it: put it on a local disk (some network file \
         systems have no locks)",
        folder.display()
    );
    Refusal::new(Failure::Input, "node.no_locks", words).into()
}

/// Held while the node lives: no other process of this machine has its peer key or its account on the chain.
#[derive(Debug)]
pub struct OnMachine {
    _sockets: [UnixListener; 2],
}

impl OnMachine {
    /// Takes the key and the account. Names of sockets are derived from secrets, so that nobody else can take them.
    pub async fn take(peer: &Identity, key: &Key, chain_id: &str) -> anyhow::Result<Self> {
        let account = key.sign(format!("{PURPOSE} {chain_id}").as_bytes()).await?;
        let peer_name = peer.derive(PURPOSE);
        let of_peer = ("peer key", [&peer_name[..], chain_id.as_bytes()].concat());
        let of_account = ("account", account.to_vec());
        let bind = |(what, secret): (&str, Vec<u8>)| {
            let name = format!("lyceum-node-{}", hex::encode(Sha256::digest(secret)));
            let address = SocketAddr::from_abstract_name(name)?;
            UnixListener::bind_addr(&address).map_err(|error| match error.kind() {
                ErrorKind::AddrInUse => anyhow::Error::from(twin(what, chain_id)),
                _ => anyhow::Error::from(error).context("no socket can be made that keeps a second node out"),
            })
        };
        Ok(Self { _sockets: [bind(of_peer)?, bind(of_account)?] })
    }
}

fn twin(what: &str, chain_id: &str) -> Refusal {
    let words = format!(
        "another process on this machine runs a node with this {what} on {chain_id}, from another folder: one of them is \
         a copy. Two answer for each other and lose what they bonded: stop the one that should not run (this one was \
         started later and ends), or give it keys of its own with `lyceum init` and `lyceum keys add`"
    );
    Refusal::new(Failure::Twin, "node.twin", words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_node_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Lock::look(dir.path()).unwrap().is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a look makes nothing");
        let lock = Lock::take(dir.path()).unwrap();
        for refused in [Lock::take(dir.path()).unwrap_err(), Lock::look(dir.path()).unwrap_err()] {
            assert_eq!(Failure::of(&refused), Failure::Busy);
            assert!(refused.to_string().contains("another process"), "{refused}");
        }
        drop(lock);
        assert!(Lock::look(dir.path()).unwrap().is_some());
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_file_system_without_locks_is_told_as_such() {
        let error = unlockable(ErrorKind::Unsupported.into(), Path::new("/mnt/home"));
        assert_eq!(Failure::of(&error), Failure::Input);
        assert!(
            error.to_string().contains("/mnt/home") && error.to_string().contains("local disk"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_machine_has_one_node_of_a_peer_key_and_one_of_an_account() {
        let (key, other_key) = (Key::generate().unwrap().0, Key::generate().unwrap().0);
        let (peer, other_peer) = (Identity::generate(), Identity::generate());
        let held = OnMachine::take(&peer, &key, "lyceum-1").await.unwrap();
        for (peer, key, what) in [(&peer, &other_key, "peer key"), (&other_peer, &key, "account")] {
            let refused = OnMachine::take(peer, key, "lyceum-1").await.unwrap_err();
            assert_eq!(Failure::of(&refused), Failure::Twin);
            assert!(refused.to_string().contains(what), "{refused}");
        }
        // On another chain the same keys are another node.
        OnMachine::take(&peer, &key, "lyceum-2").await.unwrap();
        OnMachine::take(&other_peer, &other_key, "lyceum-1").await.unwrap();
        drop(held);
        OnMachine::take(&peer, &key, "lyceum-1").await.unwrap();
    }
}
