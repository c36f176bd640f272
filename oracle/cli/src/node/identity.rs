//! What makes a node itself: its peer key, which the chain binds to its account, and its secret, from which the salts
//! of its commitments come. Both are made once. Whoever loses the secret cannot reveal what it committed to, so a folder
//! that a node has lived in never gets a new one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use lyceum_agent::{Hash32, JOURNAL};
use lyceum_files::{PlainFile, is_folder, is_taken};
use lyceum_net::Identity;
use zeroize::Zeroizing;

use crate::failure::{Failure, Refusal};
use crate::reading;
use crate::wallet::write_private;

const PEER_KEY: &str = "peer.key";
const SECRET: &str = "node.secret";
/// The longest file that is read as a secret: 64 hex characters and the end of the line.
const MAX_BYTES: u64 = 128;

/// What a folder holds of a node's identity. What is absent may be made: the folder is of no node yet.
#[derive(Debug)]
pub struct Found {
    /// The peer key.
    pub peer: Option<Identity>,
    /// The secret.
    pub secret: Option<Hash32>,
}

impl Found {
    /// Which files would be made.
    pub fn absent(&self) -> Vec<&'static str> {
        let absent = [(PEER_KEY, self.peer.is_none()), (SECRET, self.secret.is_none())];
        absent.into_iter().filter(|(_, absent)| *absent).map(|(name, _)| name).collect()
    }

    /// Makes what is absent.
    pub fn or_make(self, folder: &Path) -> anyhow::Result<(Identity, Hash32)> {
        let secret = match self.secret {
            Some(secret) => secret,
            None => make_secret(&folder.join(SECRET))?,
        };
        let peer = match self.peer {
            Some(peer) => peer,
            None => Identity::create(&folder.join(PEER_KEY))?,
        };
        Ok((peer, secret))
    }
}

/// Reads what is there and makes nothing. In a folder that a node has lived in, both must be there.
pub fn find(folder: &Path) -> anyhow::Result<Found> {
    if !is_folder(folder)? {
        return Ok(Found { peer: None, secret: None });
    }
    let found =
        Found { peer: Identity::load(&folder.join(PEER_KEY))?, secret: read_secret(&folder.join(SECRET))? };
    let absent = found.absent();
    // Also a link that leads nowhere says that a node has lived here.
    if !absent.is_empty() && is_taken(&folder.join(JOURNAL))? {
        let words = format!(
            "{} is missing from {}, yet {JOURNAL} is there: a node has lived in this folder, and with other secrets it \
             cannot reveal what it committed to and is another peer. Restore it from your backup; to begin anew and lose \
             the bonds of open claims, move {JOURNAL} away",
            absent.join(" and "),
            folder.display()
        );
        return Err(Refusal::new(Failure::Input, "node.secrets_missing", words).into());
    }
    Ok(found)
}

fn make_secret(path: &Path) -> anyhow::Result<Hash32> {
    let mut bytes = Zeroizing::new([0; 32]);
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut *bytes));
    read.context("the system gives no randomness")?;
    let secret = Hash32(*bytes);
    let text = Zeroizing::new(format!("{secret}\n"));
    write_private(path, text.as_bytes())?;
    Ok(secret)
}

fn read_secret(path: &Path) -> anyhow::Result<Option<Hash32>> {
    let Some(file) = PlainFile::open_if_there(path).map_err(reading::unreadable)? else { return Ok(None) };
    let unfit = |why: String| {
        anyhow::Error::from(Refusal::new(Failure::Input, "node.secret", format!("{}: {why}", path.display())))
    };
    let mode = file.mode();
    if mode & 0o077 != 0 {
        return Err(unfit(format!("others may read it (mode {mode:o}): run chmod 600 on it")));
    }
    let text = file.read(MAX_BYTES).map(Zeroizing::new).map_err(|e| match e {
        lyceum_files::Error::TooLarge { .. } => unfit(format!("{}: restore it from your backup", e.reason())),
        other => reading::unreadable(other),
    })?;
    let secret = std::str::from_utf8(&text).ok().and_then(|text| text.trim_end().parse::<Hash32>().ok());
    secret.map(Some).ok_or_else(|| {
        unfit(
            "it is not 64 hex characters: restore it from your backup; without it, what the node committed to cannot \
             be revealed"
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn both_are_made_once_and_looking_makes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let found = find(dir.path()).unwrap();
        assert_eq!(found.absent(), [PEER_KEY, SECRET]);
        assert!(names(dir.path()).is_empty());
        let (peer, secret) = found.or_make(dir.path()).unwrap();
        assert_eq!(names(dir.path()), [SECRET, PEER_KEY]);
        let (again, same) = find(dir.path()).unwrap().or_make(dir.path()).unwrap();
        assert_eq!((peer.public(), secret), (again.public(), same));
    }

    #[test]
    fn beside_a_journal_nothing_is_made_anew() {
        for lost in [&[PEER_KEY][..], &[SECRET], &[PEER_KEY, SECRET]] {
            let dir = tempfile::tempdir().unwrap();
            find(dir.path()).unwrap().or_make(dir.path()).unwrap();
            std::fs::write(dir.path().join(JOURNAL), "{}").unwrap();
            for name in lost {
                std::fs::remove_file(dir.path().join(name)).unwrap();
            }
            let before = names(dir.path());
            let error = find(dir.path()).unwrap_err();
            assert_eq!(Failure::of(&error), Failure::Input);
            let words = error.to_string();
            assert!(words.contains(&lost.join(" and ")) && words.contains("from your backup"), "{words}");
            assert_eq!(names(dir.path()), before);
        }
    }

    #[test]
    fn a_secret_that_others_may_read_or_that_is_none_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        find(dir.path()).unwrap().or_make(dir.path()).unwrap();
        let path = dir.path().join(SECRET);
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        mode(0o640);
        let words = find(dir.path()).unwrap_err().to_string();
        assert!(words.contains("640") && words.contains("chmod 600"), "{words}");
        mode(0o600);
        for text in ["", "abc", &"f".repeat(63), &"f".repeat(4_000)] {
            std::fs::write(&path, text).unwrap();
            let words = find(dir.path()).unwrap_err().to_string();
            assert!(words.contains("from your backup"), "{words}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
