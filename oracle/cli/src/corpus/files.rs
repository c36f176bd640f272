//! Reading the user's texts: a file, or every text file under a folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::decode::{Decoded, decode};
use super::names::{name_of, shown};
use super::reader::{Piece, Reader, bytes_of, kind_of, open};
use super::walk::{Skipped, walk};
use super::{Corpus, Licence, licence};
use crate::failure::BadInput;

/// The most bytes read from one path; what follows is not needed for a demo.
const MAX_READ: usize = 64 << 20;

/// Reads a `--data` path as one domain, under a licence that its owner declares or that the text names itself. In
/// folders, what is no readable text is skipped and counted by its reason; such a file that is named itself is an
/// error.
pub fn read(path: &Path, declared: Option<&str>) -> anyhow::Result<Corpus> {
    let cannot = || format!("--data {}: cannot be read", shown(path));
    let kind = fs::metadata(path).with_context(cannot)?;
    let mut gathered = Gathered::default();
    if kind.is_dir() {
        let found = walk(path)?;
        gathered.skipped = found.skipped;
        found.files.iter().for_each(|file| gathered.add(file));
    } else if kind.is_file() {
        gathered.add_named(path).with_context(cannot)?;
    } else {
        return Err(refused(
            path,
            &format!("it is {}; name a text file or a folder of them", kind_of(&kind)),
        ));
    }
    let Gathered { text, files, encodings, skipped, .. } = gathered;
    if text.is_empty() {
        let words = match (kind.is_dir(), skipped.to_string()) {
            (false, _) => "it is empty".to_owned(),
            (true, none) if none.is_empty() => "no text in it".to_owned(),
            (true, skipped) => format!("no text in it ({skipped})"),
        };
        return Err(refused(path, &words));
    }
    let licence = match declared {
        Some(expression) => licence::declared(expression)?,
        None => Licence::Named(licence::named(&files, &text)).or_none(),
    };
    let from = path.to_path_buf();
    let pieces = files.into_iter().map(|(path, _)| path).collect();
    Corpus { name: name_of(path), licence, from, text: text.into_bytes(), files: pieces, encodings, skipped }
        .fit()
}

fn refused(path: &Path, words: &str) -> anyhow::Error {
    BadInput(format!("--data {}: {words}", shown(path))).into()
}

/// The text of a file, decoded as [`read`] does it, for callers that look for a place in it later.
pub(super) fn text_of(path: &Path) -> Option<String> {
    let (mut file, _) = open(path).ok()?;
    Some(decode(&bytes_of(&mut file, MAX_READ).ok()?)?.text)
}

/// A text that grows file by file, never beyond [`MAX_READ`].
#[derive(Default)]
struct Gathered {
    text: String,
    /// Files that are in it, and where each ends.
    files: Vec<(PathBuf, usize)>,
    /// How many files were encoded otherwise than in UTF-8, by encoding.
    encodings: BTreeMap<&'static str, u64>,
    skipped: Skipped,
    reader: Reader,
}

impl Gathered {
    /// Adds a file of a folder, or counts why not.
    fn add(&mut self, path: &Path) {
        match self.one(path) {
            Ok(Piece::Text(_, decoded)) => self.push(path, decoded),
            Ok(Piece::Empty) => {}
            Ok(Piece::Binary) => self.skipped.binary += 1,
            Ok(Piece::Again) => self.skipped.again += 1,
            Ok(Piece::Beyond) => self.skipped.beyond += 1,
            Ok(Piece::Special(_)) => self.skipped.special += 1,
            Err(_) => self.skipped.unreadable_files += 1,
        }
    }

    /// Adds a file that the user named.
    fn add_named(&mut self, path: &Path) -> anyhow::Result<()> {
        match self.one(path)? {
            Piece::Text(_, decoded) => self.push(path, decoded),
            Piece::Binary => {
                return Err(refused(path, "it is a binary file; name a text file or a folder of them"));
            }
            Piece::Special(kind) => return Err(refused(path, &format!("it is {kind}"))),
            Piece::Empty | Piece::Again | Piece::Beyond => {}
        }
        Ok(())
    }

    fn one(&mut self, path: &Path) -> io::Result<Piece> {
        // A text may take more bytes than it was read from.
        self.reader.read(path, MAX_READ.saturating_sub(self.reader.bytes.max(self.text.len())))
    }

    fn push(&mut self, path: &Path, decoded: Decoded) {
        let Decoded { text, encoding } = decoded;
        if encoding != "UTF-8" {
            *self.encodings.entry(encoding).or_default() += 1;
        }
        self.text.push_str(&text);
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
        self.files.push((path.to_path_buf(), self.text.len()));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::MIN_TEXT;
    use super::*;

    fn refused(path: &Path) -> String {
        format!("{:#}", read(path, None).unwrap_err())
    }

    fn long(line: &str) -> String {
        line.repeat(MIN_TEXT / line.len() + 1)
    }

    #[test]
    fn missing_empty_and_binary_files_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        assert!(refused(&dir.path().join("no-such.txt")).contains("no-such.txt"));
        let empty = dir.path().join("empty.txt");
        fs::write(&empty, "").unwrap();
        assert!(refused(&empty).contains("empty"));
        let binary = dir.path().join("a.bin");
        fs::write(&binary, [1, 0, 2]).unwrap();
        assert!(refused(&binary).contains("binary"));
    }

    #[test]
    fn what_is_no_plain_file_is_refused_by_its_kind_and_not_read() {
        assert!(refused(Path::new("/dev/zero")).contains("a device"));
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(refused(&fifo).contains("a pipe"));
        fs::write(dir.path().join("b.txt"), long("some words\n")).unwrap();
        symlink("/dev/zero", dir.path().join("endless")).unwrap();
        let corpus = read(dir.path(), None).unwrap();
        assert_eq!((corpus.files.len(), corpus.skipped.special), (1, 2));
    }

    #[test]
    fn binary_unreadable_and_repeated_files_of_a_folder_are_counted_by_their_reason() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a.bin"), [0; 10]).unwrap();
        fs::write(at("b.txt"), long("some words\n")).unwrap();
        fs::hard_link(at("b.txt"), at("c.txt")).unwrap();
        symlink("b.txt", at("d.txt")).unwrap();
        // It opens, and reading it fails, for root as for everybody.
        symlink("/proc/self/mem", at("e.txt")).unwrap();
        let corpus = read(dir.path(), None).unwrap();
        assert_eq!(corpus.files, [at("b.txt")]);
        let skipped = Skipped { binary: 1, unreadable_files: 1, again: 2, ..Skipped::default() };
        assert_eq!(corpus.skipped, skipped);
    }

    #[test]
    fn a_sparse_file_of_a_terabyte_is_seen_to_be_binary_from_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        fs::File::create(dir.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
        fs::write(dir.path().join("b.txt"), long("some words\n")).unwrap();
        let corpus = read(dir.path(), None).unwrap();
        assert_eq!((corpus.files.len(), corpus.skipped.binary), (1, 1));
    }

    #[test]
    fn other_encodings_are_decoded_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let text = long("Früh übt sich, wer schöne Äpfel möchte.\n");
        fs::write(dir.path().join("latin.txt"), encoding_rs::WINDOWS_1252.encode(&text).0).unwrap();
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(dir.path().join("wide.txt"), units).unwrap();
        let corpus = read(dir.path(), None).unwrap();
        assert_eq!(corpus.encodings, BTreeMap::from([("UTF-16LE", 1), ("windows-1252", 1)]));
        assert_eq!(corpus.text, format!("{text}{text}").as_bytes());
    }
}
