//! What the network's auditors would say of the demo's texts, asked before anything is trained.

use lyceum_agent::audit::{Measures, measure};
use lyceum_economy::dataset::AuditFailure;
use lyceum_economy::params::{MAX_DUPLICATES, MAX_PII, MAX_TOXICITY};

use super::{DomainText, shards};
use crate::corpus::{Corpus, contradicted, tier_at_best};
use crate::failure::BadInput;

/// The audit of a domain's training text, as the auditors of its dataset take it. What training on it gains is not
/// known yet.
pub fn audit(text: &DomainText, domains: usize) -> Measures {
    let (own, aside) = shards::divided(&text.parts.train, domains);
    let shards: Vec<&[u8]> = own.into_iter().chain(aside).collect();
    measure(&shards, &text.licence)
}

/// Refuses a text whose dataset the auditors would reject: its task would never open.
pub fn ensure(corpus: &Corpus, text: &DomainText, found: &Measures) -> anyhow::Result<()> {
    let percent = |ppm: u64| ppm as f64 / 1e4;
    let share = |what: &str, found: u64, most: u64| {
        format!("{:.2} % of its text are {what}, at most {:.2} % are accepted", percent(found), percent(most))
    };
    let why = match tier_at_best(found) {
        Ok(_) => return Ok(()),
        Err(AuditFailure::Licence) => {
            let place = contradicted(&corpus.files, &text.licence);
            let place = place.unwrap_or_else(|| "a part of it names another".to_owned());
            format!(
                "the text contradicts the licence {}: {place}; declare the right licence with --licence",
                text.licence
            )
        }
        Err(AuditFailure::Pii) => share("personal data", found.pii_ppm.into(), MAX_PII),
        Err(AuditFailure::Toxicity) => share("toxic", found.toxicity_ppm.into(), MAX_TOXICITY),
        Err(AuditFailure::Duplicates) => share("duplicates", found.duplicates_ppm.into(), MAX_DUPLICATES),
    };
    Err(BadInput(format!("{}: auditors would reject this dataset: {why}", text.name)).into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::corpus::read;
    use crate::failure::Failure;

    /// Lines that repeat nothing, so that only what a test adds is found.
    fn lines(count: usize) -> String {
        let mut state = 1u64;
        let mut word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:x}", state >> 20)
        };
        (0..count).map(|_| format!("let {} = {}({});\n", word(), word(), word())).collect()
    }

    fn refusal(text: &str, licence: Option<&str>) -> Option<anyhow::Error> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.rs"), text).unwrap();
        let corpus = read(dir.path(), licence).unwrap();
        let text = DomainText::of(&corpus);
        ensure(&corpus, &text, &audit(&text, 1)).err()
    }

    #[test]
    fn a_text_that_names_its_licence_is_accepted_as_it_is() {
        let text = format!("// SPDX-License-Identifier: Apache-2.0\n{}", lines(5000));
        assert!(refusal(&text, None).is_none());
        assert!(refusal(&lines(5000), None).is_none(), "none declared");
        assert!(refusal(&lines(5000), Some("MIT")).is_none());
    }

    #[test]
    fn a_contradicted_licence_is_refused_with_file_and_line_before_training() {
        let text = format!("//! A file.\n// SPDX-License-Identifier: Apache-2.0\n{}", lines(5000));
        let error = refusal(&text, Some("CC0-1.0")).unwrap();
        assert_eq!(Failure::of(&error), Failure::Input);
        assert!(error.to_string().contains("a.rs:2: // SPDX-License-Identifier: Apache-2.0"), "{error}");
    }

    #[test]
    fn a_text_of_duplicates_is_refused_with_its_share() {
        let error = refusal(&"The very same line, again and again and again.\n".repeat(5000), None).unwrap();
        assert!(error.to_string().contains("duplicates, at most 95.00 %"), "{error}");
    }
}
