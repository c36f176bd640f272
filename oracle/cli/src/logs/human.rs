//! A log line for people: time, level, a sentence, and values that the sentence does not hold, as `name value`.

use std::error::Error;
use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::terminal::printable_line;

/// The format.
pub struct Sentences;

/// What an event says.
#[derive(Debug, Default)]
struct ContractMessage {
    sentence: String,
    values: String,
}

impl ContractMessage {
    fn say(&mut self, field: &Field, value: &dyn fmt::Display) {
        // Fields of the crate `log` say where a line was written. Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.sentence, "{value}"),
            name if name.starts_with("log.") => Ok(()),
            name if self.values.is_empty() => write!(self.values, "{name} {value}"),
            name => write!(self.values, ", {name} {value}"),
        };
    }
}

impl Visit for ContractMessage {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field, &value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.say(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // What was recorded by its Display comes this way too.
        self.say(field, &format_args!("{value:?}"));
    }
}

impl<S, N> FormatEvent<S, N> for Sentences
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut said = ContractMessage::default();
        event.record(&mut said);
        SystemTime.format_time(&mut writer)?;
        let (name, colour) = match *event.metadata().level() {
            Level::ERROR => ("ERROR", 31),
            Level::WARN => (" WARN", 33),
            Level::INFO => (" INFO", 32),
            Level::DEBUG => ("DEBUG", 34),
            Level::TRACE => ("TRACE", 35),
        };
        match writer.has_ansi_escapes() {
            true => write!(writer, " \u{1b}[{colour}m{name}\u{1b}[0m ")?,
            false => write!(writer, " {name} ")?,
        }
        // Where it comes from is for who looks for a fault.
        if *event.metadata().level() >= Level::DEBUG {
            write!(writer, "{}: ", event.metadata().target())?;
        }
        match said.sentence.as_str() {
            // Libraries log values alone, too.
            "" => write!(writer, "{}", event.metadata().target())?,
            sentence => write!(writer, "{}", printable_line(sentence))?,
        }
        if !said.values.is_empty() {
            write!(writer, " ({})", printable_line(&said.values))?;
        }
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written, without the time.
    fn written(say: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .event_format(Sentences)
            .finish();
        tracing::subscriber::with_default(subscriber, say);
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        text.split_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn a_line_is_a_sentence_with_its_values_unquoted() {
        let error = io::Error::other("no luck");
        let line = written(|| tracing::warn!(round = 7, name = "a b", %error, "round 7 is late"));
        assert_eq!(line, " WARN round 7 is late (round 7, name a b, error no luck)\n");
        assert_eq!(written(|| tracing::info!("connected")), " INFO connected\n");
    }

    #[test]
    fn whatever_is_logged_stays_on_its_line_and_steers_no_terminal() {
        let line = written(|| tracing::info!(name = "x\u{1b}[31m", "two\nlines\u{9b}2J"));
        assert_eq!(line, " INFO two\\nlines\\u009b2J (name x\\u001b[31m)\n");
    }
}
