//! The page's parts on what was judged: claims, cheats, disputed intervals, datasets.

use super::html::{Cell, badge, escape, lyc, percent, plural, score, section, table};
use super::verdict::{self, Tone};
use super::{Claim, Report};

/// A verdict: its code as a badge, and what it means.
fn told(tone: Tone, code: &str, sentence: &str) -> Cell {
    Cell::text(format!("{} {}", badge(tone, code), escape(sentence)))
}

/// What a node was told to do, if that was to cheat.
fn told_to<'a>(report: &'a Report, name: &str) -> Option<&'a str> {
    let node = report.network.nodes.iter().find(|n| n.name == name)?;
    (node.behaviour != "honest").then_some(node.behaviour.as_str())
}

pub(super) fn claims(out: &mut String, report: &Report) {
    let rows: Vec<Vec<Cell>> = report.claims.iter().map(|c| claim(report, c)).collect();
    let head = ["claim", "trainer", "verdict", "verified gain", "re-executed", "time"];
    let hint = "Each trainer was told what to do, and no evaluator knew. The verified gain is the median over the \
                committee of the mean gain on sealed items minus two standard errors. The trainer's own figure is on other \
                items, as it cannot see the sealed ones. Steps that the committee re-executed are those of all its seats together.";
    section(out, "Who trained, and what became of it", hint, &table(&head, &rows));
}

fn claim(report: &Report, c: &Claim) -> Vec<Cell> {
    let (tone, sentence) = verdict::claim(&c.reason);
    let cheat = told_to(report, &c.trainer);
    let cheat =
        cheat.map_or_else(String::new, |b| format!("<small class=\"bad\">cheats: {}</small>", escape(b)));
    let trainer = format!("<b>{}</b> <small>{}</small> {cheat}", escape(&c.trainer), escape(&c.domain));
    let reported = match c.reported {
        Some(_) => format!("<small>the trainer said {}</small>", percent(c.reported)),
        None => String::new(),
    };
    let scores = match c.score {
        Some(_) => {
            format!("<small>({} → {} bits per byte)</small>", score(c.parent_score), score(c.score))
        }
        None => String::new(),
    };
    let share = c.reexecuted_steps as f64 / c.train_steps.max(1) as f64 * 100.0;
    let redone = match c.reexecuted_steps {
        0 => "<small>no step: it did not come to that</small>".to_owned(),
        steps => format!(
            "{steps} of {} steps <small>({share:.1} %), in {} of {} intervals</small>",
            c.train_steps, c.intervals_checked, c.intervals_total
        ),
    };
    let time = format!(
        "{:.1}\u{a0}s <small>training</small>, {:.1}\u{a0}s <small>verifying</small>",
        c.train_seconds, c.verify_seconds
    );
    vec![
        Cell::from(c.id.to_string()),
        Cell::text(trainer),
        told(tone, &c.reason, sentence),
        Cell::text(format!("<b>{}</b> {reported} {scores}", percent(c.verified))),
        Cell::text(redone),
        Cell::text(time),
    ]
}

pub(super) fn caught(out: &mut String, report: &Report) {
    let rows: Vec<Vec<Cell>> = report
        .losers()
        .into_iter()
        .map(|(name, slashes)| {
            let what = told_to(report, name).unwrap_or("nothing: it was told to be honest");
            let sum = slashes.iter().map(|s| s.amount).sum::<u64>();
            let parts = slashes.iter().map(|s| {
                let lost = format!("{} LYC", lyc(s.amount));
                format!(
                    "<li>{} <small>{lost} of {}</small></li>",
                    badge(Tone::Bad, &s.reason),
                    verdict::slash(&s.reason)
                )
            });
            vec![
                Cell::text(format!("<b>{}</b>", escape(name))),
                Cell::text(escape(what)),
                Cell::text(format!("<ul class=\"plain-list\">{}</ul>", parts.collect::<String>())),
                Cell::number(format!("{} LYC", lyc(sum))),
            ]
        })
        .collect();
    let mut body = table(&["node", "what it was told to do", "what it lost, and why", "lost in all"], &rows);
    body.push_str(&disputes(report));
    let hint = "The contracts compare what a trainer opened with what each seat of a drawn committee came to. Nobody \
                tells on anybody.";
    section(out, "Who was caught, and what it cost", hint, &body);
}

/// Intervals that were executed a third time, by a panel of their own.
fn disputes(report: &Report) -> String {
    let rows: Vec<Vec<Cell>> = report
        .disputes
        .iter()
        .map(|d| {
            let (tone, sentence) = verdict::dispute(&d.verdict);
            let first = match d.committee.as_slice() {
                [] => "<small>no seat of the committee: it was chosen as the largest jump</small>".to_owned(),
                seats => escape(&seats.join(", ")),
            };
            let panel = match d.steps {
                0 => format!(
                    "<small>{} drawn, not needed any more</small>",
                    plural(d.seats as usize, "seat", "seats")
                ),
                steps => format!(
                    "{} <small>re-executed {} together</small>",
                    plural(d.seats as usize, "seat", "seats"),
                    plural(steps as usize, "step", "steps")
                ),
            };
            vec![
                Cell::text(format!(
                    "{} <small>of claim {}, {}</small>",
                    d.interval,
                    d.claim,
                    escape(&d.trainer)
                )),
                Cell::text(first),
                Cell::text(panel),
                told(tone, &d.verdict, sentence),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = ["interval", "first answered for by", "then by a panel of", "verdict"];
    let hint = "Where a seat of the committee and the trainer differ, or weights jump, a larger panel re-executes that \
                one interval, and its majority is final. Its steps come on top of the committee's.";
    format!("<h3>Disputed intervals</h3><p class=\"hint\">{hint}</p>{}", table(&head, &rows))
}

pub(super) fn datasets(out: &mut String, report: &Report) {
    let rows: Vec<Vec<Cell>> = report
        .datasets
        .iter()
        .map(|d| {
            let verdict = match (&d.tier, &d.reason) {
                (Some(tier), _) => Cell::text(badge(Tone::Good, tier)),
                (None, Some(reason)) => told(Tone::Bad, reason, verdict::dataset(reason)),
                (None, None) => Cell::text(badge(Tone::Plain, "open")),
            };
            let audit = d.audit.as_ref().map_or_else(
                || vec![Cell::from("–".to_owned()); 4],
                |a| {
                    vec![
                        Cell::number(format!("{:.2} %", a.pii_percent)),
                        Cell::number(format!("{:.2} %", a.toxicity_percent)),
                        Cell::number(format!("{:.1} %", a.duplicates_percent)),
                        Cell::number(percent(Some(a.gain_percent))),
                    ]
                },
            );
            let votes = match d.votes.yes + d.votes.no {
                0 => "no vote was needed".to_owned(),
                cast => format!("{} of {cast} <small>({} could vote)</small>", d.votes.yes, d.votes.total),
            };
            [vec![Cell::text(format!("<b>{}</b>", escape(&d.name))), verdict], audit, vec![Cell::text(votes)]]
                .concat()
        })
        .collect();
    let head = ["dataset", "verdict", "personal data", "toxic", "duplicates", "gain", "votes in favour"];
    let hint = "Drawn auditors measure a dataset, then owners of GPUs vote, with the power that they had before it was \
                proposed. Shares are of bytes; the gain is that of training on a sample.";
    section(out, "Which data was let in", hint, &table(&head, &rows));
}
