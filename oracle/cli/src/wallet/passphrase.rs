//! Passphrases and words: from a file, a file descriptor, or the terminal; never from an argument.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::secret::{Lines, gather};
use crate::failure::{Failure, Refusal};

/// The shortest passphrase that a new key is given.
const LEAST: usize = 8;

/// Where the passphrase comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PassphraseArgs {
    /// Take the passphrase from the first line of a file; /dev/stdin and /dev/fd/N are read from where they stand
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// Take the passphrase from the next line of an open file descriptor
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u16>,
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
            (Some(path), _) => line_of(Lines::of_path(path)?)?,
            (None, Some(fd)) => line_of(Lines::of_descriptor(fd.into())?)?,
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

/// The next line. Words and a passphrase may come from one descriptor, and then the second may be missing.
fn line_of(mut lines: Lines) -> anyhow::Result<Zeroizing<String>> {
    lines.next_line()?.ok_or_else(|| {
        let words = format!("{} is empty or read to its end: the passphrase is expected there", lines.name());
        Refusal::new(Failure::Key, "key.passphrase_missing", words).into()
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

/// A key's words: from a file, from standard input if that is no terminal, or asked for.
pub fn secret_words(file: Option<&Path>) -> anyhow::Result<Zeroizing<String>> {
    match file {
        Some(path) => Lines::of_path(path)?.mnemonic(),
        None if std::io::stdin().is_terminal() => gather(|words| {
            let prompt = match words {
                0 => "The key's words, on one line or several; an empty line ends them: ".to_owned(),
                words => format!("{words} so far; more, or an empty line: "),
            };
            prompted(&prompt, "--words-file FILE").map(Some)
        }),
        None => Lines::of_descriptor(0)?.mnemonic(),
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
        assert_eq!(*read("\u{feff}x".as_bytes(), Purpose::Open).unwrap(), "x");
    }

    #[test]
    fn empty_short_long_and_binary_passphrases_are_refused_with_the_reason() {
        assert!(read(b"\n", Purpose::Open).unwrap_err().to_string().contains("empty"));
        assert!(read(b"", Purpose::Open).unwrap_err().to_string().contains("empty"));
        assert!(read(b"1234567", Purpose::Lock).unwrap_err().to_string().contains("7 characters"));
        assert!(read(&[b'a'; 5000], Purpose::Open).unwrap_err().to_string().contains("4096"));
        assert!(read(&[0xff, 0xfe], Purpose::Open).unwrap_err().to_string().contains("UTF-8"));
        let missing = PassphraseArgs::from_file("/no/such/file".into()).read("node", Purpose::Open);
        assert!(missing.unwrap_err().to_string().contains("/no/such/file"));
    }
}
