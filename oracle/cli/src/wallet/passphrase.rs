//! Passphrases and other secrets: from a file, a file descriptor, or the terminal; never from an argument.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use zeroize::Zeroizing;

use crate::failure::{Failure, Refusal};

/// The longest secret, in bytes; more is a wrong file.
const MOST: u64 = 4096;
/// The shortest passphrase that a new key is given.
const LEAST: usize = 8;

/// Where the passphrase comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PassphraseArgs {
    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// Take the passphrase from the first line of an open file descriptor
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

/// What a passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a key.
    Open,
    /// To lock a new one.
    Lock,
}

impl PassphraseArgs {
    /// A file, as configurations name one.
    pub fn from_file(path: PathBuf) -> Self {
        Self { passphrase_file: Some(path), passphrase_fd: None }
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.passphrase_file.is_none() && self.passphrase_fd.is_none()
    }

    /// The passphrase of a key.
    pub fn read(&self, key: &str, purpose: Purpose) -> anyhow::Result<Zeroizing<String>> {
        let found = match (&self.passphrase_file, self.passphrase_fd) {
            (Some(path), _) => of_file(path)?,
            (None, Some(fd)) => of_file(Path::new(&format!("/dev/fd/{fd}")))?,
            (None, None) => ask(key, purpose)?,
        };
        if found.is_empty() || purpose == Purpose::Lock && found.chars().count() < LEAST {
            let words = match purpose {
                Purpose::Open => format!("the passphrase of key {key} is empty"),
                Purpose::Lock => {
                    let found = found.chars().count();
                    format!("the new passphrase has {found} characters; it takes {LEAST} or more")
                }
            };
            return Err(Refusal::new(Failure::Key, "key.passphrase_short", words).into());
        }
        Ok(found)
    }
}

fn of_file(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let file =
        File::open(path).with_context(|| format!("the passphrase cannot be read from {}", path.display()))?;
    warn_if_open(path, &file);
    first_line(file, &path.display().to_string())
}

/// A passphrase that others may read protects nothing, but containers and shared folders often look like that.
fn warn_if_open(path: &Path, file: &File) {
    use std::os::unix::fs::MetadataExt;
    if let Ok(meta) = file.metadata()
        && meta.is_file()
        && meta.mode() & 0o004 != 0
    {
        tracing::warn!("everybody on this machine can read the passphrase: chmod 600 {}", path.display());
    }
}

/// The first line, without its end, of something that holds a secret.
fn first_line(from: impl Read, name: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST as usize + 1));
    from.take(MOST + 1).read_to_end(&mut bytes).with_context(|| format!("{name} cannot be read"))?;
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let fit = std::str::from_utf8(line).ok().filter(|_| line.len() as u64 <= MOST);
    fit.map(|line| Zeroizing::new(line.to_owned())).ok_or_else(|| {
        let words = format!("{name}: its first line must be UTF-8 of at most {MOST} bytes");
        Refusal::new(Failure::Input, "secret.unfit", words).into()
    })
}

fn ask(key: &str, purpose: Purpose) -> anyhow::Result<Zeroizing<String>> {
    let prompt = match purpose {
        Purpose::Open => format!("Passphrase of key {key}: "),
        Purpose::Lock => format!("New passphrase for key {key}: "),
    };
    let first = prompted(&prompt, "--passphrase-file FILE or --passphrase-fd N")?;
    if purpose == Purpose::Lock && first != prompted("The same again: ", "--passphrase-file FILE")? {
        let words = "the two passphrases differ; nothing was written";
        return Err(Refusal::new(Failure::Key, "key.passphrase_differs", words).into());
    }
    Ok(first)
}

fn prompted(prompt: &str, instead: &str) -> anyhow::Result<Zeroizing<String>> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
        let words = format!("there is no terminal to ask at: use {instead}");
        Refusal::new(Failure::Key, "key.no_terminal", words).into()
    })
}

/// A secret line that is no passphrase (the words of a key): from a file, from standard input if that is no
/// terminal, or asked for.
pub fn secret_line(prompt: &str, file: Option<&Path>) -> anyhow::Result<Zeroizing<String>> {
    match file {
        Some(path) => of_file(path),
        None if std::io::stdin().is_terminal() => prompted(prompt, "a file"),
        None => first_line(std::io::stdin(), "standard input"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], purpose: Purpose) -> anyhow::Result<Zeroizing<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, bytes).unwrap();
        PassphraseArgs::from_file(path).read("node", purpose)
    }

    #[test]
    fn a_passphrase_is_the_first_line_without_its_end() {
        assert_eq!(*read(b"correct horse\nrest", Purpose::Lock).unwrap(), "correct horse");
        assert_eq!(*read(b"x\r\n", Purpose::Open).unwrap(), "x");
    }

    #[test]
    fn empty_short_long_and_binary_passphrases_are_refused_with_the_reason() {
        assert!(read(b"\n", Purpose::Open).unwrap_err().to_string().contains("empty"));
        assert!(read(b"1234567", Purpose::Lock).unwrap_err().to_string().contains("7 characters"));
        assert!(read(&[b'a'; 5000], Purpose::Open).unwrap_err().to_string().contains("4096"));
        assert!(read(&[0xff, 0xfe], Purpose::Open).unwrap_err().to_string().contains("UTF-8"));
        let missing = PassphraseArgs::from_file("/no/such/file".into()).read("node", Purpose::Open);
        assert!(missing.unwrap_err().to_string().contains("/no/such/file"));
    }
}
