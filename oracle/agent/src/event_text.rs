//! Events as sentences for people. Programs read the JSON of an [`crate::Event`] instead.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use crate::What;

/// Percent from its 10⁻⁶.
fn percent(gain: i64) -> f64 {
    // Shown with two digits; a gain beyond 2^53 is no gain.
    gain as f64 / 1e6
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Started { cursor: 0 } => write!(f, "started for the first time"),
            Self::Started { cursor } => write!(f, "started; the journal goes up to height {cursor}"),
            Self::Began { key } => write!(f, "began {key}"),
            Self::Sending { key } => write!(f, "sending {key}"),
            Self::Unknown { key, words } => {
                write!(f, "it is not known whether {key} was executed, the chain is asked again: {words}")
            }
            Self::Retrying { words, after_ms, failures: 0 | 1, .. } => {
                write!(f, "outage begins: {words} (next try in {:?})", Duration::from_millis(*after_ms))
            }
            Self::Retrying { words, after_ms, failures, .. } => {
                let after = Duration::from_millis(*after_ms);
                write!(f, "outage goes on, {failures} failures in a row: {words} (next try in {after:?})")
            }
            Self::Recovered { failures, seconds } => {
                write!(f, "outage is over after {seconds} s and {failures} failures")
            }
            Self::Draining { owes } if owes.is_empty() => write!(f, "leaving; nothing is owed"),
            Self::Draining { owes } => write!(f, "leaving after what is owed: {}", owes.join("; ")),
            Self::Training { claim, progress } => {
                let (step, steps) = (progress.step, progress.steps);
                write!(f, "claim {claim}: step {step} of {steps}")
            }
            Self::Resumed { claim, step, steps } => {
                write!(f, "claim {claim}: training goes on from step {step} of {steps}")
            }
            Self::Trained { claim, steps, seconds, reported, .. } => write!(
                f,
                "claim {claim}: trained {steps} steps in {seconds:.1} s, measured gain {:+.2} %",
                percent(*reported)
            ),
            Self::Served { panel, rederived_steps, seconds } => write!(
                f,
                "panel {panel}: drawn states are ready after {rederived_steps} re-executed steps and {seconds:.1} s"
            ),
            Self::Attested { panel, claim, sound, fault, steps, gain, seconds } => {
                write!(f, "panel {panel}: ")?;
                match (claim, sound) {
                    (Some(claim), true) => write!(f, "claim {claim} is sound")?,
                    (Some(claim), false) => {
                        let fault = fault.as_deref().unwrap_or("no reason given");
                        write!(f, "claim {claim} is unsound ({fault})")?;
                    }
                    (None, _) => write!(f, "the heads are scored")?,
                }
                if *steps > 0 {
                    write!(f, ", {steps} steps re-executed")?;
                }
                if let Some(gain) = gain {
                    write!(f, ", measured gain {:+.2} %", percent(*gain))?;
                }
                write!(f, ", {seconds:.1} s")
            }
            Self::Audited { dataset, seconds, .. } => {
                write!(f, "dataset {dataset}: audited in {seconds:.1} s")
            }
            Self::Sent { key, height, gas: 0 } => write!(f, "executed {key} at height {height}"),
            Self::Sent { key, height, gas } => write!(f, "executed {key} at height {height}, {gas} gas"),
            Self::Refused { key, words } => write!(f, "refused {key}: {words}"),
            Self::Failed { key, words } => write!(f, "failed {key}, tried again later: {words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_sentence_with_its_values_and_without_json() {
        let words = "no endpoint answers".to_owned();
        let retrying = |failures| What::Retrying {
            code: "chain.unreachable".to_owned(),
            words: words.clone(),
            after_ms: 1_500,
            failures,
        };
        for (what, said) in [
            (retrying(1), "outage begins: no endpoint answers (next try in 1.5s)"),
            (retrying(4), "outage goes on, 4 failures in a row: no endpoint answers (next try in 1.5s)"),
            (What::Recovered { failures: 4, seconds: 9 }, "outage is over after 9 s and 4 failures"),
            (
                What::Sent { key: "reveal/7".to_owned(), height: 12, gas: 90 },
                "executed reveal/7 at height 12, 90 gas",
            ),
            (
                What::Attested {
                    panel: 3,
                    claim: Some(7),
                    sound: false,
                    fault: Some("another state".to_owned()),
                    steps: 20,
                    gain: None,
                    seconds: 1.25,
                },
                "panel 3: claim 7 is unsound (another state), 20 steps re-executed, 1.2 s",
            ),
        ] {
            assert_eq!(what.to_string(), said);
            assert!(!said.contains(['{', '"']), "{said}");
        }
    }
}
