//! What a node tells, in its log: as a sentence for people, as an object for collectors.

use lyceum_agent::{Event, What};

use super::Format;

/// Logs an event. Collectors and the demo take `event`, which is one JSON object, apart.
pub fn tell(event: &Event, format: Format) {
    macro_rules! at {
        ($level:ident) => {
            match format {
                Format::Human => tracing::$level!(target: "lyceum::event", "{}", event.what),
                Format::Json => match serde_json::to_string(event) {
                    Ok(event) => tracing::$level!(target: "lyceum::event", event),
                    Err(error) => tracing::warn!("an event cannot be written as JSON: {error}"),
                },
            }
        };
    }
    match level(&event.what) {
        tracing::Level::WARN => at!(warn),
        tracing::Level::INFO => at!(info),
        _ => at!(debug),
    }
}

/// How much an event matters: an outage when it begins and when work fails; a refusal is nothing to worry about, most
/// often another node was faster with the same.
fn level(what: &What) -> tracing::Level {
    match what {
        What::Retrying { failures: 0 | 1, .. } | What::Failed { .. } => tracing::Level::WARN,
        What::Training { .. } => tracing::Level::DEBUG,
        _ => tracing::Level::INFO,
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn an_outage_warns_once_and_an_ordinary_refusal_not_at_all() {
        let retrying =
            |failures| What::Retrying { code: String::new(), words: String::new(), after_ms: 1, failures };
        assert_eq!(level(&retrying(1)), Level::WARN);
        assert_eq!(level(&retrying(2)), Level::INFO);
        assert_eq!(level(&What::Recovered { failures: 2, seconds: 3 }), Level::INFO);
        let (key, words) = ("settle/1".to_owned(), "settled".to_owned());
        assert_eq!(level(&What::Refused { key, words }), Level::INFO);
    }
}
