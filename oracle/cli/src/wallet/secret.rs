//! Where secrets are read from, line by line: a file, or an open descriptor from where it stands.
//!
//! `/dev/stdin`, `/dev/fd/N` and `/proc/self/fd/N` name descriptors. Opening such a name anew is denied to whoever has
//! the descriptor from another user, and begins at the file's beginning again; so the descriptor itself is read, and
//! not a byte further than the line: whoever reads next finds the next line.

use std::fs::Metadata;
use std::io::{self, BufReader, Read};
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lyceum_files::PlainFile;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags};
use zeroize::Zeroizing;

use crate::failure::{Failure, Refusal};

/// The longest secret, in bytes; more is a wrong file.
pub const MOST: usize = 4096;
/// How many links of the operator's own are followed.
const LINKS: usize = 8;
/// The words of the longest mnemonic.
const WORDS: usize = 24;
/// Some editors write it before a text's first character.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Lines that hold secrets.
pub struct Lines {
    from: Box<dyn Read>,
    name: String,
}

impl Lines {
    /// Of a file, or of the descriptor that its name stands for.
    pub fn of_path(path: &Path) -> anyhow::Result<Self> {
        if let Some(fd) = descriptor_of(path) {
            return Self::of_descriptor(fd);
        }
        let file = PlainFile::open(path).map_err(|error| {
            let words = format!("the secret cannot be read from {}", path.display());
            anyhow::Error::from(error).context(words)
        })?;
        if lies_open(file.metadata(), own_user()) {
            let mode = file.mode();
            tracing::warn!(
                "others may read {} (mode {mode:o}), a secret: run chmod 600 on it",
                path.display()
            );
        }
        Ok(Self { from: Box::new(BufReader::new(file.into_file())), name: path.display().to_string() })
    }

    /// Of a descriptor that whoever started this process handed to it.
    pub fn of_descriptor(fd: RawFd) -> anyhow::Result<Self> {
        let name = if fd == 0 { "standard input".to_owned() } else { format!("file descriptor {fd}") };
        Ok(Self { from: Box::new(Inherited(inherited(fd)?)), name })
    }

    /// Where they come from, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next line without its end; none at the end of what is read.
    pub fn next_line(&mut self) -> anyhow::Result<Option<Zeroizing<String>>> {
        // All at once: a buffer that grows leaves what it held in memory.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 2));
        let mut byte = Zeroizing::new([0; 1]);
        let ended = loop {
            let read = match self.from.read(&mut *byte) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                read => read.with_context(|| format!("{} cannot be read", self.name))?,
            };
            match (read, byte[0]) {
                (0, _) => break false,
                (_, b'\n') => break true,
                _ if bytes.len() > MOST => {
                    return Err(self.unfit(&format!("its line is longer than {MOST} bytes")));
                }
                (_, byte) => bytes.push(byte),
            }
        };
        if bytes.is_empty() && !ended {
            return Ok(None);
        }
        let line = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        if line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) {
            return Err(self.unfit("it is UTF-16: save it as UTF-8"));
        }
        let text = std::str::from_utf8(line).map_err(|_| self.unfit("its line is no UTF-8"))?;
        if line.len() > MOST {
            return Err(self.unfit(&format!("its line is longer than {MOST} bytes")));
        }
        Ok(Some(Zeroizing::new(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).to_owned())))
    }

    /// A mnemonic, on one line or several: up to an empty line after it, the last word there can be, or the end.
    pub fn mnemonic(&mut self) -> anyhow::Result<Zeroizing<String>> {
        gather(|_| self.next_line())
    }

    fn unfit(&self, why: &str) -> anyhow::Error {
        let words = format!("{}: {why}; a secret is a line of UTF-8 of at most {MOST} bytes", self.name);
        Refusal::new(Failure::Input, "secret.unfit", words).into()
    }
}

/// A mnemonic from lines; `next` is told how many words there are.
pub fn gather(
    mut next: impl FnMut(usize) -> anyhow::Result<Option<Zeroizing<String>>>,
) -> anyhow::Result<Zeroizing<String>> {
    let mut all = Zeroizing::new(String::with_capacity(2 * MOST));
    let mut words = 0;
    while let Some(line) = next(words)? {
        match line.split_whitespace().count() {
            0 if words > 0 => break,
            count => words += count,
        }
        if all.len() + line.len() > MOST {
            let words = format!("the words are longer than {MOST} bytes, which no mnemonic is");
            return Err(Refusal::new(Failure::Input, "secret.unfit", words).into());
        }
        all.push_str(&line);
        all.push(' ');
        if words >= WORDS {
            break;
        }
    }
    Ok(all)
}

/// The descriptor that a path names. What is behind the kernel's own link is not asked for.
fn descriptor_of(path: &Path) -> Option<RawFd> {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    let folders =
        [Path::new("/dev/fd"), Path::new("/proc/self/fd"), Path::new("/proc/thread-self/fd"), own.as_path()];
    let mut at = std::path::absolute(path).ok()?;
    for _ in 0..LINKS {
        if at == Path::new("/dev/stdin") {
            return Some(0);
        }
        let folder = at.parent()?;
        if folders.contains(&folder) {
            let name = at.file_name()?.to_str()?;
            return name.parse().ok().filter(|_| name.bytes().all(|b| b.is_ascii_digit()));
        }
        let to = std::fs::read_link(&at).ok()?;
        at = folder.join(to);
    }
    None
}

fn inherited(fd: RawFd) -> anyhow::Result<BorrowedFd<'static>> {
    let refused = |why: &str| {
        let words = format!(
            "file descriptor {fd} {why}: hand one to this command, such as {fd}<FILE in a shell, or give the secret by \
             a file"
        );
        anyhow::Error::from(Refusal::new(Failure::Input, "secret.descriptor", words))
    };
    if fd < 0 {
        return Err(refused("is no descriptor"));
    }
    // SAFETY: the number is not −1. It is only borrowed if it is open and was handed to this process, which nothing
    // here ever closes; what this process opened itself is closed on exec, and is refused below.
    #[expect(unsafe_code, reason = "a descriptor that is known by its number alone")]
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    match rustix::io::fcntl_getfd(borrowed) {
        Ok(flags) if flags.contains(FdFlags::CLOEXEC) => Err(refused("was not handed to this process")),
        Ok(_) => Ok(borrowed),
        Err(_) => Err(refused("is not open")),
    }
}

/// A descriptor of whoever started this process; it stays open.
struct Inherited(BorrowedFd<'static>);

impl Read for Inherited {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(self.0, &mut *into) {
                // Whoever made it wants no reader to wait, but a secret is waited for.
                Err(Errno::AGAIN) => {
                    poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None)?;
                }
                read => return Ok(read?),
            }
        }
    }
}

/// Whether others than its owner and this user may read a secret, or exchange it. A group may read what is another
/// user's: that is how systemd hands a credential on, which stays root's (mode 440, by an access list), and how a file
/// is mounted into a container.
fn lies_open(about: &Metadata, user: Option<u32>) -> bool {
    let ours = user.is_none_or(|user| user == about.uid());
    let others = if ours { 0o077 } else { 0o037 };
    about.mode() & others != 0
}

/// The user this process runs as, as far as the system tells.
fn own_user() -> Option<u32> {
    std::fs::metadata("/proc/self").ok().map(|about| about.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Lines {
        Lines { from: Box::new(io::Cursor::new(bytes.to_vec())), name: "a test".to_owned() }
    }

    fn all(bytes: &[u8]) -> Vec<String> {
        let mut lines = lines(bytes);
        std::iter::from_fn(|| lines.next_line().unwrap()).map(|line| line.to_string()).collect()
    }

    #[test]
    fn lines_end_with_line_feeds_or_both_and_a_byte_order_mark_is_no_part_of_them() {
        assert_eq!(all(b"one\ntwo\r\n\nfour"), ["one", "two", "", "four"]);
        assert_eq!(all("\u{feff}one\r\n".as_bytes()), ["one"]);
        assert_eq!(all(b""), [] as [&str; 0]);
        assert_eq!(all(" kept \n".as_bytes()), [" kept "], "spaces are a passphrase's own");
    }

    #[test]
    fn what_is_no_line_of_utf_8_is_refused_with_the_reason() {
        let refused = |bytes: &[u8]| lines(bytes).next_line().unwrap_err().to_string();
        assert!(refused(&[b'a'; 5000]).contains("longer than 4096"));
        assert!(refused(&[0xff, 0xfe, b'a', 0]).contains("UTF-16"));
        assert!(refused(&[b'a', 0x80]).contains("no UTF-8"));
    }

    #[test]
    fn a_mnemonic_stands_on_one_line_or_several_and_ends_where_it_must() {
        let words = |bytes: &str| {
            let mut lines = lines(bytes.as_bytes());
            let all = lines.mnemonic().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            (all.len(), lines.next_line().unwrap().map(|l| l.to_string()))
        };
        let twelve = ["word"; 12].join(" ");
        assert_eq!(words(&twelve), (12, None));
        assert_eq!(words(&format!("\u{feff}\n\n{}\n", twelve.replace(' ', "\r\n"))), (12, None));
        assert_eq!(words(&format!("{twelve}\n\npassphrase\n")), (12, Some("passphrase".to_owned())));
        assert_eq!(words(&format!("{twelve}\n  {twelve}\nnext\n")), (24, Some("next".to_owned())));
    }

    #[test]
    fn names_of_descriptors_are_known_also_behind_links() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(descriptor_of(Path::new("/dev/stdin")), Some(0));
        assert_eq!(descriptor_of(Path::new("/dev/fd/63")), Some(63));
        assert_eq!(descriptor_of(Path::new("/proc/self/fd/7")), Some(7));
        let own = format!("/proc/{}/fd/9", std::process::id());
        assert_eq!(descriptor_of(Path::new(&own)), Some(9));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/fd/5", &link).unwrap();
        assert_eq!(descriptor_of(&link), Some(5));
        for other in ["/dev/fd/", "/dev/fd/+3", "/dev/fd/x", "/dev/null", "fd/3"] {
            assert_eq!(descriptor_of(Path::new(other)), None, "{other}");
        }
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink(&circle, &circle).unwrap();
        assert_eq!(descriptor_of(&circle), None);
    }

    #[test]
    fn a_secret_lies_open_if_others_may_read_it_and_not_if_systemd_or_a_container_gave_it() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        let owner = file.as_file().metadata().unwrap().uid();
        let open = |mode, user| {
            std::fs::set_permissions(file.path(), PermissionsExt::from_mode(mode)).unwrap();
            lies_open(&file.as_file().metadata().unwrap(), user)
        };
        for mode in [0o600, 0o400, 0o440, 0o640, 0o644, 0o604, 0o620] {
            assert_eq!(open(mode, Some(owner)), mode & 0o077 != 0, "{mode:o}, our own");
            assert_eq!(open(mode, None), mode & 0o077 != 0, "{mode:o}, who knows whose");
            assert_eq!(
                open(mode, Some(owner + 1)),
                ![0o600, 0o400, 0o440, 0o640].contains(&mode),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn a_secret_is_not_waited_for_at_a_pipe_that_has_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, rustix::fs::Mode::RUSR, 0).unwrap();
        let error = Lines::of_path(&pipe).map(|_| ()).unwrap_err();
        assert_eq!(Failure::of(&error), Failure::Input);
        assert!(format!("{error:#}").contains("this is a pipe"), "{error:#}");
    }

    #[test]
    fn what_this_process_opened_itself_is_no_secret() {
        use std::os::fd::AsRawFd;
        let file = tempfile::tempfile().unwrap();
        let words = inherited(file.as_raw_fd()).unwrap_err().to_string();
        assert!(words.contains("was not handed"), "{words}");
        assert!(inherited(999).unwrap_err().to_string().contains("is not open"));
    }
}
