//! Writes node.toml: every key with its words and its default.

use std::fmt::Write;

use super::keys::SECTIONS;

/// Keys that are given, as `section.key` and TOML; all others are written as comments.
#[derive(Debug, Clone, Default)]
pub struct Answers(Vec<(&'static str, toml::Value)>);

impl Answers {
    /// Gives a key.
    pub fn set(&mut self, key: &'static str, value: impl Into<toml::Value>) {
        self.0.push((key, value.into()));
    }

    fn get(&self, section: &str, key: &str) -> Option<&toml::Value> {
        self.0.iter().find(|(k, _)| k.split_once('.') == Some((section, key))).map(|(_, v)| v)
    }
}

/// The file.
pub fn template(answers: &Answers) -> String {
    let mut out = String::from(
        "# A Lyceum node. Keys that are commented out have the value shown; `lyceum node --config FILE --check`\n\
         # checks the file and the chain. Paths are relative to this file.\n",
    );
    for section in SECTIONS {
        out.push('\n');
        comment(&mut out, section.about);
        let _ = writeln!(out, "[{}]", section.name);
        for key in section.keys {
            comment(&mut out, key.about);
            // Writing to a string does not fail.
            let _ = match answers.get(section.name, key.name) {
                Some(value) => writeln!(out, "{} = {value}", key.name),
                None => writeln!(out, "#{} = {}", key.name, key.default.unwrap_or(key.sample)),
            };
        }
    }
    out
}

fn comment(out: &mut String, words: &str) {
    for line in words.lines() {
        out.push_str("# ");
        out.push_str(line.trim());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Role, read};

    fn answers() -> Answers {
        let mut answers = Answers::default();
        answers.set("node.roles", vec!["trainer".to_owned()]);
        answers.set("chain.id", "lyceum-1");
        answers.set("chain.rpc", vec!["http://127.0.0.1:26657".to_owned()]);
        answers.set("node.name", "a \"quoted\" name");
        answers.set("key.name", "node");
        answers
    }

    /// The template with every default uncommented is the same configuration as with none.
    #[test]
    fn defaults_that_are_shown_are_those_that_hold() {
        let path = std::path::Path::new("node.toml");
        let written = template(&answers());
        let terse: Config = read::parse(path, &written).unwrap();
        let mut spelled = String::new();
        for line in written.lines() {
            let default = line.strip_prefix('#').filter(|l| {
                let name = l.split(" = ").next().unwrap_or_default();
                SECTIONS.iter().flat_map(|s| s.keys).any(|k| k.name == name && k.default.is_some())
            });
            spelled.push_str(default.unwrap_or(line));
            spelled.push('\n');
        }
        assert_ne!(written, spelled);
        let spelled = read::parse(path, &spelled).unwrap();
        assert_eq!(terse, spelled);
        assert_eq!(terse.node.roles, [Role::Trainer]);
    }

    #[test]
    fn every_key_that_has_no_default_is_read_too() {
        let path = std::path::Path::new("node.toml");
        let mut all = answers();
        all.set("chain.fee_granter", format!("wasm1{}", "q".repeat(38)));
        all.set("key.passphrase_file", "p");
        all.set("trainer.peak_lr_nano", 300_000);
        all.set("node.operator", "me");
        let text = template(&all);
        // The granter's checksum is wrong, and that is all that is.
        let error = read::parse(path, &text).unwrap_err().to_string();
        assert!(error.contains("chain.fee_granter"), "{error}");
    }
}
