//! [`Keyring`]: key files by name. Beside each lies its public key, so that addresses are shown without a
//! passphrase; a key that is opened must match it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use cosmrs::crypto::PublicKey;
use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{self, Key, Signer, keyfile};
use lyceum_files::{is_folder, is_taken};
use serde::{Deserialize, Serialize};

use super::{Home, create_private, write_private};
use crate::failure::{Failure, Refusal};
use crate::reading;
use crate::writable;

/// The version of the file beside a key that this software writes, and the only one it reads.
const VERSION: u32 = 1;

/// The longest file beside a key that is read.
const MAX_PUBLIC: u64 = 16 * 1024;

/// What is known of a key without its passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its public key.
    pub public: PublicKey,
}

impl Entry {
    /// Its address on a chain.
    pub fn address(&self, prefix: &str) -> anyhow::Result<Addr> {
        Ok(cosmos::address(&self.public, prefix)?)
    }

    /// Its public key as chains show it: 33 bytes, hex.
    pub fn public_hex(&self) -> String {
        hex::encode(self.public.to_bytes())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Public {
    version: u32,
    public_key: PublicKey,
}

/// The key files of an operator.
#[derive(Debug, Clone)]
pub struct Keyring(PathBuf);

impl Keyring {
    /// Of a folder, which need not exist.
    pub fn of(home: &Home) -> Self {
        Self(home.keys())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.age"))
    }

    fn public_file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }

    /// All keys, by name. One that cannot be read hides no other.
    pub fn entries(&self) -> anyhow::Result<Listing> {
        let mut listing =
            Listing { dir: self.0.clone(), entries: vec![], unreadable: vec![], leftover: vec![] };
        let cannot = || format!("the keys in {} cannot be listed", self.0.display());
        // A folder on a disk that is not mounted is not an empty one.
        if !is_folder(&self.0).with_context(cannot)? {
            return Ok(listing);
        }
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.0).with_context(cannot)? {
            let name = entry.with_context(cannot)?.file_name();
            let name = name.to_str().and_then(|n| n.strip_suffix(".age").or_else(|| n.strip_suffix(".json")));
            names.extend(name.filter(|name| check_name(name).is_ok()).map(str::to_owned));
        }
        for name in names {
            match self.entry(&name) {
                Ok(entry) => listing.entries.push(entry),
                Err(error) if self.has(&name)? => listing.unreadable.push((name, error)),
                Err(error) => listing.leftover.push((name, error)),
            }
        }
        Ok(listing)
    }

    /// Whether there is a key of this name, be it readable or not; no key has a name that is none.
    pub fn has(&self, name: &str) -> anyhow::Result<bool> {
        Ok(check_name(name).is_ok() && is_folder(&self.0)? && is_taken(&self.file(name))?)
    }

    /// Whether there is anything of a key of this name: the key, or its public half alone.
    pub fn has_part(&self, name: &str) -> anyhow::Result<bool> {
        let public = || is_folder(&self.0).and_then(|there| Ok(there && is_taken(&self.public_file(name))?));
        Ok(self.has(name)? || check_name(name).is_ok() && public()?)
    }

    /// What to do about the public half of a key that is not there.
    fn left(&self, name: &str) -> anyhow::Error {
        let words = format!(
            "{} holds a public key alone: the key itself, {}, is missing. Restore it from your backup, or remove what is \
             left with `lyceum keys delete {name}` and add the key again, with --recover if you have its words",
            self.public_file(name).display(),
            self.file(name).display()
        );
        Refusal::new(Failure::Key, "key.left", words).into()
    }

    /// One key.
    pub fn entry(&self, name: &str) -> anyhow::Result<Entry> {
        check_name(name)?;
        if !self.has(name)? {
            if self.has_part(name)? {
                return Err(self.left(name));
            }
            let words =
                format!("there is no key {name} in {}: {}", self.0.display(), self.entries()?.have(name));
            return Err(Refusal::new(Failure::Key, "key.missing", words).into());
        }
        let path = self.public_file(name);
        let remedy = format!(
            "the key itself is in {}: restore the public half from your backup, or delete the key with `lyceum keys \
             delete {name}` and bring it back from its words",
            self.file(name).display()
        );
        let unfit = |why: String| {
            let words = format!("{}: {why}; {remedy}", path.display());
            anyhow::Error::from(Refusal::new(Failure::Key, "key.unfit", words))
        };
        let bytes = match lyceum_files::read_if_there(&path, MAX_PUBLIC) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(unfit("the file with its public half is missing".to_owned())),
            Err(error @ lyceum_files::Error::Io { .. }) => return Err(reading::unreadable(error)),
            Err(error) => return Err(unfit(error.reason())),
        };
        let public: Public = serde_json::from_slice(&bytes).map_err(|e| unfit(e.to_string()))?;
        if public.version != VERSION {
            return Err(unfit(format!("version {} is unknown, expected {VERSION}", public.version)));
        }
        Ok(Entry { name: name.to_owned(), public: public.public_key })
    }

    /// The key of a name, or the one whose account has this address.
    pub fn by_name_or_address(&self, text: &str) -> anyhow::Result<Entry> {
        if !self.has(text)?
            && let Some((prefix, _)) = text.rsplit_once('1')
        {
            let is_it = |entry: &Entry| entry.address(prefix).is_ok_and(|address| address.as_str() == text);
            if let Some(entry) = self.entries()?.entries.into_iter().find(is_it) {
                return Ok(entry);
            }
        }
        self.entry(text)
    }

    /// Refuses names that a key cannot have, and names that are taken.
    pub fn check_free(&self, name: &str) -> anyhow::Result<()> {
        check_name(name)?;
        if !self.has(name)? && self.has_part(name)? {
            return Err(self.left(name));
        }
        if self.has(name)? {
            let words =
                format!("there is a key {name} already; choose another name, or delete that one first");
            return Err(Refusal::new(Failure::Key, "key.exists", words).into());
        }
        Ok(())
    }

    /// Keeps a key under a passphrase.
    pub fn add(&self, name: &str, key: &Key, passphrase: &str) -> anyhow::Result<Entry> {
        self.prepare(name, key, passphrase)?.keep()
    }

    /// A key under a passphrase, ready to be kept: what takes long is done, and what would refuse it was asked.
    pub fn prepare(&self, name: &str, key: &Key, passphrase: &str) -> anyhow::Result<Prepared<'_>> {
        self.check_free(name)?;
        create_private(&self.0)?;
        writable::check(&self.file(name))?;
        let entry = Entry { name: name.to_owned(), public: key.public_key() };
        let sealed = keyfile::seal(key, passphrase).with_context(|| format!("key {name} is not written"))?;
        Ok(Prepared { ring: self, entry, sealed })
    }

    /// Opens a key.
    pub fn open(&self, name: &str, passphrase: &str) -> anyhow::Result<Key> {
        let entry = self.entry(name)?;
        let key = keyfile::load(&self.file(name), passphrase).with_context(|| format!("key {name}"))?;
        if key.public_key() != entry.public {
            let words = format!(
                "{} is not the public key of {}: somebody changed one of them",
                self.public_file(name).display(),
                self.file(name).display()
            );
            return Err(Refusal::new(Failure::Key, "key.changed", words).into());
        }
        Ok(key)
    }

    /// Deletes a key, be it readable or not, or what is left of it.
    pub fn delete(&self, name: &str) -> anyhow::Result<()> {
        check_name(name)?;
        for path in [self.file(name), self.public_file(name)] {
            match fs::remove_file(&path) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                other => other.with_context(|| format!("cannot delete {}", path.display()))?,
            }
        }
        Ok(())
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.0
    }
}

/// A key that is not kept yet.
#[derive(Debug)]
pub struct Prepared<'a> {
    ring: &'a Keyring,
    /// What is known of it without its passphrase.
    pub entry: Entry,
    sealed: Vec<u8>,
}

impl Prepared<'_> {
    /// Keeps it: both files, or none.
    pub fn keep(self) -> anyhow::Result<Entry> {
        let Self { ring, entry, sealed } = self;
        let public = Public { version: VERSION, public_key: entry.public };
        // The public half first: a key file without it would be one that cannot be shown.
        let half = ring.public_file(&entry.name);
        write_private(&half, &serde_json::to_vec(&public)?)?;
        if let Err(error) = write_private(&ring.file(&entry.name), &sealed) {
            let _ = fs::remove_file(half);
            return Err(error.context(format!("key {} is not written", entry.name)));
        }
        Ok(entry)
    }
}

/// The keys of a folder.
#[derive(Debug)]
pub struct Listing {
    dir: PathBuf,
    /// Those that can be read, by name.
    pub entries: Vec<Entry>,
    /// The names of the others, each with the reason.
    pub unreadable: Vec<(String, anyhow::Error)>,
    /// Names of which there is only a public half: no key.
    pub leftover: Vec<(String, anyhow::Error)>,
}

impl Listing {
    /// What there is, for whoever named something else.
    pub fn have(&self, wanted: &str) -> String {
        let names = self.entries.iter().map(|e| e.name.clone());
        let unreadable = self.unreadable.iter().map(|(name, _)| format!("{name}, which cannot be read"));
        let all: Vec<String> = names.chain(unreadable).collect();
        if all.is_empty() {
            return "it holds none; `lyceum keys add NAME` makes one".to_owned();
        }
        let near = self.entries.iter().map(|e| (strsim::damerau_levenshtein(wanted, &e.name), e));
        let near =
            near.filter(|(distance, _)| (1..=2).contains(distance)).min_by_key(|(distance, _)| *distance);
        let near = near.map(|(_, e)| format!("; did you mean {}?", e.name)).unwrap_or_default();
        format!("it holds {}{near}", all.join("; "))
    }

    /// The only key there is.
    pub fn only(mut self, flag: &str) -> anyhow::Result<Entry> {
        let words = match (self.entries.len(), self.unreadable.is_empty()) {
            (1, true) => return Ok(self.entries.remove(0)),
            (0, true) => {
                format!("there is no key in {}: `lyceum keys add NAME` makes one", self.dir.display())
            }
            _ => format!("which key signs? Name one with {flag}: {} {}", self.dir.display(), self.have("")),
        };
        Err(Refusal::new(Failure::Key, "key.which", words).into())
    }
}

/// Names are part of a path: letters, digits, `-` and `_`, at most 64.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fit) && !name.starts_with('-') {
        return Ok(());
    }
    let words = format!("'{name}' cannot name a key: use up to 64 letters, digits, - and _");
    Err(Refusal::new(Failure::Input, "key.name", words).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> (tempfile::TempDir, Keyring) {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::of(&Home(folder.path().to_owned()));
        ring.add("good", &Key::generate().unwrap().0, "correct horse").unwrap();
        (folder, ring)
    }

    #[test]
    fn a_key_that_cannot_be_read_hides_no_other_and_is_named() {
        let (_folder, ring) = ring();
        fs::write(ring.file("bad"), "x").unwrap();
        fs::write(ring.public_file("bad"), "{}").unwrap();
        fs::write(ring.file("half"), "x").unwrap();
        let listing = ring.entries().unwrap();
        assert_eq!(listing.entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["good"]);
        assert_eq!(
            listing.unreadable.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["bad", "half"]
        );
        let words = ring.entry("goof").unwrap_err().to_string();
        assert!(words.contains("good") && words.contains("bad, which cannot be read"), "{words}");
        assert!(words.contains("did you mean good?"), "{words}");
        assert!(ring.entries().unwrap().only("--from").is_err(), "which of them is not clear");
        ring.delete("bad").unwrap();
        ring.delete("half").unwrap();
        assert_eq!(ring.entries().unwrap().only("--from").unwrap().name, "good");
    }

    #[test]
    fn a_folder_of_keys_that_cannot_be_listed_is_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::of(&Home(folder.path().to_owned()));
        fs::write(&ring.0, "no folder").unwrap();
        for error in [ring.entries().unwrap_err(), ring.entry("good").unwrap_err()] {
            let words = crate::failure::words(&error);
            assert!(!words.contains("none") && words.contains("expected a folder"), "{words}");
        }
    }

    #[test]
    fn a_folder_of_keys_on_a_disk_that_is_not_mounted_is_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::of(&Home(folder.path().to_owned()));
        assert!(ring.entries().unwrap().entries.is_empty(), "one that is not made yet is");
        std::os::unix::fs::symlink("/no/such/disk", &ring.0).unwrap();
        let key = Key::generate().unwrap().0;
        for error in [
            ring.entries().unwrap_err(),
            ring.entry("good").unwrap_err(),
            ring.check_free("good").unwrap_err(),
            ring.add("good", &key, "correct horse").unwrap_err(),
        ] {
            assert_eq!(Failure::of(&error), Failure::Input, "{error:#}");
            assert!(format!("{error:#}").contains("is a link to /no/such/disk"), "{error:#}");
        }
    }

    #[test]
    fn half_a_key_is_told_as_such_and_can_be_deleted_and_then_added() {
        let (_folder, ring) = ring();
        let add =
            || ring.prepare("half", &Key::generate().unwrap().0, "correct horse").unwrap().keep().unwrap();
        // As a process leaves it that was killed between the two files.
        add();
        fs::remove_file(ring.file("half")).unwrap();
        let listing = ring.entries().unwrap();
        assert_eq!(listing.leftover.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["half"]);
        assert!(listing.unreadable.is_empty());
        assert_eq!(listing.only("--from").unwrap().name, "good", "half a key signs nothing");
        for error in [ring.check_free("half").unwrap_err(), ring.entry("half").unwrap_err()] {
            let words = error.to_string();
            assert_eq!(Failure::of(&error), Failure::Key);
            assert!(words.contains("half.json") && words.contains("lyceum keys delete half"), "{words}");
        }
        assert!(ring.has_part("half").unwrap() && !ring.has("half").unwrap());
        ring.delete("half").unwrap();
        assert!(!ring.has_part("half").unwrap());
        add();
        // The other half alone is a key that cannot be shown.
        fs::remove_file(ring.public_file("half")).unwrap();
        assert_eq!(ring.entries().unwrap().unreadable.len(), 1);
        assert!(ring.check_free("half").is_err() && ring.has_part("half").unwrap());
        ring.delete("half").unwrap();
        add();
    }

    #[test]
    fn what_is_no_file_in_the_place_of_a_half_is_refused_at_once_and_can_be_deleted() {
        let (_folder, ring) = ring();
        for half in [ring.public_file("good"), ring.file("good")] {
            for target in ["/dev/zero", "/no/such/disk"] {
                let kept = fs::read(&half).unwrap();
                fs::remove_file(&half).unwrap();
                std::os::unix::fs::symlink(target, &half).unwrap();
                let error = ring.open("good", "correct horse").unwrap_err();
                let words = format!("{error:#}");
                assert_eq!(Failure::of(&error), Failure::Key, "{words}");
                assert!(words.contains("character device") || words.contains("is a link to"), "{words}");
                fs::remove_file(&half).unwrap();
                fs::write(&half, kept).unwrap();
            }
        }
        ring.open("good", "correct horse").unwrap();
        std::os::unix::fs::symlink("/no/such/disk", ring.file("gone")).unwrap();
        assert_eq!(ring.entries().unwrap().unreadable.len(), 1);
        ring.delete("gone").unwrap();
        assert!(!ring.has_part("gone").unwrap());
    }

    #[test]
    fn a_key_that_is_not_kept_leaves_nothing() {
        let (_folder, ring) = ring();
        let key = Key::generate().unwrap().0;
        drop(ring.prepare("other", &key, "correct horse").unwrap());
        assert!(!ring.has("other").unwrap() && !ring.public_file("other").exists());
        let prepared = ring.prepare("other", &key, "correct horse").unwrap();
        fs::write(ring.file("other"), "somebody was faster").unwrap();
        assert!(prepared.keep().is_err());
        assert_eq!(fs::read_to_string(ring.file("other")).unwrap(), "somebody was faster");
        assert!(!ring.public_file("other").exists());
    }
}
