//! Reads node.toml. A refusal names the file, the line, the key, what was found and what is expected.

use std::path::Path;

use anyhow::Context;
use lyceum_chain::ChainError;
use lyceum_learn::device::cuda_index;

use super::keys::{SECTIONS, nearest, section};
use super::{Config, EXAMPLE_ADDRESS, Role};
use crate::failure::{BadInput, Failure, Refusal};
use crate::reading;
use crate::terminal::is_hidden;
use crate::wallet::check_key_name;

/// The longest file that is read.
const MOST: u64 = 1 << 20;
/// The longest time to leave, seconds: a week.
const MOST_DRAIN: u64 = 7 * 86_400;

pub(super) fn load(path: &Path) -> anyhow::Result<Config> {
    let Some(bytes) = lyceum_files::read_if_there(path, MOST).map_err(reading::unreadable)? else {
        let words = format!("there is no {}: `lyceum init` writes one", path.display());
        return Err(BadInput(words).into());
    };
    let mut config = parse(path, text(path, &bytes)?)?;
    let absolute = std::path::absolute(path).with_context(|| format!("cannot read {}", path.display()))?;
    config.folder = absolute.parent().map(Path::to_path_buf).unwrap_or_default();
    Ok(config)
}

/// The bytes as the text that they are; a byte order mark is no part of it.
fn text<'a>(path: &Path, bytes: &'a [u8]) -> anyhow::Result<&'a str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        let wrong = Wrong { path, text: "" };
        wrong.at(Some(line), "config.syntax", "not UTF-8 text: save the file as UTF-8")
    })
}

/// Where and what is wrong.
struct Wrong<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Wrong<'_> {
    fn at(&self, line: Option<usize>, code: &'static str, words: &str) -> anyhow::Error {
        let line = line.map(|l| format!(":{l}")).unwrap_or_default();
        let words = format!("{}{line}: {words}", self.path.display());
        Refusal::new(Failure::Config, code, words).into()
    }

    fn key(&self, section: &str, key: &str, words: &str) -> anyhow::Error {
        let line = lines(self.text).find(|(_, s, k)| *s == section && *k == key).map(|(line, ..)| line);
        self.at(line, "config.value", &format!("{section}.{key}: {words}"))
    }

    fn toml(&self, error: &toml::de::Error, code: &'static str) -> anyhow::Error {
        let line = error.span().map(|span| 1 + self.text[..span.start].matches('\n').count());
        let key = line.and_then(|line| lines(self.text).find(|(l, ..)| *l == line));
        let of = match key {
            Some((_, section, key)) if !section.is_empty() => format!("{section}.{key}: "),
            _ => String::new(),
        };
        let said = match error.message().trim() {
            // The parser's own words for a line that just ends.
            "" => "invalid TOML: a value is missing".to_owned(),
            said => said.replace("missing field", "there is no key"),
        };
        self.at(line, code, &format!("{of}{said}"))
    }
}

/// Lines with a key: number, section, key.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let mut section = "";
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            section = name.trim();
            return None;
        }
        let (key, _) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        Some((index + 1, section, key.trim()))
    })
}

/// Reads the text of a file.
pub(super) fn parse(path: &Path, text: &str) -> anyhow::Result<Config> {
    let wrong = Wrong { path, text };
    let table: toml::Table = toml::from_str(text).map_err(|e| wrong.toml(&e, "config.syntax"))?;
    known(&wrong, &table)?;
    let config: Config = toml::from_str(text).map_err(|e| wrong.toml(&e, "config.value"))?;
    validate(&wrong, &config)?;
    Ok(config)
}

/// Refuses unknown sections and keys, and says which is meant.
fn known(wrong: &Wrong<'_>, table: &toml::Table) -> anyhow::Result<()> {
    let meant = |near: Option<String>, all: String| match near {
        Some(name) => format!("; did you mean {name}?"),
        None => format!("; expected one of {all}"),
    };
    for (name, value) in table {
        let Some(section) = section(name) else {
            let line = wrong.text.lines().position(|l| {
                let l = l.trim();
                l.starts_with(&format!("[{name}")) || l.starts_with(name.as_str())
            });
            // A key before any section is most often one of a section.
            let near =
                nearest(name, SECTIONS.iter().map(|s| s.name)).map(|n| format!("[{n}]")).or_else(|| {
                    let owner = SECTIONS.iter().find(|s| s.keys.iter().any(|k| k.name == name))?;
                    Some(format!("{name} in section [{}]", owner.name))
                });
            let all = SECTIONS.iter().map(|s| format!("[{}]", s.name)).collect::<Vec<_>>().join(", ");
            let words = format!("unknown section or key {name}{}", meant(near, all));
            return Err(wrong.at(line.map(|l| l + 1), "config.unknown_key", &words));
        };
        let Some(keys) = value.as_table() else {
            return Err(wrong.at(None, "config.value", &format!("{name} must be a section: write [{name}]")));
        };
        for key in keys.keys() {
            if section.keys.iter().any(|k| k.name == key) {
                continue;
            }
            let elsewhere = SECTIONS.iter().find(|s| s.keys.iter().any(|k| k.name == key));
            let near = elsewhere
                .map(|s| format!("{}.{key}", s.name))
                .or_else(|| nearest(key, section.keys.iter().map(|k| k.name)).map(|k| format!("{name}.{k}")));
            let all = section.keys.iter().map(|k| k.name).collect::<Vec<_>>().join(", ");
            let line = lines(wrong.text).find(|(_, s, k)| s == name && k == key).map(|(line, ..)| line);
            let words = format!("unknown key {name}.{key}{}", meant(near, all));
            return Err(wrong.at(line, "config.unknown_key", &words));
        }
    }
    Ok(())
}

/// Whether a name can stand in logs and be told from others there.
fn fits_in_logs(name: &str) -> Result<(), String> {
    if let Some(hidden) = name.chars().find(|c| is_hidden(*c)) {
        return Err(format!(
            "{name:?} has a character that cannot be seen (U+{:04X}); leave it out",
            u32::from(hidden)
        ));
    }
    match name.chars().count() {
        1..=64 if !name.trim().is_empty() => Ok(()),
        length => Err(format!("expected 1 to 64 characters that can be seen, found {length}")),
    }
}

fn validate(wrong: &Wrong<'_>, config: &Config) -> anyhow::Result<()> {
    if let Err(words) = fits_in_logs(&config.node.name) {
        return Err(wrong.key("node", "name", &words));
    }
    if let Err(error) = check_key_name(&config.key.name) {
        return Err(wrong.key("key", "name", &error.to_string()));
    }
    let roles = &config.node.roles;
    if roles.is_empty() && config.beacon.urls.is_empty() {
        return Err(wrong.key(
            "node",
            "roles",
            "expected at least one of trainer, evaluator, coordinator, storage",
        ));
    }
    if (1..roles.len()).any(|i| roles[..i].contains(&roles[i])) {
        return Err(wrong.key("node", "roles", "a role stands there twice"));
    }
    if !(1..=600).contains(&config.chain.request_seconds) {
        return Err(wrong.key("chain", "request_seconds", "expected 1 to 600"));
    }
    if let Err(error) = config.settings().check() {
        let key = match &error {
            ChainError::Setting { name: "chain_id", .. } => "id",
            ChainError::Setting { name: "request_timeout", .. } => "request_seconds",
            ChainError::Setting { name, .. } => name,
            _ => "fee_granter",
        };
        let words = match &error {
            ChainError::Setting { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        return Err(wrong.key("chain", key, &words));
    }
    if config.chain.stale_seconds == 0 {
        return Err(wrong.key("chain", "stale_seconds", "expected 1 or more"));
    }
    if !(1..=64).contains(&config.work.jobs) {
        let words = format!("{} jobs; expected 1 to 64", config.work.jobs);
        return Err(wrong.key("work", "jobs", &words));
    }
    if let Err(error) = cuda_index(&config.work.device) {
        return Err(wrong.key("work", "device", &error.to_string()));
    }
    if let Some(Err(words)) = config.node.operator.as_deref().map(fits_in_logs) {
        return Err(wrong.key("node", "operator", &words));
    }
    if config.work.classes.is_empty() || config.work.classes.len() > 8 {
        return Err(wrong.key("work", "classes", "expected 1 to 8 classes"));
    }
    if config.work.gpus.iter().any(|g| !g.starts_with("GPU-")) {
        return Err(wrong.key(
            "work",
            "gpus",
            "expected UUIDs such as \"GPU-8d4f...\", from `nvidia-smi -L`",
        ));
    }
    for (key, value, most) in [
        ("quota_gib", config.store.quota_gib.unwrap_or(0), u64::MAX >> 30),
        ("least_free_mib", config.store.least_free_mib, u64::MAX >> 20),
    ] {
        if value > most {
            return Err(wrong.key("store", key, &format!("{value} is out of range, expected 0 to {most}")));
        }
    }
    if config.net.announce.len() > 4 {
        let words = format!("{} addresses; the chain takes at most 4", config.net.announce.len());
        return Err(wrong.key("net", "announce", &words));
    }
    for address in &config.net.announce {
        if let Err(error) = lyceum_net::check_address(address, None) {
            return Err(wrong.key(
                "net",
                "announce",
                &format!("{error}; expected a multiaddress such as {EXAMPLE_ADDRESS}"),
            ));
        }
    }
    for address in &config.net.listen {
        if address.parse::<lyceum_net::Multiaddr>().is_err() {
            let words =
                format!("{address:?}; expected a multiaddress such as /ip4/0.0.0.0/udp/26690/quic-v1");
            return Err(wrong.key("net", "listen", &words));
        }
    }
    if config.node.drain_seconds > MOST_DRAIN {
        let words = format!("{} seconds; expected at most {MOST_DRAIN}", config.node.drain_seconds);
        return Err(wrong.key("node", "drain_seconds", &words));
    }
    if roles.contains(&Role::Trainer) && config.net.listen.is_empty() {
        return Err(wrong.key(
            "net",
            "listen",
            "a trainer must listen: its blocks are fetched by evaluators",
        ));
    }
    let http = |url: &&String| !url.starts_with("http://") && !url.starts_with("https://");
    if let Some(url) = config.beacon.urls.iter().find(http) {
        return Err(wrong.key("beacon", "urls", &format!("{url:?}; expected http://… or https://…")));
    }
    if crate::logs::filter(&config.log.level).is_err() {
        let words = format!("{:?}; expected \"info\", \"debug\" or a filter of tracing", config.log.level);
        return Err(wrong.key("log", "level", &words));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[node]\nname = \"a\"\nroles = [\"trainer\"]\n[chain]\nid = \"c\"\nrpc = [\"http://h:1\"]\n\
                        [key]\nname = \"k\"\n";

    fn refused(text: &str) -> String {
        parse(Path::new("node.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_short_file_is_enough() {
        let config = parse(Path::new("node.toml"), GOOD).unwrap();
        assert_eq!(config.serve.listen.to_string(), "127.0.0.1:26680");
        assert!(config.node.collect && config.settings().check().is_ok());
    }

    #[test]
    fn a_byte_order_mark_and_ends_of_lines_of_windows_are_read_over() {
        let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
        let path = Path::new("node.toml");
        let read = parse(path, text(path, windows.as_bytes()).unwrap()).unwrap();
        assert_eq!(read, parse(path, GOOD).unwrap());
        let latin = GOOD.replace("\"a\"", "\"caf\u{e9}\"").chars().map(|c| c as u8).collect::<Vec<_>>();
        let words = text(path, &latin).unwrap_err().to_string();
        assert!(words.starts_with("node.toml:2: not UTF-8"), "{words}");
    }

    #[test]
    fn unknown_keys_are_refused_with_their_line_and_the_nearest() {
        let refusals = [
            ("id = ", "idd = ", "node.toml:5: unknown key chain.idd; did you mean chain.id?"),
            ("[key]", "[keys]", "node.toml:7: unknown section or key keys; did you mean [key]?"),
            ("rpc = ", "listen = ", "unknown key chain.listen; did you mean"),
            ("id = ", "colour_of_the_sky = ", "expected one of id, rpc, deployment"),
            ("[node]", "gas_price = \"1\"\n[node]", "gas_price in section [chain]"),
        ];
        for (from, to, said) in refusals {
            let words = refused(&GOOD.replacen(from, to, 1));
            assert!(words.contains(said), "{words}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_line_key_and_what_is_expected() {
        let with = |more: &str| format!("{GOOD}{more}");
        for (text, line, said) in [
            (GOOD.replace("\"c\"", "7"), "node.toml:5: chain.id", "expected a string"),
            (GOOD.replace("\"trainer\"", "\"digger\""), "node.toml:3: node.roles", "trainer"),
            (GOOD.replace("http://h:1", "h:1"), "node.toml:6: chain.rpc", "http://127.0.0.1:26657"),
            (GOOD.replace("id = \"c\"\n", ""), "node.toml:4", "there is no key `id`"),
            (with("[work]\njobs = 0\n"), "node.toml:10: work.jobs", "1 to 64"),
            (with("[work]\ndevice = \"gpu\"\n"), "node.toml:10: work.device", "cuda:N"),
            (with("[work]\ndevice = \"cuda:9999\"\n"), "node.toml:10: work.device", "from 0 to 127"),
            (GOOD.replace("\"a\"", "\"a\\n\""), "node.toml:2: node.name", "cannot be seen (U+000A)"),
            (GOOD.replace("\"a\"", "\" \""), "node.toml:2: node.name", "1 to 64"),
            (GOOD.replace("\"k\"", "\"../x\""), "node.toml:8: key.name", "cannot name a key"),
            (GOOD.replace("[chain]", "operator = \"a\\u202eb\"\n[chain]"), "node.operator", "U+202E"),
            (with("[serve]\nlisten = \"here\"\n"), "node.toml:10: serve.listen", "address"),
            (with("[net]\nannounce = [\"1.2.3.4:5\"]\n"), "node.toml:10: net.announce", "multiaddress"),
            (with("[chain.x]\n"), "node.toml", "chain.x"),
            (with("[log]\nlevel = \"=,=\"\n"), "node.toml:10: log.level", "filter"),
            (with("x ="), "node.toml:9", "invalid"),
            (with("[work]\njobs = 1\njobs = 2\n"), "node.toml:11", "duplicate key"),
            (with("[work]\njobs = -1\n"), "node.toml:10: work.jobs", "-1"),
            (with("[store]\nquota_gib = 99999999999999999999\n"), "node.toml:10", "number"),
            (
                GOOD.replace("[chain]", "drain_seconds = 9000000000000000000\n[chain]"),
                "drain_seconds",
                "at most",
            ),
        ] {
            let words = refused(&text);
            assert!(words.contains(line) && words.contains(said), "{line} {said}: {words}");
        }
    }
}
