//! The summary that ends the demo, as text that fits the terminal.

use crate::report::{Report, verdict};
use crate::terminal::is_hidden;

/// Columns if the terminal does not say how many it has.
const COLUMNS: usize = 100;
/// The fewest columns; with less, words and amounts would be broken.
const FEWEST: usize = 32;

/// The columns of the terminal on standard output, or 100.
pub fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.map(|s| usize::from(s.ws_col)).ok().filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

/// Replaces characters that would control a terminal: names come from other people.
fn plain(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { '·' } else { c }).collect()
}

fn lyc(ulyc: u64) -> String {
    format!("{}.{:02} LYC", ulyc / 1_000_000, ulyc % 1_000_000 / 10_000)
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:+.2} %"))
}

/// Where a line goes on, and what belongs to it begins.
const DEEPER: usize = 5;

/// Text that is wrapped at a number of columns.
struct Page {
    columns: usize,
    text: String,
}

impl Page {
    fn title(&mut self, title: &str) {
        self.text.push('\n');
        self.line(0, title);
    }

    /// A line at an indent; what does not fit goes on at [`DEEPER`]. A word is broken only if it is longer
    /// than a whole line.
    fn line(&mut self, indent: usize, words: &str) {
        let deeper = indent.max(DEEPER);
        let mut line = " ".repeat(indent);
        let mut used = indent;
        let mut empty = true;
        for word in words.split(' ').filter(|w| !w.is_empty()) {
            let mut word: Vec<char> = word.chars().collect();
            if !empty && used + 1 + word.len() > self.columns {
                self.text.push_str(&line);
                self.text.push('\n');
                (line, used, empty) = (" ".repeat(deeper), deeper, true);
            }
            while used + word.len() > self.columns && empty {
                let rest = word.split_off(self.columns.saturating_sub(used).max(1));
                self.text.push_str(&line);
                self.text.extend(&word);
                self.text.push('\n');
                (line, used, word) = (" ".repeat(deeper), deeper, rest);
            }
            if !empty {
                line.push(' ');
                used += 1;
            }
            used += word.len();
            line.extend(&word);
            empty = false;
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }
}

/// The summary, in lines of at most `columns` columns (at least 32).
pub fn summary(report: &Report, columns: usize) -> String {
    let mut page = Page { columns: columns.max(FEWEST), text: String::new() };
    page.title("Datasets");
    for d in &report.datasets {
        let verdict = match (&d.tier, &d.reason) {
            (Some(tier), _) => tier.clone(),
            (None, Some(reason)) => format!("rejected, {} ({reason})", verdict::dataset(reason)),
            (None, None) => "open".to_owned(),
        };
        page.line(2, &plain(&format!("{}: {verdict}", d.name)));
    }
    page.title("Claims");
    for c in &report.claims {
        page.line(2, &plain(&format!("{}. {} on {}: {}", c.id, c.trainer, c.domain, c.reason)));
        page.line(DEEPER, verdict::claim(&c.reason).1);
        if let Some(reported) = c.reported {
            let (verified, reported) = (percent(c.verified), percent(Some(reported)));
            page.line(DEEPER, &format!("gain verified {verified}, reported {reported}"));
        }
        if c.reexecuted_steps > 0 && c.train_steps > 0 {
            let share = c.reexecuted_steps as f64 / c.train_steps as f64 * 100.0;
            let steps = format!("{} of {} steps", c.reexecuted_steps, c.train_steps);
            page.line(DEEPER, &format!("re-executed by the committee: {steps} ({share:.1} %)"));
        }
        let disputes: Vec<_> = report.disputes.iter().filter(|d| d.claim == c.id && d.steps > 0).collect();
        let (seats, steps) = disputes.iter().fold((0, 0), |(a, b), d| (a + d.seats, b + d.steps));
        if steps > 0 {
            let intervals = disputes.len();
            page.line(
                DEEPER,
                &format!("in disputes: {steps} steps by {seats} more seats, in {intervals} interval(s)"),
            );
        }
    }
    caught(&mut page, report);
    page.title("Bits per byte on held-out text (lower is better)");
    for (domain, s) in &report.scores {
        let change = (s.after / s.before - 1.0) * 100.0;
        page.line(2, &plain(&format!("{domain}: {:.3} → {:.3} ({change:+.1} %)", s.before, s.after)));
    }
    money(&mut page, report);
    page.text
}

fn caught(page: &mut Page, report: &Report) {
    if report.slashes.is_empty() {
        return;
    }
    page.title("Caught");
    for (name, slashes) in report.losers() {
        let node = report.network.nodes.iter().find(|n| n.name == name);
        let behaviour = node.map_or("", |n| n.behaviour.as_str());
        let sum = slashes.iter().map(|s| s.amount).sum();
        page.line(2, &plain(&format!("{name} ({behaviour}) lost {}", lyc(sum))));
        for s in slashes {
            let (amount, why) = (lyc(s.amount), verdict::slash(&s.reason));
            page.line(DEEPER, &plain(&format!("{amount} of {why} ({})", s.reason)));
        }
    }
}

fn money(page: &mut Page, report: &Report) {
    let (t, treasury) = (&report.ledger.totals, &report.ledger.treasury);
    page.title("Money");
    let blocks = report.learning_blocks.len();
    page.line(2, &format!("emitted by {blocks} learning block(s): {}", lyc(treasury.emission)));
    let fees = t.earned.total() - t.earned.emission;
    page.line(2, &format!("earned: {} of emission, {} of fees", lyc(t.earned.emission), lyc(fees)));
    page.line(2, &format!("paid for verification: {}", lyc(t.fees.claims)));
    let (stake, bonds, deposits) = (lyc(t.lost.stake), lyc(t.lost.bonds), lyc(t.lost.deposits));
    page.line(2, &format!("lost: {stake} of stake, {bonds} of bonds, {deposits} of deposits"));
    let (down, back) = (lyc(t.put_down), lyc(t.returned));
    page.line(2, &format!("put down as bonds and deposits: {down}, of which {back} came back (no income)"));
    page.line(2, &format!("{:.0} s in all", report.timings.total));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Claim, Dataset, Dispute, Slash};

    fn report() -> Report {
        let mut report = Report::default();
        let (trainer, domain) = ("trainer-1".to_owned(), "a-domain-with-quite-a-long-name".to_owned());
        let reason = "rejected: guard".to_owned();
        report.claims.push(Claim {
            id: 1,
            trainer: trainer.clone(),
            domain: domain.clone(),
            reason,
            reported: Some(2.0),
            train_steps: 400,
            reexecuted_steps: 20,
            ..Claim::default()
        });
        report.disputes.push(Dispute { claim: 1, seats: 11, steps: 22, ..Dispute::default() });
        let reason = "bond_fraud_interval".to_owned();
        report.slashes.push(Slash { node: trainer, amount: 1_241_000_000, reason });
        report.datasets.push(Dataset { name: domain, ..Dataset::default() });
        report
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_word_is_lost() {
        let wide = summary(&report(), 10_000);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for columns in [40, 60, 80, 120] {
            let text = summary(&report(), columns);
            let widest = text.lines().map(|l| l.chars().count()).max().unwrap_or_default();
            assert!(widest <= columns, "{widest} of {columns}:\n{text}");
            assert_eq!(words(&text), words(&wide));
        }
    }

    #[test]
    fn a_verdict_is_explained_and_steps_of_disputes_are_told_apart() {
        let text = summary(&report(), 200);
        assert!(text.contains("rejected: guard") && text.contains(verdict::claim("rejected: guard").1));
        assert!(
            text.contains("20 of 400 steps (5.0 %)") && text.contains("22 steps by 11 more seats"),
            "{text}"
        );
    }

    #[test]
    fn names_from_outside_do_not_reach_the_terminal_as_commands() {
        let mut report = report();
        report.datasets[0].name = "x\u{1b}[2J\u{202e}\r\ny".to_owned();
        report.slashes[0].reason = "\u{7}".to_owned();
        let text = summary(&report, 80);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(text.contains("x·[2J···y"), "{text}");
    }

    #[test]
    fn a_word_that_is_longer_than_the_terminal_is_broken_and_a_tiny_terminal_is_no_endless_loop() {
        let mut report = report();
        report.datasets[0].name = "é".repeat(100);
        let text = summary(&report, 40);
        assert!(text.lines().all(|l| l.chars().count() <= 40), "{text}");
        assert!(!summary(&report, 0).is_empty());
    }
}
