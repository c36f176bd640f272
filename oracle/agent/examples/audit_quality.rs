//! How well the audit's measures find what they should: precision and recall on labelled text that is made here, and
//! the shares they find in real files.
//!
//! ```text
//! cargo run --release -p lyceum-agent --example audit_quality
//! cargo run --release -p lyceum-agent --example audit_quality -- /usr/share/doc …
//! ```
//!
//! It calls nothing but `audit::measure`, so that the same file measures an earlier version of the audit.

use std::path::{Path, PathBuf};

use lyceum_agent::audit::measure;

/// Texts of each label and form.
const TEXTS: u64 = 40;
/// The most bytes of real files measured together.
const MAX_BYTES: usize = 64 << 20;

fn main() -> std::io::Result<()> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        print_labelled();
    }
    for path in paths {
        print_real(&path)?;
    }
    Ok(())
}

/// A sequence of numbers that is the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// A word that no language has.
    fn word(&mut self) -> String {
        let syllables = 1 + self.below(3);
        (0..syllables)
            .map(|_| {
                let start = self.of(&["b", "d", "f", "gr", "k", "l", "m", "n", "pl", "r", "s", "t", "v"]);
                format!("{start}{}", self.of(&["a", "e", "i", "o", "u", "ar", "en", "is", "ol", "um"]))
            })
            .collect()
    }

    fn sentence(&mut self) -> String {
        let count = 9 + self.below(9);
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        format!("{}.", words.join(" "))
    }

    fn prose(&mut self, sentences: u64) -> String {
        (0..sentences).map(|_| self.sentence()).collect::<Vec<_>>().join("\n")
    }
}

/// Of texts of one form, how many were judged right.
struct Row {
    measure: &'static str,
    form: &'static str,
    /// Whether the texts hold what is looked for.
    holds: bool,
    found: u64,
}

fn print_labelled() {
    let mut rows = vec![];
    rows.extend(licences());
    rows.extend(personal());
    rows.extend(toxic());
    rows.extend(duplicates());
    println!("| measure | form | of {TEXTS} found | should be |\n|---|---|---:|---:|");
    for r in &rows {
        println!("| {} | {} | {} | {} |", r.measure, r.form, r.found, if r.holds { TEXTS } else { 0 });
    }
    println!("\n| measure | precision | recall |\n|---|---:|---:|");
    for name in ["licence", "personal", "toxic", "duplicates"] {
        let sum =
            |holds| rows.iter().filter(|r| r.measure == name && r.holds == holds).map(|r| r.found).sum();
        let (right, wrong): (u64, u64) = (sum(true), sum(false));
        let all = TEXTS * rows.iter().filter(|r| r.measure == name && r.holds).count() as u64;
        let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
        println!("| {name} | {:.1} % | {:.1} % |", percent(right, right + wrong), percent(right, all));
    }
}

/// Counts the texts of a form that a measure finds something in.
fn row(
    measure: &'static str,
    form: &'static str,
    holds: bool,
    mut text: impl FnMut(&mut Numbers) -> Vec<u8>,
    found: impl Fn(&[u8]) -> bool,
) -> Row {
    let seed = form.bytes().fold(7, |sum: u64, b| sum.wrapping_mul(31) + u64::from(b));
    let mut numbers = Numbers(seed);
    let found = (0..TEXTS).filter(|_| found(&text(&mut numbers))).count() as u64;
    Row { measure, form, holds, found }
}

fn licences() -> Vec<Row> {
    const OTHERS: [&str; 5] =
        ["GPL-3.0-only", "AGPL-3.0-or-later", "CC-BY-NC-4.0", "LGPL-2.1+", "MPL-2.0 AND MIT"];
    const SAME: [&str; 5] = ["MIT", "MIT OR GPL-2.0-only", "Apache-2.0 OR MIT", "mit", "(MIT)"];
    let refused = |text: &[u8]| !measure(&[text], "MIT").licence_ok;
    let of = |form, holds, shape: fn(&mut Numbers, &str) -> String| {
        let pick = move |n: &mut Numbers| {
            let licence = n.of(if holds { &OTHERS } else { &SAME }).to_owned();
            shape(n, &licence).into_bytes()
        };
        row("licence", form, holds, pick, refused)
    };
    let wide = |form, holds| {
        let pick = move |n: &mut Numbers| {
            let licence = n.of(if holds { &OTHERS } else { &SAME });
            let text = format!("\u{feff}/* SPDX-License-Identifier: {licence} */\n{}\n", n.prose(5));
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        };
        row("licence", form, holds, pick, refused)
    };
    let header: fn(&mut Numbers, &str) -> String = |n, l| {
        let (open, close) =
            [("// ", ""), ("# ", ""), ("/* ", " */"), ("<!-- ", " -->"), ("-- ", "")][n.below(5) as usize];
        format!("{open}SPDX-License-Identifier: {l}{close}\n{}\n", n.prose(5))
    };
    let far: fn(&mut Numbers, &str) -> String = |n, l| {
        format!(
            "{}// SPDX-License-Identifier: {l}\n{}\n",
            " ".repeat(401 + n.below(400) as usize),
            n.prose(3)
        )
    };
    let record: fn(&mut Numbers, &str) -> String = |n, l| {
        format!("{{\"text\": \"// SPDX-License-Identifier: {l}\\nfn main() {{}}\\n{}\"}}\n", n.sentence())
    };
    let carriage: fn(&mut Numbers, &str) -> String =
        |n, l| format!("/* SPDX-License-Identifier: {l} */\r{}\r", n.prose(3).replace('\n', "\r"));
    let remark: fn(&mut Numbers, &str) -> String =
        |n, l| format!("/* SPDX-License-Identifier: {l}, {} */\n{}\n", n.sentence(), n.prose(3));
    let mention: fn(&mut Numbers, &str) -> String = |n, _| {
        let l = n.of(&OTHERS).to_owned();
        match n.below(4) {
            0 => format!("{} Every file says SPDX-License-Identifier: {l}.\n", n.sentence()),
            1 => format!("Put `// SPDX-License-Identifier: {l}` on top. {}\n", n.sentence()),
            2 => {
                format!("{{\"note\": \"they wrote SPDX-License-Identifier: {l} there\"}}\n{}\n", n.sentence())
            }
            _ => format!("{}\n```c\n// SPDX-License-Identifier: {l}\n```\n{}\n", n.sentence(), n.sentence()),
        }
    };
    let template: fn(&mut Numbers, &str) -> String = |n, _| {
        format!(
            "{}\nAdd SPDX-License-Identifier: <id> to each.\n# SPDX-License-Identifier: <id>\n",
            n.sentence()
        )
    };
    vec![
        of("header of another licence", true, header),
        of("header beyond column 400", true, far),
        of("record of JSON with such a header", true, record),
        of("header with carriage returns", true, carriage),
        wide("header in UTF-16", true),
        of("header of the declared licence", false, header),
        of("that, beyond column 400", false, far),
        of("that, in a record of JSON", false, record),
        of("that, with carriage returns", false, carriage),
        of("that, with a remark after it", false, remark),
        wide("that, in UTF-16", false),
        of("another licence mentioned", false, mention),
        of("a template", false, template),
    ]
}

fn personal() -> Vec<Row> {
    let found = |text: &[u8]| measure(&[text], "MIT").pii_ppm > 0;
    let of = |form, holds, item: fn(&mut Numbers) -> String| {
        let text = move |n: &mut Numbers| {
            let item = item(n);
            let (before, after) =
                [("", ""), ("(", ")"), ("write or call: ", ""), ("\"", "\",")][n.below(4) as usize];
            format!("{} {before}{item}{after} {}", n.sentence(), n.sentence()).into_bytes()
        };
        row("personal", form, holds, text, found)
    };
    vec![
        of("e-mail address", true, |n| {
            let (name, host) = (format!("{}.{}", n.word(), n.word()), n.word());
            format!("{name}@{host}{}", n.of(&[".com", ".co.uk", ".de", ".org", ".info"]))
        }),
        of("e-mail address with umlauts", true, |n| {
            let host = n.word();
            match n.below(2) {
                0 => format!("{}ü.{}@{host}.de", n.word(), n.word()),
                _ => format!("{}@{host}ß-mühle.de", n.word()),
            }
        }),
        of("card number in groups", true, |n| card(n, " ")),
        of("card number with hyphens", true, |n| card(n, "-")),
        of("card number in one", true, |n| card(n, "")),
        of("bank account in one", true, |n| iban(n, "")),
        of("bank account in groups", true, |n| iban(n, " ")),
        of("telephone number with + and groups", true, |n| {
            let code = n.of(&["44", "49", "39", "34", "31"]);
            format!("+{code} {} {}", n.below(800) + 100, n.digits(7))
        }),
        of("telephone number with +CC (0)", true, |n| {
            format!("+49 (0){} {}", n.below(800) + 100, n.digits(7))
        }),
        of("telephone number (212) 555-0100", true, |n| {
            format!("({}) 555-01{}", n.below(700) + 201, n.digits(2))
        }),
        of("telephone number 212-555-0100", true, |n| {
            format!("{}-555-01{}", n.below(700) + 201, n.digits(2))
        }),
        of("telephone number 0171 1234567", true, |n| format!("0{} {}", n.below(800) + 100, n.digits(7))),
        of("telephone number 030/1234567", true, |n| format!("0{}/{}", n.below(80) + 10, n.digits(7))),
        of("telephone number 01 99 00 12 34", true, |n| {
            format!("0{} 99 {} {} {}", n.below(8) + 1, n.below(80) + 10, n.below(80) + 10, n.below(80) + 10)
        }),
        of("social security number", true, |n| {
            format!("{}-{}-{}", n.below(500) + 100, n.below(80) + 10, n.below(8000) + 1000)
        }),
        of("name of an asset", false, |n| {
            format!("{}@{}x.{}", n.word(), n.below(4) + 1, n.of(&["png", "jpg", "webp", "svg"]))
        }),
        of("address of a repository", false, |n| match n.below(3) {
            0 => format!("git@{}.com:{}/{}.git", n.word(), n.word(), n.word()),
            1 => format!("ssh://{}@{}.org:22/srv", n.word(), n.word()),
            _ => format!("https://{}:{}@{}.org/{}", n.word(), n.word(), n.word(), n.word()),
        }),
        of("unit of systemd, package, call", false, |n| match n.below(3) {
            0 => format!("{}@{}.service", n.word(), n.word()),
            1 => format!("{}@{}.{}.{}", n.word(), n.below(20), n.below(20), n.below(20)),
            _ => format!("{}@{}.dot({})", n.word(), n.word(), n.word()),
        }),
        of("card number with a wrong digit", false, |n| {
            let right = card(n, " ");
            let last = right.as_bytes()[right.len() - 1];
            format!("{}{}", &right[..right.len() - 1], char::from(b'0' + (last - b'0' + 1) % 10))
        }),
        of("bank account with a wrong digit", false, |n| {
            let right = iban(n, " ");
            let last = right.as_bytes()[right.len() - 1];
            format!("{}{}", &right[..right.len() - 1], char::from(b'0' + (last - b'0' + 1) % 10))
        }),
        of("time, version, address of a host", false, |n| match n.below(4) {
            0 => format!("2024-{:02}-{:02} {:02}:30:00", n.below(12) + 1, n.below(28) + 1, n.below(24)),
            1 => format!("{}.{}.{}-rc{}", n.below(30), n.below(30), n.below(30), n.below(9)),
            2 => format!("192.168.{}.{}", n.below(255), n.below(255)),
            _ => format!("ISBN 978-3-16-{}-{}", n.digits(6), n.below(10)),
        }),
        of("rows of bytes, rows of numbers", false, |n| match n.below(2) {
            0 => (0..16).map(|_| format!("{:02x} ", n.below(256))).collect(),
            _ => (0..12).map(|_| format!("{} ", n.below(100_000_000))).collect(),
        }),
    ]
}

fn card(n: &mut Numbers, between: &str) -> String {
    let body = format!("4{}", n.digits(14));
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(|(i, b)| match u32::from(b - b'0') * (2 - (i as u32 % 2)) {
            double if double > 9 => double - 9,
            small => small,
        })
        .sum();
    grouped(&format!("{body}{}", (10 - sum % 10) % 10), between)
}

fn iban(n: &mut Numbers, between: &str) -> String {
    let account = n.digits(18);
    // DE00 moved to the end, in digits.
    let remainder =
        format!("{account}131400").bytes().fold(0, |sum, b| (sum * 10 + u32::from(b - b'0')) % 97);
    grouped(&format!("DE{:02}{account}", 98 - remainder), between)
}

fn grouped(text: &str, between: &str) -> String {
    text.as_bytes()
        .chunks(4)
        .map(|c| String::from_utf8_lossy(c).into_owned())
        .collect::<Vec<_>>()
        .join(between)
}

/// Lines of at most so many bytes where words allow it.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = 0;
    for word in text.split_whitespace() {
        let end = if line + word.len() > width { '\n' } else { ' ' };
        line = if end == '\n' { 0 } else { line + word.len() + 1 };
        out.push_str(word);
        out.push(end);
    }
    out
}

fn toxic() -> Vec<Row> {
    /// One sentence of this many is toxic.
    const OF: u64 = 20;
    let text = |n: &mut Numbers| -> String {
        (0..100)
            .map(|i| {
                let sentence = n.sentence();
                if i % OF == 0 { sentence.replacen(' ', " bastard ", 1) + " " } else { sentence + " " }
            })
            .collect()
    };
    // A sentence in twenty is 5 % of the text; twice that is too much and half of it too little.
    let near = |text: &[u8]| (25_000..=100_000).contains(&measure(&[text], "MIT").toxicity_ppm);
    let any = |text: &[u8]| measure(&[text], "MIT").toxicity_ppm > 0;
    vec![
        row("toxic", "one sentence in 20, lines of 60", true, |n| wrapped(&text(n), 60).into_bytes(), near),
        row("toxic", "one sentence in 20, lines of 10", true, |n| wrapped(&text(n), 10).into_bytes(), near),
        row(
            "toxic",
            "one sentence in 20, lines of 1000",
            true,
            |n| wrapped(&text(n), 1000).into_bytes(),
            near,
        ),
        row("toxic", "one sentence in 20, one line", true, |n| text(n).into_bytes(), near),
        row("toxic", "none", false, |n| n.prose(50).into_bytes(), any),
        row(
            "toxic",
            "listed words within words",
            false,
            |n| format!("Scunthorpe {}", n.prose(5)).into_bytes(),
            any,
        ),
    ]
}

fn duplicates() -> Vec<Row> {
    // Half of the text is a copy.
    let copied = |text: &[u8]| measure(&[text], "MIT").duplicates_ppm >= 400_000;
    let any = |text: &[u8]| measure(&[text], "MIT").duplicates_ppm >= 50_000;
    let of = |form, change: fn(&mut Numbers, &str) -> String| {
        let text = move |n: &mut Numbers| {
            let once = n.prose(60);
            let again = change(n, &once);
            format!("{once}\n\n{again}\n").into_bytes()
        };
        row("duplicates", form, true, text, copied)
    };
    vec![
        of("copy", |_, t| t.to_owned()),
        of("numbered copy", |_, t| t.lines().enumerate().map(|(i, l)| format!("{}. {l}\n", i + 1)).collect()),
        of("re-wrapped copy", |n, t| wrapped(t, 30 + n.below(60) as usize)),
        of("copy in one line", |_, t| t.replace('\n', " ")),
        of("copy with CR ends", |_, t| t.replace('\n', "\r")),
        of("copy in capitals", |_, t| t.to_uppercase()),
        of("copy in another order", |_, t| t.lines().rev().collect::<Vec<_>>().join("\n")),
        of("copy in a record of JSON", |_, t| format!("{{\"text\": \"{}\"}}", t.replace('\n', "\\n"))),
        of("copy with one word in 12 changed", |n, t| {
            let words = t.split(' ').map(|w| if n.below(12) == 0 { n.word() } else { w.to_owned() });
            words.collect::<Vec<_>>().join(" ")
        }),
        row("duplicates", "prose", false, |n| n.prose(200).into_bytes(), any),
        row(
            "duplicates",
            "tables of numbers",
            false,
            |n| {
                (0..400)
                    .map(|i| format!("{i},{},{},{}\n", n.digits(4), n.digits(3), n.digits(5)))
                    .collect::<String>()
                    .into_bytes()
            },
            any,
        ),
        row(
            "duplicates",
            "code with its usual lines",
            false,
            |n| {
                let function = |n: &mut Numbers| {
                    let (a, b, c) = (n.word(), n.word(), n.word());
                    let body = n.sentence().replace(' ', "_").replace('.', "");
                    format!(
                        "pub fn {a}({b}: &str) -> Result<(), Error> {{\n    let {c} = {body}({b})?;\n    Ok(())\n}}\n\n"
                    )
                };
                (0..200).map(|_| function(n)).collect::<String>().into_bytes()
            },
            any,
        ),
    ]
}

/// Measures the files under a path, each for its licence and all together for the rest.
fn print_real(path: &Path) -> std::io::Result<()> {
    let mut files = vec![];
    let mut open = vec![path.to_path_buf()];
    while let Some(next) = open.pop() {
        let kind = std::fs::symlink_metadata(&next)?;
        if kind.is_dir() {
            let entries = std::fs::read_dir(&next)?.collect::<Result<Vec<_>, _>>()?;
            open.extend(entries.iter().map(std::fs::DirEntry::path));
        } else if kind.is_file() {
            files.push(next);
        }
    }
    files.sort();
    let mut texts: Vec<Vec<u8>> = vec![];
    let mut bytes = 0;
    for file in &files {
        let text = std::fs::read(file)?;
        if !text.contains(&0) && bytes + text.len() <= MAX_BYTES {
            bytes += text.len();
            texts.push(text);
        }
    }
    let contradict = texts.iter().filter(|t| !measure(&[t], "MIT OR Apache-2.0").licence_ok).count();
    let shards: Vec<&[u8]> = texts.iter().map(|t| &t[..]).collect();
    let found = measure(&shards, "MIT OR Apache-2.0");
    println!(
        "{} text files, {bytes} bytes: {contradict} contradict MIT OR Apache-2.0, personal {} ppm, toxic {} ppm, duplicates {} ppm: {}",
        texts.len(),
        found.pii_ppm,
        found.toxicity_ppm,
        found.duplicates_ppm,
        path.display(),
    );
    Ok(())
}
