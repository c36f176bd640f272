//! [`Keyring`]: key files by name. Beside each lies its public key, so that addresses are shown without a
//! passphrase; a key that is opened must match it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use cosmrs::crypto::PublicKey;
use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{self, Key, Signer, keyfile};
use serde::{Deserialize, Serialize};

use super::{Home, create_private, write_private};
use crate::failure::{Failure, Refusal};

/// The version of the file beside a key that this software writes, and the only one it reads.
const VERSION: u32 = 1;

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
        self.public.to_bytes().iter().map(|b| format!("{b:02x}")).collect()
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

    /// All keys, by name.
    pub fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let read = match fs::read_dir(&self.0) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            other => other.with_context(|| format!("cannot read {}", self.0.display()))?,
        };
        let mut names: Vec<String> = read
            .filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".age").map(str::to_owned))
            .filter(|name| check_name(name).is_ok())
            .collect();
        names.sort();
        names.iter().map(|name| self.entry(name)).collect()
    }

    /// One key.
    pub fn entry(&self, name: &str) -> anyhow::Result<Entry> {
        check_name(name)?;
        if !self.file(name).exists() {
            return Err(self.unknown(name));
        }
        let path = self.public_file(name);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let unfit = |why: String| {
            let words = format!(
                "{}: {why}; `lyceum keys add {name} --recover` under another name makes both files anew",
                path.display()
            );
            anyhow::Error::from(Refusal::new(Failure::Key, "key.unfit", words))
        };
        let public: Public = serde_json::from_slice(&bytes).map_err(|e| unfit(e.to_string()))?;
        if public.version != VERSION {
            return Err(unfit(format!("version {} is unknown, expected {VERSION}", public.version)));
        }
        Ok(Entry { name: name.to_owned(), public: public.public_key })
    }

    fn unknown(&self, name: &str) -> anyhow::Error {
        let names: Vec<String> = self.entries().unwrap_or_default().into_iter().map(|e| e.name).collect();
        let have = match names.is_empty() {
            true => "it holds none; `lyceum keys add` makes one".to_owned(),
            false => format!("it holds {}", names.join(", ")),
        };
        let words = format!("there is no key {name} in {}: {have}", self.0.display());
        Refusal::new(Failure::Key, "key.missing", words).into()
    }

    /// Refuses names that a key cannot have, and names that are taken.
    pub fn check_free(&self, name: &str) -> anyhow::Result<()> {
        check_name(name)?;
        if self.file(name).exists() || self.public_file(name).exists() {
            let words =
                format!("there is a key {name} already; choose another name, or delete that one first");
            return Err(Refusal::new(Failure::Key, "key.exists", words).into());
        }
        Ok(())
    }

    /// Keeps a key under a passphrase.
    pub fn add(&self, name: &str, key: &Key, passphrase: &str) -> anyhow::Result<Entry> {
        self.check_free(name)?;
        create_private(&self.0)?;
        let public = Public { version: VERSION, public_key: key.public_key() };
        // The public half first: a key file without it would be one that cannot be shown.
        write_private(&self.public_file(name), &serde_json::to_vec(&public)?)?;
        if let Err(error) = keyfile::save(&self.file(name), key, passphrase) {
            let _ = fs::remove_file(self.public_file(name));
            return Err(anyhow::Error::from(error).context(format!("key {name} is not written")));
        }
        Ok(Entry { name: name.to_owned(), public: public.public_key })
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

    /// Deletes a key.
    pub fn delete(&self, name: &str) -> anyhow::Result<()> {
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

/// Names are part of a path: letters, digits, `-` and `_`, at most 64.
fn check_name(name: &str) -> anyhow::Result<()> {
    let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fit) && !name.starts_with('-') {
        return Ok(());
    }
    let words = format!("'{name}' cannot name a key: use up to 64 letters, digits, - and _");
    Err(Refusal::new(Failure::Input, "key.name", words).into())
}
