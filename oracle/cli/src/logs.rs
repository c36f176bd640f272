//! Logs, always to stderr: for people, or a JSON value a line for collectors. `LYCEUM_LOG` overrides the level, in
//! the words of tracing's filters (`info`, `lyceum_net=debug`).

use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_from_env("LYCEUM_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // Colours are for terminals; files and collectors take them for part of the text.
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr);
    match format {
        Format::Human => base.init(),
        Format::Json => base.json().flatten_event(true).init(),
    }
}
