//! The summary that ends the demo, as text.

use std::fmt::Write;

use crate::report::Report;

/// The summary table.
pub fn summary(report: &Report) -> String {
    let mut out = String::new();
    let lyc = |ulyc: u64| format!("{:.2}", ulyc as f64 / 1e6);
    let percent = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:+.2} %"));
    out.push_str("\nDatasets\n");
    for d in &report.datasets {
        let verdict = match (&d.tier, &d.reason) {
            (Some(tier), _) => tier.clone(),
            (None, Some(reason)) => format!("rejected: {reason}"),
            (None, None) => "open".to_owned(),
        };
        let _ = writeln!(out, "  {:<24} {verdict}", d.name);
    }
    out.push_str("\nClaims                                                       reported  verified  steps re-executed\n");
    for c in &report.claims {
        let redone = match (c.reexecuted_steps, c.train_steps) {
            (0, _) | (_, 0) => "–".to_owned(),
            (redone, steps) => format!("{redone} of {steps} ({:.1} %)", redone as f64 / steps as f64 * 100.0),
        };
        let _ = writeln!(
            out,
            "  {:>2}  {:<12} {:<12} {:<26} {:>9} {:>9}  {redone}",
            c.id,
            c.domain,
            c.trainer,
            c.reason,
            percent(c.reported),
            percent(c.verified)
        );
    }
    out.push_str("\nCaught\n");
    for s in &report.slashes {
        let behaviour = report.network.nodes.iter().find(|n| n.name == s.node).map(|n| n.behaviour.as_str());
        let behaviour = behaviour.unwrap_or_default();
        let _ =
            writeln!(out, "  {:<12} {:<42} {:<18} lost {} LYC", s.node, behaviour, s.reason, lyc(s.amount));
    }
    out.push_str("\nBits per byte on held-out text\n");
    for (domain, s) in &report.scores {
        let change = (s.after / s.before - 1.0) * 100.0;
        let _ = writeln!(out, "  {domain:<24} {:.3} → {:.3}  ({change:+.1} %)", s.before, s.after);
    }
    let emission: u64 = report.learning_blocks.iter().map(|b| b.emission).sum();
    let _ = writeln!(
        out,
        "\n{} learning blocks emitted {} LYC; nodes pulled {} LYC; {:.0} s in all",
        report.learning_blocks.len(),
        lyc(emission),
        lyc(report.rewards.paid),
        report.timings.total
    );
    out
}
