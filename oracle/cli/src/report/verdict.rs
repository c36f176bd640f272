//! Each verdict's code in a plain sentence: the one place that the page and the summary take them from.

/// How a verdict is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It was accepted.
    Good,
    /// Somebody was caught.
    Bad,
    /// Neither.
    Plain,
}

/// What the end of a claim means.
pub fn claim(reason: &str) -> (Tone, &'static str) {
    let (kind, detail) = reason.split_once(": ").unwrap_or((reason, ""));
    match (kind, detail) {
        ("accepted", _) => (Tone::Good, "The gain is confirmed and the best of its task: the block is used."),
        ("outbid", _) => (Tone::Plain, "Sound work, but another claim of the same task gained more."),
        ("rejected", "no_gain") => {
            (Tone::Plain, "Re-executed without a fault, but no gain on the sealed items beyond chance.")
        }
        ("rejected", "synthetic") => (
            Tone::Plain,
            "Re-executed without a fault, but worse on the items that the committee drew itself.",
        ),
        ("rejected", "guard") => (
            Tone::Plain,
            "Re-executed without a fault and better in its own domain, but another domain would become more than \
             1 % worse than its best score.",
        ),
        ("rejected", "unmeasured") => (Tone::Plain, "The committee came to no score."),
        ("rejected", _) => {
            (Tone::Plain, "Re-executed without a fault, but it did not pass the verdict's rules.")
        }
        ("fraud", "interval") => {
            (Tone::Bad, "A panel re-executed an interval and came to other weights than the trainer claimed.")
        }
        ("fraud", "jump") => {
            (Tone::Bad, "The weights jump within an interval as no training does, or the trainer hid where.")
        }
        ("fraud", "unsound") => (Tone::Bad, "The claim contradicts what the trainer itself handed in."),
        ("fraud", "unserved") => {
            (Tone::Bad, "The trainer did not hand over what the committee had to check.")
        }
        ("fraud", "unavailable") => (Tone::Bad, "The trainer's data could not be had when it was asked for."),
        ("fraud", "unopened") => (Tone::Bad, "The trainer did not open what it had bound itself to."),
        ("fraud", _) => (Tone::Bad, "The claim was shown false."),
        ("forfeited", _) => {
            (Tone::Bad, "The trainer committed to a result and never revealed it; that costs the bond.")
        }
        ("lost", _) => {
            (Tone::Plain, "The trainer took the task and committed to nothing; that costs the fee.")
        }
        ("void", _) => (Tone::Plain, "Ended without a verdict and without fault: bond and fee went back."),
        ("open", _) => (Tone::Plain, "Not decided yet."),
        _ => (Tone::Plain, "An end that this version does not know."),
    }
}

/// What a loss of stake or bond means.
pub fn slash(reason: &str) -> &'static str {
    match reason {
        "fraud" => "stake: a share of it, because a claim of this node was fraud",
        "false_attestation" => "stake: it confirmed, as a seat, what re-execution shows to be false",
        "unrevealed" => "stake: it committed to an answer as a seat and never revealed it",
        "downtime" => "stake: it was away when its work was due",
        "bond_forfeited" => "the claim's bond: it committed to a result and never revealed it",
        _ if reason.starts_with("bond_fraud") => "the claim's bond: the claim was fraud",
        _ => "for a reason that this version does not know",
    }
}

/// What the end of a dispute means.
pub fn dispute(verdict: &str) -> (Tone, &'static str) {
    match verdict {
        "forged" => (Tone::Bad, "Most seats came to other weights than the trainer claimed: it lost."),
        "honest" => {
            (Tone::Good, "Most seats came to what the trainer claimed: the seat that said otherwise lost.")
        }
        "overtaken" => (Tone::Plain, "The claim had ended before: another interval decided."),
        "no_quorum" => (Tone::Plain, "Too few seats answered; others were drawn."),
        _ => (Tone::Plain, "Not decided yet."),
    }
}

/// Why a dataset was rejected.
pub fn dataset(reason: &str) -> &'static str {
    match reason {
        "audit_licence" => "the auditors found another licence than the declared one",
        "audit_pii" => "the auditors found too much personal data",
        "audit_toxicity" => "the auditors found too much toxic text",
        "audit_duplicates" => "the auditors found too many duplicates",
        "audit_quorum" => "too few auditors reported; the deposit went back",
        "vote_refused" => "the vote refused it",
        "vote_quorum" => "too few voted; the deposit went back",
        _ => "for a reason that this version does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_contracts_has_a_sentence_of_its_own() {
        let claims = [
            "accepted",
            "outbid",
            "rejected: no_gain",
            "rejected: synthetic",
            "rejected: guard",
            "fraud: interval",
            "fraud: jump",
            "fraud: unsound",
            "fraud: unserved",
            "fraud: unavailable",
            "fraud: unopened",
            "forfeited",
            "lost",
            "void",
            "open",
        ];
        let said: std::collections::BTreeSet<_> = claims.iter().map(|code| claim(code).1).collect();
        assert_eq!(said.len(), claims.len());
        assert_eq!(
            claim("rejected: guard").0,
            Tone::Plain,
            "an honest trainer that a guard stops is no cheat"
        );
        assert!(claims.iter().all(|code| !claim(code).1.contains("does not know")));
        for code in
            ["fraud", "false_attestation", "unrevealed", "downtime", "bond_forfeited", "bond_fraud_jump"]
        {
            assert!(!slash(code).contains("does not know"), "{code}");
        }
    }
}
