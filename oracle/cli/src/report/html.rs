//! The report as one self-contained page: no script, no fetch, readable on a phone, in light and dark.

use std::fmt::Write;

use super::charts::{self, Line};
use super::{Change, Claim, Report};

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
            // Control characters (a byte model makes them) would end up as replacement boxes.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('·'),
            c => out.push(c),
        }
    }
    out
}

/// ulyc as LYC.
fn lyc(ulyc: u64) -> String {
    let (whole, rest) = (ulyc / 1_000_000, ulyc % 1_000_000);
    let mut digits = whole.to_string();
    let mut at = digits.len();
    while at > 3 {
        at -= 3;
        digits.insert(at, '\u{202f}');
    }
    if rest == 0 { digits } else { format!("{digits}.{:02}", rest / 10_000) }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:+.2} %"))
}

fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"))
}

/// A section; one without content is left out.
pub(super) fn section(out: &mut String, title: &str, hint: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "<section><h2>{title}</h2><p class=\"hint\">{hint}</p>{body}</section>");
    }
}

/// A table; one without rows is empty text, so that its section is left out.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = head.iter().map(|h| format!("<th>{h}</th>")).collect();
    let body: String = rows
        .iter()
        .map(|row| format!("<tr>{}</tr>", row.iter().map(|c| format!("<td>{c}</td>")).collect::<String>()))
        .collect();
    format!(r#"<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"#)
}

fn badge(kind: &str, text: &str) -> String {
    format!(r#"<span class="badge {kind}">{}</span>"#, escape(text))
}

fn verdict(claim: &Claim) -> String {
    let kind = match claim.reason.split(':').next().unwrap_or_default() {
        _ if claim.accepted => "good",
        "fraud" | "forfeited" => "bad",
        _ => "plain",
    };
    badge(kind, &claim.reason)
}

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut main = String::new();
    tiles(&mut main, report);
    scores(&mut main, report);
    caught(&mut main, report);
    claims(&mut main, report);
    curves(&mut main, report);
    datasets(&mut main, report);
    money(&mut main, report);
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
        plural(caught_nodes(report), "cheat", "cheats"),
        report.seed,
    )
}

/// Nodes that lost stake or a bond.
fn caught_nodes(report: &Report) -> usize {
    report.slashes.iter().map(|s| &s.node).collect::<std::collections::BTreeSet<_>>().len()
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn tiles(out: &mut String, report: &Report) {
    let judged = report.claims.iter().filter(|c| c.reexecuted_steps > 0);
    let (redone, trained) = judged.fold((0, 0), |(r, t), c| (r + c.reexecuted_steps, t + c.train_steps));
    let share = if trained == 0 { 0.0 } else { redone as f64 / trained as f64 * 100.0 };
    let emission: u64 = report.learning_blocks.iter().map(|b| b.emission).sum();
    let tile = |value: String, label: &str| format!("<li><b>{value}</b><span>{label}</span></li>");
    let _ = write!(
        out,
        r#"<ul class="tiles">{}{}{}{}{}</ul>"#,
        tile(report.claims.iter().filter(|c| c.accepted).count().to_string(), "claims accepted"),
        tile(caught_nodes(report).to_string(), "cheats caught"),
        tile(format!("{share:.1} %"), "of the trained steps re-executed by committees"),
        tile(lyc(emission), "LYC emitted to learning"),
        tile(format!("{:.0} s", report.timings.total), "wall clock"),
    );
}

fn scores(out: &mut String, report: &Report) {
    let rows: Vec<(String, f64, f64)> =
        report.scores.iter().map(|(domain, s)| (domain.clone(), s.before, s.after)).collect();
    let hint = "Bits per byte on each domain's public held-out text; lower is better.";
    section(out, "What the network learned", hint, &charts::pairs("bits per byte", &rows));
}

fn caught(out: &mut String, report: &Report) {
    let behaviour = |name: &str| {
        let node = report.network.nodes.iter().find(|n| n.name == name);
        node.map_or_else(String::new, |n| escape(&n.behaviour))
    };
    let rows: Vec<Vec<String>> = report
        .slashes
        .iter()
        .map(|s| {
            let amount = format!("{} LYC", lyc(s.amount));
            vec![escape(&s.node), behaviour(&s.node), badge("bad", &s.reason), amount]
        })
        .collect();
    let mut body = table(&["node", "what it did", "found as", "lost"], &rows);
    let rows: Vec<Vec<String>> = report
        .disputes
        .iter()
        .map(|d| {
            let kind = match d.verdict.as_str() {
                "forged" => "bad",
                "honest" => "good",
                _ => "plain",
            };
            vec![
                d.claim.to_string(),
                d.interval.to_string(),
                badge(kind, &d.verdict),
                d.seats.to_string(),
                d.steps.to_string(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        body.push_str("<h3>Disputed intervals</h3>");
        body.push_str(&table(&["claim", "interval", "verdict", "seats", "steps re-executed"], &rows));
    }
    let hint = "Each of these nodes was told to cheat; none was told on. The contracts compared sketches, and a \
                larger committee re-executed what differed. Where one forged interval decided, the claim's other disputes \
                were overtaken.";
    section(out, "What was caught", hint, &body);
}

fn claims(out: &mut String, report: &Report) {
    let rows: Vec<Vec<String>> = report
        .claims
        .iter()
        .map(|c| {
            let share = c.reexecuted_steps as f64 / c.train_steps.max(1) as f64 * 100.0;
            vec![
                c.id.to_string(),
                escape(&c.domain),
                escape(&c.trainer),
                verdict(c),
                format!("{} → {}", score(c.parent_score), score(c.score)),
                percent(c.reported),
                percent(c.verified),
                format!("{} of {}", c.intervals_checked, c.intervals_total),
                format!("{} ({share:.1} %)", c.reexecuted_steps),
                format!("{:.1} / {:.1} s", c.train_seconds, c.verify_seconds),
            ]
        })
        .collect();
    let head = [
        "claim",
        "domain",
        "trainer",
        "verdict",
        "bits per byte",
        "reported",
        "verified",
        "intervals",
        "steps re-executed",
        "training / verifying",
    ];
    let hint = "Verified gain is the median over the committee of the paired mean gain on sealed items minus two \
                standard errors.";
    section(out, "Claims", hint, &table(&head, &rows));
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

fn datasets(out: &mut String, report: &Report) {
    let rows: Vec<Vec<String>> = report
        .datasets
        .iter()
        .map(|d| {
            let tier = match &d.tier {
                Some(tier) => badge("good", tier),
                None => badge("bad", d.reason.as_deref().unwrap_or("open")),
            };
            let audit = d.audit.as_ref().map_or_else(
                || vec!["–".to_owned(); 4],
                |a| {
                    vec![
                        format!("{:.2} %", a.pii_percent),
                        format!("{:.2} %", a.toxicity_percent),
                        format!("{:.1} %", a.duplicates_percent),
                        percent(Some(a.gain_percent)),
                    ]
                },
            );
            let votes = format!("{} of {} ({} in all)", d.votes.yes, d.votes.yes + d.votes.no, d.votes.total);
            [vec![escape(&d.name), tier], audit, vec![votes]].concat()
        })
        .collect();
    let head = ["dataset", "tier", "personal data", "toxic", "duplicates", "gain", "votes in favour"];
    let hint =
        "Audited by drawn nodes, then voted on with power frozen before the proposal. Shares are of bytes.";
    section(out, "Datasets", hint, &table(&head, &rows));
}

fn money(out: &mut String, report: &Report) {
    let mut earned: Vec<(String, f64)> =
        report.rewards.by_node.iter().map(|(n, a)| (n.clone(), *a as f64 / 1e6)).collect();
    earned.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut body = charts::bars("LYC", &earned);
    let rows: Vec<Vec<String>> = report
        .learning_blocks
        .iter()
        .map(|b| {
            vec![
                b.number.to_string(),
                b.height.to_string(),
                percent(Some(b.threshold)),
                percent(Some(b.weighted_gain)),
                format!("{} LYC", lyc(b.emission)),
            ]
        })
        .collect();
    if !rows.is_empty() {
        body.push_str("<h3>Learning blocks</h3>");
        let head = ["number", "height", "threshold", "weighted gain", "emission"];
        body.push_str(&table(&head, &rows));
    }
    let rows: Vec<Vec<String>> = report
        .network
        .nodes
        .iter()
        .map(|n| {
            let Change { before, after } = n.stake;
            let stake =
                if before == after { lyc(after) } else { format!("{} → {}", lyc(before), lyc(after)) };
            let credits = report.credits.get(&n.name).copied().unwrap_or_default();
            let paid = report.rewards.by_node.get(&n.name).copied().unwrap_or_default();
            let gpus = if n.declared_gpus == 0 { String::new() } else { n.declared_gpus.to_string() };
            vec![
                escape(&n.name),
                escape(&n.roles.join(", ")),
                stake,
                lyc(paid),
                format!("{credits:.0}"),
                gpus,
            ]
        })
        .collect();
    body.push_str("<h3>Nodes</h3>");
    let head = ["node", "roles", "stake, LYC", "pulled, LYC", "credits", "GPUs (declared, unattested)"];
    body.push_str(&table(&head, &rows));
    let _ = write!(
        body,
        "<p>Treasury {} → {} LYC; pulled {} LYC; promised and not yet pulled {} LYC.</p>",
        lyc(report.treasury.before),
        lyc(report.treasury.after),
        lyc(report.rewards.paid),
        lyc(report.rewards.accrued)
    );
    section(
        out,
        "Who earned what",
        "Pulled by each node itself: fees, deposits that came back, emission.",
        &body,
    );
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
    use crate::report::{Generation, Node, Slash};

    #[test]
    fn generated_text_cannot_break_out_of_the_page() {
        let hostile = "</pre><script>alert(1)</script>\u{7}".to_owned();
        let mut report = Report::default();
        report.generation.push(Generation {
            model: "base".into(),
            text: hostile.clone(),
            ..Default::default()
        });
        report.network.nodes.push(Node { name: hostile.clone(), ..Default::default() });
        report.slashes.push(Slash { node: hostile, amount: 1, reason: "<b>".into() });
        let page = page(&report);
        assert!(!page.contains("<script") && !page.contains('\u{7}') && !page.contains("<b></span>"));
    }

    #[test]
    fn amounts_are_read_in_lyc() {
        assert_eq!(lyc(1_234_567_890_000), "1\u{202f}234\u{202f}567.89");
        assert_eq!(lyc(5_000_000), "5");
    }

    #[test]
    fn the_page_fetches_nothing() {
        let page = page(&Report::default());
        assert!(!page.contains("http") && !page.contains("<link") && !page.contains("<script"));
    }
}
