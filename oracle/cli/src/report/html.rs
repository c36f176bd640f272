//! The report as one self-contained page: no script, no fetch, readable on a phone, in light and dark.

use std::fmt::Write;

use super::charts::{self, Line};
use super::verdict::Tone;
use super::{Report, judged, money};
use crate::terminal::is_hidden;

const STYLE: &str = include_str!("report.css");

/// Text made safe for HTML; generated text and names come from models and users.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters (a byte model makes them) would end up as replacement boxes, and characters that turn
            // the direction of writing around would disorder what stands beside them.
            c if is_hidden(c) && c != '\n' && c != '\t' => out.push('·'),
            c => out.push(c),
        }
    }
    out
}

/// ulyc as LYC, to the hundredth.
pub(super) fn lyc(ulyc: u64) -> String {
    let (whole, rest) = (ulyc / 1_000_000, ulyc % 1_000_000);
    let mut digits = whole.to_string();
    let mut at = digits.len();
    while at > 3 {
        at -= 3;
        digits.insert(at, '\u{202f}');
    }
    if rest == 0 { digits } else { format!("{digits}.{:02}", rest / 10_000) }
}

/// A gain.
pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:+.2}\u{202f}%"))
}

/// Bits per byte.
pub(super) fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"))
}

/// A section; one without content is left out.
pub(super) fn section(out: &mut String, title: &str, hint: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "<section><h2>{title}</h2><p class=\"hint\">{hint}</p>{body}</section>");
    }
}

/// A cell of a table, as HTML that is safe already.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// What it holds.
    pub html: String,
    class: &'static str,
}

impl From<String> for Cell {
    /// Plain text without markup of its own.
    fn from(text: String) -> Self {
        Self { html: text, class: "" }
    }
}

impl Cell {
    /// Words, which may be long and wrap.
    pub fn text(html: String) -> Self {
        Self { html, class: " class=\"text\"" }
    }

    /// A number or an amount, which stands to the right and does not wrap.
    pub fn number(html: String) -> Self {
        Self { html, class: " class=\"number\"" }
    }
}

/// A table; one without rows is empty text, so that its section is left out. On a narrow screen each row becomes a card
/// whose cells carry the column's name, so that no column is out of sight.
pub(super) fn table(head: &[&str], rows: &[Vec<Cell>]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let cell = |(cell, name): (&Cell, &&str)| {
        format!(r#"<td{} data-name="{}"><div>{}</div></td>"#, cell.class, escape(name), cell.html)
    };
    let body: String = rows
        .iter()
        .map(|row| format!("<tr>{}</tr>", row.iter().zip(head).map(cell).collect::<String>()))
        .collect();
    let head: String =
        head.iter().zip(first).map(|(h, c)| format!("<th{}>{}</th>", c.class, escape(h))).collect();
    format!(r#"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"#)
}

/// A code as a badge.
pub(super) fn badge(tone: Tone, text: &str) -> String {
    let class = match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Plain => "plain",
    };
    format!(r#"<span class="badge {class}">{}</span>"#, escape(text))
}

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut main = String::new();
    tiles(&mut main, report);
    scores(&mut main, report);
    judged::claims(&mut main, report);
    judged::caught(&mut main, report);
    money::money(&mut main, report);
    judged::datasets(&mut main, report);
    curves(&mut main, report);
    section(
        &mut main,
        "Expert blocks",
        "What stands on what. A block becomes final when its claim does, and then it is in the accumulator.",
        &charts::dag(&report.blocks),
    );
    generation(&mut main, report);
    time(&mut main, report);
    super::gas::page(&mut main, report);
    network(&mut main, report);
    let accepted = report.claims.iter().filter(|c| c.accepted).count();
    format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>Lyceum: report of a run</title><style>{STYLE}</style></head><body><header><h1>Lyceum</h1><p>Trained, proven and paid on one machine: {accepted} of {} claims accepted after a drawn committee re-executed a sample of each, {} caught. Seed {}.</p></header><main>{main}</main><footer>Every number on this page is in <code>report.json</code> beside it. Times are of this machine and this run.</footer></body></html>"#,
        report.claims.len(),
        plural(cheats(report), "cheat", "cheats"),
        report.seed,
    )
}

/// A count with its noun.
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Nodes that were told to cheat and lost stake or a bond.
fn cheats(report: &Report) -> usize {
    let cheats = report.network.nodes.iter().filter(|n| n.behaviour != "honest");
    cheats.filter(|n| report.slashes.iter().any(|s| s.node == n.name)).count()
}

fn tiles(out: &mut String, report: &Report) {
    let judged = report.claims.iter().filter(|c| c.reexecuted_steps > 0);
    let (redone, trained) = judged.fold((0, 0), |(r, t), c| (r + c.reexecuted_steps, t + c.train_steps));
    let share = if trained == 0 { 0.0 } else { redone as f64 / trained as f64 * 100.0 };
    let totals = &report.ledger.totals;
    let tile = |value: String, label: &str| format!("<li><b>{value}</b><span>{label}</span></li>");
    let _ = write!(
        out,
        r#"<ul class="tiles">{}{}{}{}{}{}</ul>"#,
        tile(report.claims.iter().filter(|c| c.accepted).count().to_string(), "claims accepted"),
        tile(cheats(report).to_string(), "cheats caught"),
        tile(format!("{share:.1} %"), "of the trained steps re-executed by committees"),
        tile(lyc(totals.earned.total()), "LYC earned: emission and fees"),
        tile(lyc(totals.lost.total()), "LYC taken from those who were caught"),
        tile(format!("{:.0} s", report.timings.total), "wall clock"),
    );
}

fn scores(out: &mut String, report: &Report) {
    let rows: Vec<(String, f64, f64)> =
        report.scores.iter().map(|(domain, s)| (domain.clone(), s.before, s.after)).collect();
    let hint = "Bits per byte on each domain's public held-out text; lower is better.";
    section(out, "What the network learned", hint, &charts::pairs("bits per byte", &rows));
}

fn curves(out: &mut String, report: &Report) {
    let honest = |name: &str| {
        report.network.nodes.iter().find(|n| n.name == name).is_none_or(|n| n.behaviour == "honest")
    };
    let lines: Vec<Line> = report
        .claims
        .iter()
        .filter(|c| !c.losses.is_empty())
        .map(|c| Line {
            name: format!("{} · {}", c.domain, c.trainer),
            dashed: !honest(&c.trainer),
            points: smooth(&c.losses, c.train_steps as f64 / c.losses.len() as f64),
        })
        .collect();
    let mut body = charts::lines("training loss of the claims", "steps", "training loss (nats)", &lines);
    let base = Line {
        name: "base".into(),
        dashed: false,
        points: report.base_curve.iter().map(|(s, l)| (*s as f64, *l)).collect(),
    };
    body.push_str(&charts::lines("training loss of the base", "steps", "loss of the base (nats)", &[base]));
    let hint = "As the manifests have them, smoothed over 16 intervals. Dashed lines belong to trainers that cheated; what \
                they wrote there is their own invention.";
    section(out, "Training", hint, &body);
}

/// Means over 16 intervals, so that the curve and not the batches' noise is seen.
fn smooth(losses: &[f64], steps: f64) -> Vec<(f64, f64)> {
    let mean = |chunk: &[f64]| chunk.iter().sum::<f64>() / chunk.len() as f64;
    losses
        .chunks(16)
        .enumerate()
        .map(|(n, c)| ((n as f64 * 16.0 + c.len() as f64) * steps, mean(c)))
        .collect()
}

fn generation(out: &mut String, report: &Report) {
    let mut body = String::new();
    let mut prompts: Vec<(&str, &str)> = vec![];
    for g in &report.generation {
        if !prompts.contains(&(g.domain.as_str(), g.prompt.as_str())) {
            prompts.push((&g.domain, &g.prompt));
        }
    }
    for (domain, prompt) in prompts {
        let _ = write!(body, "<h3>{}</h3><div class=\"side\">", escape(domain));
        for g in report.generation.iter().filter(|g| g.prompt == prompt && g.domain == domain) {
            let _ = write!(
                body,
                "<figure><figcaption>{}</figcaption><pre><mark>{}</mark>{}</pre></figure>",
                escape(&g.model),
                escape(&g.prompt),
                escape(&g.text)
            );
        }
        body.push_str("</div>");
    }
    let hint = "The same prompt, the same sampling. These are tiny models: look at the difference, not at the prose.";
    section(out, "Text from base and improved model", hint, &body);
}

fn time(out: &mut String, report: &Report) {
    let mut body = charts::bars("s", &report.timings.phases);
    let work: Vec<(String, f64)> = report.timings.work.iter().map(|(k, v)| (k.clone(), *v)).collect();
    if !work.is_empty() {
        body.push_str("<h3>CPU-seconds by kind of work, all nodes together</h3>");
        body.push_str(&charts::bars("s", &work));
    }
    section(out, "Where the time went", "Wall clock by phase.", &body);
}

fn network(out: &mut String, report: &Report) {
    let list = |items: Vec<(String, String)>| {
        let rows: String = items
            .into_iter()
            .map(|(k, v)| format!("<dt>{}</dt><dd><code>{}</code></dd>", escape(&k), escape(&v)))
            .collect();
        format!("<dl>{rows}</dl>")
    };
    let mut body = list(report.network.contracts.clone().into_iter().collect());
    let parameters = report.network.parameters.iter().map(|(k, v)| (k.clone(), v.to_string())).collect();
    let _ = write!(body, "<h3>Windows and fees</h3>{}", list(parameters));
    let _ = write!(body, "<h3>Versions</h3>{}", list(report.versions.clone().into_iter().collect()));
    let hint = format!(
        "{}, height {}, {} seconds of chain time.",
        escape(&report.network.chain),
        report.network.height,
        report.network.chain_seconds
    );
    section(out, "Network", &hint, &body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ledger::Account;
    use crate::report::{Block, Change, Claim, Dataset, Dispute, Gas, Generation, Node, Slash};

    #[test]
    fn generated_text_cannot_break_out_of_the_page() {
        let hostile = "</pre><script>alert(1)</script>\u{7}\u{202e}".to_owned();
        let mut report = Report::default();
        report.generation.push(Generation {
            model: "base".into(),
            text: hostile.clone(),
            ..Default::default()
        });
        report.network.nodes.push(Node { name: hostile.clone(), ..Default::default() });
        let reason = "<i onload=x>".to_owned();
        report.slashes.push(Slash { node: hostile.clone(), amount: 1, reason: reason.clone() });
        report.scores.insert(hostile.clone(), Change { before: 1.0, after: 2.0 });
        report.claims.push(Claim {
            trainer: hostile.clone(),
            domain: hostile.clone(),
            reason: reason.clone(),
            losses: vec![1.0],
            ..Default::default()
        });
        report.datasets.push(Dataset { name: hostile.clone(), reason: Some(reason), ..Default::default() });
        report.disputes.push(Dispute {
            trainer: hostile.clone(),
            committee: vec![hostile.clone()],
            verdict: hostile.clone(),
            ..Default::default()
        });
        report.ledger.accounts.push(Account { name: hostile.clone(), ..Default::default() });
        report.gas.push(Gas { kind: hostile.clone(), ..Default::default() });
        report.blocks.push(Block {
            author: hostile.clone(),
            root: "é".repeat(9),
            target: hostile,
            ..Default::default()
        });
        let page = page(&report);
        assert!(!page.contains("<script") && !page.contains("<i onload"));
        assert!(!page.contains('\u{7}') && !page.contains('\u{202e}'));
    }

    #[test]
    fn amounts_are_read_in_lyc() {
        assert_eq!(lyc(1_234_567_890_000), "1\u{202f}234\u{202f}567.89");
        assert_eq!(lyc(5_000_000), "5");
        assert_eq!(lyc(9), "0.00");
    }

    #[test]
    fn every_cell_carries_its_columns_name_for_narrow_screens() {
        let rows = [vec![Cell::text("a".into()), Cell::number("1".into())]];
        let html = table(&["who", "how much"], &rows);
        assert!(html.contains(r#"data-name="who""#) && html.contains(r#"data-name="how much""#), "{html}");
        assert_eq!(table(&["who"], &[]), "");
    }

    #[test]
    fn the_page_fetches_nothing() {
        let page = page(&Report::default());
        assert!(!page.contains("http") && !page.contains("<link") && !page.contains("<script"));
    }
}
