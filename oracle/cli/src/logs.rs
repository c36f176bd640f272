//! Logs, always to stderr: sentences for people, or a JSON value a line for collectors. `LYCEUM_LOG` overrides the
//! level, in the words of tracing's filters (`info`, `lyceum_net=debug`).
//!
//! A line that cannot be written (the disk is full, whoever read it is gone) is lost; the process goes on.

mod events;
mod human;

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

pub use events::tell;

use crate::terminal;

/// How a line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Begins logging; once a process.
pub fn start(format: Format, level: &str) {
    let filter = match std::env::var("LYCEUM_LOG").ok().filter(|words| !words.is_empty()) {
        None => filter(level),
        Some(words) => filter(&words).or_else(|error| {
            noteln!("LYCEUM_LOG is no filter of tracing, so the level is {level}: {error}");
            filter(level)
        }),
    };
    // The level was checked with the configuration.
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    // Colours are for terminals; files and collectors take them for part of the text.
    let ansi = terminal::wants_colours(&io::stderr());
    // What tracing would say of a line that cannot be written it would say on the same stream, and panic.
    let base = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(ansi)
        .log_internal_errors(false)
        .with_writer(|| Lossy(io::stderr()));
    match format {
        Format::Human => base.event_format(human::Sentences).init(),
        Format::Json => base.json().flatten_event(true).init(),
    }
}

/// A filter in tracing's words. A level alone is that of this program; of the libraries below it, whose lines speak to
/// their authors, only warnings are shown.
pub fn filter(words: &str) -> Result<EnvFilter, ParseError> {
    match words.parse::<LevelFilter>() {
        Ok(level) => EnvFilter::try_new(format!("{},lyceum={level}", level.min(LevelFilter::WARN))),
        Err(_) => EnvFilter::try_new(words),
    }
}

/// A writer whose errors are lost with what was to be written.
struct Lossy<W>(W);

impl<W: Write> Write for Lossy<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_alone_is_this_programs_and_libraries_only_warn() {
        for (words, expected) in [
            ("info", "lyceum=info,warn"),
            ("trace", "lyceum=trace,warn"),
            ("error", "lyceum=error,error"),
            ("lyceum_net=debug", "lyceum_net=debug"),
        ] {
            assert_eq!(filter(words).unwrap().to_string(), expected);
        }
        assert!(filter("=,=").is_err());
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_is_lost_without_an_error() {
        let mut writer = Lossy(Full);
        assert_eq!(writer.write(b"a line").unwrap(), 6);
        writer.flush().unwrap();
    }
}
