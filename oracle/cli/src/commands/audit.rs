//! `lyceum audit`: what a network's auditors will find in a text, before a deposit is at stake.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lyceum_agent::audit::{Finding, Kind, Measures, Personal, examine};
use lyceum_api::datasets::Params;
use lyceum_economy::dataset::{AuditFailure, Tier};
use lyceum_economy::params::{GOLD_DUPLICATES, GOLD_TOXICITY, MAX_DUPLICATES, MAX_PII, MAX_TOXICITY};
use serde_json::{Value, json};

use crate::corpus::{Skipped, Texts, shown as shown_path, tier_at_best};
use crate::failure::BadInput;
use crate::paths::json_path;
use crate::terminal::printable_line;

/// The most bytes that are read; files beyond that are counted and reported.
const MAX_READ: usize = 1 << 30;
/// Characters of an excerpt.
const EXCERPT: usize = 60;

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 if a network with default limits would accept the text, 3 if it would refuse it.
Nothing is sent. The auditors of a network also measure what training on the text gains, which needs a model."
)]
pub struct Args {
    /// Text files, and folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The licence you would declare, an SPDX expression; without it, every licence that the text names is listed
    #[arg(long, value_name = "SPDX")]
    licence: Option<String>,
    /// Show at most N findings of each kind
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Runs it, and says whether a network would accept the text.
pub fn run(args: Args, json: bool) -> anyhow::Result<bool> {
    let mut texts = Texts::default();
    for path in &args.paths {
        texts.add(path, MAX_READ)?;
    }
    if texts.files.is_empty() {
        let text = match texts.skipped.to_string() {
            none if none.is_empty() => "no text to audit: the files are empty".to_owned(),
            skipped => format!("no text to audit ({skipped})"),
        };
        return Err(BadInput(text).into());
    }
    let shards: Vec<&[u8]> = texts.files.iter().map(|(_, bytes)| &bytes[..]).collect();
    let mut shown = Shown::new(&texts, args.limit);
    // No licence agrees with an empty declaration, so every licence that the text names is found.
    let measures = examine(&shards, args.licence.as_deref().unwrap_or_default(), |f| shown.take(&f));
    shown.find_places();
    let verdict = Verdict::of(&measures, args.licence.as_deref());
    let out = match json {
        true => as_json(&texts, &shown, &measures, &verdict)?,
        false => as_text(&texts, &shown, &measures, &verdict, &args),
    };
    crate::output::write(format_args!("{out}"))?;
    Ok(verdict.accepted())
}

/// What a network with default limits says.
enum Verdict {
    /// The highest tier that the measures allow.
    Tier(Tier),
    /// What it would be refused for, as the contract says it, and what to do.
    Refused(&'static str, String),
}

impl Verdict {
    fn of(measures: &Measures, licence: Option<&str>) -> Self {
        let allowed = Params::default().licences;
        if let Some(licence) = licence.filter(|l| !allowed.iter().any(|a| a == l)) {
            let words = format!("{licence} is not an accepted licence; accepted are {}", allowed.join(", "));
            return Self::Refused("licence", words);
        }
        let licence_ok = measures.licence_ok || licence.is_none();
        match tier_at_best(&Measures { licence_ok, ..*measures }) {
            Ok(tier) => Self::Tier(tier),
            Err(AuditFailure::Licence) => {
                let words = "the text names licences that are no part of the declared one: leave those files out, or \
                             declare what they say";
                Self::Refused("audit_licence", words.to_owned())
            }
            Err(AuditFailure::Pii) => Self::Refused("audit_pii", "remove the personal data".to_owned()),
            Err(AuditFailure::Toxicity) => {
                Self::Refused("audit_toxicity", "remove the toxic passages".to_owned())
            }
            Err(AuditFailure::Duplicates) => {
                Self::Refused("audit_duplicates", "keep one copy of each passage".to_owned())
            }
        }
    }

    fn accepted(&self) -> bool {
        matches!(self, Self::Tier(_))
    }
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Gold => "gold",
        Tier::Silver => "silver",
        Tier::Experimental => "experimental",
    }
}

/// The kinds in the order of the summary.
const KINDS: [&str; 4] = ["licence", "personal data", "toxic text", "duplicate"];

/// A finding as it is shown.
struct Row {
    kind: usize,
    detail: String,
    /// Which of the files.
    file: usize,
    /// Known when all findings are.
    line: usize,
    column: usize,
    byte: usize,
    bytes: u64,
    /// As it stands in the text, so not yet fit for a terminal.
    excerpt: String,
}

/// The findings that are shown, and the number of all.
struct Shown<'a> {
    texts: &'a Texts,
    /// Where each file begins among all bytes.
    starts: Vec<u64>,
    limit: usize,
    rows: Vec<Row>,
    counts: [usize; KINDS.len()],
}

impl<'a> Shown<'a> {
    fn new(texts: &'a Texts, limit: usize) -> Self {
        let starts = texts.files.iter().scan(0, |end, (_, bytes)| {
            let start = *end;
            *end += bytes.len() as u64;
            Some(start)
        });
        let starts = starts.collect();
        Self { texts, starts, limit, rows: vec![], counts: [0; KINDS.len()] }
    }

    fn take(&mut self, finding: &Finding) {
        let (kind, detail) = match &finding.kind {
            Kind::Licence { named } => (0, named.clone()),
            Kind::Personal(kind) => (1, personal(*kind).to_owned()),
            Kind::Toxic => (2, String::new()),
            Kind::Duplicate => (3, String::new()),
        };
        self.counts[kind] += 1;
        if self.counts[kind] > self.limit {
            return;
        }
        let file = self.starts.partition_point(|s| *s <= finding.start).saturating_sub(1);
        let (Some((_, bytes)), Some(start)) = (self.texts.files.get(file), self.starts.get(file)) else {
            return;
        };
        let at = ((finding.start - start) as usize).min(bytes.len());
        let end = ((finding.end - start) as usize).min(bytes.len());
        let excerpt = excerpt(&bytes[at..end]);
        let bytes = finding.end - finding.start;
        self.rows.push(Row { kind, detail, file, line: 0, column: 0, byte: at, bytes, excerpt });
    }

    /// Counts the lines: once for each file, however many findings it has.
    fn find_places(&mut self) {
        let mut rows: Vec<&mut Row> = self.rows.iter_mut().collect();
        rows.sort_by_key(|row| (row.file, row.byte));
        for rows in rows.chunk_by_mut(|a, b| a.file == b.file) {
            let Some((_, bytes)) = rows.first().and_then(|row| self.texts.files.get(row.file)) else {
                continue;
            };
            let offsets: Vec<usize> = rows.iter().map(|row| row.byte).collect();
            for (row, place) in rows.iter_mut().zip(places(bytes, &offsets)) {
                (row.line, row.column) = place;
            }
        }
    }

    fn path(&self, row: &Row) -> &Path {
        self.texts.files.get(row.file).map_or(Path::new(""), |(path, _)| path)
    }

    fn hidden(&self, kind: usize) -> usize {
        self.counts[kind].saturating_sub(self.limit)
    }
}

fn personal(kind: Personal) -> &'static str {
    match kind {
        Personal::Email => "e-mail address",
        Personal::Card => "card number",
        Personal::Iban => "bank account",
        Personal::Phone => "telephone number",
        Personal::SocialSecurity => "social security number",
        Personal::Name => "name",
    }
}

/// Lines and columns, from 1 and in characters, of offsets in ascending order.
fn places(bytes: &[u8], offsets: &[usize]) -> Vec<(usize, usize)> {
    // In UTF-16 and UTF-32, NUL bytes stand between the two of a line end.
    let after = |i: usize| bytes[i + 1..].iter().take(3 + 1).find(|byte| **byte != 0);
    let ends = |i: &usize| bytes[*i] == b'\n' || (bytes[*i] == b'\r' && after(*i) != Some(&b'\n'));
    let characters = |bytes: &[u8]| -> usize {
        let chunks = bytes.utf8_chunks();
        chunks
            .map(|c| c.valid().chars().filter(|c| *c != '\0').count() + usize::from(!c.invalid().is_empty()))
            .sum()
    };
    let (mut line, mut column, mut from) = (1, 1, 0);
    let place = |at: &usize| {
        line += (from..*at).filter(ends).count();
        if let Some(end) = (from..*at).rev().find(ends) {
            (column, from) = (1, end + 1);
        }
        column += characters(&bytes[from..*at]);
        from = *at;
        (line, column)
    };
    offsets.iter().map(place).collect()
}

/// The beginning of a finding, in one line.
fn excerpt(bytes: &[u8]) -> String {
    let head: Vec<u8> = bytes.iter().take(4 * EXCERPT).filter(|b| **b != 0).copied().collect();
    // As auditors read it: what is no UTF-8 is Latin-1, and so is UTF-16 without its NUL bytes.
    let latin = |chunk: std::str::Utf8Chunk<'_>| -> Vec<char> {
        chunk.valid().chars().chain(chunk.invalid().iter().map(|byte| char::from(*byte))).collect()
    };
    let text: String = head.utf8_chunks().flat_map(latin).collect();
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == EXCERPT {
            out.push('…');
            break;
        }
        match c {
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn as_text(texts: &Texts, shown: &Shown<'_>, found: &Measures, verdict: &Verdict, args: &Args) -> String {
    let mut out = String::new();
    // A string takes whatever is written.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    for (kind, name) in KINDS.iter().enumerate() {
        for r in shown.rows.iter().filter(|r| r.kind == kind) {
            let what = if r.detail.is_empty() { (*name).to_owned() } else { format!("{name}, {}", r.detail) };
            let (path, excerpt) = (shown_path(shown.path(r)), printable_line(&r.excerpt));
            line(format!("{path}:{}:{}: {what}: {excerpt}", r.line, r.column));
        }
        if shown.hidden(kind) > 0 {
            let all = shown.counts[kind];
            line(format!("({name}: {} more are not shown; --limit {all} shows them)", shown.hidden(kind)));
        }
    }
    let percent = |ppm: u64| format!("{:.4}", ppm as f64 / 10_000.0);
    let bytes: usize = texts.files.iter().map(|(_, b)| b.len()).sum();
    line(format!("files       {} with {bytes} bytes", texts.files.len()));
    if texts.skipped != Skipped::default() {
        line(format!("skipped     {}", texts.skipped));
    }
    let licence = match (&args.licence, shown.counts[0]) {
        (Some(licence), 0) => format!("nothing contradicts {licence}"),
        (Some(licence), n) => format!("{n} statements contradict {licence}"),
        (None, n) => format!("none declared; the text names one in {n} places: audit again with --licence"),
    };
    line(format!("licence     {licence}"));
    let count = |kind: usize| shown.counts[kind];
    let (pii, toxic, again) = (found.pii_ppm.into(), found.toxicity_ppm.into(), found.duplicates_ppm.into());
    let limits = |max: u64, gold: &str| format!("at most {} %; gold: {gold}", max / 10_000);
    let below = |gold: u64| format!("below {} %", gold / 10_000);
    for (name, share, kind, limits) in [
        ("personal", pii, 1, limits(MAX_PII, "none")),
        ("toxic", toxic, 2, limits(MAX_TOXICITY, &below(GOLD_TOXICITY))),
        ("duplicates", again, 3, limits(MAX_DUPLICATES, &below(GOLD_DUPLICATES))),
    ] {
        line(format!("{name:<11} {} % of bytes in {} places ({limits})", percent(share), count(kind)));
    }
    line(match verdict {
        Verdict::Tier(tier) => {
            format!("verdict     would pass, {} at best: training on it must gain as well", tier_name(*tier))
        }
        Verdict::Refused(reason, words) => format!("verdict     would be refused ({reason}): {words}"),
    });
    out
}

fn as_json(texts: &Texts, shown: &Shown<'_>, found: &Measures, verdict: &Verdict) -> anyhow::Result<String> {
    let (tier, reason) = match verdict {
        Verdict::Tier(tier) => (Some(tier_name(*tier)), None),
        Verdict::Refused(reason, _) => (None, Some(*reason)),
    };
    let findings: Vec<Value> = shown
        .rows
        .iter()
        .map(|r| {
            json!({
                "kind": KINDS[r.kind], "detail": r.detail, "file": json_path(shown.path(r)), "line": r.line,
                "column": r.column, "byte": r.byte, "bytes": r.bytes, "excerpt": r.excerpt,
            })
        })
        .collect();
    let counts: serde_json::Map<_, _> =
        KINDS.iter().zip(shown.counts).map(|(k, n)| ((*k).to_owned(), json!(n))).collect();
    let value = json!({
        "accepted": verdict.accepted(),
        "tier_at_best": tier,
        "reason": reason,
        "files": texts.files.len(),
        "skipped": texts.skipped,
        "measures": {
            "licence_ok": found.licence_ok,
            "pii_ppm": found.pii_ppm,
            "toxicity_ppm": found.toxicity_ppm,
            "duplicates_ppm": found.duplicates_ppm,
        },
        "counts": counts,
        "findings": findings,
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters_whatever_ends_the_lines() {
        let place = |before: &[u8]| places(before, &[before.len()])[0];
        assert_eq!(place(b""), (1, 1));
        assert_eq!(place("eins\nzwei drü".as_bytes()), (2, 9));
        assert_eq!(place(b"a\r\nb\rc"), (3, 2));
        assert_eq!(place(b"a\0\n\0b\0"), (2, 2));
        assert_eq!(place(b"Gr\xf6\xdfe"), (1, 6));
        assert_eq!(place(b"a\0\r\0\n\0b\0"), (2, 2));
        assert_eq!(place(b"\0a\0\r\0\n\0b"), (2, 2));
    }

    #[test]
    fn findings_are_the_same_in_whatever_the_text_is_encoded() {
        let text = "{\"text\": \"Grüße von\\njane.doe@example.com\"}\r\nSPDX-License-Identifier: ISC\r\n"
            .to_owned()
            + "and call +49 30 901820 today\n"
            + &"the very same words of a line, again\n".repeat(30);
        let found = |bytes: Vec<u8>| {
            let mut texts = Texts::default();
            texts.files.push((PathBuf::from("a"), bytes));
            let mut shown = Shown::new(&texts, 20);
            let measures = examine(&[&texts.files[0].1], "", |f| shown.take(&f));
            shown.find_places();
            let rows =
                shown.rows.iter().map(|r| (r.kind, r.detail.clone(), r.line, r.column, r.excerpt.clone()));
            (rows.collect::<Vec<_>>(), shown.counts, measures.licence_ok)
        };
        let utf8 = found(text.clone().into_bytes());
        assert!(utf8.1[0] == 1 && utf8.1[1] >= 1 && utf8.1[3] >= 1, "{utf8:?}");
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(found(text.encode_utf16().flat_map(unit).collect()), utf8);
        }
        assert_eq!(found(encoding_rs::WINDOWS_1252.encode(&text).0.into_owned()), utf8);
    }

    #[test]
    fn many_places_of_a_file_are_those_that_each_has_alone() {
        let text = "eins\nzwei drü\r\n\nvier\rfünf".as_bytes();
        let starts: Vec<usize> = (0..text.len()).filter(|i| !(0x80..0xc0).contains(&text[*i])).collect();
        let alone: Vec<(usize, usize)> = starts.iter().map(|at| places(text, &[*at])[0]).collect();
        assert_eq!(places(text, &starts), alone);
        assert_eq!(alone.last(), Some(&(5, 4)));
        assert_eq!(places(text, &[7, 7]), [(2, 3), (2, 3)]);
    }

    #[test]
    fn the_excerpt_and_the_file_of_a_finding_are_shown_without_control_characters_and_told_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("it's \u{1b}.txt");
        std::fs::write(
            &path,
            "word\nSPDX-License-Identifier: ISC\nto a@b.de \"\u{9b}2J\n".to_owned() + &"words\n".repeat(50),
        )
        .unwrap();
        let mut texts = Texts::default();
        texts.add(&path, MAX_READ).unwrap();
        let mut shown = Shown::new(&texts, 20);
        shown.take(&Finding { kind: Kind::Toxic, start: 38, end: 49 });
        shown.take(&Finding { kind: Kind::Licence { named: "ISC".to_owned() }, start: 5, end: 33 });
        shown.find_places();
        let measures = Measures { licence_ok: true, pii_ppm: 0, toxicity_ppm: 0, duplicates_ppm: 0 };
        let args = Args { paths: vec![], licence: None, limit: 20 };
        let text = as_text(&texts, &shown, &measures, &Verdict::Tier(Tier::Gold), &args);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].ends_with("/it's \\u001b.txt:2:1: licence, ISC: SPDX-License-Identifier: ISC"),
            "{text}"
        );
        assert!(lines[1].ends_with("/it's \\u001b.txt:3:5: toxic text: @b.de \"\\u009b2J"), "{text}");
        let json = as_json(&texts, &shown, &measures, &Verdict::Tier(Tier::Gold)).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["findings"][0]["file"], path.to_str().unwrap());
        assert_eq!(json["findings"][0]["excerpt"], "@b.de \"\u{9b}2J");
        assert_eq!(json["findings"][0]["line"], 3);
    }

    #[test]
    fn an_excerpt_is_one_line_and_short() {
        assert_eq!(excerpt(b"a\tb\r\nc"), "a b  c");
        assert_eq!(excerpt(b"Gr\xf6\0\xdf\0e"), "Größe");
        assert_eq!(excerpt("x".repeat(100).as_bytes()).chars().count(), EXCERPT + 1);
    }

    #[test]
    fn a_licence_that_no_network_accepts_is_refused_before_the_text_is() {
        let clean = Measures { licence_ok: true, pii_ppm: 0, toxicity_ppm: 0, duplicates_ppm: 0 };
        assert!(matches!(Verdict::of(&clean, Some("GPL-3.0-only")), Verdict::Refused("licence", _)));
        assert!(matches!(Verdict::of(&clean, Some("MIT")), Verdict::Tier(Tier::Gold)));
        let shares = Measures { pii_ppm: 10_001, ..clean };
        assert!(matches!(Verdict::of(&shares, None), Verdict::Refused("audit_pii", _)));
    }
}
