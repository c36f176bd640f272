//! The one writer for what commands print. `println!` panics when a pipe is closed or a disk is full; these do not.
//!
//! `outln!` writes data to stdout and gives an error that ends the command: quietly where the reader
//! went away, as `head` expects, and with the exit status of a full disk otherwise. `noteln!` and
//! `note!` write to stderr for people and never fail: a command does not end because nobody reads it.
//!
//! What comes from chains, peers and disks may hold control characters: none of them is written as it is
//! ([`crate::terminal`]).

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

use crate::terminal::printable;

/// Marks an error of writing stdout, which is told from the errors of files and sockets by it.
#[derive(Debug, thiserror::Error)]
#[error("the output cannot be written: {0}")]
struct OutputError(#[source] io::Error);

/// Stdout, whose errors carry the mark of [`OutputError`].
#[derive(Debug)]
pub struct Stdout {
    out: io::Stdout,
    exact: bool,
}

/// Stdout, for code that takes a writer of text.
pub fn stdout() -> Stdout {
    Stdout { out: io::stdout(), exact: false }
}

/// Stdout for bytes, which are written as they are: for files and programs.
pub fn exact_stdout() -> Stdout {
    Stdout { out: io::stdout(), exact: true }
}

/// Stderr, for code that takes a writer of text for people; it never fails.
#[derive(Debug)]
pub struct Notes;

fn marked(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, OutputError(error)),
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !self.exact => {
                self.out.write_all(printable(text).as_bytes()).map_err(marked)?;
                Ok(bytes.len())
            }
            _ => self.out.write(bytes).map_err(marked),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(marked)
    }
}

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let _ = io::stderr().write_all(printable(&text).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What became of an output that could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The reader went away, which ends a command well.
    Closed,
    /// The disk is full, or the device refuses.
    Refused,
}

impl Lost {
    /// Whether an error is one of writing the output.
    pub fn of(error: &anyhow::Error) -> Option<Self> {
        error.chain().find_map(Self::of_cause)
    }

    /// Whether one cause is an error of writing the output.
    pub fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let io = cause.downcast_ref::<io::Error>()?;
        let output = io.get_ref()?.downcast_ref::<OutputError>()?;
        Some(if output.0.kind() == ErrorKind::BrokenPipe { Self::Closed } else { Self::Refused })
    }
}

/// Writes to stdout; `outln!` calls it.
pub fn write(text: Arguments<'_>) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(text.to_string().as_bytes())?;
    out.flush()
}

/// Writes to stderr; `note!` calls it. There is nobody to tell that it failed.
pub fn note(text: Arguments<'_>) {
    let _ = Notes.write_all(text.to_string().as_bytes());
}

/// Prints what was done on chain. Where stdout does not take it, stderr gets it: it happened, and must be known.
pub fn receipt(text: &str) -> io::Result<()> {
    receipt_to(&mut stdout(), &mut Notes, text)
}

fn receipt_to(out: &mut impl Write, notes: &mut impl Write, text: &str) -> io::Result<()> {
    let line = format!("{text}\n");
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).inspect_err(|_| {
        let _ = notes.write_all(line.as_bytes());
    })
}

/// Writes a line of data to stdout: `outln!("{address}")?`.
macro_rules! outln {
    () => { $crate::output::write(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($arg)*))) };
}

/// Writes a line for people to stderr; it never fails.
macro_rules! noteln {
    () => { $crate::output::note(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::output::note(format_args!("{}\n", format_args!($($arg)*))) };
}

/// Writes to stderr without ending the line, for questions; it never fails.
macro_rules! note {
    ($($arg:tt)*) => { $crate::output::note(format_args!($($arg)*)) };
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk_and_from_other_pipes() {
        let of = |error: io::Error| Lost::of(&anyhow::Error::from(error).context("printing"));
        assert_eq!(of(marked(ErrorKind::BrokenPipe.into())), Some(Lost::Closed));
        assert_eq!(of(marked(ErrorKind::StorageFull.into())), Some(Lost::Refused));
        assert_eq!(of(ErrorKind::BrokenPipe.into()), None);
        let socket = Err::<(), _>(io::Error::from(ErrorKind::BrokenPipe)).context("asking").unwrap_err();
        assert_eq!(Lost::of(&socket), None);
    }

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_receipt_goes_to_stderr_where_stdout_does_not_take_it() {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        receipt_to(&mut out, &mut notes, "included at height 7").unwrap();
        assert_eq!((out.as_slice(), notes.as_slice()), (&b"included at height 7\n"[..], &b""[..]));
        for kind in [ErrorKind::BrokenPipe, ErrorKind::StorageFull] {
            let mut notes = Vec::new();
            let error = receipt_to(&mut Failing(kind), &mut notes, "included at height 7").unwrap_err();
            assert_eq!((error.kind(), notes.as_slice()), (kind, &b"included at height 7\n"[..]));
        }
    }
}
