//! The one writer for what commands print. `println!` panics when a pipe is closed or a disk is full; these do not.
//!
//! `outln!` writes data to stdout and gives an error that ends the command: quietly where the reader
//! went away, as `head` expects, and with the exit status of a full disk otherwise. `noteln!` and
//! `note!` write to stderr for people and never fail: a command does not end because nobody reads it.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Marks an error of writing stdout, which is told from the errors of files and sockets by it.
#[derive(Debug, thiserror::Error)]
#[error("the output cannot be written: {0}")]
struct OutputError(#[source] io::Error);

/// Stdout, whose errors carry the mark of [`OutputError`].
#[derive(Debug)]
pub struct Stdout(io::Stdout);

/// Stdout, for code that takes a writer.
pub fn stdout() -> Stdout {
    Stdout(io::stdout())
}

fn marked(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, OutputError(error)),
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(marked)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(marked)
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
    out.write_fmt(text)?;
    out.flush()
}

/// Writes to stderr; `note!` calls it. There is nobody to tell that it failed.
pub fn note(text: Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
}

/// Prints what was done on chain. Where stdout does not take it, stderr gets it: it happened, and must be known.
pub fn receipt(text: &str) -> io::Result<()> {
    write(format_args!("{text}\n")).inspect_err(|_| note(format_args!("{text}\n")))
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
}
